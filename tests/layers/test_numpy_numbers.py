"""Layers that are made with NumPy's numbers, as a table read by pandas has."""

import json

import numpy as np
import pytest

from keras_papers.layers import (
    ConvNormActivation,
    DepthwiseSeparable,
    InvertedResidual,
    SqueezeExcite,
)

EIGHT, TWO, THREE = np.int64(8), np.int32(2), np.uint8(3)
RATES = {"momentum": np.float32(0.9), "epsilon": np.float64(1e-3)}


@pytest.mark.parametrize(
    "make",
    [
        lambda: ConvNormActivation(EIGHT, THREE, TWO, **RATES),
        lambda: DepthwiseSeparable(EIGHT, THREE, TWO, TWO, **RATES),
        lambda: InvertedResidual(
            EIGHT,
            np.float32(1.5),
            THREE,
            TWO,
            expanded_filters=EIGHT,
            squeeze_units=TWO,
            stochastic_depth=np.float32(0.1),
            shortcut=np.bool_(True),
            **RATES,
        ),
        lambda: SqueezeExcite(TWO),
    ],
)
def test_they_build_and_their_configuration_is_json(make):
    layer = make()
    config = json.loads(json.dumps(layer.get_config()))
    assert type(layer).from_config(config).get_config() == layer.get_config()
    assert layer(np.ones((1, 8, 8, 8), "float32")).shape[-1] == 8


def test_a_number_is_what_was_written():
    """And not 0.8999999761581421, as the float32 is in 64 bits."""
    assert InvertedResidual(8, momentum=RATES["momentum"]).momentum == 0.9


@pytest.mark.parametrize("strides", [3, 1.0, "1", None, True, np.int64(0)])
def test_strides_that_are_none_are_refused(strides):
    with pytest.raises(ValueError, match="`strides` is the step"):
        ConvNormActivation(8, strides=strides)
