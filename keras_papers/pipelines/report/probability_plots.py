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
MOST_POINTS = 400  # of a curve that is drawn


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
    title = "ROC curve"
    step = -(-len(false_rates) // MOST_POINTS)
    # From (1, 1) to (0, 0), which a step may pass over.
    false_rates = [*false_rates[::-1][::step], 0.0]
    true_rates = [*true_rates[::-1][::step], 0.0]
    with drawing():
        figure, axes = _square()
        axes.plot(false_rates, true_rates, color=ACCENT, linewidth=2.2)
        finish(axes, "False positive rate")
        svg = inline(figure, f"{title}. The area under it is {area}.", "roc")
    return Drawing(
        title,
        svg,
        (
            "The share of the positive class that is found, upwards, at each "
            f"share of the other class that is taken for it. Area: {area}.",
        ),
    )


def calibration_plot(bins):
    """Draws how often probabilities come true.

    Args:
        bins: List of tuples: rows, mean probability, and the share of the
            rows for which it came true.

    Returns:
        A `Drawing`.
    """
    title = "Calibration"
    points = ", ".join(
        f"{percent(observed)} at {percent(predicted)}"
        for _, predicted, observed in bins
    )
    with drawing():
        figure, axes = _square()
        for rows, predicted, observed in bins:
            axes.plot(
                [predicted, predicted], likely(observed, rows), color=ACCENT
            )
        axes.plot(
            [predicted for _, predicted, _ in bins],
            [observed for *_, observed in bins],
            color=ACCENT,
            marker="o",
            markersize=4,
            linewidth=1.2,
            clip_on=False,
        )
        finish(axes, "Predicted probability")
        svg = inline(figure, f"{title}, as points. {points}.", "calibration")
    return Drawing(
        title,
        svg,
        (
            "How often predictions come true, upwards, with what is likely of "
            "so many rows (95%). On the thin line they do as often as they "
            "say.",
        ),
    )


def _square():
    """Returns a figure of shares against shares, and its axes."""
    figure_module = require("matplotlib.figure", "report")
    ticker = require("matplotlib.ticker", "report")
    figure = figure_module.Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.grid(axis="x", color=FAINT, linewidth=1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(ticker.PercentFormatter(1.0))
    return figure, axes
