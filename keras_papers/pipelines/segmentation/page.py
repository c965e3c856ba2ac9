"""The page that the training of a segmenter ends with."""

from typing import NamedTuple

import numpy as np

from keras_papers.export.file_size import size_text
from keras_papers.metrics import label_map
from keras_papers.pipelines.data.image_set import ImageSet
from keras_papers.pipelines.data.pictures_of import pictures_of
from keras_papers.pipelines.report.learning_curves import curves
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_template import last_parts
from keras_papers.pipelines.report.page_text import in_time, in_words, plural
from keras_papers.pipelines.report.painted import painted
from keras_papers.pipelines.report.sections import (
    Cell,
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
from keras_papers.pipelines.segmentation.measures import (
    truth_of,
)
from keras_papers.pipelines.segmentation.segmenter_file import Segmenter

SHOWN = 6  # held-out pictures, and as many of the worst


class Shown(NamedTuple):
    """What the page shows beside the figures."""

    segmenter: Segmenter
    images: ImageSet
    reader: object  # `MaskReader` of its masks, or None
    by_picture: np.ndarray  # mean IoU of each held-out picture
    history: list  # rows of the epochs


def render(report, shown):
    """Renders the page of a training.

    Args:
        report: The `SegmentationReport`.
        shown: What is `Shown` beside the figures.

    Returns:
        The HTML text. The same arguments give the same text.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    iou = percent(report.mean_iou)
    some = np.arange(len(shown.images.test))[:SHOWN]
    worst = np.argsort(shown.by_picture, kind="stable")[:SHOWN]
    sections = [
        _pictures(
            "pictures",
            "Held-out pictures",
            "Each beside its mask and what the model found. The background "
            "and pixels of no class are not painted.",
            some,
            shown,
        ),
        _pictures(
            "worst",
            "The worst mistakes",
            "The held-out pictures of the lowest IoU, the lowest first. Look "
            "here for wrong masks, too.",
            worst,
            shown,
        ),
        _classes(report),
        Section("curves", "Training", [curves(shown.history)]),
        _files(report),
    ]
    if shown.images.skipped:
        rows = [(last_parts(f, 2), why) for f, why in shown.images.skipped]
        sections.append(left_out(rows))
    return to_html(
        Page(
            title=f"{report.model}: mean IoU {iou}",
            over="Segmentation report",
            heading=report.model,
            lead=f"Finds which of {len(report.classes):,} classes each pixel "
            f"shows, with a mean IoU of {iou} on "
            f"{plural(report.test_images, 'held-out picture')}.",
            emphasis=iou,
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
            "Mean IoU",
            percent(report.mean_iou),
            "intersection over union, mean of the classes; "
            f"{percent(report.guessed_iou)} by always answering the commonest",
        ),
        Figure(
            "Pixels right", percent(report.pixel_accuracy), "on the same masks"
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
    """Returns a section of pictures, their masks and what was found."""
    part = shown.images.test
    pixels = pictures_of(part, indices, shown.segmenter.size)
    logits = shown.segmenter.logits(pixels)
    pictures = []
    for index, image, scores in zip(indices, pixels, logits, strict=True):
        image = image.astype(np.uint8)
        size = image.shape[:2]
        truth = truth_of(part, index, shown.reader)
        rows, columns = (
            (np.arange(side) + 0.5) * there / side
            for side, there in zip(size, truth.shape, strict=True)
        )
        truth = truth[rows.astype(int)[:, None], columns.astype(int)]
        file = part.files and last_parts(part.files[index], 1)
        score = percent(shown.by_picture[index])
        for what, mask, note in (
            ("Mask", truth, ""),
            ("Found", label_map(scores[None], size)[0], f"IoU {score}"),
        ):
            here = [shown.images.names[i] for i in np.unique(mask) if i < 255]
            source = data_uri(painted(image, mask))
            lines = [(what, note, ""), (", ".join(here), "", "")]
            pictures.append(Picture(source, f"{what} {index}", lines, file))
    return Section(name, title, [text, Pictures(pictures)])


def _classes(report):
    pairs = zip(report.classes, report.ious, strict=True)
    pairs = sorted(pairs, key=lambda pair: 2 if pair[1] is None else pair[1])
    rows = [
        Row([name, "–" if iou is None else Cell(percent(iou), iou)])
        for name, iou in pairs
    ]
    table = Table(
        "Intersection over union of each class",
        ["Class", "IoU"],
        rows,
        has_names=True,
        what="classes",
    )
    text = (
        "Of the pixels that the mask or the model gives a class, the share "
        "that both do. The weakest class comes first."
    )
    return Section("classes", "Class by class", [text, table])


def _files(report):
    heads = ["File", "Mean IoU", "Size", "Latency", "Partitions"]
    rows = [
        Row(
            [
                each.file,
                percent(each.mean_iou, 2),
                size_text(each.bytes),
                f"{each.latency_ms:.3g} ms",
                str(each.partitions),
            ]
        )
        for each in report.files
    ]
    text = (
        f"{plural(report.test_images, 'held-out picture')}; the Keras model "
        f"reaches {percent(report.mean_iou, 2)}. Latency of one picture on one "
        "thread of this computer."
    )
    table = Table("Files for a phone", heads, rows, css="wide", what="files")
    return Section("files", "Files for a phone", [text, table])
