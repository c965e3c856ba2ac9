"""Both pre-trainings of TabTransformer: what they learn, and from what."""

import keras
import numpy as np
import pytest

from keras_papers.applications.tabular import (
    TabTransformer,
    TabularModel,
    TabularSchema,
)
from keras_papers.pretraining import MaskedColumns, ReplacedColumns

pytestmark = pytest.mark.contract

TASKS = [MaskedColumns, ReplacedColumns]
SMALL = {"embedding_dim": 16, "num_layers": 1, "num_heads": 2}


def rows_of_equal_columns(number, seed=0):
    """Three columns that agree always, and one that is independent."""
    generator = np.random.default_rng(seed)
    same = generator.integers(4, size=number).astype("int32")
    other = generator.integers(2, size=number).astype("int32")
    return {"a": same, "b": same, "c": other, "d": same}


@pytest.fixture(scope="module", params=TASKS)
def trained(request):
    """A task after a few epochs, and the weights that its model had before."""
    keras.utils.set_random_seed(0)
    model = TabTransformer({"a": 4, "b": 4, "c": 2, "d": 4}, ["age"], **SMALL)
    before = model.get_weights()
    task = request.param(model, seed=0)
    task.compile(keras.optimizers.Adam(0.01))
    history = task.fit(
        rows_of_equal_columns(512),
        epochs=20,
        batch_size=64,
        validation_data=rows_of_equal_columns(128, 1),
        verbose=0,
    )
    return task, model, before, history.history


def test_a_task_learns_what_columns_say_of_each_other(trained):
    task, _, _, history = trained
    loss, accuracy = task.chance(rows_of_equal_columns(512))
    assert history["val_loss"][-1] < 0.95 * loss
    assert history["val_accuracy"][-1] > accuracy + 0.03


def test_the_model_has_the_weights_of_the_task(trained):
    _, model, before, _ = trained
    moved = {
        weight.path
        for weight, old in zip(model.weights, before, strict=True)
        if np.any(keras.ops.convert_to_numpy(weight) != old)
    }
    assert "columns/rows" in moved
    # What is behind the contextual embeddings waits for labels.
    assert not any("hidden" in path or "predictions" in path for path in moved)


def test_the_missing_row_is_learned_by_masks():
    model = TabTransformer({"a": 2, "b": 2}, **SMALL)
    rows = model.get_layer("columns").rows
    before = keras.ops.convert_to_numpy(rows)
    task = MaskedColumns(model, seed=0)
    task.compile(keras.optimizers.SGD(1.0))
    ids = np.arange(64, dtype="int32") % 2
    task.fit({"a": ids, "b": ids}, verbose=0)
    moved = np.any(keras.ops.convert_to_numpy(rows) != before, axis=1)
    assert moved[[2, 5]].all()


def test_the_loss_of_masks_is_that_of_the_masked_values_alone():
    model = TabTransformer({"a": 3, "b": 5}, **SMALL)
    task = MaskedColumns(model, share=0.5, seed=0)
    ids = np.random.default_rng(0).integers(3, size=(16, 2)).astype("int32")
    ids[0] = -1  # missing values are not predicted
    logits, masked = task(ids)
    loss = task.compute_loss(ids, None, (logits, masked))
    loss = float(keras.ops.convert_to_numpy(loss))
    masked = keras.ops.convert_to_numpy(masked).astype(bool)
    assert 0 < masked.sum() < masked.size and not masked[0].any()
    terms = []
    for row, column in zip(*np.nonzero(masked), strict=True):
        z = keras.ops.convert_to_numpy(logits[column])[row]
        terms.append(np.log(np.exp(z).sum()) - z[ids[row, column]])
    assert loss == pytest.approx(np.mean(terms), rel=1e-5)


def test_a_value_that_is_replaced_by_itself_is_not_replaced():
    model = TabTransformer({"a": 1, "b": 1000}, **SMALL)
    task = ReplacedColumns(model, share=0.5, seed=0)
    ids = np.zeros((400, 2), "int32")
    _, replaced = task(ids)
    found = keras.ops.convert_to_numpy(replaced).mean(axis=0)
    assert found[0] == 0
    assert found[1] == pytest.approx(0.5, abs=0.1)


