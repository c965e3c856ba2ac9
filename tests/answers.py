"""Models whose answers say something, and those answers as arrays."""

import keras
import numpy as np


def perturb(model, seed=0):
    """Draws weights with which the logits of `model` differ visibly.

    A fresh network answers 1e-12, which passes any tolerance.
    """
    generator = np.random.default_rng(seed)
    for weight in model.weights:
        if weight.path.endswith(("moving_variance", "gamma")):
            weight.assign(generator.uniform(0.5, 1.5, weight.shape))
        elif weight.path.endswith(("moving_mean", "beta", "bias")):
            weight.assign(generator.normal(0, 0.2, weight.shape))
        elif weight.path.endswith("kernel"):
            weight.assign(1.5 * keras.ops.convert_to_numpy(weight))
    return model


def answers(model, images, **keywords):
    """Returns a model's answers as a NumPy array."""
    return keras.ops.convert_to_numpy(model(images, **keywords))


def random_images(*shape, low=-1, high=1, seed=0):
    """Draws a batch of images."""
    generator = np.random.default_rng(seed)
    return generator.uniform(low, high, shape).astype("float32")
