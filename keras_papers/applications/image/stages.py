"""The names of a table's blocks: an interface that taps and reports read."""

import itertools
import math


def name_blocks(rows, channels):
    """Yields `(name, row)`; a stage is a run of rows of equal channels.

    Args:
        rows: The table's rows, one for each block.
        channels: Name of the field that holds a row's output channels.
    """
    runs = itertools.groupby(rows, key=lambda row: getattr(row, channels))
    for stage, (_, run) in enumerate(runs, start=1):
        for block, row in enumerate(run, start=1):
            yield f"stage{stage}_block{block}", row


def deeper(blocks, depth):
    """Returns how many blocks a stage of `blocks` has at `depth`.

    Rounded up, as EfficientNet's code does; 10 * 1.1 is 11 all the same.
    """
    return math.ceil(round(blocks * depth, 9))


def deepen(rows, depth, channels):
    """Returns a table whose every stage has `depth` times as many rows.

    Args:
        rows: The table's rows, one for each block, with a stride `s`. A
            stage's last one is what is repeated.
        depth: Positive float.
        channels: Name of the field that holds a row's output channels.
    """
    table = []
    runs = itertools.groupby(rows, key=lambda row: getattr(row, channels))
    for _, run in runs:
        run = list(run)
        number = deeper(len(run), depth)
        more = [run[-1]._replace(s=1)] * (number - len(run))
        table += run[:number] + more
    return tuple(table)
