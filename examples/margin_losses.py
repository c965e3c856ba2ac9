"""The eleven margin losses and their derivatives, in one picture.

    python examples/margin_losses.py margin_losses.png

draws docs/pictures/margin_losses.png.
"""

import sys

import matplotlib

matplotlib.use("agg")
import numpy as np
from keras import ops
from matplotlib import pyplot

from keras_papers.losses.margin import MARGIN_LOSSES

AGREEMENTS = np.linspace(-2.5, 2.5, 501)
CURVES = {
    "loss": ("value", "-"),
    "first derivative": ("first_derivative", "--"),
    "second derivative": ("second_derivative", ":"),
}

figure, axes = pyplot.subplots(
    3, 4, figsize=(11, 7), sharex=True, sharey=True, layout="constrained"
)
for cell, kind in zip(axes.flat, MARGIN_LOSSES, strict=False):
    loss = kind()
    for name, (method, style) in CURVES.items():
        values = ops.convert_to_numpy(getattr(loss, method)(AGREEMENTS))
        jumps = np.abs(np.diff(values)) > 0.2
        values = np.where(np.append(jumps, False), np.nan, values)
        cell.plot(AGREEMENTS, values, style, label=name)
    cell.set_title(kind.__name__, fontsize="medium")
    cell.axvline(0, color="0.85", zorder=0)
    cell.axhline(0, color="0.85", zorder=0)
    cell.set(xlim=(-2.5, 2.5), ylim=(-4.5, 6))
for cell in axes[-1]:
    cell.set_xlabel("target x output")
axes.flat[-1].axis("off")
axes.flat[-1].legend(*axes.flat[0].get_legend_handles_labels(), loc="center")
figure.savefig(sys.argv[1], dpi=90)
