"""DepthwiseSeparable: its savings, its padding, its errors."""

import keras
import numpy as np
import pytest

from keras_papers.cost import count
from keras_papers.layers import DepthwiseSeparable

pytestmark = pytest.mark.contract


def test_section_3_1_cost_against_a_full_convolution():
    images = keras.Input((14, 14, 32))
    separable = keras.Model(images, DepthwiseSeparable(64)(images))
    full = keras.Model(
        images, keras.layers.Conv2D(64, 3, padding="same")(images)
    )
    ratio = count(separable).multiply_adds / count(full).multiply_adds
    assert ratio == pytest.approx(1 / 64 + 1 / 3**2)


@pytest.mark.parametrize(
    "padding, size, halved",
    [
        ("same", 7, 4),
        ("same", 8, 4),
        ("even", 7, 3),
        ("even", 8, 4),
        ("symmetric", 7, 4),
        ("symmetric", 8, 4),
    ],
)
def test_padding_rounds_the_halved_map(padding, size, halved):
    block = DepthwiseSeparable(2, strides=2, padding=padding)
    outputs = block(np.ones((1, size, size, 3), "float32"))
    assert tuple(outputs.shape) == (1, halved, halved, 2)


@pytest.mark.parametrize("padding, first", [("even", 1), ("symmetric", 0)])
def test_padding_lays_the_first_kernel(padding, first):
    """The kernel's middle lies on pixel 1 of an even map, or on pixel 0."""
    block = DepthwiseSeparable(
        1, strides=2, padding=padding, activation="linear"
    )
    block.build((None, 8, 8, 1))
    middle = np.zeros((3, 3, 1, 1))
    middle[1, 1] = 1
    for layer, kernel in (
        ("depthwise", middle),
        ("pointwise", np.ones((1, 1, 1, 1))),
    ):
        (part,) = [x for x in block.body if x.name.endswith(f"_{layer}")]
        part.set_weights([kernel])
    rows = np.arange(8.0, dtype="float32")[None, :, None, None]
    outputs = block(np.broadcast_to(rows, (1, 8, 8, 1)))
    picked = keras.ops.convert_to_numpy(outputs)[0, :, 0, 0]
    np.testing.assert_allclose(picked, rows[0, first::2, 0, 0], rtol=2e-3)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"filters": 0}, "`filters`.*at least 1.*filters=0"),
        ({"filters": 8.0}, "`filters`.*integer.*filters=8.0"),
        ({"filters": 8, "strides": 3}, "`strides`.*1 .*2 .*strides=3"),
        ({"filters": 8, "strides": (2, 2)}, "`strides`.*Received"),
        ({"filters": 8, "kernel_size": 0}, "`kernel_size`.*kernel_size=0"),
        ({"filters": 8, "depth_multiplier": 0.5}, "scales `filters` instead"),
        ({"filters": 8, "padding": "sane"}, "`padding`.*mean 'same'"),
        ({"filters": 8, "data_format": "NHWC"}, "`data_format`.*NHWC"),
    ],
)
def test_bad_arguments_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        DepthwiseSeparable(**arguments)
