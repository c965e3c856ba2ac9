"""Ranges of int8 maps that XNNPACK has no kernels for."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import applications, export
from keras_papers.export import conversion
from tests.support.answers import images_for, perturb, random_images

pytestmark = pytest.mark.tensorflow
EDGE = {"QUANTIZE": 1, "SOFTMAX": 1}  # uint8 to int8, and the scores


def network(middle):
    """Builds a classifier of small images around some layers."""
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="stem")(image)
    x = layers.GlobalAveragePooling2D()(middle(x))
    model = keras.Model(image, layers.Dense(3, activation="softmax")(x))
    return perturb(model)


def scaled(model, name, factor, shift=0):
    layer = model.get_layer(name)
    kernel, bias = layer.get_weights()
    layer.set_weights([factor * kernel, factor * bias + shift])
    return model


def swish(x):
    return layers.Activation("hard_swish")(x)


def fading_h_swish():
    """Its maps are far smaller than the 3 that h-swish adds."""
    return scaled(
        network(
            lambda x: layers.Conv2D(4, 1, name="last")(
                swish(layers.Conv2D(4, 1, name="small")(x))
            )
        ),
        "small",
        1e-5,
    )


def fading_shortcut():
    """Its shortcut is far smaller than what it is added to."""
    model = network(
        lambda x: layers.Add()([x, layers.Conv2D(4, 1, name="large")(x)])
    )
    return scaled(scaled(model, "stem", 1e-5), "large", 1e5)


def dead_map():
    """Its middle map is zero for all images."""
    return scaled(
        network(
            lambda x: layers.Conv2D(4, 1, name="head")(
                layers.Conv2D(4, 1, activation="relu", name="silent")(x)
            )
        ),
        "silent",
        1,
        -1000,
    )


def dead_gate():
    """Its squeeze-and-excite has a bottleneck that is always zero."""

    def middle(x):
        gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
        gate = layers.Conv2D(2, 1, activation="relu", name="silent")(gate)
        gate = layers.Conv2D(4, 1, activation="hard_sigmoid")(gate)
        return layers.Multiply()([x, gate])

    return scaled(network(middle), "silent", 1, -1000)


@pytest.mark.filterwarnings("error:.*partitions:UserWarning")
@pytest.mark.filterwarnings("ignore:.*answers otherwise:UserWarning")
@pytest.mark.parametrize(
    "build", [fading_h_swish, fading_shortcut, dead_map, dead_gate]
)
def test_maps_that_fade_or_are_zero_have_kernels_too(build, tmp_path):
    model = build()
    file = export.to_tflite(
        model,
        tmp_path / "model.tflite",
        None,
        "int8",
        representative_data=images_for(model, 16),
        runs=1,
    )
    assert file.not_delegated == EDGE
    assert file.partitions == 2
    if build in (fading_shortcut, dead_gate):  # the others answer a constant
        assert file.parity < 0.1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*answers otherwise:UserWarning")
def test_a_fresh_v3_is_as_fast_in_integers_as_it_will_be(tmp_path):
    model = applications.MobileNetV3Small((32, 32, 3), alpha=0.35, classes=3)
    file = export.to_tflite(
        model,
        tmp_path / "model.tflite",
        None,
        "int8",
        representative_data=images_for(model, 16),
    )
    assert file.not_delegated == EDGE


def test_ranges_that_have_kernels_stay_as_they_were_measured(monkeypatch):
    seen = []

    def spied(data, takes_image, widen=conversion.widen_ranges):
        seen.append((data, widen(data, takes_image)))
        return seen[-1][1]

    monkeypatch.setattr(conversion, "widen_ranges", spied)
    images = np.clip(random_images(16, 8, 8, 3), -1, 1)
    conversion.convert(network(swish), [(8, 8, 3)], "int8", [images])
    ((measured, used),) = seen
    assert measured is used
