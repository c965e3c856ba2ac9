"""AxialAttention: what each place sees, and that it is Keras' attention."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.layers import AxialAttention

pytestmark = pytest.mark.contract


def perturbed(layer, shape):
    layer.build(shape)
    generator = np.random.default_rng(0)
    layer.set_weights(
        [generator.normal(size=w.shape) for w in layer.get_weights()]
    )
    return layer


def numpy_of(layer, x):
    return ops.convert_to_numpy(layer(ops.convert_to_tensor(x)))


@pytest.mark.parametrize("axis", [1, 2, 3, -2])
def test_a_place_sees_its_own_line_along_the_axis_and_no_other(axis):
    shape = (1, 3, 4, 5, 6)
    layer = perturbed(AxialAttention(2, axis), shape)
    x = np.random.default_rng(1).normal(size=shape).astype("float32")
    before = numpy_of(layer, x)
    changed = x.copy()
    changed[0, 1, 2, 3] += 1.0
    moved = np.abs(numpy_of(layer, changed) - before).max(axis=-1)[0] > 1e-4
    expected = np.zeros(shape[1:-1], bool)
    line = [1, 2, 3]
    line[axis % 5 - 1] = slice(None)
    expected[tuple(line)] = True
    np.testing.assert_array_equal(moved, expected)


def test_it_is_the_attention_of_keras_along_the_axis():
    shape = (2, 3, 5, 8)
    layer = perturbed(AxialAttention(2, 1), shape)
    theirs = keras.layers.MultiHeadAttention(
        2, 4, use_bias=False, attention_axes=(1,)
    )
    x = np.random.default_rng(1).normal(size=shape).astype("float32")
    theirs(x, x)
    query, key, value, project, bias = layer.get_weights()
    # Keras' order is query, key, value, output; heads have axes of their own.
    heads = [w.reshape(8, 2, 4) for w in (query, key, value)]
    theirs.set_weights([*heads, project.reshape(2, 4, 8)])
    expected = ops.convert_to_numpy(theirs(x, x)) + bias
    assert expected.std() > 0.1
    np.testing.assert_allclose(numpy_of(layer, x), expected, 1e-3, 1e-4)


@pytest.mark.parametrize("axis", [0, -1, 1.5, 3, -5])
def test_an_axis_lies_between_the_first_and_the_last(axis):
    with pytest.raises(ValueError, match=f"Received: axis={axis}"):
        AxialAttention(2, axis).build((2, 3, 4, 6))


def test_heads_divide_the_channels():
    with pytest.raises(ValueError, match="num_heads=4 for 6 channels"):
        AxialAttention(4, 1).build((2, 3, 6))
