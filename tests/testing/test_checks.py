"""The contracts fail where a promise is broken, and name it."""

import keras
import pytest

from keras_papers import applications
from keras_papers.testing import (
    check_application,
    check_detector,
    check_layer,
    check_segmenter,
)

pytestmark = pytest.mark.contract


@keras.saving.register_keras_serializable(package="tests")
class Scale(keras.layers.Layer):
    """Keeps the contract, or breaks the part of it that `breaks` names."""

    def __init__(self, breaks="", **kwargs):
        super().__init__(**kwargs)
        self.breaks = breaks

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")
        if self.breaks == "gradient":
            self.idle = self.add_weight(shape=(), name="idle")
        if self.breaks == "saving":
            self.scale.assign(float(keras.random.uniform(())))

    def call(self, inputs):
        outputs = inputs * self.scale
        if self.breaks == "shape":
            return outputs[:, :1]
        if self.breaks == "mixed":
            return keras.ops.cast(outputs, "float32")
        return outputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        config = {**super().get_config(), "breaks": self.breaks}
        if self.breaks == "config":
            config["name"] += "_again"
        return config


class Unregistered(keras.layers.Layer):
    """Cannot be loaded by name."""


def test_a_good_layer_passes():
    _, data, outputs = check_layer(Scale(), (2, 3))
    assert (outputs == data).all()


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
@pytest.mark.parametrize(
    "promise, message",
    [
        ("config", "changes its config"),
        ("shape", r"\(2, 1\), promised \(2, 3\)"),
        ("gradient", "no gradient in scale.*/idle"),
        ("mixed", "mixed gives float32"),
    ],
)
def test_a_broken_promise_of_a_layer_is_named(promise, message):
    with pytest.raises((AssertionError, ValueError), match=message):
        check_layer(Scale(promise), (2, 3))


def test_an_unregistered_layer_is_named():
    with pytest.raises(AssertionError, match="Unregistered is not registered"):
        check_layer(Unregistered(), (2, 3))


def test_a_constructor_that_downloads_by_default_is_named():
    with pytest.raises(AssertionError, match="has no 'include_preprocessing'"):
        check_application(keras.applications.MobileNet)


def test_a_segmenter_of_small_logits_is_named():
    with pytest.raises(AssertionError, match=r"32, 3\), not \(None, 32, 32"):
        check_segmenter(small_logits)


def test_a_detector_without_anchors_is_named():
    with pytest.raises(AssertionError, match="Functional has no anchors"):
        check_detector(small_logits)


def small_logits(
    input_shape, classes, weights=None, input_tensor=None, name=None
):
    """Builds a network with logits of each row of pixels."""
    image = keras.Input(input_shape)
    x = keras.layers.AveragePooling2D((1, 32))(image)
    x = keras.layers.Reshape((32, 3))(x)
    return keras.Model(image, keras.layers.Dense(classes)(x))


def test_a_constructor_that_loses_input_tensor_is_named():
    def forgetful(
        input_shape=None,
        include_top=True,
        weights=None,
        input_tensor=None,
        pooling=None,
        classes=1000,
        classifier_activation="softmax",
        include_preprocessing=False,
        name=None,
        alpha=0.25,
    ):
        return applications.MobileNet(
            input_shape or (32, 32, 3),
            alpha=alpha,
            include_top=include_top,
            pooling=pooling,
            classes=classes,
            classifier_activation=classifier_activation,
        )

    with pytest.raises(AssertionError, match="input_tensor's layers are lost"):
        check_application(forgetful)
