"""Latency of int8 files, compared with TFLiteConverter's of keras.applications.

One thread, a new process for each measurement, the files in turn. The model of
keras.applications is converted at batch size 1: with an open batch size, the
default of `from_keras_model`, XNNPACK does not run the int8 file.
"""

import pathlib
import statistics
import tempfile

import keras  # isort: skip
import numpy as np
import tensorflow as tf

from keras_papers import applications, export, flatten
from keras_papers.export.conversion import quiet
from keras_papers.export.latency_process import measure_in_own_process

SHAPE = (224, 224, 3)
ROUNDS = 7
MODELS = (  # name, arguments
    ("MobileNetV3Small", {"alpha": 0.75}),
    ("MobileNetV3Large", {"alpha": 1.0}),
    ("MobileNetV3Small", {"minimalistic": True}),
    ("MobileNetV2", {"alpha": 1.0}),
    ("MobileNet", {"alpha": 1.0}),
)


def images(model):
    """Draws noise of different shades, as the model takes images."""
    generator = np.random.default_rng(0)
    shades = generator.uniform(0, 255, (8, 1, 1, 3))
    pixels = np.clip(shades + generator.normal(0, 40, (8, *SHAPE)), 0, 255)
    rescales = any(
        isinstance(layer, keras.layers.Rescaling) for layer in model.layers
    )
    return (pixels if rescales else pixels / 127.5 - 1).astype("float32")


def normalized(model):
    """Sets the moving statistics to those of the images.

    In an untrained network activations shrink from layer to layer, to ranges
    that XNNPACK does not support.
    """
    norms = [
        layer
        for layer in flatten(model).layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for norm in norms:
        norm.momentum = 0.0
    model(images(model), training=True)
    return model


def converted_by_keras(model):
    """Returns the bytes of an int8 file, converted as in TensorFlow's guide."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: (
        [x[None]] for x in images(model)
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    with quiet():
        return converter.convert()


if __name__ == "__main__":
    print(
        "\n| | int8 | TFLiteConverter's int8 | times as fast | float32 "
        "| times as fast | partitions | its |\n" + "|---" * 8 + "|"
    )
    folder = pathlib.Path(tempfile.mkdtemp())
    paths = [folder / f"{name}.tflite" for name in ("int8", "peer", "float")]
    for name, arguments in MODELS:
        model = normalized(applications.get(name)(SHAPE, **arguments))
        int8, peer, whole = paths
        data = images(model)
        found = export.to_tflite(
            model, int8, None, "int8", representative_data=data
        )
        export.to_tflite(model, whole)
        theirs = getattr(keras.applications, name)
        peer.write_bytes(
            converted_by_keras(
                normalized(
                    theirs(
                        weights=None,
                        input_tensor=keras.Input(SHAPE, batch_size=1),
                        **arguments,
                    )
                )
            )
        )
        times = {path: [] for path in paths}
        for _ in range(ROUNDS):
            for path, list_ in times.items():
                measured = measure_in_own_process(path, threads=1, runs=100)
                list_.append(measured["median_ms"])
                if path == peer:
                    partitions = measured["partitions"]
        medians = [statistics.median(times[path]) for path in paths]
        ratios = [
            statistics.median(
                other / ours
                for other, ours in zip(times[path], times[int8], strict=True)
            )
            for path in (peer, whole)
        ]
        spelled = ", ".join(f"{k}={v}" for k, v in arguments.items())
        print(
            f"| {name}({spelled}) | {medians[0]:.3f} ms | {medians[1]:.3f} ms "
            f"| **{ratios[0]:.2f}** | {medians[2]:.3f} ms "
            f"| **{ratios[1]:.2f}** | {found.partitions} | {partitions} |",
            flush=True,
        )
