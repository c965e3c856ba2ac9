"""Conversion to .tflite, compared with TFLiteConverter.from_keras_model.

Wall time is measured, as the converter's C++ code uses one thread. Ours is
measured as the conversion alone and as `to_tflite`, which also verifies the
file and measures its latency.
"""

import contextlib
import io
import pathlib
import tempfile
import time

from interleaved import compare, header

import keras  # isort: skip
import tensorflow as tf

from keras_papers import applications, export
from keras_papers.export import conversion

ROUNDS = 5
SHAPE = (224, 224, 3)


def seconds(function):
    """Returns the wall seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def converted_by_keras(model):
    """Converts as in TensorFlow's guide."""
    with contextlib.redirect_stdout(io.StringIO()):
        return tf.lite.TFLiteConverter.from_keras_model(model).convert()


if __name__ == "__main__":
    header("from_keras_model")
    folder = pathlib.Path(tempfile.mkdtemp())
    for name in ("MobileNetV3Small", "MobileNetV2"):
        converted, exported, theirs = [], [], []
        for _ in range(ROUNDS + 1):
            keras.backend.clear_session()
            ours = applications.get(name)(SHAPE)
            peer = getattr(keras.applications, name)(SHAPE, weights=None)
            theirs.append(seconds(lambda peer=peer: converted_by_keras(peer)))
            converted.append(
                seconds(
                    lambda ours=ours: conversion.convert(ours, [SHAPE], None)
                )
            )
            exported.append(
                seconds(
                    lambda ours=ours: export.to_tflite(
                        ours, folder / "model.tflite"
                    )
                )
            )
        compare(f"{name}, conversion", converted[1:], theirs[1:])
        compare(f"{name}, with verification", exported[1:], theirs[1:])
