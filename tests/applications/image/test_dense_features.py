"""The maps that heads take: which layers they are, on each backbone."""

import keras
import pytest

from keras_papers import applications
from keras_papers.applications.detection import SSDLite
from keras_papers.applications.image.dense_features import (
    Taps,
    dense_features,
)
from keras_papers.applications.segmentation import LRASPP
from keras_papers.cost import count
from keras_papers.shapes_only import shapes_only

ROLES = Taps._fields[3:]
# Channels by role: low, low_inside, c4, c5, aspp, auxiliary.
CHANNELS = {
    "MobileNet": (256, 256, 512, 1024, 1024, 256),
    "MobileNetV2": (32, 192, 576, 1280, 320, 32),
    "MobileNetV3Large": (40, 120, 672, 960, 960, 40),
    "MobileNetV3Small": (24, 88, 288, 576, 576, 24),
    "MnasNetA1": (40, 120, 672, 1280, 320, 40),
    "MnasNetB1": (40, 120, 576, 1280, 320, 40),
    "EfficientNetB0": (40, 240, 672, 1280, 320, 40),
    "ResNet18": (128, 128, 256, 512, 512, 256),
    "ResNet50": (512, 512, 1024, 2048, 2048, 1024),
}


@pytest.mark.parametrize("name", CHANNELS)
def test_a_backbone_has_the_maps_of_the_papers_heads(name):
    with shapes_only():
        model = dense_features(name, ROLES, input_shape=(320, 320, 3))
    maps = [model.output[role] for role in ROLES]
    assert tuple(x.shape[-1] for x in maps) == CHANNELS[name]
    assert [x.shape[1] for x in maps[:5]] == [40, 40, 20, 10, 10]


@pytest.mark.parametrize(
    "name, tail, parameters, c4, c5",
    [  # of torchvision's reduced_tail, and the two of the paper's code
        ("MobileNetV3Large", None, 2_971_952, 672, 960),
        ("MobileNetV3Large", "detection", 1_620_512, 672, 480),
        ("MobileNetV3Large", "segmentation", 1_379_184, 336, 480),
        ("MobileNetV3Small", None, 927_008, 288, 576),
        ("MobileNetV3Small", "detection", 438_704, 288, 288),
        ("MobileNetV3Small", "segmentation", 390_576, 144, 288),
        ("MobileNetV2", None, 2_223_872, 576, 1280),
        ("MobileNetV2", "segmentation", 1_147_072, 576, 1280),
    ],
)
def test_tails_have_fewer_channels(name, tail, parameters, c4, c5):
    with shapes_only():
        body = applications.get(name)(include_top=False, reduced_tail=tail)
        maps = dense_features(body, ["c4", "c5"]).output
        assert count(body).parameters == parameters
    assert (maps["c4"].shape[-1], maps["c5"].shape[-1]) == (c4, c5)


def test_the_layers_are_the_models_own_and_its_input_too():
    images = keras.Input((64, 64, 3))
    body = applications.MobileNetV3Small(input_tensor=images, alpha=0.35)
    model = dense_features(body, ["low", "c5"])
    assert model.input is images
    for layer in model.layers:
        assert layer is body.get_layer(layer.name)


def test_heads_are_joined_to_efficientnet_by_its_name():
    with shapes_only():
        masks = LRASPP("EfficientNetLite0", (64, 64, 3), alpha=0.35, classes=3)
        boxes = SSDLite("EfficientNetB0", (64, 64, 3), alpha=0.35, classes=3)
    assert masks.get_layer("stage7_block1_project").output.shape[1] == 4
    assert masks.output_shape == (None, 64, 64, 3)
    assert boxes.get_layer("head_activation").output.shape[1] == 2


def test_deeper_networks_have_the_last_block_of_a_stage():
    with shapes_only():
        body = applications.MobileNetV2(depth=2, include_top=False)
    model = dense_features(body, ["low"])
    assert model.output["low"] is body.get_layer("stage3_block6_add").output


@pytest.mark.parametrize(
    "name", ["GoogLeNet", "ResNet20", "ResNet50V2", "VGG11"]
)
def test_a_network_without_such_maps_is_refused(name):
    with shapes_only():
        body = applications.get(name)(include_top=False)
    with pytest.raises(ValueError, match="`backbone`.*Received.*MobileNetV2"):
        dense_features(body, ["c5"])


def test_what_is_no_backbone_is_explained():
    with pytest.raises(ValueError, match="the name of a network.*'MobilNet'"):
        dense_features("MobilNet", ["c5"])
    with pytest.raises(ValueError, match="`backbone`.*backbone=3"):
        dense_features(3, ["c5"])
    with pytest.raises(ValueError, match="'VGG11', which has no output_stride"):
        dense_features("VGG11", ["c5"], output_stride=16)
    body = applications.MobileNetV3Small((64, 64, 3), alpha=0.35)
    with pytest.raises(ValueError, match="built already.*alpha"):
        dense_features(body, ["c5"], alpha=0.5)


def test_a_tail_that_a_network_lacks_is_explained():
    with pytest.raises(
        ValueError, match="`reduced_tail`.*'detection'.*'small'"
    ):
        applications.MobileNetV2(reduced_tail="small")
