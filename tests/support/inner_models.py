"""Models with inner models, as in transfer learning."""

import keras
from keras import layers

from keras_papers import flatten
from keras_papers.layers import InvertedResidual
from tests.support.answers import perturb, random_images

SIZE = (12, 12, 3)
IMAGES = random_images(16, *SIZE, low=0, high=255)


def base():
    """Builds the inner model, from pixels to a map."""
    image = keras.Input(SIZE, name="pixels")
    x = layers.Rescaling(1 / 127.5, -1, name="rescaling")(image)
    x = layers.Conv2D(8, 3, use_bias=False, name="stem")(x)
    x = layers.BatchNormalization(name="stem_norm")(x)
    x = layers.Activation("hard_swish", name="stem_activation")(x)
    x = layers.Dropout(0.5, name="stem_drop")(x)
    x = layers.Conv2D(8, 3, activation="silu", name="conv")(x)
    return keras.Model(image, x, name="base")


def nested():
    return _with_head(lambda x: base()(x, training=False))


def nested_twice():
    image = keras.Input(SIZE, name="outer_pixels")
    x = layers.DepthwiseConv2D(3, name="between")(base()(image))
    inner = keras.Model(image, x, name="inner")
    return _with_head(lambda x: inner(x, training=False))


def sequential_inside():
    parts = [keras.Input(SIZE), *base().layers[1:]]
    inner = keras.Sequential(parts, name="inner")
    return _with_head(lambda x: inner(x, training=False))


def inside_sequential():
    head = [layers.GlobalAveragePooling2D(), layers.Dense(3, name="scores")]
    return keras.Sequential([keras.Input(SIZE), base(), *head])


def block():
    """Builds a model of blocks that are called as layers."""

    def call(x):
        x = layers.Rescaling(1 / 255)(x, training=False)
        x = layers.Normalization(
            mean=[0.4, 0.5, 0.6], variance=[0.1, 0.1, 0.2], name="normalization"
        )(x, training=False)
        x = layers.Conv2D(8, 3, activation="silu", name="conv")(
            x, training=False
        )
        squeezing = InvertedResidual(
            8, squeeze_units=4, activation="hard_swish", name="block"
        )
        return squeezing(x, training=False)

    return _with_head(call)


FORMS = [nested, nested_twice, sequential_inside, inside_sequential, block]


def _with_head(call):
    image = keras.Input(SIZE, name="image")
    x = layers.GlobalAveragePooling2D(name="pool")(call(image))
    return keras.Model(image, layers.Dense(3, name="scores")(x), name="outer")


def built(form, policy="float32"):
    """Builds a form with perturbed weights, under a dtype policy."""
    keras.config.set_dtype_policy(policy)
    try:
        model = form()
    finally:
        keras.config.set_dtype_policy("float32")
    exact = form()
    perturb(flatten(exact))  # which shows what range of pixels it takes
    model.set_weights(exact.get_weights())
    return model
