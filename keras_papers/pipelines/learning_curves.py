"""Loss and accuracy by epoch, as graphics inside a page.

Matplotlib draws them; their colors are the page's, so that they follow it
from light to dark.
"""

import io
import math
import re
from typing import NamedTuple

import numpy as np

from keras_papers.extras import require

# What the curves are drawn in, and what the page puts in its place.
INK, FAINT, ACCENT = "#010203", "#040506", "#070809"
COLORS = {INK: "currentColor", FAINT: "var(--line)", ACCENT: "var(--accent)"}


class Curve(NamedTuple):
    """How one measure went from epoch to epoch."""

    title: str
    svg: str
    best: str  # a sentence
    validated: bool


def curve(history, metric):
    """Draws one measure by epoch, or returns None where it was not taken."""
    training = _series(history, metric)
    validation = _series(history, f"val_{metric}")
    if not np.isfinite(training).any():
        return None
    validated = bool(np.isfinite(validation).any())
    watched = validation if validated else training
    is_share = metric == "accuracy"
    best = np.nanargmax(watched) if is_share else np.nanargmin(watched)
    value = watched[best]
    sentence = (
        f"Best on {'validation' if validated else 'training'} images: "
        f"{percent(value, 2) if is_share else f'{value:.3g}'} "
        f"in epoch {best + 1} of {len(history)}."
    )
    title = metric.capitalize()
    svg = _draw(training, validation, is_share)
    label = f"{title} by epoch, as lines. {sentence}"
    return Curve(title, _inline(svg, label, metric), sentence, validated)


def _series(history, key):
    values = np.array([epoch.get(key, np.nan) for epoch in history], "float64")
    return np.where(np.isfinite(values), values, np.nan)


def _draw(training, validation, is_share):
    """Returns the curves as an SVG file of Matplotlib's."""
    matplotlib = require("matplotlib", "report")
    figure_module = require("matplotlib.figure", "report")
    ticker = require("matplotlib.ticker", "report")
    epochs = np.arange(1, len(training) + 1)
    marker = "o" if len(epochs) <= 12 else None
    # Text stays text, in the page's font; names inside the file do not depend
    # on chance.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "0"}):
        figure = figure_module.Figure(figsize=(5, 2.9), layout="constrained")
        axes = figure.subplots()
        style = {"marker": marker, "markersize": 4, "clip_on": False}
        axes.plot(epochs, training, color=INK, linewidth=1.2, **style)
        axes.plot(epochs, validation, color=ACCENT, linewidth=2.2, **style)
        if is_share:
            _frame_shares(axes)
            axes.yaxis.set_major_formatter(ticker.PercentFormatter(1.0))
        else:
            axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
        if len(epochs) > 1:
            axes.set_xlim(1, len(epochs))
        axes.xaxis.set_major_locator(
            ticker.MaxNLocator(8, integer=True, min_n_ticks=1)
        )
        axes.yaxis.set_major_locator(ticker.MaxNLocator(6, steps=[1, 2, 5, 10]))
        axes.tick_params(length=0, pad=7, labelsize=10, labelcolor=INK)
        axes.grid(axis="y", color=FAINT, linewidth=1)
        axes.spines[:].set_visible(False)
        axes.set_xlabel("Epoch", fontsize=10, color=INK, labelpad=5)
        file = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    return file.getvalue()


def _frame_shares(axes):
    """Shows no less than ten points, and above 100% but half a line's width."""
    bottom, top = axes.get_ylim()
    bottom = max(0.0, min(bottom, top - 0.1))
    axes.set_ylim(bottom, min(top, 1 + 0.01 * (1 - bottom)))


def _inline(svg, label, prefix):
    """Makes an SVG file a part of the page: its colors, its font, its text."""
    view = re.search(r'viewBox="[^"]*"', svg).group()
    svg = svg[svg.index(">", svg.index("<svg")) + 1 :]
    svg = re.sub(r"<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", svg)
    svg = re.sub(r"font-family: [^;\"]*;?", "", svg)
    svg = svg.replace("xlink:href", "href")
    # Two files in one page must not have the same names inside.
    used = set(re.findall(r'(?:href="|url\()#(\w+)', svg))
    svg = re.sub(
        r' id="([^"]*)"',
        lambda found: found[0] if found[1] in used else "",
        svg,
    )
    for name in used:
        svg = re.sub(rf"\b{name}\b", f"{prefix}-{name}", svg)
    for drawn, shown in COLORS.items():
        svg = svg.replace(drawn, shown)
    svg = re.sub(r"\s*\n\s*", "\n", svg)
    return f'<svg {view} role="img" aria-label="{label}">{svg}'.strip()


def percent(share, digits=1):
    """Writes a share; nothing but all is 100%, nothing but none 0%."""
    if math.isnan(share):
        return "–"
    if share in (0, 1):
        return f"{share:.0%}"
    text = f"{share:.{digits}%}"
    least = 10.0**-digits
    if text == f"{1:.{digits}%}":
        return f"> {100 - least:.{digits}f}%"
    if text == f"{0:.{digits}%}":
        return f"< {least:.{digits}f}%"
    return text
