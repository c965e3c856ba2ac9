"""A device that measures nothing, shared by two processes; a program.

    python -m tests.tuner.stopwatch CACHE

prints a line when it has measured one model, and a line after five more.
"""

import json
import sys
import time

import keras

from keras_papers.tuner.latency import LiteRTLatency


class Stopwatch:
    """A device that returns fixed figures, and records its calls."""

    name = "a stopwatch"

    def __init__(self, median_ms=4.0, iqr_ms=0.1, cpu_share=1.0):
        self.figures = {
            "median_ms": median_ms,
            "iqr_ms": iqr_ms,
            "cpu_share": cpu_share,
        }
        self.asked = []

    def measure(self, path, threads, runs):
        assert path.read_bytes()[4:8] == b"TFL3"
        self.asked.append((threads, runs))
        return self.figures


def dense(units, name=None):
    """Returns a model that is converted in no time."""
    return keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(units, name=name)]
    )


def take_turns(cache, units):
    """Measures models; returns when each measurement started and ended."""
    times = []

    class Shared(Stopwatch):
        name = "a stopwatch of two processes"

        def measure(self, path, threads, runs):
            start = time.time()
            time.sleep(0.2)
            times.append((start, time.time()))
            return super().measure(path, threads, runs)

    latency = LiteRTLatency(device=Shared(), cache=cache)
    for each in units:
        latency(dense(each))
    return times


if __name__ == "__main__":
    for units in [1], [2, 3, 4, 5, 6]:
        print(json.dumps(take_turns(sys.argv[1], units)), flush=True)
