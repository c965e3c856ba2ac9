"""The Pareto front and the progress of a search, as graphics."""

import pathlib
from typing import NamedTuple

import numpy as np

from keras_papers.extras import require
from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.report.page_graphics import (
    ACCENT,
    CARD,
    INK,
    MUTED,
    drawing,
    finish,
    frame_shares,
    inline,
    percent,
)
from keras_papers.pipelines.report.page_text import UNITS, plural
from keras_papers.pipelines.search.point_names import Point, name_points, width
from keras_papers.pipelines.search.report import (
    ACCURACY,
    COSTS,
    cost_text,
    metric,
)

WIDTH, HEIGHT = 6, 3.9  # inches of the front's figure
FRAME = {"left": 0.12, "right": 0.97, "bottom": 0.14}
TOP, TOP_ALONE = 0.92, 0.86  # of the frame, without and with a title above
LONGEST_NAME = 14  # characters of the name of a point
LOGARITHMIC = 10  # ratio of the highest to the lowest cost for a log axis
FARTHEST_LIMIT = 2  # ratio of the limit to the highest cost; not drawn above
FORMATS = {".svg": {"Date": None}, ".png": {"Software": None}}


class Picture(NamedTuple):
    """A graphic with notes on what it does not show."""

    title: str
    svg: str
    notes: list  # of sentences


def pareto(report):
    """Draws accuracy against cost: all trials, the front, the limit."""
    points = "; ".join(
        f"trial {each.trial} {percent(metric(each, ACCURACY), 2)} at "
        f"{cost_text(report.cost, metric(each, report.cost))}"
        for each in report.front
    )
    title = f"Accuracy against {COSTS[report.cost]}"
    with drawing():
        figure, notes = _draw_pareto(report)
        label = f"{title}, as points. On the Pareto front: {points}."
        return Picture(title, inline(figure, label, "pareto"), notes)


def progress(report):
    """Draws the objective of each trial, and the best one until then."""
    values = np.array([metric(e, report.objective) for e in report.completed])
    value = np.nanmax(values)
    first = report.completed[int(np.nanargmax(values))]
    is_share = report.objective == ACCURACY
    text = percent(value, 2) if is_share else f"{value:.4g}"
    what = "validation accuracy" if is_share else "reward"
    title = f"Best {what} so far"
    note = (
        f"Trial {first.trial} reached {text}, and none after it more."
        if len(report.trials) > 1
        else f"The only trial reached {text}."
    )
    with drawing():
        figure, notes = _draw_progress(report, is_share)
        svg = inline(figure, f"{title}, as steps. {note}", "progress")
    return Picture(title, svg, [note, *notes])


def write_picture(report, path):
    """Writes accuracy against cost as a picture that stands alone.

    Args:
        report: A `SearchReport`.
        path: Of a file that ends with `.svg` or `.png`.

    Raises:
        ValueError: If it ends with something else.
        MissingExtraError: If the extra `report` is not installed.
    """
    path = pathlib.Path(path)
    if path.suffix not in FORMATS:
        raise ValueError(
            "`path` is the picture to write and must end with .svg or .png. "
            f"Received: path={str(path)!r}. Name it "
            f"{path.with_suffix('.svg').name}."
        )
    with drawing(), draft_of(path) as draft:
        figure, _ = _draw_pareto(report, TOP_ALONE)
        figure.text(0.02, 0.94, "Validation accuracy", fontsize=10, color=INK)
        figure.legend(
            loc="upper right",
            ncols=4,
            frameon=False,
            fontsize=9,
            labelcolor=INK,
            handletextpad=0.4,
            columnspacing=1.2,
        )
        figure.savefig(
            draft, dpi=200, facecolor=CARD, metadata=FORMATS[path.suffix]
        )


def _draw_pareto(report, top=TOP):
    """Returns the figure, and sentences on what is not in it."""
    figure_module = require("matplotlib.figure", "report")
    figure = figure_module.Figure(figsize=(WIDTH, HEIGHT))
    figure.subplots_adjust(**FRAME, top=top)
    axes = figure.subplots()
    shares = np.array([metric(each, ACCURACY) for each in report.completed])
    cut, notes = _cut(shares, metric(report.best, ACCURACY))
    shown = [
        each
        for each in report.completed
        if metric(each, ACCURACY) >= cut and metric(each, report.cost) > 0
    ]
    front = [each for each in report.front if metric(each, ACCURACY) >= cut]
    on_front = {each.trial for each in front}
    others = [each for each in shown if each.trial not in on_front]
    text, scale = _unit(report, shown)
    axes.scatter(
        *_spots(report, others, scale).T,
        24,
        MUTED,
        alpha=0.45,
        linewidths=0,
        clip_on=False,
        label="other trials",
        zorder=2,
    )
    axes.plot(
        *_spots(report, front, scale).T,
        color=ACCENT,
        linewidth=1.6,
        marker="o",
        markersize=5,
        drawstyle="steps-post",
        clip_on=False,
        label="Pareto front",
        zorder=3,
    )
    best = _spots(report, [report.best], scale)
    axes.scatter(*best.T, 80, ACCENT, clip_on=False, label="best", zorder=4)
    limit = None if report.limit is None else report.limit * scale
    spots = _spots(report, shown, scale)
    if limit is not None and limit > FARTHEST_LIMIT * spots[:, 0].max():
        text = cost_text(report.cost, report.limit, named=True)
        notes.append(f"The {_bound(report)} of {text} lies far to the right.")
        limit = None
    _scale_costs(axes, spots[:, 0], limit, width(_name(report, front[0])))
    _frame(axes, spots[:, 1])
    frame_shares(axes)
    finish(axes, text)
    if limit is not None:
        _draw_limit(axes, report, limit)
    # The area to the upper left of a point of the front is empty: a point
    # there would be cheaper and better.
    others = [each for each in front if each.trial != report.best.trial]
    in_turn = [report.best, *others[:1], *reversed(others[1:])]
    places = _spots(report, in_turn, scale)
    points = [
        Point(_name(report, each), *place)
        for each, place in zip(in_turn, places, strict=True)
    ]
    name_points(axes, points, spots, limit)
    return figure, notes


