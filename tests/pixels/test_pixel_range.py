"""What a model takes for black and white, found from its graph."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import applications
from keras_papers.layers import Block
from keras_papers.pixels.normalization import PIXELS, SIGNED, UNIT, check_images
from keras_papers.pixels.pixel_range import find_pixel_range, with_pixels
from tests.support.answers import answers, perturb, random_images

SIZE = (32, 32, 3)
UNKNOWN = None
peers = keras.applications


def body():
    return [layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()]


def behind(front, dtype=None):
    """Builds a network behind what `front` draws on its images."""
    image = keras.Input(SIZE, dtype=dtype)
    x = front(image)
    for layer in body():
        x = layer(x)
    return keras.Model(image, layers.Dense(2)(x))


def on_images(front):
    image = keras.Input(SIZE)
    return keras.Model(image, layers.GlobalAveragePooling2D()(front(image)))


def row(*parts, shape=SIZE):
    return keras.Sequential([keras.Input(shape), *parts])


def adapted(mean, deviation):
    return layers.Normalization(mean=[mean] * 3, variance=[deviation**2] * 3)


def to_unit():
    return layers.Rescaling(1 / 255)


def over_time(*parts):
    """Builds a model that calls another on each half of its images."""
    image = keras.Input(SIZE)
    halves = layers.Reshape((2, 16, 32, 3))(image)
    inner = row(*parts, *body(), shape=(16, 32, 3))
    x = layers.TimeDistributed(inner)(halves)
    return keras.Model(image, layers.GlobalAveragePooling1D()(x))


def with_skip():
    image = keras.Input(SIZE)
    x = layers.Conv2D(4, 3, padding="same")(to_unit()(image))
    x = layers.GlobalAveragePooling2D()(layers.Concatenate()([image, x]))
    return keras.Model(image, layers.Dense(2)(x))


class Front(Block):
    """A user's own block, that opens."""

    def build(self, input_shape):
        parts = [
            self.part(layers.Rescaling, "scale", scale=1 / 255),
            self.part(layers.Conv2D, "stem", filters=4, kernel_size=3),
        ]
        self.body = self.chain(parts, input_shape)

    def call(self, inputs):
        return self.body[1](self.body[0](inputs))


def frozen(image):
    """Calls a network of ours as for transfer learning."""
    network = applications.MobileNetV3Small(SIZE, alpha=0.35, include_top=False)
    return network(image, training=False)


class ToUnit(keras.layers.Layer):
    """A user's own layer."""

    def call(self, inputs):
        return inputs / 255


