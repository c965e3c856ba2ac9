"""How good probabilities are, as graphics inside a page."""

from keras_papers.extras import require
from keras_papers.pipelines.report.page_graphics import (
    ACCENT,
    FAINT,
    INK,
    drawing,
    finish,
    inline,
    percent,
)
from keras_papers.pipelines.report.sections import Drawing
from keras_papers.pipelines.report.statistics import likely

WIDTH, HEIGHT = 5, 3.4  # inches of a figure


def roc_plot(false_rates, true_rates, area):
    """Draws a ROC curve.

    Args:
        false_rates: Array of the shares of the negative class that are taken
            for the positive one, from 0 to 1.
        true_rates: Array of the shares of the positive class that are found,
            at the same thresholds.
        area: The area under the curve, as text.

    Returns:
        A `Drawing`.
    """
    return _drawn(
        lambda axes: axes.plot(
            false_rates, true_rates, color=ACCENT, linewidth=2.2
        ),
        "ROC curve",
        f"The area under it is {area}.",
        "False positive rate",
        "The share of the positive class that is found, upwards, at each "
        f"share of the other class that is taken for it. Area: {area}.",
    )


def calibration_plot(bins):
    """Draws how often probabilities come true.

    Args:
        bins: List of tuples: rows, mean probability, and the share of the
            rows for which it came true.

    Returns:
        A `Drawing`.
    """

    def draw(axes):
        for rows, predicted, observed in bins:
            interval = likely(observed, rows)
            axes.plot([predicted, predicted], interval, color=ACCENT)
        _join(axes, bins)

    points = ", ".join(
        f"{percent(observed)} at {percent(predicted)}"
        for _, predicted, observed in bins
    )
    return _drawn(
        draw,
        "Calibration",
        f"{points}.",
        "Predicted probability",
        "How often predictions come true, upwards, with what is likely of so "
        "many rows (95%). On the thin line they do as often as they say.",
    )


def numbers_plot(bins):
    """Draws means of predicted numbers and of those that came true.

    Args:
        bins: List of tuples: rows, mean prediction, and mean that came true.

    Returns:
        A `Drawing`.
    """
    values = [value for _, *pair in bins for value in pair]
    points = ", ".join(
        f"{observed:.4g} at {predicted:.4g}" for _, predicted, observed in bins
    )
    return _drawn(
        lambda axes: _join(axes, bins),
        "Predicted and true means",
        f"{points}.",
        "Mean of the predictions",
        "The mean that came true, upwards. On the thin line it is that of the "
        "predictions.",
        (min(values), max(values)),
    )


def precision_recall_plot(name, number, recall, precision, average):
    """Draws the precision of a class at each recall.

    Args:
        name: Of the class.
        number: Of the drawing among those of a page.
        recall: Array of shares of the objects that are found.
        precision: Array of shares of what is found that are right.
        average: The average precision, as text.

    Returns:
        A `Drawing`.
    """
    return _drawn(
        lambda axes: axes.plot(recall, precision, color=ACCENT, linewidth=2.2),
        name,
        f"Precision by recall. The average precision is {average}.",
        "Recall",
        f"Average precision: {average}.",
        key=f"precision{number}",
    )


def _join(axes, bins):
    axes.plot(
        [predicted for _, predicted, _ in bins],
        [observed for *_, observed in bins],
        color=ACCENT,
        marker="o",
        markersize=4,
        linewidth=1.2,
        clip_on=False,
    )


def _drawn(draw, title, label, below, note, limits=None, key=None):
    """Returns a `Drawing` of two axes with the same limits.

    Args:
        draw: Function that draws on the axes.
        title: What is shown.
        label: The same for who does not see it.
        below: Text below the axes.
        note: A sentence about it.
        limits: Pair of numbers. Defaults to None: shares, from 0 to 1.
        key: Prefix of the names inside, of a drawing without the line on
            which both axes are equal. Defaults to None: the title's, with it.
    """
    figure_module = require("matplotlib.figure", "report")
    ticker = require("matplotlib.ticker", "report")
    with drawing():
        figure = figure_module.Figure(
            figsize=(WIDTH, HEIGHT), layout="constrained"
        )
        axes = figure.subplots()
        ends = limits or (0, 1)
        if key is None:
            axes.plot(ends, ends, color=INK, linewidth=0.8)
        draw(axes)
        if limits is None:
            axes.set_xlim(ends)
            axes.set_ylim(ends)
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(ticker.PercentFormatter(1.0))
        finish(axes, below)
        axes.grid(axis="x", color=FAINT, linewidth=1)
        name = key or title.partition(" ")[0].lower()
        svg = inline(figure, f"{title}. {label}", name)
    return Drawing(title, svg, (note,))
