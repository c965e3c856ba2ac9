"""Predictions as a table for spreadsheets, and as a page of thumbnails."""

import csv
import io
import itertools

from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.report.page_template import last_parts, template
from keras_papers.pipelines.report.page_text import Figure, in_bytes, plural

SHOWN = 1000  # pictures of a page, each of some kilobytes
NAMED = 3  # classes of a picture


def write_table(path, predictions):
    """Writes a line for each picture: its file, its classes and their scores.

    Args:
        path: Where to write the CSV.
        predictions: A list of `Prediction`.
    """
    most = max(len(each.labels) for each in predictions)
    head = ["file"]
    for rank in range(1, most + 1):
        head += [f"label_{rank}", f"score_{rank}"]
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(head)
    for each in predictions:
        pairs = zip(each.labels, each.scores, strict=True)
        table.writerow([each.file, *itertools.chain(*pairs)])
    _write(path, text.getvalue())


def write_page(path, model, size, predictions, sources, skipped):
    """Writes the page of thumbnails.

    Args:
        path: Where to write the HTML.
        model: Path of the model's file.
        size: Its bytes.
        predictions: A list of `Prediction`.
        sources: The first `SHOWN` pictures as data URIs.
        skipped: Pairs of a file that cannot be read and the reason.
    """
    classes = {each.labels[0] for each in predictions}
    shown = zip(predictions, sources, strict=False)
    page = template("classification/predictions.html").render(
        model=last_parts(model, 1),
        count=plural(len(predictions), "picture"),
        figures=[
            Figure("Pictures", f"{len(predictions):,}", "that were read"),
            Figure("Classes", f"{len(classes):,}", "that are likeliest once"),
            Figure("Left out", f"{len(skipped):,}", "that cannot be read"),
            Figure("Model", in_bytes(size), last_parts(model, 1)),
        ],
        pictures=[
            {
                "source": source,
                "file": last_parts(each.file, 2),
                "scores": [*zip(each.labels, each.scores, strict=True)][:NAMED],
            }
            for each, source in shown
        ],
        more=len(predictions) > SHOWN,
        skipped=[(last_parts(file, 2), reason) for file, reason in skipped],
    )
    _write(path, page)


def _write(path, text):
    # The name of a file may be no text, which UTF-8 cannot hold.
    with draft_of(path) as draft:
        draft.write_bytes(text.encode("utf-8", "replace"))
