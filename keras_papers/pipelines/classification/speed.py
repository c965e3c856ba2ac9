"""How fast .tflite files are."""

from typing import NamedTuple

from keras_papers.export.file_size import size_text
from keras_papers.export.latency_process import measure_in_own_process
from keras_papers.pipelines.classification.options import BenchmarkOptions
from keras_papers.pipelines.options import takes


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
