"""Small models with several inputs or outputs, and data for them."""

import keras
import numpy as np
from keras import layers

JOBS = 7


def table(rows=24, seed=0):
    """Draws rows of a table: a column of ids, one of numbers, three more."""
    generator = np.random.default_rng(seed)
    return {
        "job": generator.integers(0, JOBS, rows).astype("int32"),
        "capital-gain": generator.normal(2, 1, (rows, 1)).astype("float32"),
        "the rest": generator.normal(size=(rows, 3)).astype("float32"),
    }


def tabular(outputs):
    """Builds a model of dict inputs, of an output that `outputs` makes."""
    keras.utils.set_random_seed(0)
    job = keras.Input((), dtype="int32", name="job")
    gain = keras.Input((1,), name="capital-gain")
    rest = keras.Input((3,), name="the rest")
    x = [layers.Embedding(JOBS, 4, name="jobs")(job), gain, rest]
    x = layers.Dense(16, "relu", name="hidden")(layers.Concatenate()(x))
    inputs = {"job": job, "capital-gain": gain, "the rest": rest}
    return moved(keras.Model(inputs, outputs(x), name="tabular"))


def moved(model):
    """Moves the weights, so that answers are not near zero."""
    generator = np.random.default_rng(0)
    for weight in model.trainable_weights:
        weight.assign_add(generator.normal(0.2, 0.4, weight.shape))
    return model


def score(x):
    return layers.Dense(3, "softmax", name="income")(x)


def detector(image_size=16):
    """Builds a network of a class, a box and a map of logits."""
    keras.utils.set_random_seed(0)
    image = keras.Input((image_size, image_size, 3), name="photo")
    x = layers.Rescaling(1 / 127.5, -1)(image)
    x = layers.Conv2D(8, 3, 2, "same", activation="relu", name="stem")(x)
    logits = layers.Conv2D(2, 1, name="logits")(x)
    x = layers.GlobalAveragePooling2D()(x)
    kind = layers.Dense(3, "softmax", name="kind")(x)
    box = layers.Dense(4, name="box")(x)
    outputs = {"boxes": {"best": box}, "kind": kind, "mask": logits}
    return moved(keras.Model(image, outputs, name="detector"))
