"""The files of a generator's report."""

from typing import NamedTuple

import numpy as np

from keras_papers.pipelines.generation.page import render
from keras_papers.pipelines.generation.picture_log import grid, grid_of_pairs
from keras_papers.pipelines.report import report_folder
from keras_papers.pipelines.report.picture_file import write_picture


class Shown(NamedTuple):
    """What the page shows beside the figures."""

    originals: np.ndarray  # uint8, held out
    reconstructions: np.ndarray  # of the same
    samples: np.ndarray  # uint8
    labels: list | None  # names of the samples' classes
    histories: list  # pairs of a network's name and the rows of its epochs
    latents: object  # `Latents` of the training images
    skipped: tuple  # (file, reason) of what could not be read


def write_history(names, histories, folder):
    """Writes the figures of the epochs of all networks as one table."""
    report_folder.write_history(
        [
            {"network": name, **row}
            for name, history in zip(names, histories, strict=True)
            for row in history
        ],
        folder,
    )


def write(report, shown, folder):
    """Writes the pictures, `report.html` with its extra, and `report.json`."""
    write_picture(folder / "samples.png", grid(shown.samples))
    write_picture(
        folder / "reconstructions.png",
        grid_of_pairs(shown.originals, shown.reconstructions),
    )
    report_folder.write_report(report, lambda: render(report, shown), folder)
