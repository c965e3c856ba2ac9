"""A network of a few layers, and a training of a few steps on noise."""

import functools

import keras
import numpy as np
from keras import layers

from keras_papers import flatten
from keras_papers.layers import InvertedResidual
from keras_papers.quantization import callbacks
from keras_papers.quantization.legacy import load_tf_keras
from tests.support.answers import images_for, perturb

CLASSES = 3


def small_network():
    """Draws a network of every kind of kernel, with a block in it."""
    model = _drawn()
    model.set_weights(_weights())
    return model


@functools.cache
def _weights():
    return perturb(_drawn()).get_weights()


def _drawn():
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, strides=2, name="stem")(inputs)
    x = layers.BatchNormalization(name="stem_norm")(x)
    x = layers.Activation("hard_swish", name="stem_activation")(x)
    x = InvertedResidual(8, name="block")(x)
    x = layers.Conv2D(12, 1, activation="relu", name="head")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(CLASSES, "softmax", name="predictions")(x)
    return keras.Model(inputs, x, name="small")


def train(tf_model, steps=1, epochs=1):
    """Fits a model of tf_keras on noise; its weights move far."""
    images = images_for(tf_model, 4 * steps)
    labels = np.random.default_rng(0).integers(0, CLASSES, 4 * steps)
    tf_model.compile(
        load_tf_keras().optimizers.Adam(1e-2),
        "sparse_categorical_crossentropy",
        run_eagerly=True,  # Tracing takes longer than a few steps do.
    )
    tf_model.fit(
        images,
        labels,
        batch_size=4,
        epochs=epochs,
        verbose=0,
        callbacks=callbacks(tf_model),
    )
    return tf_model


def kernels(model):
    """Returns the kernels that can be pruned and clustered, by layer names."""
    kinds = (layers.Conv2D, layers.Dense)
    return {
        layer.name: np.asarray(keras.ops.convert_to_numpy(layer.kernel))
        for layer in flatten(model).layers
        if isinstance(layer, kinds)
    }
