"""The confusion matrix of a classifier, down to the classes that fit."""

from typing import NamedTuple

import numpy as np

from keras_papers.pipelines.report.sections import Pairs

MIX_UPS = 5  # pairs of classes that are named
WHOLE_MATRIX = 50  # classes, above which the matrix shows
MOST_CONFUSED = 30  # of them


class MatrixCell(NamedTuple):
    """How often one class was taken for another, or for itself."""

    count: int
    text: str  # the count, where it fits
    tone: str  # CSS class
    predicted: str  # name of a class


class Matrix(NamedTuple):
    """The confusion matrix, or the part of it that can be read."""

    rows: list  # (name, images, cells)
    names: list
    size: str  # CSS class
    upright: bool  # whether the names on top have to stand on end
    classes: int  # of all, shown or not
    mistakes: int  # of all
    mistakes_shown: int
    template = "blocks/confusion.html"


def confusion(names, counts):
    """Returns the `Matrix` of counts: rows are shown, columns predicted."""
    shown = _most_confused(counts)
    part = counts[np.ix_(shown, shown)]
    # How many digits a cell has room for, and letters the top of a column.
    size, digits, across = "small", 3, 2
    if len(shown) <= 12:
        size, digits, across = "large", 5, 5
    elif len(shown) <= 30:
        size, digits, across = "medium", 4, 2
    rows = []
    for index in shown:
        images = int(counts[index].sum())
        cells = [
            MatrixCell(
                count=int(counts[index, other]),
                text=_short(counts[index, other], digits),
                tone=_tone(counts[index, other], images, index == other),
                predicted=names[other],
            )
            for other in shown
        ]
        rows.append((names[index], images, cells))
    return Matrix(
        rows=rows,
        names=[names[index] for index in shown],
        size=size,
        upright=max(len(names[index]) for index in shown) > across,
        classes=len(names),
        mistakes=_mistakes(counts),
        mistakes_shown=_mistakes(part),
    )


def _mistakes(counts):
    return int(counts.sum() - np.trace(counts))


def _most_confused(counts):
    """Returns the indices of the classes to show, in their order."""
    if len(counts) <= WHOLE_MATRIX:
        return np.arange(len(counts))
    mistakes = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    confused = mistakes.sum(axis=0) + mistakes.sum(axis=1)
    return np.sort(np.argsort(-confused, kind="stable")[:MOST_CONFUSED])


def _short(count, digits):
    """Writes a count in so many characters; none for zero."""
    if not count:
        return ""
    text = str(count)
    return text if len(text) <= digits else f"{count / 1000:.0f}k"


def _tone(count, images, is_right):
    """Names the CSS class of a cell: mistakes are loud early."""
    if not count:
        return ""
    share = count / images
    if is_right:
        return f"right-{1 + sum(share > step for step in (0.5, 0.75, 0.9))}"
    return f"wrong-{1 + sum(share > step for step in (0.05, 0.15, 0.3))}"


def mix_ups(names, counts):
    """Returns the most frequent mistakes as `Pairs`, or None without any."""
    mistakes = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:MIX_UPS]
    rows = []
    for expected, predicted in zip(
        *np.unravel_index(order, mistakes.shape), strict=True
    ):
        times = int(mistakes[expected, predicted])
        if times:
            note = "once" if times == 1 else f"{times:,} times"
            rows.append((names[expected], "taken for", names[predicted], note))
    return Pairs(rows) if rows else None
