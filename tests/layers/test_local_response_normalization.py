"""LocalResponseNormalization against the paper's equation and TensorFlow."""

import keras
import numpy as np
import pytest

from keras_papers.layers import LocalResponseNormalization

MAPS = np.random.default_rng(0).normal(0, 100, (2, 3, 4, 11)).astype("float32")


def normalized(maps=MAPS, **arguments):
    outputs = LocalResponseNormalization(**arguments)(maps)
    return keras.ops.convert_to_numpy(outputs)


@pytest.mark.contract
def test_the_defaults_are_the_equation_of_section_3_3():
    k, n, alpha, beta = 2, 5, 1e-4, 0.75
    expected = np.empty_like(MAPS)
    for i in range(11):
        around = MAPS[..., max(0, i - n // 2) : min(10, i + n // 2) + 1]
        total = np.sum(around.astype("float64") ** 2, axis=-1)
        expected[..., i] = MAPS[..., i] / (k + alpha * total) ** beta
    assert np.abs(expected - MAPS).max() > 10
    np.testing.assert_allclose(normalized(), expected, rtol=1e-5)


@pytest.mark.tensorflow
def test_it_equals_tensorflow_s():
    import tensorflow as tf

    expected = tf.nn.local_response_normalization(MAPS, 3, 1.0, 0.02, 0.5)
    found = normalized(size=7, bias=1.0, alpha=0.02, beta=0.5)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_half_precision_has_room_for_the_squares():
    half = normalized(MAPS.astype("float16"), dtype="float16")
    assert half.dtype == "float16"
    np.testing.assert_allclose(half, normalized(), rtol=2e-3)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"size": 4}, "`size`.*must be odd.*size=4"),
        ({"size": 0}, "`size`.*at least 1.*size=0"),
        ({"bias": 0}, "`bias`.*above 0.*bias=0"),
        ({"alpha": -1.0}, "`alpha`.*at least 0.*alpha=-1.0"),
        ({"beta": "1"}, "`beta`.*finite.*beta='1'"),
        ({"data_format": "first"}, "`data_format`.*'first'"),
    ],
)
def test_bad_arguments_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        LocalResponseNormalization(**arguments)


def test_a_map_without_channels_is_refused():
    with pytest.raises(ValueError, match="takes a batch of images"):
        LocalResponseNormalization()(np.zeros((2, 3), "float32"))
