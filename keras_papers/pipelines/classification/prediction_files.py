"""Predictions as a table for spreadsheets, and as a page of thumbnails."""

import csv
import io
import itertools

from keras_papers.export.file_size import size_text
from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_template import last_parts
from keras_papers.pipelines.report.page_text import plural
from keras_papers.pipelines.report.sections import (
    Figure,
    Page,
    Picture,
    Pictures,
    Section,
    left_out,
    to_html,
)

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
    count = plural(len(predictions), "picture")
    name = last_parts(model, 1)
    pictures = []
    for each, source in zip(predictions, sources, strict=False):
        file = last_parts(each.file, 2)
        pairs = zip(each.labels[:NAMED], each.scores, strict=False)
        lines = [(label, percent(score), "score") for label, score in pairs]
        pictures.append(Picture(source, file, [*lines, (file, "", "file")]))
    blocks = [Pictures(pictures)]
    if len(predictions) > SHOWN:
        blocks.insert(0, f"The first {SHOWN:,} of {count}.")
    sections = [Section("pictures", "Pictures", blocks)]
    if skipped:
        rows = [(last_parts(file, 2), reason) for file, reason in skipped]
        sections.append(left_out(rows))
    page = Page(
        title=f"{name}: {count}",
        over="Predictions",
        heading=name,
        lead=f"The likeliest class of {count}, in the order of the files. A "
        "score is a share of 1 among the classes that the model knows: a "
        "picture of none of them has a likeliest class, too.",
        emphasis="",
        figures=(
            Figure("Pictures", f"{len(predictions):,}", "that were read"),
            Figure("Classes", f"{len(classes):,}", "that are likeliest once"),
            Figure("Left out", f"{len(skipped):,}", "that cannot be read"),
            Figure("Model", size_text(size), name),
        ),
        sections=sections,
        footer="Written by keras_papers.",
    )
    _write(path, to_html(page))


def _write(path, text):
    # The name of a file may be no text, which UTF-8 cannot hold.
    with draft_of(path) as draft:
        draft.write_bytes(text.encode("utf-8", "replace"))
