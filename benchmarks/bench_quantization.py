"""Accuracy, size and latency of quantized, pruned and clustered files.

    keras-papers train --output digits_v3
    python benchmarks/bench_quantization.py digits_v3 "" 30
    python examples/fashion_mnist.py fashion
    keras-papers train fashion --image-size 32 --epochs 6 --batch-size 128 \\
        --output fashion_v3
    python benchmarks/bench_quantization.py fashion_v3 fashion 3 128

The arguments are the output folder of a training, its data ("" for
scikit-learn's digits), the epochs of fine-tuning for each variant, and the
batch size. Accuracies are measured on all held-out images, with the model in
Python and with the file in LiteRT.
"""

import dataclasses
import json
import os
import pathlib
import statistics
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from keras_papers.export.latency_process import measure_in_own_process
from keras_papers.pipelines.data.images import load_digits
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.models.classifier_file import load_keras
from keras_papers.pipelines.training.settings import Settings
from keras_papers.pipelines.variants.plan import Plan, table
from keras_papers.pipelines.variants.quantized import (
    WEIGHT_STEPS,
    Material,
    write,
)

PLAN = Plan(prune=0.6, cluster=16)
ENOUGH = 20_000  # images to train variants on
KEPT = {"pruned": "sparsity", "clustered": "clusters"}
ROUNDS = 5


def variants(network, material, folder):
    """Yields a `Variant` of each row of the table."""

    def row(name, model, how=None, preserve=()):
        path = folder / f"{name}.tflite"
        return write(name, model, how, path, material, preserve)[0]

    yield row("float32", network)
    yield row("int8", network, "int8")
    yield row("qat", network, "qat")
    for step in WEIGHT_STEPS:
        alone = PLAN._replace(
            **{"cluster" if step == "pruned" else "prune": None}
        )
        smaller = WEIGHT_STEPS[step](network, alone, material)
        yield row(step, smaller)
        yield row(f"{step}.int8", smaller, "int8")
        yield row(f"{step}.qat", smaller, "qat", KEPT[step])
    pruned = WEIGHT_STEPS["pruned"](network, PLAN, material)
    both = WEIGHT_STEPS["clustered"](pruned, PLAN, material)
    yield row("pruned.clustered", both)
    yield row("pruned.clustered.qat", both, "qat", tuple(KEPT.values()))


def main(run, data="", epochs="8", batch_size="64"):
    """Prints the table of one training."""
    run = pathlib.Path(run)
    arguments = json.loads((run / "report.json").read_text())
    size = arguments["image_size"]
    images = load_folder(data, 0) if data else load_digits(size, 0)
    settings = Settings(
        int(epochs),
        int(batch_size),
        1e-4,
        weight_decay=0.0,
        label_smoothing=0.1,
        class_weights=False,
        ema=None,
        early_stopping=None,
        from_weights=False,
    )
    # `load_folder` sorts by class.
    some = np.random.default_rng(0).permutation(len(images.train))[:ENOUGH]
    images = dataclasses.replace(images, train=images.train[np.sort(some)])
    material = Material(images, size, settings, 0, 0)
    folder = run / "variants"
    folder.mkdir(exist_ok=True)
    network = load_keras(run / "model.keras")
    rows = []
    for found in variants(network, material, folder):
        print(found.name, f"{found.tflite_accuracy:.2%}", flush=True)
        rows.append(found)
    # In turn, so that other load affects all of them alike.
    times = [
        [
            measure_in_own_process(folder / row.file, 1, 200)["median_ms"]
            for row in rows
        ]
        for _ in range(ROUNDS)
    ]
    medians = map(statistics.median, zip(*times, strict=True))
    print(f"\n{arguments['model']}, {len(images.test):,} images held out\n")
    print(
        table(
            [
                row._replace(latency_ms=median)
                for row, median in zip(rows, medians, strict=True)
            ]
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
