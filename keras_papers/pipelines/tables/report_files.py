"""The files of the report on a model of a table."""

from typing import NamedTuple

import numpy as np

from keras_papers.pipelines.report import report_folder
from keras_papers.pipelines.tables.page import render


class Shown(NamedTuple):
    """What the page shows beside the figures."""

    histories: list  # pairs of "mlm", "rtd" or "model" and the rows of epochs
    targets: np.ndarray  # of the held-out rows, as `schema.encode_target`
    outputs: np.ndarray  # for the same, as `TabularModel.predict`


def write_history(histories, folder):
    """Writes the figures of the epochs of all trainings as one table.

    Args:
        histories: List of pairs of a name and a list with a dict of figures
            for each epoch.
        folder: Where `history.csv` is written.
    """
    report_folder.write_history(
        [
            {"training": name, **row}
            for name, history in histories
            for row in history
        ],
        folder,
    )


def write(report, shown, folder):
    """Writes `report.html`, where its extra is installed, and `report.json`.

    Args:
        report: The `TableReport`.
        shown: What the page `Shown` beside it.
        folder: Where to write.
    """
    report_folder.write_report(report, lambda: render(report, shown), folder)
