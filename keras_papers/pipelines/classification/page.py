"""The page that a training ends with: figures, curves, mistakes.

One HTML file that needs nothing else: no network, no scripts. Curves and
pictures lie inside.
"""

import math
from typing import NamedTuple

import numpy as np

from keras_papers.extras import require
from keras_papers.pipelines.data.augmentation import DESCRIPTIONS
from keras_papers.pipelines.report.learning_curves import curve
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_template import last_parts, template
from keras_papers.pipelines.report.page_text import (
    Figure,
    compared,
    in_bytes,
    in_time,
    in_words,
    likely,
    plural,
)
from keras_papers.pipelines.report.thumbnails import data_uri
from keras_papers.pipelines.report.trade_offs import trade_offs

MISTAKES = 24  # pictures of wrong answers that are shown
UNSURE = 12  # pictures of right answers, where no answer is wrong
MIX_UPS = 5  # pairs of classes that are told in words
WHOLE_MATRIX = 50  # classes, above which the matrix shows
MOST_CONFUSED = 30  # of them
UNFOLDED_ROWS = 30  # of a table, above which the rest is folded away


class Answers(NamedTuple):
    """What a model said of labelled images."""

    names: tuple  # of the classes
    labels: np.ndarray  # (images,), indices of names
    scores: np.ndarray  # (images, classes), probabilities
    files: tuple | None  # names of the image files, or None


class Cell(NamedTuple):
    """How often one class was taken for another, or for itself."""

    count: int
    text: str  # the count, where it fits
    tone: str  # CSS class
    said: str  # name of a class


class Matrix(NamedTuple):
    """The confusion matrix, or the part of it that can be read."""

    rows: list  # (name, images, cells)
    names: list
    size: str  # CSS class
    upright: bool  # whether the names on top have to stand on end
    classes: int  # of all, shown or not
    mistakes: int  # of all
    mistakes_shown: int


class ClassRow(NamedTuple):
    """What the model reaches on the images of one class."""

    name: str
    images: int
    precision: float  # not a number where the class was never said
    recall: float  # not a number where there are no images
    f1: float


class Seen(NamedTuple):
    """A training image as the network takes it."""

    pixels: np.ndarray  # uint8 (height, width, 3)
    name: str  # of its class


class Picture(NamedTuple):
    """An image with what was expected and what was said of it."""

    source: str  # data URI
    expected: str
    expected_score: float
    said: str
    said_score: float
    file: str | None


