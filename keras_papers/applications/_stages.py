"""The names of a table's blocks: an interface that taps and reports read."""

import itertools


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
