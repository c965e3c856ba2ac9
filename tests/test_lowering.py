"""Lowering: the same answers in operations that int8 runtimes fuse."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import applications, flatten
from keras_papers.lowering import (
    fuse_relus,
    lower,
    mirrored_hard_sigmoid,
    split_rescaling,
)
from tests.support.answers import (
    answers,
    images_for,
    perturb,
    random_images,
    spread,
)
from tests.support.inner_models import FORMS, IMAGES, built

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
def test_a_subclass_keeps_what_it_computes_beside_its_activation():
    class Own(layers.Dense):
        pass

    steps = keras.Input((5, 3))
    x = Own(4, activation="silu")(steps)
    x = layers.GRU(4, activation="silu")(x)
    model = keras.Model(steps, x)
    data = random_images(3, 5, 3)
    expected = answers(model, data)
    assert spread(expected) > 1e-3
    np.testing.assert_array_equal(answers(lower(model), data), expected)


@pytest.mark.contract
def test_a_dense_layer_with_relu6_is_no_part_of_a_hard_sigmoid():
    image = keras.Input((8,))
    x = layers.Dense(8, activation="relu6")(image + 3.0) * (1 / 6)
    model = perturb(keras.Model(image, x))
    images = random_images(4, 8, low=-5, high=5)
    expected = answers(model, images)
    assert spread(expected) > 1e-3
    np.testing.assert_allclose(
        answers(lower(model), images), expected, atol=1e-6
    )


# -- call keywords and inner models -------------------------------------------


@pytest.mark.contract
@pytest.mark.parametrize("form", FORMS)
def test_a_model_of_models_answers_the_same(form):
    model = built(form)
    lowered = lower(model)
    assert keras.activations.silu not in activations(lowered)
    check_same(model, lowered, IMAGES)


@pytest.mark.parametrize(
    "constructor, arguments",
    [
        (applications.MobileNetV3Small, {"alpha": 0.35}),
        pytest.param(
            *(applications.EfficientNetB0, {"alpha": 0.35}),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            *(keras.applications.MobileNetV3Small, {"weights": None}),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["ours", "efficient net", "theirs"],
)
def test_a_frozen_network_inside_answers_the_same(constructor, arguments):
    base = constructor(
        input_shape=(32, 32, 3), include_top=False, pooling="avg", **arguments
    )
    perturb(base)
    image = keras.Input((32, 32, 3))
    model = keras.Model(image, layers.Dense(3)(base(image, training=False)))
    lowered = lower(model)
    assert keras.activations.silu not in activations(lowered)
    assert keras.activations.hard_silu not in activations(lowered)
    check_same(model, lowered, images_for(base, 8))


@pytest.mark.contract
def test_a_layer_may_be_called_by_keywords_alone():
    image = keras.Input((8, 8, 3))
    conv = layers.Conv2D(4, 3, activation="silu")
    x = layers.Activation("hard_swish")(inputs=conv(inputs=image))
    model = perturb(keras.Model(image, x))
    check_same(model, lower(model), random_images(4, 8, 8, 3))


@pytest.mark.contract
def test_masks_reach_the_layers_behind_what_is_replaced():
    steps = keras.Input((None, 3))
    x = layers.Dense(4, activation="silu")(layers.Masking()(steps))
    x = layers.Activation("hard_swish")(x)
    model = keras.Model(steps, layers.GlobalAveragePooling1D()(x))
    data = random_images(3, 5, 3)
    data[:, 3:] = 0  # masked
    lowered = lower(model)
    check_same(model, lowered, data)
    np.testing.assert_allclose(
        answers(lowered, data), answers(lowered, data[:, :3]), atol=1e-6
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


def _tensors(model):
    return [operation.output for operation in model.operations]


def lowered_in_float16(model):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return lower(model)
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.contract
def test_new_layers_have_the_precision_of_the_old():
    image = keras.Input((8,))
    x = layers.Activation("hard_swish", dtype="float32")(image)
    x = keras.ops.silu(x)
    model = keras.Model(
        image, layers.ReLU(6.0, dtype="float32")(x + 3) * (1 / 6)
    )
    lowered = lowered_in_float16(model)
    assert {x.dtype for x in _tensors(lowered)} == {"float32"}


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


# -- normalizations by channel ------------------------------------------------

# ImageNet's statistics of pixels, as scale and offset of each channel.
SCALE = [0.0171, 0.0175, 0.0174]
OFFSET = [-2.118, -2.036, -1.804]


def kinds(model):
    return [type(layer) for layer in model.layers[1:]]


def check_pixels(model, *expected):
    """Asserts of what `model` becomes: these classes, and equal answers."""
    lowered = lower(model)
    assert kinds(lowered) == list(expected)
    images = random_images(4, *model.input_shape[1:], low=0, high=255)
    found = answers(model, images)
    assert np.ptp(found) > 1
    np.testing.assert_allclose(answers(lowered, images), found, atol=1e-5)
    return lowered


def drawn(*row, shape=(8, 8, 3), **arguments):
    x = image = keras.Input(shape, **arguments)
    for layer in row:
        x = layer(x)
    return keras.Model(image, x)


def normalization(**keywords):
    """Returns a layer with the statistics of ImageNet in [0, 1]."""
    mean, variance = [0.485, 0.456, 0.406], [0.0524, 0.0502, 0.0506]
    return layers.Normalization(mean=mean, variance=variance, **keywords)


@pytest.mark.contract
@pytest.mark.parametrize(
    "constants",
    [(SCALE, OFFSET), (SCALE, -2.0), (1 / 127.5, OFFSET), ([SCALE], [OFFSET])],
    ids=["both", "scale", "offset", "more axes"],
)
def test_a_rescaling_by_channel_is_a_frozen_convolution(constants):
    model = drawn(layers.Rescaling(*constants, name="preprocessing"))
    lowered = check_pixels(model, layers.DepthwiseConv2D)
    convolution = lowered.get_layer("preprocessing")
    assert convolution.kernel.shape == (1, 1, 3, 1)
    assert not lowered.trainable_weights and len(lowered.weights) == 2


@pytest.mark.contract
def test_a_row_of_normalizations_is_one_convolution():
    """As keras.applications' EfficientNet has in front with its weights."""
    theirs = [
        layers.Rescaling(1 / 255),
        normalization(),
        layers.Rescaling([2.1, 2.2, 2.0], name="last"),
    ]
    lowered = check_pixels(drawn(*theirs), layers.DepthwiseConv2D)
    assert lowered.layers[1].name == "last"
    back = [normalization(), normalization(invert=True)]
    check_pixels(drawn(*back), layers.DepthwiseConv2D)


