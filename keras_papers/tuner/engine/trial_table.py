"""The trials of a search as a table, and the Pareto front of them."""

import csv
import math
import pathlib
from typing import NamedTuple

from keras_papers.extras import require
from keras_papers.files.drafts import draft_of


class Trial(NamedTuple):
    """One trial of a search."""

    trial: str  # its number, as KerasTuner has it
    status: str  # "COMPLETED", "FAILED", "RUNNING", ...
    values: dict  # of the hyperparameters
    metrics: dict  # of the best epoch, by name
    message: str | None  # the last line of the error of a failed trial


def trials(directory, project_name="untitled_project"):
    """Lists the trials of a search, running or ended, in their order.

    Args:
        directory: The tuner's argument.
        project_name: The tuner's argument.

    Returns:
        A list of `Trial`.

    Raises:
        ValueError: If there is no search in the folder, or the file of a
            trial is damaged.
    """
    folder = pathlib.Path(directory, project_name)
    # KerasTuner writes numbers with more digits if there are more trials.
    files = sorted(folder.glob("trial_*/trial.json"), key=_number)
    if not files:
        raise ValueError(
            "`directory` and `project_name` name the folder of a search. "
            f"Received: {str(folder)!r}, which holds no trials. Give the "
            "tuner's own."
        )
    return [_read(path) for path in files]


def _number(path):
    """Returns a sort key: the number of a trial, or else its name."""
    name = path.parent.name.removeprefix("trial_")
    return (int(name) if name.isdecimal() else float("inf"), name)


def _read(path):
    load = require("keras_tuner.engine.trial", "tuner").Trial.load
    try:
        found = load(path)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            "`directory` and `project_name` name the folder of a search, with "
            f"a whole file for each trial. Received: {str(path)!r}, which is "
            "empty, damaged or of something else "
            f"({type(error).__name__}: {error}). Put the file back, or give "
            "another folder."
        ) from error
    # Each has one step: the best epoch.
    metrics = {
        name: float(history.get_history()[-1].mean())
        for name, history in found.metrics.metrics.items()
        if history.get_history()
    }
    last = (found.message or "").strip().splitlines()[-1:]
    return Trial(
        found.trial_id,
        found.status,
        dict(found.hyperparameters.values),
        metrics,
        last[0] if last else None,
    )


def pareto_front(found, cost="multiply_adds", quality="val_accuracy"):
    """Returns the trials that no other beats in both cost and quality.

    Args:
        found: List of `Trial`; those without both metrics are left out.
        cost: Name of the metric that should be low.
        quality: Name of the metric that should be high.

    Returns:
        A list of `Trial`, the cheapest first.

    Example:
    >>> found = [
    ...     Trial("0", "COMPLETED", {}, {"ms": 1.0, "accuracy": 0.6}, None),
    ...     Trial("1", "COMPLETED", {}, {"ms": 2.0, "accuracy": 0.5}, None),
    ...     Trial("2", "COMPLETED", {}, {"ms": 3.0, "accuracy": 0.8}, None),
    ... ]
    >>> [each.trial for each in pareto_front(found, "ms", "accuracy")]
    ['0', '2']
    """
    measured = [
        each
        for each in found
        if each.status == "COMPLETED"
        and math.isfinite(each.metrics.get(cost, math.nan))
        and math.isfinite(each.metrics.get(quality, math.nan))
    ]
    measured.sort(key=lambda t: (t.metrics[cost], -t.metrics[quality]))
    front = []
    for each in measured:
        if not front or each.metrics[quality] > front[-1].metrics[quality]:
            front.append(each)
    return front


def write_csv(found, path):
    """Writes trials as a table, a column for each value and each metric."""
    values = dict.fromkeys(name for each in found for name in each.values)
    metrics = dict.fromkeys(name for each in found for name in each.metrics)
    with draft_of(path) as draft, open(draft, "w", newline="") as file:
        columns = ["trial", "status", *values, *metrics, "message"]
        table = csv.DictWriter(file, columns)
        table.writeheader()
        for each in found:
            table.writerow(
                {
                    "trial": each.trial,
                    "status": each.status,
                    **each.values,
                    **each.metrics,
                    "message": each.message,
                }
            )
