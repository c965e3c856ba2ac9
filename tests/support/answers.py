"""Models whose answers say something, and those answers as arrays."""

import re

import keras
import numpy as np

from keras_papers import flatten


def perturb(model, seed=0):
    """Draws weights with which `model` answers otherwise to another image.

    A fresh network answers 1e-12, which passes any tolerance; and one whose
    moving statistics are not those of its maps answers the same to all.
    """
    generator = np.random.default_rng(seed)
    # On JAX every operation of this one call would be compiled by itself.
    calibrates = keras.config.backend() == "tensorflow"
    for weight in model.weights:
        kind = weight.path.rpartition("/")[2]
        if kind == "gamma":
            weight.assign(generator.uniform(0.5, 1.5, weight.shape))
        elif kind == "moving_variance" and not calibrates:
            # About what kernels of these widths leave of a map.
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
        _calibrate(model, norms)
    return model


def _calibrate(model, norms):
    """Makes the moving statistics those of a batch of images."""
    # Of a small map, few images make no variance that others would share.
    size = model.inputs[0].shape[2] or 224
    images = images_for(model, 8 if size > 100 else 64)
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def images_for(model, number):
    """Draws images of the size and the range of pixels that a model takes."""
    shape = [size or 224 for size in model.inputs[0].shape[1:]]
    rescales = any(
        isinstance(layer, keras.layers.Rescaling) for layer in model.layers
    )
    low, high = (0, 255) if rescales else (-1, 1)
    return random_images(number, *shape, low=low, high=high)


def answers(model, images, **keywords):
    """Returns a model's answers as a NumPy array."""
    return keras.ops.convert_to_numpy(model(images, **keywords))


def spread(answers):
    """Returns how far the answers to different images lie apart."""
    return float(np.std(answers, axis=0).mean())


def random_images(*shape, low=-1, high=1, seed=0):
    """Draws a batch of noise, every image around another shade.

    Pure noise looks the same to a network, which averages over the map.
    """
    generator = np.random.default_rng(seed)
    middle = [
        1 if 0 < axis < len(shape) - 1 else n for axis, n in enumerate(shape)
    ]
    shades = generator.uniform(low, high, middle)
    noise = generator.uniform(low, high, shape)
    return (0.6 * shades + 0.4 * noise).astype("float32")
