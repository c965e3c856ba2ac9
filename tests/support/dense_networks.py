"""A small detector and a small segmenter, with weights that answer."""

import keras
import numpy as np
from keras import layers

from tests.support.answers import perturb

SIZE = 64  # pixels of an image
PER_PLACE = 3  # anchors


def _body(image):
    """Draws maps of strides 2, 4, 8 and 16."""
    x = layers.Rescaling(1 / 127.5, -1)(image)
    maps = []
    for number, filters in enumerate((8, 12, 16, 24)):
        name = f"stage{number + 1}"
        x = layers.Conv2D(
            filters, 3, 2, "same", use_bias=False, name=f"{name}_conv"
        )(x)
        x = layers.BatchNormalization(name=f"{name}_bn")(x)
        x = layers.ReLU(6.0, name=f"{name}_relu")(x)
        maps.append(x)
    return maps


def detector(classes=3, background=True):
    """Builds a network of box codes and logits on two maps, 240 anchors."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3))
    boxes, scores = [], []
    columns = classes + background
    for number, x in enumerate(_body(image)[2:]):
        box = layers.Conv2D(
            4 * PER_PLACE, 3, padding="same", name=f"boxes{number}_conv"
        )(x)
        score = layers.Conv2D(
            columns * PER_PLACE, 3, padding="same", name=f"scores{number}_conv"
        )(x)
        boxes.append(layers.Reshape((-1, 4), name=f"boxes{number}")(box))
        scores.append(
            layers.Reshape((-1, columns), name=f"scores{number}")(score)
        )
    outputs = {
        "boxes": layers.Concatenate(axis=1, name="boxes")(boxes),
        "scores": layers.Concatenate(axis=1, name="scores")(scores),
    }
    return perturb(keras.Model(image, outputs, name="detector"))


def anchors():
    """Returns the anchors of `detector`, drawn around all the image."""
    generator = np.random.default_rng(0)
    number = PER_PLACE * (8 * 8 + 4 * 4)
    centers = generator.uniform(0, SIZE, (number, 2))
    sizes = generator.uniform(6, 40, (number, 2))
    return np.concatenate([centers - sizes / 2, centers + sizes / 2], axis=1)


def segmenter(classes=4, last=None, stride=1):
    """Builds a network of a gate and two maps that are added, as LR-ASPP.

    Args:
        classes: Channels of the output.
        last: Activation of the output, None of logits.
        stride: Of the output.
    """
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3))
    _, _, low, high = _body(image)
    gate = layers.GlobalAveragePooling2D(keepdims=True, name="pool")(high)
    gate = layers.Conv2D(16, 1, activation="sigmoid", name="gate")(gate)
    x = layers.Conv2D(16, 1, activation="relu", name="features")(high)
    x = layers.Multiply(name="gated")([x, gate])
    x = layers.Resizing(8, 8, name="to_low")(x)
    high = layers.Conv2D(classes, 1, name="high_logits")(x)
    low = layers.Conv2D(classes, 1, name="low_logits")(low)
    x = layers.Add(name="logits")([low, high])
    if last:
        x = layers.Activation(last, name="shares")(x)
    x = layers.UpSampling2D(
        8 // stride, interpolation="bilinear", name="to_image"
    )(x)
    return perturb(keras.Model(image, x, name="segmenter"))