@pytest.mark.contract
def test_channels_that_are_all_alike_are_a_rescaling():
    adapted = layers.Normalization()  # to nothing, as without weights
    alike = layers.Rescaling([0.5, 0.5, 0.5], 1.0)
    lowered = check_pixels(
        drawn(layers.Rescaling(1 / 25.5, -1), adapted, alike), layers.Rescaling
    )
    alone = lowered.layers[1]
    assert (alone.scale, alone.offset) == pytest.approx((0.5 / 25.5, 0.5))


@pytest.mark.contract
def test_a_row_ends_where_others_read_it_and_where_a_layer_is_called_twice():
    image = keras.Input((8, 8, 3))
    tapped = layers.Rescaling(0.1, -1.0)(image)
    x = layers.Rescaling(SCALE)(tapped)
    check_pixels(
        keras.Model(image, layers.Add()([x, tapped])),
        *(layers.Rescaling, layers.DepthwiseConv2D, layers.Add),
    )
    twice = layers.Rescaling(SCALE, OFFSET)
    model = keras.Model(image, layers.Add()([twice(twice(image)), image]))
    check_pixels(model, layers.Rescaling, layers.Add)


@pytest.mark.contract
def test_constants_that_are_not_by_channel_stay():
    by_row = np.linspace(0.5, 2, 8).reshape(8, 1, 1).tolist()
    for model in (
        drawn(layers.Rescaling(by_row), shape=(8, 6, 3)),
        drawn(layers.Rescaling(SCALE), shape=(3,)),
        drawn(layers.Rescaling(SCALE), dtype="uint8"),
        drawn(layers.Rescaling(2.0, 1.0)),
    ):
        assert lower(model).layers[1] is model.layers[1]


@pytest.mark.contract
def test_a_normalization_has_the_precision_of_the_old_layer():
    model = drawn(layers.Rescaling(SCALE, OFFSET, dtype="float32"))
    assert lowered_in_float16(model).output.dtype == "float32"


@pytest.mark.contract
@pytest.mark.parametrize("nested", [True, False])
def test_channels_may_come_first(nested):
    keras.config.set_image_data_format("channels_first")
    scale, offset = np.array(SCALE), -2.0
    if nested:
        scale, offset = scale[:, None, None], np.array(OFFSET)[:, None, None]
        offset = offset.tolist()
    layer = layers.Rescaling(scale.tolist(), offset)
    check_pixels(drawn(layer, shape=(3, 8, 6)), layers.DepthwiseConv2D)


@pytest.mark.contract
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_efficient_net_begins_with_a_convolution(data_format):
    keras.config.set_image_data_format(data_format)
    shape = (32, 32, 3) if data_format == "channels_last" else (3, 32, 32)
    model = applications.EfficientNetB0(
        input_shape=shape, alpha=0.25, classes=2, include_preprocessing=True
    )
    first = lower(model).get_layer("preprocessing")
    assert isinstance(first, layers.DepthwiseConv2D)
    assert first.data_format == data_format
    images = random_images(2, *shape, low=0, high=255)
    expected = answers(model.get_layer("preprocessing"), images)
    np.testing.assert_allclose(answers(first, images), expected, atol=1e-5)


@pytest.mark.contract
@pytest.mark.parametrize("as_layer", [True, False])
def test_a_relu_of_a_map_that_others_read_gets_a_product_before_it(as_layer):
    relu = layers.ReLU() if as_layer else layers.Activation("relu")
    image = keras.Input((8, 8, 3))
    shared = layers.Conv2D(4, 3, padding="same")(image)
    x = layers.Conv2D(4, 3, padding="same")(relu(shared))
    x = layers.ReLU(name="alone")(x)
    model = keras.Model(image, layers.Add()([shared, x]))
    fused = fuse_relus(model)
    kinds = [type(operation).__name__ for operation in fused.operations]
    assert kinds.count("Multiply") == 1 and "alone" in [
        layer.name for layer in fused.layers
    ]
    check_same(model, fused, random_images(4, 8, 8, 3))


def test_a_graph_whose_relus_are_all_fused_stays_as_it_is():
    image = keras.Input((8, 8, 3))
    x = layers.ReLU()(layers.Conv2D(4, 3)(image))
    model = keras.Model(image, layers.ReLU(6.0)(x))
    assert fuse_relus(model) is model
