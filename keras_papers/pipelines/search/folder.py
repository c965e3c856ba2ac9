"""The folder of a search: its files, and checks before they are replaced."""

import itertools
import shutil

from keras_papers.pipelines.data.split import SPLIT
from keras_papers.pipelines.search.options import SearchOptions
from keras_papers.pipelines.search.report import FILES
from keras_papers.pipelines.training.started_with import (
    check_same,
    read_arguments,
)

TRIALS = "trials"  # KerasTuner's folder
PLAN = "search.json"
POINTS = "points.json"  # that fit the budget, and what they cost
RESULTS = tuple(itertools.chain(*FILES, ["report.html"]))


def check_folder(plan, output, overwrite):
    """Raises ValueError if a folder has files that a search may not replace."""
    before = None if overwrite else read_arguments(output / PLAN)
    there = [name for name in RESULTS if (output / name).exists()]
    if before is None and there and not overwrite:
        raise ValueError(
            "`output` must be a folder without the files of something else. "
            f"Received: output={str(output)!r}, which holds {there[0]}. Choose "
            "another folder, or pass overwrite=True (--overwrite)."
        )
    check_plan(plan, before)


def check_plan(plan, before, may_differ=()):
    """Raises ValueError if a folder has another search than a plan's.

    Args:
        plan: Dict of the options, `SearchOptions.plan()`, or of a part of what
            a search is resumed by.
        before: The same of the search in the folder, or None.
        may_differ: Names of further options that may differ.
    """
    check_same("a search", plan, before, SearchOptions, may_differ)


def clear(output):
    """Removes an earlier search from its folder."""
    # The plan first: without it, the folder has no search.
    for name in (PLAN, POINTS, *RESULTS, SPLIT):
        (output / name).unlink(missing_ok=True)
    if (output / TRIALS).exists():
        shutil.rmtree(output / TRIALS)
