"""Names of the points of a graphic, where there is room for them."""

from typing import NamedTuple

import numpy as np

from keras_papers.pipelines.report.page_graphics import INK

LETTER, LINE = 5.8, 12  # points that a letter is wide, and a line high
BOLD = 1.1  # times as wide


class Point(NamedTuple):
    """A point to be named."""

    name: str
    x: float
    y: float


def name_points(axes, points, dots, line=None):
    """Names points to their upper left, or else above.

    Args:
        axes: Axes of Matplotlib; their limits are set.
        points: List of `Point`, the most important first. That one is named
            in bold and in any case, others where they cover nothing.
        dots: Array `(dots, 2)` of points that no name may cover.
        line: Where a vertical line is, which is no better covered.
    """

    def in_points(data):
        return 72 / axes.figure.dpi * axes.transData.transform(data)

    dots = in_points(dots)
    edge = 72 / axes.figure.dpi * axes.bbox.x0
    line = None if line is None else in_points((line, 1))[0]
    taken = []
    for index, point in enumerate(points):
        is_first = index == 0
        x, y = in_points(point[1:])
        wide = width(point.name) * (BOLD if is_first else 1)
        aside = 7 if is_first else 5
        places = [
            (x - aside - wide, y + aside - 2),
            (x - wide / 2, y + aside + 1),
        ]
        free = [
            (left, bottom)
            for left, bottom in places
            if left > edge and _is_free(left, bottom, wide, taken, dots, line)
        ]
        if not free and not is_first:
            continue
        left, bottom = (free or places)[0]
        taken.append((left, bottom, wide))
        axes.annotate(
            point.name,
            point[1:],
            (left - x, bottom - y),
            textcoords="offset points",
            color=INK,
            fontsize=10,
            fontweight="bold" if is_first else "normal",
            va="bottom",
            parse_math=False,
            zorder=5,
        )


def width(name):
    """Returns about how wide a name is, in points."""
    return LETTER * len(name)


def _is_free(left, bottom, wide, taken, dots, line):
    """Returns whether a name covers no other, no dot and not the line."""
    right, top = left + wide, bottom + LINE
    x, y = dots.T
    return (
        not np.any((left < x) & (x < right) & (bottom < y) & (y < top))
        and not any(
            left < other + other_wide
            and other < right
            and abs(bottom - other_bottom) < LINE
            for other, other_bottom, other_wide in taken
        )
        and (line is None or not left < line < right)
    )
