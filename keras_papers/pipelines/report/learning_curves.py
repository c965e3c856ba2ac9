"""Measures and loss by epoch, as graphics inside a page."""

import numpy as np

from keras_papers.extras import require
from keras_papers.pipelines.report.page_graphics import (
    ACCENT,
    INK,
    MUTED,
    drawing,
    finish,
    frame_shares,
    inline,
    percent,
)
from keras_papers.pipelines.report.sections import Drawing, Drawings

# What is drawn where it was taken, and its title.
MEASURES = {"accuracy": "Accuracy", "mean_iou": "Mean IoU", "loss": "Loss"}


def curves(history, network="", examples="images", chance=None):
    """Returns accuracy, mean IoU and loss by epoch as `Drawings`.

    Args:
        history: List with a dict of figures for each epoch.
        network: Name of the network, where a page has the curves of several.
        examples: What it is trained on.
        chance: Dict of what a prediction by chance reaches, by the name of
            the measure, or None.
    """
    drawn = [
        _curve(history, metric, network, examples, (chance or {}).get(metric))
        for metric in MEASURES
    ]
    return Drawings([each for each in drawn if each is not None])


def _curve(history, metric, network, examples, chance):
    """Draws one measure by epoch, or returns None where it was not taken."""
    training = _series(history, metric)
    validation = _series(history, f"val_{metric}")
    if not np.isfinite(training).any():
        return None
    validated = bool(np.isfinite(validation).any())
    watched = validation if validated else training
    is_share = metric != "loss"
    best = np.nanargmax(watched) if is_share else np.nanargmin(watched)
    value = watched[best]
    sentence = (
        f"Best on {'validation' if validated else 'training'} {examples}: "
        f"{percent(value, 2) if is_share else f'{value:.3g}'} "
        f"in epoch {best + 1} of {len(history)}."
    )
    title = MEASURES[metric]
    label = f"{title} by epoch, as lines. {sentence}"
    with drawing():
        figure = _draw(training, validation, is_share, chance)
        svg = inline(figure, label, network + metric)
    key = [("Training", ""), ("Validation", "accent")][: 1 + validated]
    if chance is not None:
        key.append(("Chance", "dashed"))
    return Drawing(title, svg, (sentence,), key)


def _series(history, key):
    values = np.array([epoch.get(key, np.nan) for epoch in history], "float64")
    return np.where(np.isfinite(values), values, np.nan)


def _draw(training, validation, is_share, chance):
    """Returns the curves as a figure of Matplotlib's."""
    figure_module = require("matplotlib.figure", "report")
    ticker = require("matplotlib.ticker", "report")
    epochs = np.arange(1, len(training) + 1)
    marker = "o" if len(epochs) <= 12 else None
    figure = figure_module.Figure(figsize=(5, 2.9), layout="constrained")
    axes = figure.subplots()
    style = {"marker": marker, "markersize": 4, "clip_on": False}
    axes.plot(epochs, training, color=INK, linewidth=1.2, **style)
    axes.plot(epochs, validation, color=ACCENT, linewidth=2.2, **style)
    if chance is not None:
        axes.axhline(chance, color=MUTED, linewidth=1.2, linestyle="--")
    if is_share:
        frame_shares(axes)
    else:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    if len(epochs) > 1:
        axes.set_xlim(1, len(epochs))
    axes.xaxis.set_major_locator(
        ticker.MaxNLocator(8, integer=True, min_n_ticks=1)
    )
    finish(axes, "Epoch")
    return figure
