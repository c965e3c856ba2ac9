"""Concatenations of more maps than the delegate takes at once."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import export
from keras_papers.export import conversion
from tests.support.answers import answers, perturb, random_images, spread

pytestmark = pytest.mark.tensorflow

IMAGES = random_images(8, 8, 8, 3, low=0, high=255)


def network(number):
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3))
    x = layers.Rescaling(1 / 127.5, -1)(image)
    parts = [
        layers.Reshape((-1, 2))(layers.Conv2D(2 * (i % 3 + 1), 3)(x))
        for i in range(number)
    ]
    return perturb(keras.Model(image, layers.Concatenate(axis=1)(parts)))


def written(model, path, quantize):
    return export.to_tflite(
        model,
        path / "model.tflite",
        None,
        quantize,
        representative_data=IMAGES if quantize else None,
        images=IMAGES,
        runs=1,
    )


@pytest.mark.parametrize(
    "number, quantize, operations",
    [(5, None, 1), (6, None, 2), (6, "int8", 2), (27, None, 8)],
)
def test_any_number_of_maps_is_joined_in_one_partition(
    number, quantize, operations, tmp_path
):
    model = network(number)
    file = written(model, tmp_path, quantize)
    assert file.ops["CONCATENATION"] == operations
    assert file.partitions == 1
    assert file.not_delegated == ({"QUANTIZE": 1} if quantize else {})
    assert spread(answers(model, IMAGES)) > 0.05
    assert file.parity < (0.02 if quantize else 1e-5)


@pytest.mark.parametrize("quantize", [None, "int8"])
def test_the_answers_are_those_of_one_operation(
    quantize, tmp_path, monkeypatch
):
    model = network(6)
    found = export.predict(written(model, tmp_path, quantize).path, IMAGES)
    monkeypatch.setattr(conversion, "split_concatenations", lambda data: data)
    with pytest.warns(UserWarning, match="leaves out 1 CONCATENATION"):
        file = written(model, tmp_path, quantize)
    np.testing.assert_array_equal(found, export.predict(file.path, IMAGES))
