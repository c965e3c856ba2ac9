"""Measures two things in turn, so that other load affects both alike."""

import gc
import os
import statistics
import time

# One thread, whose CPU time is then what the work costs on a quiet machine.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")


# Constructors that keras.applications has, too; of a family the smallest.
SHARED = (
    "EfficientNetB0",
    "MobileNet",
    "MobileNetV2",
    "MobileNetV3Large",
    "MobileNetV3Small",
)


def cpu_seconds(function):
    """Returns the CPU seconds of one call, and what it returned."""
    gc.collect()
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def compare(name, ours, theirs, unit="s", digits=3):
    """Prints the medians of two lists of measurements and their ratio.

    Args:
        name: What was measured.
        ours: Measurements of ours, each taken next to one of theirs.
        theirs: As many of the package compared with.
        unit: `"s"`, or another unit of both.
        digits: Decimals to print.
    """
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    low, _, high = statistics.quantiles(ratios, n=4)
    print(
        f"| {name} | {statistics.median(ours):.{digits}f} {unit} "
        f"| {statistics.median(theirs):.{digits}f} {unit} "
        f"| **{statistics.median(ratios):.2f}** ({low:.2f} to {high:.2f}) |",
        flush=True,
    )


def header(peer):
    """Prints the head of the table that `compare` fills."""
    print(f"\n| | ours | {peer} | ratio (quartiles) |\n|---|---|---|---|")


def spreads(rows, digits=3):
    """Returns mean and standard deviation of each column, as cells.

    Args:
        rows: Tuples of numbers, one of each seed.
        digits: Decimals to print.
    """
    return [
        f"{statistics.mean(column):.{digits}f} +- "
        f"{statistics.stdev(column):.{digits}f}"
        for column in zip(*rows, strict=True)
    ]
