"""What a smaller file costs in accuracy, as graphics inside a page."""

import numpy as np

from keras_papers.extras import require
from keras_papers.pipelines.report.page_graphics import (
    ACCENT,
    INK,
    drawing,
    finish,
    frame_shares,
    inline,
    percent,
)
from keras_papers.pipelines.report.sections import Drawing

WIDTH, HEIGHT = 5, 2.9  # inches of a figure
FRAME = {"left": 0.13, "right": 0.97, "bottom": 0.19, "top": 0.95}
LINE = 14  # points from one name to the next
LETTER = 5.8  # points that a letter is wide


def trade_offs(variants):
    """Draws accuracy against size and latency; nothing of a single file."""
    if len(variants) < 2:
        return []
    shares = [each.tflite_accuracy for each in variants]
    names = [each.name for each in variants]
    drawn = []
    for what, unit, costs in (
        ("size", "MB, zipped", [each.zipped_bytes / 1e6 for each in variants]),
        ("latency", "ms", [each.latency_ms for each in variants]),
    ):
        points = ", ".join(
            f"{name} {percent(share, 2)} at {cost:.3g} {unit}"
            for name, share, cost in zip(names, shares, costs, strict=True)
        )
        title = f"Accuracy against {what}"
        with drawing():
            figure = _draw(names, costs, shares, f"{what.capitalize()}, {unit}")
            svg = inline(figure, f"{title}, as points. {points}.", what)
        drawn.append(Drawing(title, svg))
    return drawn


def _draw(names, costs, shares, below):
    figure_module = require("matplotlib.figure", "report")
    figure = figure_module.Figure(figsize=(WIDTH, HEIGHT))
    figure.subplots_adjust(**FRAME)
    axes = figure.subplots()
    # The first is the float file, which all others came from.
    colors = [INK, *[ACCENT] * (len(names) - 1)]
    axes.scatter(costs, shares, 36, colors, clip_on=False, zorder=3)
    axes.set_xlim(0, 1.08 * max(costs))
    frame_shares(axes)
    finish(axes, below)
    spots = axes.transData.transform(np.column_stack([costs, shares]))
    spots *= 72 / figure.dpi  # points
    places = _places(names, spots)
    for index, name in enumerate(names):
        axes.annotate(
            name,
            (costs[index], shares[index]),
            places[index] - spots[index],
            textcoords="offset points",
            color=colors[index],
            fontsize=10,
            va="center",
            arrowprops=_line(colors[index], places[index], spots[index]),
        )
    return figure


def _line(color, place, spot):
    """Returns the line to a name that does not stand beside its point."""
    if place[1] == spot[1]:
        return None
    return {"arrowstyle": "-", "color": color, "linewidth": 0.6, "shrinkB": 4}


def _places(names, spots):
    """Returns where names start, beside their points and over no other."""
    places = []
    for name, (x, y) in zip(names, spots, strict=True):
        wide = LETTER * len(name)
        on_the_left = x + wide > 72 * WIDTH * FRAME["right"]
        start = x - wide - 8 if on_the_left else x + 8
        step = -LINE if y > 72 * HEIGHT / 2 else LINE  # to the middle
        while any(
            abs(there - y) < LINE
            and start < left + LETTER * len(other)
            and left < start + wide
            for other, (left, there) in zip(names, places, strict=False)
        ):
            y += step
        places.append((start, y))
    return places
