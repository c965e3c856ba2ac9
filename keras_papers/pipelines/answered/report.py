"""What the reports of trainings print alike."""

import pathlib

from keras_papers.export.file_size import size_text
from keras_papers.pipelines.report.console_table import text_table
from keras_papers.pipelines.report.finding import lines
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.page_text import divided, in_time, plural


def report_text(report, kind, scores, tables):
    """Returns what is printed of a report.

    Args:
        report: The report of a training.
        kind: What the classes are known by.
        scores: Labels and texts of what it reached.
        tables: Of the classes and of the files, as lines of text.
    """
    parts = divided(
        report.train_images, report.validation_images, report.test_images
    )
    images = f"{parts}, {len(report.classes):,} classes by {kind}"
    if report.skipped_files:
        images += f", {report.skipped_files:,} unreadable files skipped"
    rows = [
        ("model", f"{report.model}, {report.image_size} x {report.image_size}"),
        ("images", images),
        *scores,
        (
            "training",
            f"{in_time(report.training_seconds)}, "
            f"{plural(report.epochs, 'epoch')}",
        ),
        (
            "epoch of the model",
            f"{report.best_epoch} of {report.epochs}, {report.epoch_rule}",
        ),
        ("parameters", f"{report.parameters:,}"),
        ("multiply-adds", f"{report.multiply_adds:,}"),
    ]
    page = pathlib.Path(report.output) / "report.html"
    if page.exists():
        rows.append(("look at", str(page)))
    text = "\n\n".join([labelled(rows), *tables])
    return "\n".join([text + "\n", *lines(report.verdict)])


def files_table(report, columns):
    """Returns the files with what they reach and cost as lines of text.

    Args:
        report: The report of a training.
        columns: Heads and fields of the scores; the first one is the report's,
            too.
    """
    (_, first), *others = columns
    rows = [
        (
            "model.keras",
            f"{getattr(report, first):.2%}",
            *[""] * len(others),
            *("", ""),
        )
    ]
    for each in report.files:
        scores = (f"{getattr(each, field):.2%}" for _, field in columns)
        costs = size_text(each.bytes), f"{each.latency_ms:.2f} ms"
        rows.append((each.file, *scores, *costs))
    heads = ("file", *(head for head, _ in columns), "size", "latency")
    return text_table(rows, heads)
