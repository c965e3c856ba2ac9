"""The page that a search ends with: what was found, and how sure it is.

One HTML file that needs nothing else: no network, no scripts.
"""

import math
from typing import NamedTuple

from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_template import template
from keras_papers.pipelines.report.page_text import (
    Figure,
    compared,
    in_bytes,
    in_time,
    likely,
    plural,
)
from keras_papers.pipelines.search.report import (
    ACCURACY,
    COSTS,
    metric,
    reason,
    told_cost,
)
from keras_papers.pipelines.search.search_pictures import pareto, progress

UNFOLDED_ROWS = 30  # of a table, above which the rest is folded away
LATE = 0.75  # share of the trials after which a best one came late
STATUSES = {"COMPLETED": "done", "FAILED": "failed"}  # others did not finish


class TrialRow(NamedTuple):
    """A trial as a row of a table."""

    trial: str
    tag: str  # "best", "front" or nothing
    status: str
    measures: list  # of the columns between status and values
    point: tuple  # its `Description`
    reason: str | None  # of one that failed


class Chance(NamedTuple):
    """What the order of the trials may owe to chance."""

    share: float  # that the best was right on, by few images
    low: float  # what is likely by many
    high: float
    others: int  # trials in between
    cheapest: tuple | None  # the `Trial` of them that costs least


def render(report):
    """Renders the page of a search.

    Args:
        report: The `SearchReport`.

    Returns:
        The HTML text. The same report gives the same text.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    columns = _columns(report)
    page = template("search/search_page.html").render(
        report=report,
        bound=_bound(report),
        likely=likely(report.test_accuracy, report.test_images),
        figures=_figures(report),
        pareto=pareto(report),
        progress=progress(report),
        chance=_chance(report),
        better=_better(report),
        heads=list(columns.values()),
        front=[_row(report, columns, each) for each in report.front],
        trials=[_row(report, columns, each) for each in _ranked(report)],
        came_late=_came_late(report),
        unfolded=UNFOLDED_ROWS,
        cost=COSTS[report.cost],
        cost_of=lambda trial: told_cost(
            report.cost, metric(trial, report.cost), named=True
        ),
        plural=plural,
    )
    # What a process said last may hold halves of characters.
    return page.encode("utf-8", "replace").decode("utf-8")


def _bound(report):
    if report.limit is None:
        return ""
    told = told_cost(report.cost, report.limit, named=True)
    if report.objective == "reward":
        return f", weighing accuracy against a target of {told}"
    if report.cost != "multiply_adds" and report.budget_madds is not None:
        most = told_cost("multiply_adds", report.budget_madds, named=True)
        told = f"{told} and {most}"
    return f", each network within {told}"


def _figures(report):
    low, high = likely(report.test_accuracy, report.test_images)
    done, failed = len(report.completed), len(report.failed)
    rest = len(report.trials) - done - failed
    multiply_adds, parameters = (
        told_cost(name, metric(report.best, name))
        for name in ("multiply_adds", "parameters")
    )
    return (
        Figure(
            "Test accuracy",
            percent(report.test_accuracy, 2),
            f"of the best network, where {percent(report.guessed_accuracy, 2)} "
            f"is guessed; {low:.1%} to {high:.1%} is likely on new "
            "images of the same kind",
        ),
        Figure(
            "Validation accuracy",
            percent(metric(report.best, ACCURACY), 2),
            f"on {report.validation_images:,} images that trials were judged by"
            + "; the best of several is partly luck" * (done > 1),
        ),
        Figure(
            "Accuracy of the .tflite file",
            percent(report.tflite_accuracy, 2),
            "the file for the phone; "
            + compared(report.test_accuracy, report.tflite_accuracy),
        ),
        Figure(
            "Multiply-adds",
            multiply_adds,
            f"for one image; {parameters} parameters",
        ),
        Figure("Size", in_bytes(report.bytes), "of the .tflite file"),
        Figure(
            "Latency",
            f"{report.latency_ms:.3g} ms",
            "of the .tflite file for one image, on one thread of the computer "
            "that searched",
        ),
        Figure(
            "Trials",
            f"{done:,}",
            f"of {len(report.trials):,} were completed"
            + f"; {failed:,} failed" * bool(failed)
            + f"; {rest:,} did not finish" * bool(rest),
        ),
        Figure(
            "Search time",
            in_time(report.seconds),
            (
                "with one process"
                if report.workers == 1
                else f"with {report.workers} processes side by side"
            )
            + ", since it went on" * report.went_on,
        ),
    )


def _chance(report):
    """Counts the trials that so few images do not tell from the best."""
    share = metric(report.best, ACCURACY)
    if math.isnan(share):
        return None
    low, high = likely(share, report.validation_images)
    near = [
        each
        for each in report.completed
        if each.trial != report.best.trial
        and low <= metric(each, ACCURACY) <= high
    ]
    cheaper = [
        each
        for each in near
        if metric(each, report.cost) < metric(report.best, report.cost)
    ]
    cheapest = min(
        cheaper, key=lambda each: metric(each, report.cost), default=None
    )
    return Chance(share, low, high, len(near), cheapest)


def _better(report):
    """Returns a trial no less accurate and no dearer than the best, or None."""
    if any(each.trial == report.best.trial for each in report.front):
        return None
    cost = metric(report.best, report.cost)
    cheap = [each for each in report.front if metric(each, report.cost) <= cost]
    return cheap[-1] if cheap else None


def _columns(report):
    """Returns the heads of the columns of measures by the metrics' names."""
    told = {name for each in report.completed for name in each.metrics}
    costs = sorted(COSTS, key=lambda name: name != report.cost)
    heads = {"reward": "Reward", ACCURACY: "Validation accuracy"} | {
        name: COSTS[name].capitalize() for name in costs
    }
    return {name: head for name, head in heads.items() if name in told}


def _row(report, columns, trial):
    on_front = any(each.trial == trial.trial for each in report.front)
    tag = "front" if on_front else ""
    return TrialRow(
        str(trial.trial),
        "best" if trial.trial == report.best.trial else tag,
        STATUSES.get(trial.status, "not finished"),
        [_told(name, metric(trial, name)) for name in columns],
        report.description(trial),
        reason(trial) if trial.status == "FAILED" else None,
    )


def _told(name, value):
    if name in COSTS:
        return told_cost(name, value)
    if name == ACCURACY or math.isnan(value):
        return percent(value, 2)
    return f"{value:.4f}"


def _ranked(report):
    """Lists the trials, the best first, those without a result last."""

    def key(trial):
        value = metric(trial, report.objective)
        is_out = trial.status != "COMPLETED" or math.isnan(value)
        return is_out, 0 if is_out else -value

    return sorted(report.trials, key=key)


def _came_late(report):
    """Tells whether the search was still finding better trials at its end."""
    numbers = [each.trial for each in report.trials]
    place = numbers.index(report.best.trial)
    return len(numbers) > 4 and place >= LATE * len(numbers)
