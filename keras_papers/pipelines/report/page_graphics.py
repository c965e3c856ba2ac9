"""Matplotlib's figures as graphics inside a page.

Their colors are the page's, so that they follow it from light to dark.
"""

import contextlib
import html
import io
import math
import re

from keras_papers.extras import require

# What figures are drawn in, page.css' light colors, and what a page has in
# their place.
CARD, INK, MUTED, FAINT, ACCENT = (
    "#ffffff",
    "#1c2127",
    "#57606b",
    "#e1e5e9",
    "#1f57c3",
)
COLORS = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    FAINT: "var(--line)",
    ACCENT: "var(--accent)",
}


@contextlib.contextmanager
def drawing():
    """Draws what comes out as the same text each time, in the page's font."""
    matplotlib = require("matplotlib", "report")
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "0"}):
        yield


def frame_shares(axes):
    """Shows no less than ten points, and above 100% but half a line's width."""
    ticker = require("matplotlib.ticker", "report")
    bottom, top = axes.get_ylim()
    bottom = max(0.0, min(bottom, top - 0.1))
    axes.set_ylim(bottom, min(top, 1 + 0.01 * (1 - bottom)))
    axes.yaxis.set_major_formatter(ticker.PercentFormatter(1.0))


def finish(axes, below):
    """Gives axes the page's lines, and the text that stands below them."""
    ticker = require("matplotlib.ticker", "report")
    axes.yaxis.set_major_locator(ticker.MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.tick_params(length=0, pad=7, labelsize=10, labelcolor=INK)
    axes.grid(axis="y", color=FAINT, linewidth=1)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(below, fontsize=10, color=INK, labelpad=5)


def inline(figure, label, prefix):
    """Returns a figure as a part of the page: its colors, its font, its text.

    Args:
        figure: Figure of Matplotlib.
        label: What it shows, for who does not see it.
        prefix: Of the names inside, which two figures must not share.
    """
    file = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    svg = file.getvalue()
    view = re.search(r'viewBox="[^"]*"', svg).group()
    svg = svg[svg.index(">", svg.index("<svg")) + 1 :]
    svg = re.sub(r"<style.*?</style>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", svg)
    svg = re.sub(r"font-family: [^;\"]*;?", "", svg)
    svg = svg.replace("xlink:href", "href")
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
    label = html.escape(label)
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
