"""Dilations in the place of strides: the same weights on larger maps."""

import inspect

import keras
import numpy as np
import pytest

from keras_papers import applications
from keras_papers.applications.image.output_stride import OutputStride
from keras_papers.layers import (
    BasicResidual,
    BottleneckResidual,
    DepthwiseSeparable,
    InvertedResidual,
)
from keras_papers.shapes_only import shapes_only
from tests.support.answers import answers, images_for, perturb, spread

DENSE = [
    "EfficientNetLite0",
    "MnasNetA1",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Large",
    "MobileNetV3Small",
    "ResNet18",
    "ResNet50",
]
SLOW = {"MnasNetB1", "ResNet18"}


def rates_of(model):
    """Returns the kernels' dilations by the names of layers, where above 1."""
    rates = {
        layer.name: layer.dilation_rate[0]
        for layer in model.layers
        if hasattr(layer, "dilation_rate")
    }
    return {name: rate for name, rate in rates.items() if rate > 1}


def features(name, **arguments):
    return applications.get(name)(
        input_shape=(64, 64, 3), include_top=False, **arguments
    )


@pytest.mark.parametrize(
    "name, arguments",
    [
        pytest.param(name, arguments, marks=[pytest.mark.slow] * (name in SLOW))
        for name, arguments in (
            ("MobileNet", {"padding": "symmetric"}),
            ("MobileNetV2", {"padding": "symmetric", "depth": 0.5}),
            ("MnasNetB1", {"padding": "symmetric", "depth": 0.5}),
            ("ResNet18", {}),
            ("ResNet50", {"depth": 0.3, "version": 1}),
            ("ResNet50", {"depth": 0.3, "version": 1.5}),
        )
    ],
)
def test_dilations_leave_what_the_strides_gave(name, arguments):
    """Between them are what the strides left out."""
    arguments = {"alpha": 0.25, **arguments}
    strided = perturb(features(name, **arguments))
    images = images_for(strided, 2)
    expected = answers(strided, images)
    assert spread(expected) > 0.1
    dilated = features(name, output_stride=8, **arguments)
    dilated.set_weights(strided.get_weights())
    found = answers(dilated, images)
    assert found.shape[1:3] == (8, 8)
    np.testing.assert_allclose(
        found[:, ::4, ::4], expected, atol=1e-5 * spread(expected)
    )
    assert np.abs(found[:, 2::4, 2::4] - expected).max() > spread(expected) / 2


@pytest.mark.contract
def test_the_backends_dilate_alike():
    keras.utils.set_random_seed(0)
    images = np.random.default_rng(0).normal(size=(2, 9, 9, 4))
    block = DepthwiseSeparable(6, dilation_rate=2)
    found = keras.ops.convert_to_numpy(block(images.astype("float32")))
    even = DepthwiseSeparable(6)
    even.build((2, 5, 5, 4))
    even.set_weights(block.get_weights())
    expected = keras.ops.convert_to_numpy(
        even(images[:, ::2, ::2].astype("float32"))
    )
    assert expected.std() > 0.01
    np.testing.assert_allclose(found[:, ::2, ::2], expected, atol=1e-5)


@pytest.mark.parametrize("name", DENSE)
@pytest.mark.parametrize("output_stride", [8, 16, 32])
def test_the_last_map_has_the_output_stride_and_the_weights_are_the_same(
    name, output_stride
):
    with shapes_only():
        plain = features(name)
        model = features(name, output_stride=output_stride)
    assert model.output_shape[1:3] == (64 // output_stride,) * 2
    assert [w.path for w in model.weights] == [w.path for w in plain.weights]
    if output_stride == 32:
        assert model.get_config() == plain.get_config()


@pytest.mark.parametrize(
    "arguments, rates",
    [
        ({}, [2, 2, 2]),  # as torchvision's dilated=True
        ({"dilation_start": "behind"}, [1, 2, 2]),  # as DeepLab's
    ],
)
def test_a_dilation_begins_in_the_layer_that_had_the_stride_or_behind_it(
    arguments, rates
):
    with shapes_only():
        model = features("MobileNetV3Large", output_stride=16, **arguments)
    names = [f"stage6_block{block}_depthwise" for block in (1, 2, 3)]
    assert [model.get_layer(name).dilation_rate[0] for name in names] == rates
    assert set(rates_of(model)) <= set(names)


def test_resnet_dilates_as_torchvision_does():
    with shapes_only():
        model = features("ResNet50", output_stride=8, version=1.5)
    rates = rates_of(model)
    assert "stage3_block1_conv2" not in rates
    assert rates["stage3_block2_conv2"] == rates["stage4_block1_conv2"] == 2
    assert rates["stage4_block2_conv2"] == rates["stage4_block3_conv2"] == 4
    assert all(name.endswith("conv2") for name in rates)


def test_a_block_that_had_a_stride_adds_no_shortcut():
    with shapes_only():
        model = features("MobileNetV2", alpha=0.1, output_stride=8)
        strided = features("MobileNetV2", alpha=0.1)
    names = [layer.name for layer in model.layers]
    assert names == [layer.name for layer in strided.layers]
    assert "stage4_block1_add" not in names


def test_steps_follow_the_stride_of_the_map():
    strides = OutputStride(8, "strided")
    steps = [strides.step(s) for s in (1, 2, 2, 2, 1, 2)]
    assert [step.strides for step in steps] == [1, 2, 2, 1, 1, 1]
    assert [step.dilation_rate for step in steps] == [1, 1, 1, 2, 2, 4]


def test_networks_without_these_maps_have_no_such_argument():
    for name in ("ResNet20", "ResNet50V2", "VGG16"):
        arguments = inspect.signature(applications.get(name)).parameters
        assert "output_stride" not in arguments


@pytest.mark.parametrize("output_stride", [4, 64, "16", True, None, 16.5])
def test_other_output_strides_are_explained(output_stride):
    with pytest.raises(ValueError, match="32, 16 or 8. Received: .*32 is"):
        applications.MobileNetV2(output_stride=output_stride)


def test_other_starts_are_explained():
    with pytest.raises(ValueError, match="'behind', 'strided'.*'stride'"):
        applications.MobileNet(dilation_start="stride")


@pytest.mark.parametrize(
    "block, arguments",
    [
        (InvertedResidual, {}),
        (DepthwiseSeparable, {}),
        (BasicResidual, {}),
        (BottleneckResidual, {"bottleneck_filters": 4}),
    ],
)
def test_a_layer_has_strides_or_a_dilation(block, arguments):
    with pytest.raises(ValueError, match="`dilation_rate`.*strides=2.*=1"):
        block(8, strides=2, dilation_rate=2, **arguments)
    with pytest.raises(ValueError, match="`dilation_rate`.*at least 1.*0"):
        block(8, dilation_rate=0, **arguments)
