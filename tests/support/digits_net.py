"""A small network of blocks, trained on the digits in seconds."""

import functools

import keras
import numpy as np
from keras import layers

from keras_papers.layers import DepthwiseSeparable, InvertedResidual
from keras_papers.pipelines.data.images import load_digits

SIZE = 16
CLASSES = 10


@functools.cache
def digits():
    """Returns images and labels to train on, and of the test set."""
    images = load_digits(SIZE, seed=0)
    parts = (images.train, images.test)
    pixels = [
        np.stack([part.read(i, SIZE) for i in range(len(part))])
        for part in parts
    ]
    (x, test), (y, labels) = pixels, (part.labels for part in parts)
    return (
        (x.astype("float32"), np.eye(CLASSES, dtype="float32")[y]),
        (test.astype("float32"), labels),
    )


def build():
    """Builds h-swish, squeeze-and-excite, a shortcut and a bare ReLU6."""
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = layers.Rescaling(1 / 127.5, -1, name="preprocessing")(image)
    x = layers.Conv2D(16, 3, 2, "same", use_bias=False, name="stem")(x)
    x = layers.BatchNormalization(name="stem_norm", momentum=0.9)(x)
    x = layers.Activation("hard_swish", name="stem_activation")(x)
    x = InvertedResidual(
        16, 3, activation="hard_swish", squeeze_units=8, name="block1"
    )(x)
    x = InvertedResidual(24, 3, strides=2, name="block2")(x)
    x = DepthwiseSeparable(48, name="block3")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(CLASSES, name="logits")(x)
    x = layers.Activation("softmax", name="predictions")(x)
    return keras.Model(image, x, name="digits_net")


@functools.cache
def trained():
    """Returns the trained network, which tests must not change."""
    keras.utils.set_random_seed(0)
    model = build()
    trainer = keras.Model(model.inputs, model.outputs)
    trainer.compile(keras.optimizers.Adam(5e-3), "categorical_crossentropy")
    (x, y), _ = digits()
    trainer.fit(x, y, epochs=12, batch_size=64, verbose=0)
    return model


def accuracy(scores):
    """Returns the accuracy on the test images."""
    return float(np.mean(scores.argmax(-1) == digits()[1][1]))


def agreement(scores, others):
    """Returns the share of images with the same class in both scores."""
    return float(np.mean(scores.argmax(-1) == others.argmax(-1)))