FOUND = {
    # what keras.applications' `preprocess_input` draws
    "tf mode": (lambda: behind(peers.mobilenet_v2.preprocess_input), PIXELS),
    "caffe mode": (lambda: behind(peers.vgg16.preprocess_input), PIXELS),
    "torch mode": (lambda: behind(peers.densenet.preprocess_input), PIXELS),
    "caffe mode of [0, 1]": (
        lambda: behind(lambda x: peers.vgg16.preprocess_input(x * 255)),
        UNIT,
    ),
    # other operations
    "a cast": (
        lambda: behind(lambda x: keras.ops.cast(x, "float32") / 255),
        PIXELS,
    ),
    "inverted pixels": (lambda: behind(lambda x: 255 - x), PIXELS),
    "inverted units": (lambda: behind(lambda x: 1 - x), UNIT),
    "[0, 1] to pixels": (lambda: behind(lambda x: x * 255), UNIT),
    "[0, 1] to [-1, 1]": (lambda: behind(lambda x: x * 2 - 1), UNIT),
    "[-1, 1] to [0, 1]": (lambda: behind(lambda x: x * 0.5 + 0.5), SIGNED),
    "[-1, 1] to pixels and back": (
        lambda: behind(lambda x: (x * 127.5 + 127.5) / 127.5 - 1),
        SIGNED,
    ),
    # statistics of a data set
    "adapted to pixels": (lambda: behind(adapted(127, 60)), PIXELS),
    "adapted to dark pixels": (lambda: behind(adapted(33, 78)), PIXELS),
    "adapted to [0, 1]": (lambda: behind(adapted(0.5, 0.25)), UNIT),
    "adapted to MNIST": (lambda: behind(adapted(0.1307, 0.3081)), UNIT),
    "adapted to [-1, 1]": (lambda: behind(adapted(-0.1, 0.5)), SIGNED),
    # behind layers that keep a shade as it is
    "behind augmentation": (
        lambda: behind(
            row(
                layers.Resizing(40, 40),
                layers.RandomFlip(),
                layers.RandomBrightness(0.5),
                layers.CenterCrop(32, 32),
                layers.Dropout(0.5),
                to_unit(),
            )
        ),
        PIXELS,
    ),
    "before padding": (
        lambda: behind(lambda x: layers.ZeroPadding2D(9)(x / 255)),
        PIXELS,
    ),
    "before an activation": (
        lambda: behind(row(layers.Rescaling(1 / 127.5, -1), layers.ReLU())),
        PIXELS,
    ),
    "by a lambda": (
        lambda: behind(layers.Lambda(lambda x: x / 127.5 - 1)),
        PIXELS,
    ),
    "by an own layer": (lambda: behind(ToUnit()), PIXELS),
    # models inside
    "nested": (lambda: behind(row(to_unit(), layers.Conv2D(3, 1))), PIXELS),
    "twice nested": (
        lambda: behind(row(row(to_unit(), layers.Conv2D(3, 1)))),
        PIXELS,
    ),
    "nested normalization": (
        lambda: behind(row(layers.RandomFlip(), adapted(127, 60))),
        PIXELS,
    ),
    "in a block": (lambda: row(Front(), *body()), PIXELS),
    "in a frozen network": (
        lambda: on_images(frozen),
        PIXELS,
    ),
    "over time": (lambda: over_time(to_unit()), PIXELS),
    "over time, adapted": (lambda: over_time(adapted(0.45, 0.22)), UNIT),
    "a sequential model": (lambda: row(to_unit(), *body()), PIXELS),
    "a skip of the input": (lambda: with_skip(), PIXELS),
    "no weights": (
        lambda: row(to_unit(), layers.GlobalAveragePooling2D()),
        PIXELS,
    ),
    "bytes": (lambda: behind(lambda x: x, "uint8"), PIXELS),
    "cast bytes": (
        lambda: behind(lambda x: keras.ops.cast(x, "float32"), "uint8"),
        PIXELS,
    ),
    # networks
    "MobileNetV3Small": (
        lambda: peers.MobileNetV3Small(SIZE, weights=None),
        PIXELS,
    ),
    "EfficientNetB0": (
        lambda: applications.EfficientNetB0(input_shape=SIZE, classes=2),
        PIXELS,
    ),
    # where the graph does not show the range of the input
    "nothing": (lambda: behind(lambda x: x), UNKNOWN),
    "rescaled scores": (
        lambda: row(*body(), layers.Rescaling(1 / 255)),
        UNKNOWN,
    ),
    "rescaled maps": (
        lambda: row(layers.Conv2D(3, 3), to_unit(), *body()),
        UNKNOWN,
    ),
    "16 bits": (lambda: behind(layers.Rescaling(1 / 65535)), UNKNOWN),
    "over time, nothing": (lambda: over_time(), UNKNOWN),
    "two ways that differ": (
        lambda: behind(
            lambda x: (
                layers.Conv2D(3, 1)(x / 255) + layers.Conv2D(3, 1)(2 * x - 1)
            )
        ),
        UNKNOWN,
    ),
}


@pytest.mark.parametrize("draw, expected", FOUND.values(), ids=FOUND)
def test_the_range_is_what_the_input_is_made_into(draw, expected):
    found = find_pixel_range(draw())
    assert found.known == (expected is not UNKNOWN)
    assert found[:2] == (expected or SIGNED)


