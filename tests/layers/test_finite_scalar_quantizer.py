"""Finite scalar quantization, against the formulas of its paper."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.layers import FiniteScalarQuantizer

pytestmark = pytest.mark.contract

LEVELS = (8, 5, 4)


def vectors(number, scale=2.0):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(number, len(LEVELS)), scale=scale)
    return x.astype("float32")


def test_outputs_are_the_papers_formula():
    x, levels = vectors(200), np.array(LEVELS)
    half = (levels - 1) * (1 + 1e-3) / 2
    offset = np.where(levels % 2, 0, 0.5)
    bounded = np.tanh(x + np.arctanh(offset / half)) * half - offset
    expected = np.round(bounded) / (levels // 2)
    outputs = FiniteScalarQuantizer(LEVELS)(x)
    np.testing.assert_allclose(
        ops.convert_to_numpy(outputs), expected, atol=1e-6
    )


def test_every_code_can_be_reached_and_is_numbered_once():
    layer = FiniteScalarQuantizer(LEVELS)
    grid = np.stack(
        np.meshgrid(*3 * [np.linspace(-9, 9, 200)], indexing="ij"), -1
    ).reshape(-1, 3)
    codes = np.unique(ops.convert_to_numpy(layer.encode(grid)))
    np.testing.assert_array_equal(codes, np.arange(8 * 5 * 4))


def test_codes_decode_to_the_outputs():
    layer, x = FiniteScalarQuantizer(LEVELS), vectors(100)
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer.decode(layer.encode(x))),
        ops.convert_to_numpy(layer(x)),
        atol=1e-6,
    )


def test_many_codes_are_numbered_exactly():
    layer = FiniteScalarQuantizer(9 * (8,))
    x = np.full((1, 9), 9.0, "float32")
    assert int(layer.encode(x)[0]) == 8**9 - 1
    np.testing.assert_allclose(
        ops.convert_to_numpy(layer.decode(layer.encode(x))),
        ops.convert_to_numpy(layer(x)),
    )


def test_vectors_that_are_not_finite_have_no_codes():
    x = vectors(4)
    x[1, 2] = np.nan
    with pytest.raises(ValueError, match="Received: 1 elements that are NaN"):
        FiniteScalarQuantizer(LEVELS).encode(x)


def test_codes_outside_of_the_grid_give_nan():
    found = FiniteScalarQuantizer((5, 3)).decode(np.array([0, 15, -1]))
    np.testing.assert_array_equal(
        np.isnan(ops.convert_to_numpy(found)).all(1), [False, True, True]
    )


def test_more_codes_than_int32_has_are_refused():
    with pytest.raises(ValueError, match="numbered by int32"):
        FiniteScalarQuantizer(11 * (8,))


def test_gradients_pass_the_rounding_but_not_the_bound():
    inputs = keras.Input((3,))
    shift = keras.layers.EinsumDense("bi,ij->bj", 3, bias_axes="j")
    model = keras.Model(inputs, FiniteScalarQuantizer(LEVELS)(shift(inputs)))
    shift.set_weights([np.eye(3), np.zeros(3)])
    model.compile(
        keras.optimizers.SGD(1.0),
        lambda y, outputs: ops.sum(outputs),
        run_eagerly=keras.config.backend() == "tensorflow",
    )
    x, levels = vectors(1, scale=0.3), np.array(LEVELS)
    model.train_on_batch(x, x)
    half = (levels - 1) * (1 + 1e-3) / 2
    at = x[0] + np.arctanh(np.where(levels % 2, 0, 0.5) / half)
    slope = half * (1 - np.tanh(at) ** 2) / (levels // 2)
    np.testing.assert_allclose(
        -ops.convert_to_numpy(shift.bias), slope, rtol=1e-4
    )


@pytest.mark.parametrize("levels", [(), (8, 1), (2.5,), 8, "85"])
def test_levels_that_are_none_are_named(levels):
    with pytest.raises(ValueError, match="`levels` holds a number of levels"):
        FiniteScalarQuantizer(levels)


def test_inputs_must_have_an_element_for_each_level():
    with pytest.raises(ValueError, match="Received: 4 elements"):
        FiniteScalarQuantizer(LEVELS)(np.zeros((2, 4)))
