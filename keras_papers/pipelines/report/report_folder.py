"""The files of a report in the folder of its job."""

import csv

from keras_papers.extras import MissingExtraError
from keras_papers.files.drafts import draft_of


def write_history(rows, folder):
    """Writes the figures of epochs as the table `history.csv`.

    Args:
        rows: List with a dict of figures for each epoch. A figure that an
            epoch does not have stays empty.
        folder: Where to write.
    """
    columns = dict.fromkeys(key for row in rows for key in row)
    with draft_of(folder / "history.csv") as draft:
        with open(draft, "w", newline="") as table:
            writer = csv.DictWriter(table, columns)
            writer.writeheader()
            writer.writerows(rows)


def write_report(report, render, folder):
    """Writes `report.html`, where its extra is installed, and `report.json`.

    Args:
        report: The report; has a method `save`.
        render: Function to the HTML text of its page.
        folder: Where to write.
    """
    try:
        page = render()
        with draft_of(folder / "report.html") as draft:
            draft.write_text(page, encoding="utf-8")
    except MissingExtraError:
        pass  # the page is left out; its figures are in report.json
    report.save(folder / "report.json")
