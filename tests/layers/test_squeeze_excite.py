"""SqueezeExcite against equations 2 to 4 written in NumPy."""

import keras
import numpy as np
import pytest

from keras_papers.layers import SqueezeExcite

pytestmark = pytest.mark.contract


def test_equations_2_to_4():
    layer = SqueezeExcite(units=3)
    images = np.random.default_rng(0).normal(size=(2, 5, 4, 6))
    images = images.astype("float32")
    outputs = keras.ops.convert_to_numpy(layer(images))
    down, down_bias, up, up_bias = layer.get_weights()
    squeezed = images.mean(axis=(1, 2))  # (batch, channels)
    hidden = np.maximum(squeezed @ down[0, 0] + down_bias, 0)
    gate = 1 / (1 + np.exp(-(hidden @ up[0, 0] + up_bias)))
    expected = images * gate[:, None, None, :]
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


def test_hard_gate_is_relu6_of_x_plus_3_over_6():
    """Keras 2 had another hard sigmoid, 0.2 x + 0.5."""
    layer = SqueezeExcite(units=1, gate_activation="hard_sigmoid")
    layer.build((None, 1, 1, 1))
    kernel, bias = np.zeros((1, 1, 1, 1)), np.zeros(1)
    layer.set_weights([kernel, bias, kernel, bias + 1])
    output = layer(np.full((1, 1, 1, 1), 6.0, "float32"))
    output = keras.ops.convert_to_numpy(output).item()
    assert output == pytest.approx(6 * (1 + 3) / 6)


def test_ratio_in_place_of_units_is_explained():
    with pytest.raises(ValueError, match="units=0.25.*by the caller"):
        SqueezeExcite(units=0.25)


@pytest.mark.parametrize("units", [0, -4, True, "8", None])
def test_units_below_one_are_refused(units):
    with pytest.raises(ValueError, match="`units`.*at least 1.*Received"):
        SqueezeExcite(units=units)


def test_an_open_channel_axis_is_refused():
    with pytest.raises(ValueError, match="fixed number of input channels"):
        SqueezeExcite(4)(keras.Input((8, 8, None)))


def test_a_wrong_rank_is_refused():
    with pytest.raises(ValueError, match="four axes.*Received"):
        SqueezeExcite(4)(keras.Input((8, 8)))
