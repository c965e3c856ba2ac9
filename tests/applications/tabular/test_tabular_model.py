"""TabularModel: raw rows to probabilities, in another process, too."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_papers.applications.tabular import (
    TabTransformer,
    TabularModel,
    TabularSchema,
)

pytestmark = pytest.mark.contract

GENERATOR = np.random.default_rng(0)
ROWS = {
    "job": GENERATOR.choice(["chef", "nurse", "pilot"], 60).tolist(),
    "age": GENERATOR.normal(40, 10, 60).tolist(),
}
ROWS["buys"] = np.where(np.array(ROWS["age"]) > 40, "yes", "no").tolist()
ROWS["price"] = (1000 + 10 * np.array(ROWS["age"])).tolist()
FEW = {"job": ["chef", None], "age": [25.0, 61.0]}
IN_ANOTHER_PROCESS = """
import json, sys
import keras, keras_papers
model = keras.saving.load_model(sys.argv[1])
rows = json.loads(sys.argv[2])
print(json.dumps(model.predict(rows, verbose=0).tolist()))
"""


def small(schema, **arguments):
    network = TabTransformer(
        schema.cardinalities,
        schema.numeric,
        embedding_dim=8,
        num_layers=1,
        num_heads=2,
        **arguments,
    )
    return TabularModel(schema, network)


@pytest.fixture(scope="module")
def classifier():
    schema = TabularSchema.of(ROWS, "buys", ignored=["price"])
    model = small(schema)
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(ROWS, epochs=20, batch_size=20, validation_data=ROWS, verbose=0)
    return model


def test_rows_go_in_and_probabilities_come_out(classifier):
    scores = classifier.predict(FEW, verbose=0)[:, 0]
    assert scores[0] < 0.5 < scores[1]
    assert classifier.evaluate(ROWS, verbose=0) < np.log(2)


def test_a_loaded_model_takes_rows_in_another_process(classifier, tmp_path):
    path = str(tmp_path / "model.keras")
    classifier.save(path)
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, path, json.dumps(FEW)]
    found = subprocess.run(command, check=True, capture_output=True).stdout
    scores = json.loads(found.splitlines()[-1])
    np.testing.assert_allclose(
        scores, classifier.predict(FEW, verbose=0), rtol=1e-5
    )


def test_the_layers_are_those_of_a_flat_graph(classifier):
    names = [layer.name for layer in classifier.layers]
    assert "contextual" in names and "hidden1" in names
    contextual = classifier.get_layer("contextual").output
    tap = keras.Model(classifier.input, contextual)
    assert tap(classifier.schema.encode(FEW)).shape == (2, 1, 8)


def test_a_regression_answers_in_the_targets_unit():
    schema = TabularSchema.of(ROWS, "price", ignored=["buys"])
    model = small(schema, activation=None)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(ROWS, epochs=20, batch_size=20, verbose=0)
    found = model.predict(ROWS, verbose=0)[:, 0]
    assert np.corrcoef(found, ROWS["price"])[0, 1] > 0.8
    assert 1200 < found.mean() < 1600


def test_a_network_of_other_columns_is_refused(classifier):
    network = TabTransformer({"work": 3}, ["age"], num_layers=1)
    with pytest.raises(ValueError, match=r"the inputs \['age', 'work'\]"):
        TabularModel(classifier.schema, network)


@pytest.mark.parametrize(
    ("target", "made", "sentence"),
    [
        (["a", "b", "c"], {}, "1 outputs for 3 classes"),
        ([1.5, 2.5, 3.5], {}, "without activation: 'y' is a number"),
        (["a", "b", "a"], {"units": 3}, "3 outputs for 2 classes"),
    ],
)
def test_a_network_that_does_not_fit_the_target_is_named(
    target, made, sentence
):
    schema = TabularSchema.of({"x": [1.0, 2.0, 4.0], "y": target}, "y")
    network = TabTransformer({}, schema.numeric, **made)
    with pytest.raises(ValueError, match=sentence):
        TabularModel(schema, network)


def test_the_target_may_be_given_beside_the_rows():
    rows = {"x": [1.0, 2.0, 4.0, 5.0], "y": ["no", "no", "yes", "yes"]}
    schema = TabularSchema.of(rows, "y")
    model = TabularModel(schema, TabTransformer({}, schema.numeric))
    model.compile("sgd", "binary_crossentropy")
    only = {"x": rows["x"]}
    expected = model.evaluate(rows, verbose=0)
    assert model.evaluate(only, rows["y"], verbose=0) == expected
    assert model.evaluate(only, [0, 0, 1, 1], verbose=0) == expected
    with pytest.raises(ValueError, match="must have the column of the target"):
        model.evaluate(only)
