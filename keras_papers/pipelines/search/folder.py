"""The folder of a search: its files, and what must not be replaced there."""

import itertools
import json
import shutil

from keras_papers.files.drafts import draft_of
from keras_papers.files.figures_json import to_json
from keras_papers.pipelines.data.split import SPLIT
from keras_papers.pipelines.search.report import FILES

TRIALS = "trials"  # KerasTuner's folder
PLAN = "search.json"
POINTS = "points.json"  # that fit the budget, and what they cost
RESULTS = tuple(itertools.chain(*FILES, ["report.html"]))


def check_folder(plan, output, overwrite):
    """Raises ValueError if a folder holds what a search must not replace."""
    before = None if overwrite else read_json(output / PLAN)
    there = [name for name in RESULTS if (output / name).exists()]
    if before is None and there and not overwrite:
        raise ValueError(
            "`output` must be a folder without the files of something else. "
            f"Received: output={str(output)!r}, which holds {there[0]}. Choose "
            "another folder, or pass overwrite=True (--overwrite)."
        )
    check_same(plan, before, ("trials",))


def check_same(plan, before, may_differ):
    """Raises ValueError if a folder's plan, unless it is None, is another."""
    for name, value in plan._asdict().items() if before else ():
        was = before.get(name)
        if name not in may_differ and was != value:
            raise ValueError(
                "`output` holds a search, which can only go on as it was "
                "started, but for the number of trials. Received: "
                f"{name}={value!r}, where it was {was!r}. Pass the same, "
                "another output, or overwrite=True (--overwrite)."
            )


def clear(output):
    """Removes an earlier search from its folder."""
    for name in (
        PLAN,
        POINTS,
        *RESULTS,
        SPLIT,
    ):  # without a plan there is no search
        (output / name).unlink(missing_ok=True)
    if (output / TRIALS).exists():
        shutil.rmtree(output / TRIALS)


def write_json(path, value):
    with draft_of(path) as draft:
        draft.write_text(to_json(value) + "\n")


def read_json(path):
    """Returns the content of a file of the search, or None without one."""
    if not path.exists():
        return None
    try:
        figures = json.loads(path.read_text())
        if not isinstance(figures, dict):
            raise ValueError("it holds no figures by name")
        return figures
    except ValueError as error:
        raise ValueError(
            f"`output` is the folder of a search. Received: {str(path)!r}, "
            f"which is damaged ({error}). Put the file back, choose another "
            "folder, or pass overwrite=True (--overwrite)."
        ) from None
