"""Latency and size, compared with keras.applications and TFLiteConverter.

One thread, a new process for each measurement, the two files in turn.
"""

import pathlib
import tempfile

from bench_conversion import SHAPE, converted_by_keras
from interleaved import SHARED, compare, header

import keras  # isort: skip
from keras_papers import applications, export
from keras_papers.export.latency_process import measure_in_own_process

ROUNDS = 7

if __name__ == "__main__":
    header("keras.applications + TFLiteConverter")
    folder = pathlib.Path(tempfile.mkdtemp())
    for name in SHARED:
        ours = folder / "ours.tflite"
        found = export.to_tflite(applications.get(name)(), ours)
        theirs = folder / "theirs.tflite"
        model = getattr(keras.applications, name)(SHAPE, weights=None)
        theirs.write_bytes(converted_by_keras(model))
        times = {ours: [], theirs: []}
        for _ in range(ROUNDS):
            for path, list_ in times.items():
                measured = measure_in_own_process(path, threads=1, runs=50)
                list_.append(measured["median_ms"])
        compare(f"{name}, latency", times[ours], times[theirs], "ms")
        sizes = [path.stat().st_size / 1e6 for path in (ours, theirs)]
        compare(f"{name}, size", [sizes[0]] * 2, [sizes[1]] * 2, "MB")
        print(
            f"| {name}, XNNPACK partitions | {found.partitions} "
            f"| {measured['partitions']} | |",
            flush=True,
        )
