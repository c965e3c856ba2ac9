"""The files of the report on a model of a table."""

import csv
from typing import NamedTuple

import numpy as np

from keras_papers.extras import MissingExtraError
from keras_papers.files.drafts import draft_of
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
    rows = [
        {"training": name, **row}
        for name, history in histories
        for row in history
    ]
    columns = dict.fromkeys(key for row in rows for key in row)
    with draft_of(folder / "history.csv") as draft:
        with open(draft, "w", newline="") as table:
            writer = csv.DictWriter(table, columns)
            writer.writeheader()
            writer.writerows(rows)


def write(report, shown, folder):
    """Writes `report.html`, where its extra is installed, and `report.json`.

    Args:
        report: The `TableReport`.
        shown: What the page `Shown` beside it.
        folder: Where to write.
    """
    try:
        page = render(report, shown)
        with draft_of(folder / "report.html") as draft:
            draft.write_text(page, encoding="utf-8")
    except MissingExtraError:
        pass  # the page is left out; its figures are in report.json
    report.save(folder / "report.json")
