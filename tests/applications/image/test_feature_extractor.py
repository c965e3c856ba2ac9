"""Taps: strides, channels, shared weights, no nesting."""

import keras
import numpy as np
import pytest

from keras_papers import applications
from keras_papers.applications import feature_extractor
from keras_papers.applications.registry import get_record
from tests.support.answers import answers, perturb, random_images, spread
from tests.support.models import ONE_OF_EACH, QUICK, build

SIZES = [64, 75, 40, 33, None]
# Convolutions without padding leave less than the whole.
UNPADDED = ["AlexNet", "ZFNet"]


@pytest.mark.parametrize(
    "name, size",
    [(name, size) for name in QUICK for size in SIZES]
    + [
        pytest.param(name, 75, marks=pytest.mark.slow)
        for name in ONE_OF_EACH
        if name not in QUICK and get_record(name).size > 32
    ],
)
def test_maps_have_their_strides(name, size):
    model = build(name, size, alpha=0.35, include_top=False)
    maps = (
        feature_extractor(model)(random_images(1, 96, 96, 3))
        if (size is None)
        else feature_extractor(model)(random_images(1, size, size, 3))
    )
    size = size or 96
    assert sorted(maps) == ["stride16", "stride32", "stride4", "stride8"]
    for stride in (4, 8, 16, 32):
        height = maps[f"stride{stride}"].shape[1]
        assert height <= -(-size // stride)
        assert height >= (0.4 if name in UNPADDED else 1) * (size // stride)


def test_maps_are_those_of_the_model():
    model = perturb(
        applications.MobileNetV2(
            (64, 64, 3), alpha=0.35, classifier_activation=None
        )
    )
    images = random_images(2, 64, 64, 3)
    maps = feature_extractor(model, strides=(32,))(images)
    rest = keras.Model(
        model.get_layer("stage7_block1_project_norm").output, model.output
    )
    expected = answers(model, images)
    assert spread(expected) > 0.02
    np.testing.assert_allclose(
        answers(rest, maps["stride32"]), expected, rtol=1e-4, atol=1e-7
    )


def test_the_layers_are_the_models_own():
    model = applications.MobileNetV3Small((64, 64, 3), alpha=0.35)
    taps = feature_extractor(model, strides=(8, 16))
    assert not any(isinstance(layer, keras.Model) for layer in taps.layers)
    for layer in taps.layers:
        if layer.weights:
            assert layer is model.get_layer(layer.name)


def test_a_model_with_the_classifier_inside_has_the_same_maps():
    model = perturb(applications.MobileNetV3Small((64, 64, 3), alpha=0.35))
    images = random_images(1, 64, 64, 3, low=0, high=255)
    expected = feature_extractor(model)(images)
    image = keras.Input((64, 64, 3))
    for outer in (
        keras.Sequential([image, model]),
        keras.Model(image, keras.layers.Dense(2)(model(image, training=False))),
    ):
        found = feature_extractor(outer)(images)
        for name, tensor in expected.items():
            array = keras.ops.convert_to_numpy(tensor)
            assert array.std() > 1e-3
            np.testing.assert_array_equal(
                keras.ops.convert_to_numpy(found[name]), array
            )


def test_a_users_resizing_before_the_model_does_not_count():
    images = keras.Input((128, 128, 3))
    small = keras.layers.Resizing(64, 64)(images)
    model = applications.MobileNetV2(input_tensor=small, alpha=0.35)
    maps = feature_extractor(model, strides=(8,)).output
    assert maps["stride8"].shape[1:3] == (8, 8)


def test_a_stride_that_is_not_there_is_answered_with_those_that_are():
    model = applications.MobileNet((64, 64, 3), alpha=0.25)
    with pytest.raises(ValueError, match=r"\(8, 64\).*\[2, 4, 8, 16, 32\]"):
        feature_extractor(model, strides=(8, 64))
    with pytest.raises(ValueError, match="at least one"):
        feature_extractor(model, strides=())
    with pytest.raises(ValueError, match="strides=4.*2, 4, 8, 16, 32"):
        feature_extractor(model, strides=4)


def test_layers_inside_blocks_are_taken_by_their_names():
    model = applications.MobileNetV2((64, 64, 3), alpha=0.35)
    layers = {
        "c4": "stage6_block1_expand_activation",
        "low": "stage3_block2",
        "last": "stage4_block*",
    }
    maps = feature_extractor(model, layers=layers).output
    assert sorted(maps) == ["c4", "last", "low"]
    for key, layer in (
        ("c4", "stage6_block1_expand_activation"),
        ("low", "stage3_block2_add"),
        ("last", "stage4_block4_add"),
    ):
        assert maps[key].shape == model.get_layer(layer).output.shape
        assert maps[key]._keras_history.operation.name == layer
    both = feature_extractor(model, (8,), layers=["head_activation"]).output
    assert sorted(both) == ["head_activation", "stride8"]


def test_a_layer_that_is_not_there_is_explained():
    model = applications.MobileNet((64, 64, 3), alpha=0.25)
    with pytest.raises(ValueError, match="'stage9_block1', which 'mobilenet"):
        feature_extractor(model, layers=["stage9_block1"])
    with pytest.raises(ValueError, match="at least one. Received: layers=()"):
        feature_extractor(model, layers=())
    with pytest.raises(ValueError, match="`layers` is a dict or a list"):
        feature_extractor(model, layers="stem")


def test_a_model_of_others_is_refused():
    theirs = keras.applications.MobileNetV2((64, 64, 3), weights=None)
    with pytest.raises(
        ValueError, match="must be a classifier of keras_papers"
    ):
        feature_extractor(theirs)
    with pytest.raises(
        ValueError, match="must be a classifier of keras_papers"
    ):
        feature_extractor(None)
