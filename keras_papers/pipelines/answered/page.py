"""The page of a training: what those of masks and of boxes show alike."""

import numpy as np

from keras_papers.export.file_size import size_text
from keras_papers.pipelines.data.pictures_of import pictures_of
from keras_papers.pipelines.report.learning_curves import curves
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_template import last_parts
from keras_papers.pipelines.report.page_text import in_time, in_words, plural
from keras_papers.pipelines.report.sections import (
    Figure,
    Page,
    Picture,
    Pictures,
    Row,
    Section,
    Table,
    division,
    left_out,
    to_html,
)
from keras_papers.pipelines.report.thumbnails import data_uri

SHOWN = 6  # held-out pictures, and as many of the worst


def render_page(task, report, shown, over, finds, figures, sections):
    """Renders the page of a training.

    Args:
        task: The `Task`.
        report: Its report.
        shown: What is `Shown` beside the figures.
        over: The kind of page.
        finds: What the model does, as a sentence without its end.
        figures: List of `Figure`, the first ones.
        sections: List of `Section`.

    Returns:
        The HTML text. The same arguments give the same text.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    score = percent(getattr(report, task.score.field))
    sections = list(sections)
    skipped = shown.answers.images.skipped
    if skipped:
        rows = [(last_parts(file, 2), why) for file, why in skipped]
        sections.append(left_out(rows))
    return to_html(
        Page(
            title=f"{report.model}: {task.score.name} {score}",
            over=over,
            heading=report.model,
            lead=f"{finds}, with {task.score.with_article} of {score} on "
            f"{plural(report.test_images, 'held-out picture')}.",
            emphasis=score,
            figures=(*figures, *_figures(report)),
            sections=sections,
            footer="Made by keras-papers. The model lies beside this page: "
            "model.keras for Python, model.tflite for a phone, labels.txt with "
            "the names of the classes.",
            verdict=report.verdict,
        )
    )


def _figures(report):
    return (
        Figure(
            "Parameters",
            in_words(report.parameters),
            f"{in_words(report.multiply_adds)} multiply-adds for one picture "
            f"of {report.image_size} × {report.image_size}",
        ),
        Figure(
            "Training time",
            in_time(report.training_seconds),
            f"{plural(report.epochs, 'epoch')}; weights of epoch "
            f"{report.best_epoch}, {report.epoch_rule}",
        ),
        division(
            "Pictures",
            report.train_images,
            report.validation_images,
            report.test_images,
        ),
    )


def pictures(shown, compare, text, mistakes, worst):
    """Returns the sections of some held-out pictures and of the worst.

    Args:
        shown: What is `Shown`.
        compare: Function from the index of a held-out picture and its pixels,
            uint8 of the size of the model, to two of these: what it shows,
            the pixels drawn over, a note, and the classes there in words.
        text: What the first section shows.
        mistakes: What the second one does.
        worst: Number of each held-out picture, the lowest of the worst.
    """
    order = np.argsort(worst, kind="stable")
    return [
        _pictures(name, title, words, indices[:SHOWN], shown, compare)
        for name, title, words, indices in (
            ("pictures", "Held-out pictures", text, np.arange(len(order))),
            ("worst", "The worst mistakes", mistakes, order),
        )
    ]


def _pictures(name, title, text, indices, shown, compare):
    part = shown.answers.images.test
    there = []
    images = pictures_of(part, indices, shown.predictor.size)
    for index, image in zip(indices, images, strict=True):
        file = part.files and last_parts(part.files[index], 1)
        image = image.astype(np.uint8)
        for what, drawn, note, classes in compare(index, image):
            lines = [(what, note, ""), (classes, "", "")]
            alt = f"{what} {index}"
            there.append(Picture(data_uri(drawn), alt, lines, file))
    return Section(name, title, [text, Pictures(there)])


def classes(caption, heads, rows, text):
    """Returns the section of the classes.

    Args:
        caption: Of its table.
        heads: Of the columns.
        rows: Pairs of a score, None of a class without one, and its cells.
        text: What the table shows, without the order.
    """
    rows = sorted(rows, key=lambda row: 2 if row[0] is None else row[0])
    table = Table(
        caption,
        heads,
        [Row(cells) for _, cells in rows],
        has_names=True,
        what="classes",
    )
    text += " The weakest class comes first."
    return Section("classes", "Class by class", [text, table])


def training(shown):
    """Returns the section of the learning curves."""
    return Section("curves", "Training", [curves(shown.history)])


def files(report, columns, note=""):
    """Returns the section of the files.

    Args:
        report: The report of the training.
        columns: Heads and fields of the scores; the first one is the report's,
            too.
        note: Further sentences.
    """
    rows = []
    for each in report.files:
        scores = (percent(getattr(each, field), 2) for _, field in columns)
        costs = size_text(each.bytes), f"{each.latency_ms:.3g} ms"
        rows.append(Row([each.file, *scores, *costs, str(each.partitions)]))
    reached = percent(getattr(report, columns[0][1]), 2)
    text = (
        f"{plural(report.test_images, 'held-out picture')}; the Keras model "
        f"reaches {reached}. {note}Latency of one picture on one thread of "
        "this computer."
    )
    heads = [head for head, _ in columns]
    heads = ["File", *heads, "Size", "Latency", "Partitions"]
    table = Table("Files for a phone", heads, rows, css="wide", what="files")
    return Section("files", "Files for a phone", [text, table])
