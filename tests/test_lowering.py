"""Lowering: the same answers in operations that int8 runtimes fuse."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import applications, flatten
from keras_papers.lowering import (
    lower,
    mirrored_hard_sigmoid,
    split_rescaling,
)
from tests.answers import answers, images_for, perturb, random_images, spread

SIZE = (64, 64, 3)


def activations(model):
    return [getattr(layer, "activation", None) for layer in model.layers]


def check_same(model, other, images):
    """Asserts that two models answer alike, and not the same to all."""
    expected = answers(model, images)
    assert spread(expected) > 1e-3
    np.testing.assert_allclose(
        answers(other, images), expected, atol=1e-5 * np.ptp(expected), rtol=0
    )


@pytest.mark.contract
def test_the_gate_is_the_hard_sigmoid():
    x = np.linspace(-5, 5, 201, dtype="float32")
    gate = keras.ops.convert_to_numpy(mirrored_hard_sigmoid(x))
    expected = np.clip(x + 3, 0, 6) / 6
    np.testing.assert_allclose(gate, expected, atol=2e-7)


@pytest.mark.parametrize("name", ["MobileNetV3Small", "MobileNetV3Large"])
def test_mobilenet_v3_answers_the_same_without_h_swish(name):
    model = perturb(applications.get(name)(SIZE, classes=5))
    lowered = lower(model)
    assert keras.activations.hard_silu in activations(flatten(model))
    assert keras.activations.hard_silu not in activations(lowered)
    check_same(model, lowered, images_for(model, 8))


def test_so_does_the_one_of_keras_applications():
    model = keras.applications.MobileNetV3Small(SIZE, weights=None, classes=5)
    lowered = lower(perturb(model))
    assert activations(lowered).count(keras.activations.hard_sigmoid) == 9
    # x + 3, ReLU6 and the sixth have become one layer.
    assert not [
        op
        for op in lowered.operations
        if type(op).__name__ == "Add" and not isinstance(op, layers.Layer)
    ]
    check_same(model, lowered, images_for(model, 8))


@pytest.mark.contract
@pytest.mark.parametrize(
    "activation", ["hard_swish", "swish", "sigmoid", "tanh", "hard_sigmoid"]
)
def test_activations_inside_a_layer_become_layers(activation):
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation=activation, name="conv")(image)
    x = layers.DepthwiseConv2D(3, activation=activation, name="depthwise")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(6, activation=activation, name="dense")(x)
    model = keras.Model(image, x)
    lowered = lower(model)
    for name in ("conv", "depthwise", "dense"):
        inside = lowered.get_layer(name).activation
        assert inside is keras.activations.linear
        assert lowered.get_layer(f"{name}_activation")
    images = random_images(4, 8, 8, 3)
    np.testing.assert_allclose(
        answers(lowered, images), answers(model, images), atol=1e-6
    )


@pytest.mark.contract
@pytest.mark.parametrize("activation", ["relu", "relu6", None])
def test_activations_that_are_computed_along_stay(activation):
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation=activation)(image)
    assert len(lower(keras.Model(image, x)).layers) == 2


@pytest.mark.contract
def test_the_model_is_left_alone():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="hard_swish", name="conv")(image)
    model = keras.Model(image, layers.Activation("hard_swish")(x))
    config, images = model.get_config(), random_images(2, 8, 8, 3)
    before = answers(model, images)
    lower(model).get_layer("conv").kernel.assign(np.zeros((3, 3, 3, 4)))
    assert model.get_config() == config
    np.testing.assert_array_equal(answers(model, images), before)


@pytest.mark.contract
def test_a_layer_that_cannot_be_copied_stays():
    class Own(layers.Dense):
        def __init__(self, needed):
            super().__init__(needed, activation="sigmoid")

    image = keras.Input((4,))
    model = keras.Model(image, Own(2)(image))
    images = np.ones((1, 4))
    np.testing.assert_array_equal(
        answers(lower(model), images), answers(model, images)
    )


@pytest.mark.contract
def test_a_relu6_that_others_call_too_stays():
    relu6 = layers.ReLU(6.0)
    image = keras.Input((8,))
    gate = relu6(image + 3.0) * (1 / 6)
    model = keras.Model(image, layers.Add()([gate, relu6(image)]))
    images = random_images(4, 8, low=-9, high=9)
    np.testing.assert_allclose(
        answers(lower(model), images), answers(model, images), atol=1e-6
    )


@pytest.mark.contract
def test_h_swish_as_a_function_is_lowered_too():
    image = keras.Input((8,))
    x = keras.ops.hard_swish(image) + keras.ops.silu(image)
    model = keras.Model(image, x)
    lowered = lower(model)
    assert mirrored_hard_sigmoid in activations(lowered)
    assert keras.activations.sigmoid in activations(lowered)
    images = random_images(4, 8, low=-5, high=5)
    np.testing.assert_allclose(
        answers(lowered, images), answers(model, images), atol=1e-6
    )


@pytest.mark.contract
def test_a_name_that_is_taken_is_not_taken_twice():
    image = keras.Input((8,))
    x = layers.Dense(4, activation="swish", name="a")(image)
    for name in ("a_activation", "a_activation_gate"):
        x = layers.ReLU(name=name)(x)
    assert lower(keras.Model(image, x)).get_layer("a_activation__gate")


@pytest.mark.contract
def test_new_layers_have_the_precision_of_the_old():
    image = keras.Input((8,))
    x = layers.Activation("hard_swish", dtype="float32")(image)
    model = keras.Model(image, x)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        assert lower(model).output.dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.contract
def test_a_layer_that_is_called_twice_stays_one():
    image = keras.Input((8, 8, 3))
    conv = layers.Conv2D(3, 3, padding="same", activation="hard_swish")
    model = keras.Model(image, conv(conv(image)))
    lowered = lower(model)
    assert len(lowered.weights) == 2
    images = random_images(2, 8, 8, 3)
    np.testing.assert_allclose(
        answers(lowered, images), answers(model, images), atol=1e-6
    )


@pytest.mark.contract
def test_other_sums_and_products_are_no_hard_sigmoid():
    image = keras.Input((8,))
    x = layers.ReLU(6.0)(image + 2.0) * (1 / 6)
    y = layers.ReLU(6.0)(image + 3.0) * (1 / 5)
    z = layers.ReLU(5.0)(image + 3.0) * (1 / 6)
    model = keras.Model(image, layers.Concatenate()([x, y, z]))
    lowered = lower(model)
    assert keras.activations.hard_sigmoid not in activations(lowered)
    images = random_images(4, 8, low=-4, high=4)
    np.testing.assert_allclose(
        answers(lowered, images), answers(model, images), atol=1e-6
    )


@pytest.mark.contract
def test_a_leading_rescaling_is_cut_off():
    model = perturb(applications.MobileNetV3Small((32, 32, 3), classes=3))
    scale, offset, rest = split_rescaling(flatten(model))
    images = images_for(model, 4)
    assert (scale, offset) == pytest.approx((1 / 127.5, -1))
    check_same(model, lambda x: rest(scale * x + offset), images)


@pytest.mark.contract
def test_a_rescaling_stays_if_others_read_the_image_or_if_it_is_by_channel():
    image = keras.Input((8, 8, 3))
    scaled = layers.Rescaling(2.0)(image)
    both = keras.Model(image, layers.Add()([image, scaled]))
    by_channel = keras.Model(image, layers.Rescaling([1.0, 2.0, 3.0])(image))
    shifted = keras.Model(image, layers.Rescaling(1.0, [1.0, 2.0, 3.0])(image))
    turned = keras.Model(image, layers.Rescaling(-1.0, 255.0)(image))
    for model in (both, by_channel, shifted, turned):
        assert split_rescaling(model) == (1.0, 0.0, model)
