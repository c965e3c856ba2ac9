"""How fast .tflite files are."""

from typing import NamedTuple

from keras_papers.export.file_size import size_text
from keras_papers.export.latency_process import measure_in_own_process
from keras_papers.pipelines.classification.options import BenchmarkOptions
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.report.console_table import text_table

HEAD = "size", "median", "IQR", "partitions", "file"


class Speed(NamedTuple):
    """What one file costs on this machine."""

    path: str
    bytes: int
    partitions: int  # parts of the graph that the XNNPACK delegate runs
    latency_ms: float  # median of one image
    latency_iqr_ms: float
    threads: int

    def __str__(self):
        return speed_table([self])


def speed_table(speeds):
    """Returns `Speed`s as a table, a file on each line."""
    rows = [
        (
            size_text(each.bytes),
            f"{each.latency_ms:.3f} ms",
            f"{each.latency_iqr_ms:.3f}",
            each.partitions,
            each.path,
        )
        for each in speeds
    ]
    return text_table(rows, HEAD, left=(4,))


@takes(BenchmarkOptions)
def benchmark(options):
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
    threads, speeds = options.threads, []
    for path in options.paths():
        measured = measure_in_own_process(path, threads, options.runs)
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
