"""The folder of a search: its files, and checks before they are replaced."""

import itertools
import json
import shutil

from keras_papers.files.drafts import draft_of
from keras_papers.files.figures_json import to_json
from keras_papers.pipelines.data.split import SPLIT
from keras_papers.pipelines.options import RUN, described
from keras_papers.pipelines.search.options import SearchOptions
from keras_papers.pipelines.search.report import FILES

TRIALS = "trials"  # KerasTuner's folder
PLAN = "search.json"
POINTS = "points.json"  # that fit the budget, and what they cost
RESUMED_WITH_ANOTHER = tuple(
    field.name
    for field, about in described(SearchOptions)
    if about.scope == RUN
)
RESULTS = tuple(itertools.chain(*FILES, ["report.html"]))


def check_folder(plan, output, overwrite):
    """Raises ValueError if a folder has files that a search may not replace."""
    before = None if overwrite else read_json(output / PLAN)
    there = [name for name in RESULTS if (output / name).exists()]
    if before is None and there and not overwrite:
        raise ValueError(
            "`output` must be a folder without the files of something else. "
            f"Received: output={str(output)!r}, which holds {there[0]}. Choose "
            "another folder, or pass overwrite=True (--overwrite)."
        )
    check_same(plan, before)


def check_same(plan, before, may_differ=()):
    """Raises ValueError if a folder has another search than a plan's.

    Args:
        plan: Dict of the options, `SearchOptions.plan()`.
        before: The same of the search in the folder, or None.
        may_differ: Names of further options that may differ.
    """
    may_differ = {*RESUMED_WITH_ANOTHER, *may_differ}
    for name, value in plan.items() if before else ():
        was = before.get(name)
        if name not in may_differ and was != value:
            raise ValueError(
                "`output` holds a search, which can only be resumed with the "
                "same arguments, except for the number of trials. Received: "
                f"{name}={value!r}, where it was {was!r}. Pass the same, "
                "another output, or overwrite=True (--overwrite)."
            )


def clear(output):
    """Removes an earlier search from its folder."""
    # The plan first: without it, the folder has no search.
    for name in (PLAN, POINTS, *RESULTS, SPLIT):
        (output / name).unlink(missing_ok=True)
    if (output / TRIALS).exists():
        shutil.rmtree(output / TRIALS)


def write_json(path, value):
    with draft_of(path) as draft:
        draft.write_text(to_json(value) + "\n")


def read_json(path):
    """Returns the dict in a file of the search, or None without the file."""
    if not path.exists():
        return None
    try:
        value = json.loads(path.read_text())
        if not isinstance(value, dict):
            raise ValueError("it is not a JSON object")
        return value
    except ValueError as error:
        raise ValueError(
            f"`output` is the folder of a search. Received: {str(path)!r}, "
            f"which is damaged ({error}). Put the file back, choose another "
            "folder, or pass overwrite=True (--overwrite)."
        ) from None
