"""Latency of segmenters and detectors as .tflite files, floats and int8.

    python benchmarks/bench_dense_latency.py [--size 512] [--rounds 21]
    python benchmarks/bench_dense_latency.py --networks "SSDLite, V2" "SSD, V2"

The papers' comparisons: LR-ASPP on MobileNetV3 with R-ASPP on MobileNetV2
(table 7 of MobileNetV3), and SSDLite on V3 with SSDLite on V2 (table 6). The
rows "+", and SSD on V1 and V2, are built as the configurations of TensorFlow's
Object Detection API for COCO: 2034 anchors, and SSD with full convolutions in
the maps behind the backbone and predictions by convolutions of 1 x 1. CPU time
on one thread, all files in turn, medians. Weights are random: the time of a
network does not depend on them. That of the choice of boxes does; it is
measured where every box of every class is above the threshold, and where none
is.
"""

import argparse
import pathlib
import statistics
import tempfile
import warnings

import numpy as np

from interleaved import cpu_seconds

import keras  # isort: skip
from keras_papers import applications, export
from keras_papers.applications.detection.pyramid import extra_map, predictions
from keras_papers.applications.detection.ssd import MOBILENET_MAPS
from keras_papers.applications.detection.ssd_lite import ANCHORS
from keras_papers.applications.image.classifier import MOMENTUM, normalization
from keras_papers.applications.image.dense_features import dense_features
from keras_papers.export.interpreter import open_file

EXAMPLES = 8  # images of which int8 ranges are measured
SEGMENTERS = {  # name: constructor, arguments
    "R-ASPP, V2 (row 1)": (
        "RASPPMobileNetV2",
        {"filters": 256},
    ),
    "R-ASPP, V2, RF2 (row 2)": (
        "RASPPMobileNetV2",
        {"filters": 256, "reduced_tail": "segmentation"},
    ),
    "LR-ASPP, V3-Large, RF2 (row 8)": (
        "LRASPPMobileNetV3Large",
        {"reduced_tail": "segmentation"},
    ),
    "LR-ASPP, V3-Small, RF2 (row 11)": (
        "LRASPPMobileNetV3Small",
        {"reduced_tail": "segmentation"},
    ),
}
PLUS = {"reduced_tail": "detection", "anchors": "object_detection"}
DETECTORS = {
    "SSDLite, V2": ("SSDLiteMobileNetV2", {}),
    "SSDLite, V3-Large": ("SSDLiteMobileNetV3Large", {}),
    "SSDLite, V3-Small": ("SSDLiteMobileNetV3Small", {}),
    "SSDLite, V3-Large +": ("SSDLiteMobileNetV3Large", PLUS),
    "SSDLite, V3-Small +": ("SSDLiteMobileNetV3Small", PLUS),
    "SSD, V1": ("SSD300MobileNet", {}),
    "SSD, V2": (None, {}),  # which this package does not have
}
CHOOSES = "SSDLite, V3-Small"  # whose files choose boxes, too
PIXELS = 320


def ssd_mobilenet_v2(classes):
    """Builds the codes and logits of SSD on MobileNetV2."""
    features = dense_features(
        "MobileNetV2",
        ["c4", "c5"],
        input_shape=(PIXELS, PIXELS, 3),
        include_preprocessing=True,
    )
    maps = [features.output["c4"], features.output["c5"]]
    norm = normalization(MOMENTUM)
    for number, row in enumerate(MOBILENET_MAPS, start=1):
        block = f"extra{number}"
        x = extra_map(maps[-1], block, row.filters, False, "same", **norm)
        maps.append(x)
    counts = ANCHORS["object_detection"].counts
    outputs = predictions(maps, counts, classes + 1)
    return keras.Model(features.input, outputs)


def detector(constructor, options):
    """Builds a row of `DETECTORS`."""
    if constructor is None:
        return ssd_mobilenet_v2(classes=90)
    shape = PIXELS, PIXELS, 3
    return applications.get(constructor)(shape, classes=90, **options)


def files_of(name, model, folder, task):
    """Writes a float and an int8 file; returns their `TFLiteFile`s."""
    shape = (EXAMPLES, *model.input_shape[1:])
    images = np.random.default_rng(0).uniform(0, 255, shape)
    found = []
    for quantize in (None, "int8"):
        path = folder / f"{len(list(folder.iterdir()))}.tflite"
        with warnings.catch_warnings():
            # Of what random weights answer, integers keep little.
            warnings.filterwarnings("ignore", ".*answers otherwise")
            file = export.to_tflite(
                model,
                path,
                quantize=quantize,
                representative_data=images if quantize else None,
                images=images[:1],
                task=task,
                runs=1,
            )
        print(f"{name}: {file}", flush=True)
        found.append(file)
    return found


def measure(paths, rounds):
    """Returns the CPU milliseconds of each file, measured in turn."""
    runs = {path: open_file(path).interpreter.invoke for path in paths}
    times = {path: [] for path in paths}
    for turn in range(rounds + 1):
        for path, run in runs.items():
            milliseconds = 1000 * cpu_seconds(run)[0]
            if turn:  # the first warms up
                times[path].append(milliseconds)
    return {path: statistics.median(found) for path, found in times.items()}


def table(title, networks, rounds):
    """Prints a table of networks, the first of which others are compared to."""
    paths = [file.path for files in networks.values() for file in files]
    times = measure(paths, rounds)
    print(f"\n| {title} | float | of the first | int8 | of the first | left |")
    print("|---|---|---|---|---|---|")
    first = None
    for name, files in networks.items():
        found = [times[file.path] for file in files]
        first = first or found
        left = "; ".join(
            ", ".join(f"{n} {op}" for op, n in file.not_delegated.items())
            or "nothing"
            for file in files
        )
        cells = [
            f"{ms:.2f} ms | {ms / base:.2f}"
            for ms, base in zip(found, first, strict=True)
        ]
        print(f"| {name} | {' | '.join(cells)} | {left} |", flush=True)


def main():
    """Measures the networks of both tasks."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=21)
    every = [*SEGMENTERS, *DETECTORS]
    parser.add_argument(
        "--networks", nargs="*", default=every, choices=every, metavar="NAME"
    )
    arguments = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp())
    keras.utils.set_random_seed(0)
    found = {}
    for name in filter(arguments.networks.__contains__, SEGMENTERS):
        constructor, options = SEGMENTERS[name]
        model = applications.get(constructor)(
            (arguments.size, arguments.size, 3),
            classes=19,
            logits_stride=4,
            **options,
        )
        task = export.ImageSegmentation()
        found[name] = files_of(name, model, folder, task)
    if found:
        title = f"{arguments.size} px, 19 classes, logits of a quarter"
        table(title, found, arguments.rounds)
    found = {}
    for name in filter(arguments.networks.__contains__, DETECTORS):
        model = detector(*DETECTORS[name])
        found[name] = files_of(name, model, folder, None)
        for threshold, which in ((0.0, "all"), (0.3, "no")):
            if name == CHOOSES:
                choice = export.Suppression(threshold, max_detections=10)
                task = export.ObjectDetection.of(model, choice, True)
                chooses = f"{name}, and the choice of {which} boxes"
                found[chooses] = files_of(chooses, model, folder, task)
    if found:
        table(f"{PIXELS} px, 90 classes", found, arguments.rounds)


if __name__ == "__main__":
    main()