def _cut(values, best):
    """Returns the value below which trials are not drawn, and a note on them.

    Trials that diverged would compress the axis of the others. The note is a
    list of one sentence, or an empty one.
    """
    values = values[np.isfinite(values)]
    high, middle = values.max(), np.median(values)
    cut = min(middle - 4 * (high - middle), high - 0.2, best)
    below = int((values < cut).sum())
    if not below:
        return cut, []
    lie = "lies" if below == 1 else "lie"
    return cut, [f"{plural(below, 'trial')} {lie} below the picture."]


def _spots(report, trials, scale):
    """Returns the costs and accuracies of trials, as two columns."""
    return np.array(
        [
            (scale * metric(each, report.cost), metric(each, ACCURACY))
            for each in trials
        ]
    ).reshape(-1, 2)


def _unit(report, trials):
    """Returns the text below the axis of the cost, and its unit's inverse."""
    what = COSTS[report.cost].capitalize()
    if report.cost == "latency_ms":
        return f"{what}, ms", 1.0
    most = max(metric(each, report.cost) for each in trials)
    for unit, name in (*UNITS, (1e3, "thousand")):
        if most >= unit:
            return f"{what}, {name}", 1 / unit
    return what, 1.0


def _frame(axes, values):
    margin = 0.06 * max(np.ptp(values), 0.1)
    axes.set_ylim(values.min() - margin, values.max() + margin)


def _scale_costs(axes, costs, limit, name):
    """Chooses the axis: wide enough for the limit, and the first's name."""
    ticker = require("matplotlib.ticker", "report")
    least, most = costs.min(), max(costs.max(), limit or 0)
    if costs.max() > LOGARITHMIC * least:
        share = (name + 12) / 72 / WIDTH / (FRAME["right"] - FRAME["left"])
        steps = (1, 2, 5) if most < 300 * least else (1,)
        axes.set_xscale("log")
        axes.set_xlim(
            least / (most / least) ** (share / (0.95 - share)),
            most * (most / least) ** 0.05,
        )
        axes.xaxis.set_major_locator(ticker.LogLocator(subs=steps))
        axes.xaxis.set_minor_locator(ticker.NullLocator())
    else:
        axes.set_xlim(0, 1.1 * most)
    axes.xaxis.set_major_formatter(
        ticker.FuncFormatter(lambda cost, _: f"{cost:g}")
    )


def _bound(report):
    return "target" if report.objective == "reward" else "limit"


def _draw_limit(axes, report, limit):
    name = _bound(report)
    axes.axvline(
        limit, color=INK, linewidth=1, dashes=(4, 3), label=name, zorder=1
    )
    axes.annotate(
        f"{name} {cost_text(report.cost, report.limit)}",
        (limit, 0),
        (4, 5),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        rotation=90,
        color=MUTED,
        fontsize=9,
        ha="left",
        va="bottom",
    )


def _name(report, trial):
    """Returns the name of a point: its description if short, or its number."""
    name = report.description(trial).text
    if len(trial.values) == 1 and len(name) <= LONGEST_NAME:
        return name
    return str(trial.trial)


def _draw_progress(report, is_share):
    """Returns the figure, and sentences on what is not in it."""
    figure_module = require("matplotlib.figure", "report")
    ticker = require("matplotlib.ticker", "report")
    done = {each.trial for each in report.completed}
    values = np.array(
        [
            metric(each, report.objective) if each.trial in done else np.nan
            for each in report.trials
        ]
    )
    cut, notes = _cut(values, metric(report.best, report.objective))
    values[values < cut] = np.nan
    # KerasTuner numbers trials from 0.
    places = np.arange(len(values))
    figure = figure_module.Figure(figsize=(5, 2.9), layout="constrained")
    axes = figure.subplots()
    axes.scatter(
        places, values, 24, MUTED, alpha=0.45, linewidths=0, clip_on=False
    )
    axes.plot(
        places,
        np.fmax.accumulate(values),
        color=ACCENT,
        linewidth=2.2,
        drawstyle="steps-post",
        marker="o" if len(places) == 1 else None,
        clip_on=False,
    )
    _frame(axes, values[np.isfinite(values)])
    if is_share:
        frame_shares(axes)
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.xaxis.set_major_locator(
        ticker.MaxNLocator(8, integer=True, min_n_ticks=1)
    )
    finish(axes, "Trial")
    return figure, notes
