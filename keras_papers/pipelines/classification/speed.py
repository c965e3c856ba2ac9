"""How fast .tflite files are."""

import os
import pathlib
from typing import NamedTuple

from keras_papers.checks import check_positive_int
from keras_papers.export.file_size import size_text
from keras_papers.export.latency_process import measure_in_own_process


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
            f"{size_text(self.bytes):>11}  {self.latency_ms:8.3f} ms  "
            f"{self.latency_iqr_ms:7.3f}  {self.partitions:10}  {self.path}"
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
        ValueError: If a file does not exist or does not run.
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
