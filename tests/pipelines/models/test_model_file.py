"""info of a file: a user's own model, and what became of it."""

import json
import shutil

import keras
import numpy as np
import pytest

from keras_papers import cost, export, pipelines
from tests.support.answers import random_images

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def model():
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Rescaling(1 / 127.5, -1),
            keras.layers.Conv2D(8, 3, 2, "same"),
            keras.layers.ReLU(),
            keras.layers.DepthwiseConv2D(3, padding="same"),
            keras.layers.GlobalAveragePooling2D(),
            # A bias of zeros would be left away.
            keras.layers.Dense(3, "softmax", bias_initializer="ones"),
        ],
        name="mine",
    )


@pytest.fixture(scope="module")
def home(model, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    model.save(home / "model.keras")
    labels = ["cat", "dog", "hen"]
    (home / "labels.txt").write_text("\n".join(labels))
    written = {"versions": {"keras-papers": "0.0.9"}}
    (home / "metadata.json").write_text(json.dumps(written))
    export.to_tflite(model, home / "model.tflite", labels, runs=1)
    export.to_tflite(
        *(model, home / "int8.tflite", labels, "int8"),
        representative_data=random_images(8, 32, 32, 3, low=0, high=255),
        runs=1,
    )
    return home


@pytest.mark.parametrize("file", ["model.keras", "model.tflite", "int8.tflite"])
def test_a_users_own_model_is_described(file, model, home):
    found = pipelines.info(home / file)
    counted = cost.count(model)
    assert found.name == "mine" and found.labels == ("cat", "dog", "hen")
    assert found.parameters == counted.parameters
    assert found.multiply_adds == counted.multiply_adds
    assert sum(each.multiply_adds for each in found.layers) == (
        counted.multiply_adds
    )
    assert found.written["versions"] == {"keras-papers": "0.0.9"}
    text = str(found)
    assert "32 x 32 x 3, " in text and "keras-papers 0.0.9" in text
    takes = {
        "model.keras": "0 for black to 255 for white",
        "model.tflite": "(pixel - 0) / 1",
        "int8.tflite": "as they are, 0 to 255",
    }
    assert found.pixels == takes[file]


@pytest.mark.parametrize("text", ["[1]", "{", '{"versions": [1]}', "\xff"])
def test_a_metadata_file_of_another_program_is_ignored(text, home, tmp_path):
    shutil.copy(home / "model.tflite", tmp_path)
    (tmp_path / "metadata.json").write_text(text, "latin-1")
    found = pipelines.info(tmp_path / "model.tflite")
    assert found.written is None and "written by" not in str(found)


def test_what_is_not_known_is_not_guessed(tmp_path):
    image = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(2, 3)(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    keras.Model(image, x).save(tmp_path / "open.keras")
    found = pipelines.info(tmp_path / "open.keras")
    assert found.multiply_adds is None and found.parameters == 56
    assert "any x any x 3" in str(found) and "a size is open" in str(found)
    assert found.pixels == "not shown by the graph"
    numbers = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    numbers.save(tmp_path / "numbers.keras")
    found = pipelines.info(tmp_path / "numbers.keras")
    assert found.parameters == 10 and found.pixels == "no image"
    two = keras.Model([image, keras.Input((2,), name="b")], x)
    two.save(tmp_path / "two.keras")
    assert "several" in str(pipelines.info(tmp_path / "two.keras"))


def test_the_multiply_adds_of_a_file_are_those_of_its_shapes(home):
    found = pipelines.info(home / "model.tflite")
    by_name = {each.name: each for each in found.layers}
    assert by_name["CONV_2D"].multiply_adds == 3 * 3 * 3 * 8 * 16 * 16
    assert by_name["DEPTHWISE_CONV_2D"].multiply_adds == 3 * 3 * 8 * 16 * 16
    assert by_name["FULLY_CONNECTED"].parameters == 8 * 3 + 3
    assert np.prod(by_name["CONV_2D"].output_shape) == 16 * 16 * 8


def test_frozen_layers_have_their_parameters(tmp_path):
    image = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(2, 3, name="conv", trainable=False)(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(4)(x))
    model.save(tmp_path / "frozen.keras")
    found = pipelines.info(tmp_path / "frozen.keras")
    assert (found.parameters, found.frozen) == (56 + 12, 56)
    assert "68, 56 of them frozen" in str(found)
    assert {row.name: row.parameters for row in found.layers}["conv"] == 56
