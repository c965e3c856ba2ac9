"""ConvNormActivation: what its arguments change; shortcuts that are pooled."""

import keras
import numpy as np
import pytest

from keras_papers.layers import ConvNormActivation, InvertedResidual

pytestmark = pytest.mark.contract

BLOCKS = [ConvNormActivation, InvertedResidual]


def draw(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def in_numpy(images, strides, window):
    """Pools as the block is said to, over the pixels that are there."""
    _, height, width, _ = images.shape
    before = window // 2 if strides == 1 else 0
    pooled = np.empty_like(images[:, ::strides, ::strides])
    for y in range(0, height, strides):
        for x in range(0, width, strides):
            rows = slice(max(0, y - before), y - before + window)
            columns = slice(max(0, x - before), x - before + window)
            most = images[:, rows, columns].max((1, 2))
            pooled[:, y // strides, x // strides] = most
    return pooled


def test_it_is_the_convolution_of_keras_normalized_and_activated():
    images = draw(2, 7, 6, 4)
    block = ConvNormActivation(8, 5, 2, "swish", squeeze_units=3)
    outputs = keras.ops.convert_to_numpy(block(images))
    x = keras.ops.conv(images, block.weights[0], 2, "same")
    x = keras.ops.silu(x / np.sqrt(1 + 1e-3))  # statistics are still 0 and 1
    squeeze, squeeze_bias, excite, excite_bias = block.weights[-4:]
    gate = keras.ops.mean(x, (1, 2), keepdims=True)
    gate = keras.ops.relu(keras.ops.matmul(gate, squeeze[0, 0]) + squeeze_bias)
    gate = keras.ops.matmul(gate, excite[0, 0]) + excite_bias
    expected = keras.ops.convert_to_numpy(x * keras.ops.hard_sigmoid(gate))
    assert expected.std() > 0.01
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


def test_the_sum_is_behind_the_activation():
    images = draw(2, 6, 6, 8)
    block = ConvNormActivation(8, activation="relu")
    plain = ConvNormActivation(8, activation="relu", shortcut=False)
    plain.build(images.shape)
    outputs = keras.ops.convert_to_numpy(block(images))
    plain.set_weights(block.get_weights())
    expected = images + keras.ops.convert_to_numpy(plain(images))
    assert (outputs < 0).any()
    np.testing.assert_allclose(outputs, expected, atol=1e-6)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("strides, window", [(1, 3), (2, 2)])
def test_a_pooled_shortcut_adds_the_maximum_of_the_pixels_around(
    block, strides, window
):
    images = draw(2, 7, 6, 8)
    pooled = block(8, strides=strides, shortcut="pool")
    plain = block(8, strides=strides, shortcut=False)
    plain.build(images.shape)
    outputs = keras.ops.convert_to_numpy(pooled(images))
    plain.set_weights(pooled.get_weights())
    difference = outputs - keras.ops.convert_to_numpy(plain(images))
    expected = in_numpy(images, strides, window)
    assert expected.std() > 0.1
    np.testing.assert_allclose(difference, expected, atol=1e-5)


@pytest.mark.parametrize("padding", ["same", "even", "symmetric"])
@pytest.mark.parametrize("kernel_size", range(1, 8))
def test_a_pooled_shortcut_is_as_large_as_the_output_or_not_there(
    padding, kernel_size
):
    arguments = {"kernel_size": kernel_size, "strides": 2, "padding": padding}
    block = ConvNormActivation(4, shortcut="pool", **arguments)
    for size in (6, 7):
        outputs = block(draw(1, size, size, 4))
        promised = block.compute_output_shape((1, size, size, 4))
        assert tuple(outputs.shape) == promised
    fits = padding != "symmetric" or kernel_size % 2 == 1
    assert (block.add is not None) == fits


def test_a_shortcut_is_not_there_where_shapes_differ():
    for arguments in (
        {"filters": 9},
        {"filters": 9, "shortcut": "pool"},
        {"filters": 8, "strides": 2},
        {"filters": 8, "shortcut": False},
    ):
        block = ConvNormActivation(**arguments)
        block.build((None, 4, 4, 8))
        assert block.add is None, arguments


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"filters": 0}, "`filters`.*filters=0"),
        ({"filters": 8, "kernel_size": 3.0}, "`kernel_size`.*=3.0"),
        ({"filters": 8, "strides": 3}, "`strides`.*strides=3"),
        ({"filters": 8, "squeeze_units": 0.25}, "`squeeze_units`.*ratio by"),
        ({"filters": 8, "shortcut": "max"}, "`shortcut`.*'pool'.*='max'"),
        ({"filters": 8, "shortcut": 1}, "`shortcut`.*shortcut=1"),
        ({"filters": 8, "stochastic_depth": 1}, r"`stochastic_depth`.*\[0, 1"),
        ({"filters": 8, "activation": "relu7"}, "'relu7'.*mean 'relu'"),
        ({"filters": 8, "padding": "valid"}, "`padding`.*Received"),
    ],
)
def test_bad_arguments_are_explained(block, arguments, message):
    with pytest.raises(ValueError, match=message):
        block(**arguments)
