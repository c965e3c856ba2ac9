"""fine_tune: all weights, by the labelled rows, to the best epoch."""

import keras
import numpy as np
import pytest

from keras_papers.applications.tabular import (
    TabTransformer,
    TabularModel,
    TabularSchema,
)
from keras_papers.pretraining import ReplacedColumns, fine_tune

pytestmark = pytest.mark.contract

SMALL = {"embedding_dim": 8, "num_layers": 1, "num_heads": 2}


def people(number, seed):
    """Rows whose label is that of the job, with few exceptions."""
    generator = np.random.default_rng(seed)
    jobs = generator.choice(["chef", "nurse", "pilot"], number)
    buys = (jobs == "nurse") ^ (generator.random(number) < 0.05)
    return {
        "job": jobs.tolist(),
        "shift": np.where(jobs == "pilot", "late", "early").tolist(),
        "buys": np.where(buys, "yes", "no").tolist(),
    }


def test_few_labels_follow_a_pre_training_of_more_rows():
    keras.utils.set_random_seed(0)
    unlabelled, labelled, watched = people(256, 0), people(64, 1), people(64, 2)
    del unlabelled["buys"]
    schema = TabularSchema.of(labelled, "buys")
    network = TabTransformer(schema.cardinalities, schema.numeric, **SMALL)
    model = TabularModel(schema, network)
    task = ReplacedColumns(model, seed=0)
    task.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    task.fit(unlabelled, epochs=1, verbose=0)
    before = model.get_weights()
    history = fine_tune(
        model,
        labelled,
        validation_data=watched,
        learning_rate=0.02,
        patience=2,
        epochs=40,
        batch_size=32,
        jit_compile=False,
        verbose=0,
    ).history["val_loss"]
    assert len(history) < 40  # it stopped
    assert len(history) == np.argmin(history) + 3
    reached = model.evaluate(watched, verbose=0)
    assert reached == pytest.approx(min(history), rel=1e-4)
    assert reached < 0.5
    moved = [
        np.any(keras.ops.convert_to_numpy(weight) != old)
        for weight, old in zip(model.weights, before, strict=True)
    ]
    assert all(moved)


@pytest.mark.parametrize(
    "units, activation, loss",
    [
        (1, "sigmoid", "binary_crossentropy"),
        (3, "softmax", "sparse_categorical_crossentropy"),
        (1, None, "mean_squared_error"),
    ],
)
def test_the_loss_is_that_of_the_outputs(units, activation, loss):
    model = TabTransformer({}, ["a"], units, activation)
    rows = {"a": np.array([0.0, 1.0, 2.0], "float32")}
    labels = np.array([0, 1, 1])
    fine_tune(
        model,
        rows,
        labels,
        validation_data=(rows, labels),
        epochs=1,
        jit_compile=False,
        verbose=0,
    )
    assert model.loss == loss


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"validation_data": None}, "validation_data=None"),
        ({"learning_rate": 0}, "learning_rate=0"),
        ({"weight_decay": -1}, "weight_decay=-1"),
        ({"patience": 0}, "patience=0"),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    model = TabTransformer({"a": 3}, **SMALL)
    rows = {"a": np.array([0, 1, 2], "int32")}
    arguments = {"validation_data": (rows, [0, 1, 1]), **arguments}
    with pytest.raises(ValueError, match=f"Received: {named}"):
        fine_tune(model, rows, [0, 1, 1], **arguments)


def test_an_activation_without_a_loss_of_its_own_is_named():
    model = TabTransformer({"a": 3}, (), 1, "tanh", **SMALL)
    rows = {"a": np.array([0, 1, 2], "int32")}
    with pytest.raises(ValueError, match="the activation 'tanh'. Pass loss"):
        fine_tune(model, rows, [0, 1, 1], validation_data=(rows, [0, 1, 1]))
