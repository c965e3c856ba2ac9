"""The page that the training of a detector ends with."""

import math
from typing import NamedTuple

import numpy as np

from keras_papers.export.file_size import size_text
from keras_papers.pipelines.data.image_set import ImageSet
from keras_papers.pipelines.data.pictures_of import pictures_of
from keras_papers.pipelines.detection.measures import Measured
from keras_papers.pipelines.detection.options import THRESHOLD
from keras_papers.pipelines.report.drawn_boxes import drawn_boxes
from keras_papers.pipelines.report.learning_curves import curves
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_template import last_parts
from keras_papers.pipelines.report.page_text import in_time, in_words, plural
from keras_papers.pipelines.report.probability_plots import (
    precision_recall_plot,
)
from keras_papers.pipelines.report.sections import (
    Cell,
    Drawings,
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
CURVES = 12  # classes whose precision is drawn


class Shown(NamedTuple):
    """What the page shows beside the figures."""

    size: tuple  # (height, width) of the model's images
    images: ImageSet
    measured: Measured  # on the held-out pictures
    history: list  # rows of the epochs


def render(report, shown):
    """Renders the page of a training.

    Args:
        report: The `DetectionReport`.
        shown: What is `Shown` beside the figures.

    Returns:
        The HTML text. The same arguments give the same text.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    ap50 = percent(report.ap50)
    some = np.arange(len(shown.images.test))[:SHOWN]
    worst = np.argsort(-shown.measured.wrong, kind="stable")[:SHOWN]
    sections = [
        _pictures(
            "pictures",
            "Held-out pictures",
            "Each with the boxes of the file and with those that the model "
            f"found, of a score of {THRESHOLD:g} or more.",
            some,
            shown,
        ),
        _pictures(
            "worst",
            "The worst mistakes",
            "The held-out pictures with the most objects that are missed and "
            "boxes that are wrong. Look here for missing boxes, too.",
            worst,
            shown,
        ),
        _classes(report),
        _precision(report, shown.measured.metric),
        Section("curves", "Training", [curves(shown.history)]),
        _files(report),
    ]
    if shown.images.skipped:
        rows = [(last_parts(f, 2), why) for f, why in shown.images.skipped]
        sections.append(left_out(rows))
    return to_html(
        Page(
            title=f"{report.model}: AP50 {ap50}",
            over="Detection report",
            heading=report.model,
            lead=f"Finds objects of {len(report.classes):,} classes, with an "
            f"AP50 of {ap50} on "
            f"{plural(report.test_images, 'held-out picture')}.",
            emphasis=ap50,
            figures=_figures(report),
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
            "AP50",
            percent(report.ap50),
            "average precision at an overlap of half; "
            f"{percent(report.guessed_ap50)} by the mean box of each class",
        ),
        Figure(
            "AP",
            percent(report.ap),
            "mean over the overlaps from 0.5 to 0.95, as COCO's; "
            f"{percent(report.ap75)} at 0.75",
        ),
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


def _pictures(name, title, text, indices, shown):
    """Returns a section of pictures with true boxes, and with those found."""
    part, names = shown.images.test, shown.images.names
    pixels = pictures_of(part, indices, shown.size)
    pictures = []
    for index, image in zip(indices, pixels, strict=True):
        truth, found = part.answers[index], shown.measured.found[index]
        height, width = truth.size
        scale = np.array(shown.size[::-1] * 2) / np.array([width, height] * 2)
        file = part.files and last_parts(part.files[index], 1)
        is_shown = found.scores >= THRESHOLD
        wrong = int(shown.measured.wrong[index])
        for what, boxes, classes, note in (
            ("Boxes", truth.boxes, truth.classes, ""),
            (
                "Found",
                found.boxes[is_shown],
                found.classes[is_shown],
                f"{wrong:,} wrong or missed" if wrong else "all right",
            ),
        ):
            drawn = drawn_boxes(image.astype(np.uint8), boxes * scale, classes)
            counts = np.bincount(classes, minlength=len(names))
            there = [
                f"{n} {c}" for n, c in zip(names, counts, strict=True) if c
            ]
            lines = [(what, note, ""), (", ".join(there) or "none", "", "")]
            source = data_uri(drawn)
            pictures.append(Picture(source, f"{what} {index}", lines, file))
    return Section(name, title, [text, Pictures(pictures)])


def _classes(report):
    rows = sorted(report.classes, key=lambda each: _sorted(each.ap50))
    table = Table(
        "Average precision and number of held-out objects of each class",
        ["Class", "Objects", "AP", "AP50"],
        [
            Row(
                [
                    each.name,
                    f"{each.objects:,}",
                    percent(each.ap),
                    Cell(
                        percent(each.ap50),
                        None if math.isnan(each.ap50) else each.ap50,
                    ),
                ]
            )
            for each in rows
        ],
        has_names=True,
        what="classes",
    )
    text = (
        "AP50: the mean precision over all recalls, where a box is right that "
        "overlaps an object of its class by half. The weakest class comes "
        "first."
    )
    return Section("classes", "Class by class", [text, table])


def _sorted(score):
    return 2 if math.isnan(score) else score


def _precision(report, metric):
    rows = [each for each in report.classes if not math.isnan(each.ap50)]
    rows.sort(key=lambda each: each.ap50)
    drawings = [
        precision_recall_plot(
            each.name, number, *metric.curve(each.name), percent(each.ap50)
        )
        for number, each in enumerate(rows[:CURVES])
    ]
    text = (
        "Of what is found, the share that is right, upwards, at each share of "
        "the objects that are found, as the threshold of the scores falls."
    )
    if len(rows) > CURVES:
        text += f" The {CURVES} weakest classes of {len(rows):,}."
    return Section(
        "precision", "Precision and recall", [text, Drawings(drawings)]
    )


def _files(report):
    heads = ["File", "AP50", "On a phone", "Size", "Latency", "Partitions"]
    rows = [
        Row(
            [
                each.file,
                percent(each.ap50, 2),
                percent(each.phone_ap50, 2),
                size_text(each.bytes),
                f"{each.latency_ms:.3g} ms",
                str(each.partitions),
            ]
        )
        for each in report.files
    ]
    text = (
        f"{plural(report.test_images, 'held-out picture')}; the Keras model "
        f"reaches {percent(report.ap50, 2)}. Android's task library drops a "
        "box that overlaps a better one of any class by 0.3, which the column "
        "“On a phone” counts. Latency of one picture on one thread of "
        "this computer."
    )
    table = Table("Files for a phone", heads, rows, css="wide", what="files")
    return Section("files", "Files for a phone", [text, table])
