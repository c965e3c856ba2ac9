"""Sizes and latencies of the files in docs/ANDROID.md.

    python examples/android/sizes.py

prints the table after three minutes. All weights are random, also those of
normalization, as equal zeros would be stored once for all layers.
"""

import pathlib
import tempfile

import numpy as np

from keras_papers import applications
from keras_papers.export import to_tflite

MODELS = (
    ("MobileNet", 1.0, 224),
    ("MobileNetV2", 1.0, 224),
    ("MobileNetV3Large", 1.0, 224),
    ("MobileNetV3Small", 1.0, 224),
    ("MobileNetV3Small", 0.75, 224),
    ("MobileNetV3Small", 0.75, 48),
)
EXPORTS = 3  # the fastest is printed, as others share the machine


def measure(model, quantize):
    """Returns the size in MB and the latency in ms, a median of 500 runs."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "model.tflite")
        files = [
            to_tflite(model, path, quantize=quantize, runs=500)
            for _ in range(EXPORTS)
        ]
    latency = min(file.latency_ms for file in files)
    return files[0].bytes / 1e6, latency


def build(name, alpha, size):
    """Returns a model of ten classes whose weights are all different."""
    generator = np.random.default_rng(0)
    model = applications.get(name)((size, size, 3), alpha=alpha, classes=10)
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign(generator.uniform(0.5, 1.5, weight.shape))
    return model


print("| model | alpha | pixels | float32 | latency | float16 | latency |")
print("|---|---|---|---|---|---|---|")
for name, alpha, size in MODELS:
    model = build(name, alpha, size)
    cells = "".join(
        " {:.2f} MB | {:.2f} ms |".format(*measure(model, quantize))
        for quantize in (None, "float16")
    )
    print(f"| {name} | {alpha} | {size} |{cells}")