def render(report, history, answers, thumbnail, skipped=(), seen=()):
    """Renders the page of a training.

    Args:
        report: The `Report`.
        history: List with a dict for each epoch: "loss", "accuracy" and,
            where validation images were watched, "val_loss", "val_accuracy".
        answers: `Answers` on the images held out.
        thumbnail: Function from the index of such an image to its pixels, a
            uint8 array `(height, width, 3)`.
        skipped: Pairs of an image file that was left out and the reason.
        seen: List of `Seen`, some of the training images.

    Returns:
        The HTML text. The same arguments give the same text.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    metrics = require("sklearn.metrics", "report")
    said = np.argmax(answers.scores, axis=-1)
    counts = metrics.confusion_matrix(
        answers.labels, said, labels=range(len(answers.names))
    )
    page = template("classification/report_page.html").render(
        report=report,
        tested=len(said),
        figures=_figures(report),
        curves=[
            drawn
            for metric in ("accuracy", "loss")
            if (drawn := curve(history, metric)) is not None
        ],
        trade_offs=trade_offs(report.variants),
        seen=[(data_uri(each.pixels), each.name) for each in seen],
        augmentation=DESCRIPTIONS.get(report.augmentation),
        matrix=_matrix(answers.names, counts),
        mix_ups=_mix_ups(answers.names, counts),
        pictures=_pictures(answers, said, thumbnail),
        classes=_class_rows(answers, said),
        skipped=[(last_parts(file, 2), reason) for file, reason in skipped],
        unfolded=UNFOLDED_ROWS,
    )
    # A file name that is no text in the file system's encoding holds halves
    # of characters, which no file can be written with.
    return page.encode("utf-8", "replace").decode("utf-8")


def _figures(report):
    low, high = likely(report.accuracy, report.test_images)
    return (
        Figure(
            "Accuracy",
            percent(report.accuracy, 2),
            f"of the Keras model; {low:.1%} to {high:.1%} is likely on new "
            "images of the same kind, and "
            f"{percent(report.guessed_accuracy, 2)} is reached by always "
            "saying the commonest class",
        ),
        Figure(
            "Accuracy of the .tflite file",
            percent(report.tflite_accuracy, 2),
            "the file for the phone; "
            + compared(report.accuracy, report.tflite_accuracy),
        ),
        Figure("Size", in_bytes(report.bytes), "of the .tflite file"),
        Figure(
            "Latency",
            f"{report.latency_ms:.3g} ms",
            "for one image, on one thread of the computer that trained it",
        ),
        Figure(
            "Parameters",
            in_words(report.parameters),
            f"{report.parameters:,} numbers that training adjusts",
        ),
        Figure(
            "Multiply-adds",
            in_words(report.multiply_adds),
            f"for one image of {report.image_size} × {report.image_size} "
            "pixels",
        ),
        Figure(
            "Training time",
            in_time(report.training_seconds),
            f"for {plural(report.epochs, 'epoch')}; the weights are those of "
            f"epoch {report.best_epoch}, {report.epoch_rule}",
        ),
        Figure(
            "Images",
            f"{report.train_images:,}",
            f"to train on, {report.validation_images:,} to watch, "
            f"{report.test_images:,} others to test",
        ),
    )


def _matrix(names, counts):
    """Lays the confusion matrix out, down to the classes that fit."""
    shown = _most_confused(counts)
    part = counts[np.ix_(shown, shown)]
    # How many digits a cell has room for, and letters the top of a column.
    size, digits, across = "small", 3, 2
    if len(shown) <= 12:
        size, digits, across = "large", 5, 5
    elif len(shown) <= 30:
        size, digits, across = "medium", 4, 2
    rows = []
    for index in shown:
        images = int(counts[index].sum())
        cells = [
            Cell(
                count=int(counts[index, other]),
                text=_short(counts[index, other], digits),
                tone=_tone(counts[index, other], images, index == other),
                said=names[other],
            )
            for other in shown
        ]
        rows.append((names[index], images, cells))
    return Matrix(
        rows=rows,
        names=[names[index] for index in shown],
        size=size,
        upright=max(len(names[index]) for index in shown) > across,
        classes=len(names),
        mistakes=_mistakes(counts),
        mistakes_shown=_mistakes(part),
    )


def _mistakes(counts):
    return int(counts.sum() - np.trace(counts))


def _most_confused(counts):
    """Returns the indices of the classes to show, in their order."""
    if len(counts) <= WHOLE_MATRIX:
        return np.arange(len(counts))
    mistakes = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    confused = mistakes.sum(axis=0) + mistakes.sum(axis=1)
    return np.sort(np.argsort(-confused, kind="stable")[:MOST_CONFUSED])


def _short(count, digits):
    """Writes a count in so many characters; none for zero."""
    if not count:
        return ""
    text = str(count)
    return text if len(text) <= digits else f"{count / 1000:.0f}k"


def _tone(count, images, is_right):
    """Names the CSS class of a cell: mistakes are loud early."""
    if not count:
        return ""
    share = count / images
    if is_right:
        return f"right-{1 + sum(share > step for step in (0.5, 0.75, 0.9))}"
    return f"wrong-{1 + sum(share > step for step in (0.05, 0.15, 0.3))}"


def _mix_ups(names, counts):
    """Returns the most frequent (expected, said, count)."""
    mistakes = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:MIX_UPS]
    pairs = zip(*np.unravel_index(order, mistakes.shape), strict=True)
    return [
        (names[expected], names[said], int(mistakes[expected, said]))
        for expected, said in pairs
        if mistakes[expected, said]
    ]


def _class_rows(answers, said):
    """Returns a row for each class, the weakest first."""
    metrics = require("sklearn.metrics", "report")
    columns = metrics.precision_recall_fscore_support(
        answers.labels,
        said,
        labels=range(len(answers.names)),
        zero_division=np.nan,
    )
    rows = [
        ClassRow(name, int(images), *map(float, measures))
        for name, *measures, images in zip(answers.names, *columns, strict=True)
    ]
    return sorted(
        rows, key=lambda row: math.inf if math.isnan(row.f1) else row.f1
    )


def _pictures(answers, said, thumbnail):
    """Returns the surest mistakes, or without any the least sure answers."""
    scores = np.asarray(answers.scores, "float64")
    sure = scores[np.arange(len(said)), said]
    wrong = np.flatnonzero(said != answers.labels)
    if len(wrong):
        shown = wrong[np.argsort(-sure[wrong], kind="stable")][:MISTAKES]
    else:
        shown = np.argsort(sure, kind="stable")[:UNSURE]
    return [
        Picture(
            source=data_uri(thumbnail(int(index))),
            expected=answers.names[answers.labels[index]],
            expected_score=float(scores[index, answers.labels[index]]),
            said=answers.names[said[index]],
            said_score=float(sure[index]),
            file=None if answers.files is None else answers.files[index],
        )
        for index in shown
    ]