def recorded(images, front=None):
    """Builds a network whose normalizations have seen images."""
    keras.utils.set_random_seed(0)
    image = keras.Input(SIZE)
    x = front(image) if front else image
    x = layers.Conv2D(16, 3, 2, use_bias=False)(layers.ZeroPadding2D()(x))
    x = layers.BatchNormalization()(x)
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(x))
    return shown(keras.Model(image, layers.Dense(2)(x)), images)


def shown(model, images):
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.0
    model(images, training=True)
    return model


def photos(mean, deviation):
    """Draws images of smooth shades in [0, 255]."""
    noise = np.random.default_rng(0).normal(size=(16, 4, 4, 1))
    smooth = noise.repeat(8, 1).repeat(8, 2).repeat(3, 3)
    return np.clip(mean + deviation * smooth, 0, 255).astype("float32")


@pytest.mark.parametrize("mean, deviation", [(115, 60), (200, 50), (60, 60)])
def test_a_normalization_behind_a_convolution_has_seen_pixels(mean, deviation):
    images = photos(mean, deviation)
    assert find_pixel_range(recorded(images))[:3] == (*PIXELS, True)


def test_statistics_that_say_nothing_of_the_range_are_not_believed():
    """Images whose mean was subtracted, divided or not."""
    for images in (photos(115, 60) - 117, (photos(115, 60) - 115) / 58):
        assert not find_pixel_range(recorded(images)).known


def test_a_normalization_at_the_input_has_seen_it():
    def model():
        parts = [layers.BatchNormalization(), *body()]
        return row(*parts)

    pixels = photos(115, 60)
    for images, expected in (
        (pixels, PIXELS),
        (pixels / 255, UNIT),
        (pixels / 127.5 - 1, SIGNED),
    ):
        assert find_pixel_range(shown(model(), images))[:3] == (*expected, True)


def test_a_network_of_ours_shows_the_range_of_its_training():
    for scale, offset, expected in ((127.5, 127.5, PIXELS), (1, 0, SIGNED)):
        model = applications.MobileNetV2(SIZE, alpha=0.35, classes=2)
        fresh = find_pixel_range(model)
        assert (fresh.known, fresh.trained) == (False, False)
        shown(model, scale * random_images(8, *SIZE) + offset)
        assert find_pixel_range(model)[:3] == (*expected, True)


def test_a_model_of_pixels_is_made_of_one_of_another_range():
    model = perturb(behind(lambda x: x))
    pixels = random_images(4, *SIZE, low=0, high=255)
    expected = answers(model, pixels / 127.5 - 1)
    wrapped = with_pixels(model, 127.5, 127.5)
    assert find_pixel_range(wrapped)[:3] == (*PIXELS, True)
    np.testing.assert_allclose(answers(wrapped, pixels), expected, atol=1e-5)
    assert with_pixels(model, 0.0, 1.0) is model


@pytest.mark.parametrize(
    "images, ends, message",
    [
        ((0, 255), SIGNED, r"in \[-1, 1\].*in \[0, 255\].*normalization="),
        ((0, 1), SIGNED, r"in \[-1, 1\].*in \[0, 1\].*--input-range 0 1"),
        ((0, 255), UNIT, r"in \[0, 1\].*in \[0, 255\]"),
        ((-1, 1), UNIT, r"in \[0, 1\].*in \[-1, 1\]"),
        ((0, 1), PIXELS, "Do not divide them by 255"),
        ((-1, 1), PIXELS, r"in \[0, 255\].*in \[-1, 1\]"),
    ],
)
def test_images_of_another_range_are_refused(images, ends, message):
    images = np.linspace(*images, 48).reshape(4, 2, 2, 3)
    with pytest.raises(ValueError, match=f"`images` must hold.*{message}"):
        check_images("images", images, *ends)


def test_images_of_the_range_pass():
    for ends in (PIXELS, UNIT, SIGNED):
        check_images("images", np.linspace(*ends, 12), *ends)
    # Bright images are what the user says that they are.
    check_images("images", np.linspace(0, 1, 12), *SIGNED, given=True)
