"""Trainings of a few steps, which are not traced."""

import contextlib

import keras
import pytest

QUICK = {
    "image_size": 32,
    "epochs": 2,
    "alpha": 0.25,
    "model": "MobileNet",
    "batch_size": 8,
    "verbose": 0,
}
QUICK_GENERATOR = {
    "image_size": 16,
    "num_embeddings": 16,
    "embedding_dim": 8,
    "epochs": 2,
    "prior_epochs": 2,
    "prior_layers": 2,
    "prior_filters": 8,
    "batch_size": 8,
    "samples": 4,
    "verbose": 0,
}
QUICK_SEGMENTER = {
    "image_size": 64,
    "epochs": 2,
    "alpha": 0.25,
    "batch_size": 8,
    "verbose": 0,
}
QUICK_DETECTOR = QUICK_SEGMENTER


@contextlib.contextmanager
def untraced():
    """Runs steps eagerly: tracing takes longer than a few steps do."""
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
    """Trains eagerly in each test of a folder whose conftest imports it."""
    with untraced():
        yield
