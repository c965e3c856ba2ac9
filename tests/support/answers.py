"""Models whose outputs depend on the input, and their outputs as arrays."""

import re

import keras
import numpy as np

from keras_papers import flatten


def perturb(model, seed=0, images=None):
    """Draws weights with which the outputs for two images differ.

    The moving statistics are those of `images`, a number of random ones.

    The outputs of an untrained network are about 1e-12, which passes any
    tolerance. If the moving statistics are not those of the maps, the outputs
    for all images are equal.
    """
    generator = np.random.default_rng(seed)
    # JAX would compile each operation of this one call.
    calibrates = keras.config.backend() == "tensorflow"
    for weight in model.weights:
        kind = weight.path.rpartition("/")[2]
        if kind == "gamma":
            weight.assign(generator.uniform(0.5, 1.5, weight.shape))
        elif kind == "moving_variance" and not calibrates:
            # About the variances that kernels of these widths produce.
            weight.assign(generator.uniform(0.3, 0.7, weight.shape))
        elif kind in ("beta", "bias") or (
            kind == "moving_mean" and not calibrates
        ):
            weight.assign(generator.normal(0, 0.2, weight.shape))
        elif kind == "kernel":
            # A depthwise kernel has its filters in the last axis but one.
            depthwise = re.search("depthwise|_dw_|dwconv", weight.path)
            ends = 2 if depthwise else -1
            width = np.prod(weight.shape[:ends]) ** -0.5
            weight.assign(generator.normal(0, width, weight.shape))
    norms = [
        layer
        for layer in flatten(model).layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    if norms and calibrates:
        _calibrate(model, norms, images)
    return model


def _calibrate(model, norms, number):
    """Sets the moving statistics to those of a batch of images."""
    # The statistics of a small map need more images.
    size = model.inputs[0].shape[2] or 224
    images = images_for(model, number or (8 if size > 100 else 64))
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def images_for(model, number):
    """Draws images of the size and the pixel range of a model."""
    shape = [size or 224 for size in model.inputs[0].shape[1:]]
    rescales = any(
        isinstance(layer, keras.layers.Rescaling) for layer in model.layers
    )
    low, high = (0, 255) if rescales else (-1, 1)
    return random_images(number, *shape, low=low, high=high)


def answers(model, images, **keywords):
    """Returns the outputs of a model as a NumPy array."""
    return keras.ops.convert_to_numpy(model(images, **keywords))


def spread(answers):
    """Returns the mean deviation of the outputs for different images."""
    return float(np.std(answers, axis=0).mean())


def random_images(*shape, low=-1, high=1, seed=0):
    """Draws a batch of noise around a different shade in each image.

    A network averages over the map, so images of pure noise are alike to it.
    """
    generator = np.random.default_rng(seed)
    middle = [
        1 if 0 < axis < len(shape) - 1 else n for axis, n in enumerate(shape)
    ]
    shades = generator.uniform(low, high, middle)
    noise = generator.uniform(low, high, shape)
    return (0.6 * shades + 0.4 * noise).astype("float32")
