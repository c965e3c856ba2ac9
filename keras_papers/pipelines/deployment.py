"""Finished models as files for a phone, and how fast they are."""

import os
import pathlib
from typing import NamedTuple

from keras_papers import export as files
from keras_papers.argument_checks import check_positive_int
from keras_papers.export.verification import measure_in_own_process
from keras_papers.pipelines.classifier_file import load_keras


class Speed(NamedTuple):
    """What one file costs on this machine."""

    path: str
    bytes: int
    partitions: int  # parts of the graph that the XNNPACK delegate runs
    latency_ms: float  # median of one image
    latency_iqr_ms: float
    threads: int

    def __str__(self):
        return (
            f"{self.bytes / 1e6:8.2f} MB  {self.latency_ms:8.3f} ms  "
            f"{self.latency_iqr_ms:7.3f}  {self.partitions:10}  {self.path}"
        )


def export(model, output=None, *, quantize=None, labels=None, threads=1):
    """Writes a .keras file as .tflite, and checks what was written.

    Args:
        model: Path of a .keras file with one image as input.
        output: Where to write. Defaults to `model` with the ending .tflite,
            or .float16.tflite.
        quantize: None for float32 weights, or `"float16"`.
        labels: Path of a text file with a label on each line. Defaults to
            `labels.txt` beside `model`, where it is.
        threads: Positive int. Threads whose latency is measured.

    Returns:
        A `keras_papers.export.TFLiteFile`, which prints as one line.

    Raises:
        ValueError: If `model` cannot be read or converted.
    """
    network = load_keras(model)
    path = pathlib.Path(model)
    beside = path.with_name("labels.txt")
    if labels is None and beside.is_file():
        labels = beside
    if labels is not None:
        try:
            labels = pathlib.Path(labels).read_text("utf-8").splitlines()
        except (OSError, TypeError, UnicodeDecodeError) as error:
            raise ValueError(
                "`labels` is the path of a text file with a label on each "
                f"line. Received: labels={str(labels)!r} ({error}). Check the "
                "path."
            ) from error
    ending = f".{quantize}.tflite" if quantize else ".tflite"
    return files.to_tflite(
        network,
        path.with_suffix(ending) if output is None else output,
        labels,
        quantize,
        threads=threads,
    )


def benchmark(models, threads=1, runs=50):
    """Measures .tflite files, each in a process of its own.

    Args:
        models: Paths of .tflite files, or the path of one.
        threads: Positive int. Defaults to 1.
        runs: Positive int. Runs of which the median is taken.

    Returns:
        A list of `Speed`, in the order of `models`.

    Raises:
        ValueError: If a file is none, or does not run.
    """
    check_positive_int("threads", threads, "a number of threads", "Try 1.")
    check_positive_int("runs", runs, "a number of measured runs", "Try 50.")
    one = isinstance(models, str | os.PathLike)
    speeds = []
    for path in map(pathlib.Path, [models] if one else models):
        if not path.is_file():
            raise ValueError(
                "`models` are paths of .tflite files. "
                f"Received: {str(path)!r}, which is no file. Check the path."
            )
        measured = measure_in_own_process(path, threads, runs)
        speeds.append(
            Speed(
                str(path),
                path.stat().st_size,
                measured["partitions"],
                measured["median_ms"],
                measured["iqr_ms"],
                threads,
            )
        )
    return speeds