def test_chance_is_the_entropy_of_frequencies():
    model = TabTransformer({"a": 4, "b": 4, "c": 2}, **SMALL)
    rows = {
        "a": np.array([0, 0, 0, 1]),
        "b": np.array([3, 3, 3, 3]),
        "c": np.array([-1, -1, 0, 1]),
    }
    loss, accuracy = MaskedColumns(model).chance(rows)
    a = -(3 * np.log(0.75) + np.log(0.25))
    assert loss == pytest.approx((a + 2 * np.log(2)) / 10)
    assert accuracy == pytest.approx((3 + 4 + 1) / 10)


def test_chance_of_a_replacement_is_that_of_another_level():
    model = TabTransformer({"a": 1, "b": 2}, **SMALL)
    rows = {"a": np.zeros(4, "int32"), "b": np.array([0, 1, 1, 0])}
    loss, accuracy = ReplacedColumns(model, share=0.5).chance(rows)
    of_b = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert loss == pytest.approx(of_b / 2)
    assert accuracy == pytest.approx((1 + 0.75) / 2)


@pytest.mark.parametrize("task_class", TASKS)
def test_raw_rows_without_labels_train_a_tabular_model(task_class, capsys):
    rows = {"job": ["chef", "nurse", "pilot"] * 8, "loan": ["y", "n"] * 12}
    schema = TabularSchema.of({**rows, "age": [1.0, 2.0] * 12})
    network = TabTransformer(schema.cardinalities, schema.numeric, **SMALL)
    model = TabularModel(schema, network)
    task = task_class(model)
    task.compile("adam")
    unlabelled = {**rows, "age": [1.0, 2.0] * 12}
    task.fit(unlabelled, epochs=1, verbose=2)
    assert "chance: loss " in capsys.readouterr().out
    assert np.isfinite(task.evaluate(unlabelled, verbose=0)).all()


class InTwo(keras.utils.PyDataset):
    """Rows as two batches."""

    def __init__(self, rows):
        super().__init__()
        self.halves = [
            {name: part for name, part in zip(rows, parts, strict=True)}
            for parts in zip(
                *(np.split(each, 2) for each in rows.values()), strict=True
            )
        ]

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return (self.halves[index],)


@pytest.mark.parametrize("task_class", TASKS)
def test_the_validation_of_each_epoch_has_the_same_values_corrupted(task_class):
    model = TabTransformer({"a": 4, "b": 4, "c": 2, "d": 4}, **SMALL)
    task = task_class(model, seed=0)
    task.compile(keras.optimizers.SGD(0.0))  # the weights stay
    history = task.fit(
        InTwo(rows_of_equal_columns(32)),
        epochs=3,
        validation_data=rows_of_equal_columns(8, 1),
        verbose=0,
    ).history
    assert history["val_loss"] == pytest.approx([history["val_loss"][0]] * 3)
    assert len(set(history["loss"])) == 3


@pytest.mark.parametrize("task_class", TASKS)
@pytest.mark.parametrize("share", [0, 1, -0.1])
def test_a_share_out_of_range_is_named(task_class, share):
    model = TabTransformer({"a": 3}, **SMALL)
    with pytest.raises(ValueError, match=f"Received: share={share}"):
        task_class(model, share=share)


@pytest.mark.parametrize("ids", [[0.0, 1.0], [0.5, 1.0], [None, 1]])
def test_ids_that_are_no_integers_are_refused(ids):
    task = MaskedColumns(TabTransformer({"a": 3}, **SMALL))
    with pytest.raises(ValueError, match="ids for 'a'. Pass int32"):
        task.chance({"a": np.array(ids)})
    with pytest.raises(ValueError, match="no such column for 'a'"):
        task.chance({"b": np.zeros(2, "int32")})


@pytest.mark.parametrize("task_class", TASKS)
def test_a_model_without_categorical_columns_is_refused(task_class):
    model = TabTransformer({}, ["age"])
    with pytest.raises(ValueError, match="without contextual embeddings"):
        task_class(model)
