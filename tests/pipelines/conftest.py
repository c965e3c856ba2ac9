"""Photos of two classes, and what a short training made of them."""

import contextlib

import keras
import numpy as np
import pytest
from PIL import Image

from keras_papers import pipelines

QUICK = {
    "image_size": 32,
    "epochs": 2,
    "alpha": 0.25,
    "model": "MobileNet",
    "batch_size": 8,
    "verbose": 0,
}


def paint(folder, classes, number=10, seed=0):
    """Writes pictures of noise, each class brighter than the one before."""
    generator = np.random.default_rng(seed)
    for index, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        low = index * 150 // max(1, len(classes) - 1)
        for picture in range(number):
            pixels = generator.integers(low, low + 100, (40, 50, 3), "uint8")
            Image.fromarray(pixels).save(folder / name / f"{picture}.png")
    return folder


@contextlib.contextmanager
def untraced():
    """Runs steps without tracing them, which costs more than few steps do."""
    if keras.config.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.fixture(autouse=True)
def quick_steps():
    """Trains without tracing."""
    with untraced():
        yield


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Two classes of ten pictures each, bright and dark."""
    return paint(tmp_path_factory.mktemp("photos"), ["dark", "bright"])


@pytest.fixture(scope="session")
def trained(photos, tmp_path_factory):
    """Returns the report and the folder of a training."""
    output = tmp_path_factory.mktemp("output") / "new" / "folder"
    with untraced():
        report = pipelines.train_image_classifier(
            photos, output=output, **QUICK
        )
    return report, output
