"""The page that the training of a detector ends with."""

import math

import numpy as np

from keras_papers.pipelines.answered import page
from keras_papers.pipelines.detection.options import THRESHOLD
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.probability_plots import (
    precision_recall_plot,
)
from keras_papers.pipelines.report.sections import (
    Cell,
    Drawings,
    Figure,
    Section,
)
from keras_papers.visualization.boxes import framed

CURVES = 12  # classes whose precision is drawn


def render(task, report, shown):
    """Renders the page of a training, as `render_page` does.

    Args:
        task: The `Task`.
        report: The `DetectionReport`.
        shown: What is `Shown` beside the figures.
    """
    sections = [
        *page.pictures(
            shown,
            _comparing(shown),
            "Each with the boxes of the file and with those that the model "
            f"found, of a score of {THRESHOLD:g} or more.",
            "The held-out pictures with the most objects that are missed and "
            "boxes that are wrong. Look here for missing boxes, too.",
            -shown.measured.wrong,
        ),
        _classes(report),
        _precision(report, shown.measured.metric),
        page.training(shown),
        page.files(
            report,
            [("AP50", "ap50"), ("On a phone", "phone_ap50")],
            "Android's task library drops a box that overlaps a better one of "
            "any class by 0.3, which the column “On a phone” counts. ",
        ),
    ]
    figures = [
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
    ]
    finds = f"Finds objects of {len(report.classes):,} classes"
    over = "Detection report"
    return page.render_page(task, report, shown, over, finds, figures, sections)


def _comparing(shown):
    """Returns a function that draws boxes, and those found, on a picture."""
    names = shown.answers.images.names

    def compare(index, image):
        truth = shown.answers.images.test.answers[index]
        found = shown.measured.found[index]
        sides = np.array(truth.size[::-1] * 2)
        scale = np.array(shown.predictor.size[::-1] * 2) / sides
        is_shown = found.scores >= THRESHOLD
        wrong = int(shown.measured.wrong[index])
        right = f"{wrong:,} wrong or missed" if wrong else "all right"
        for what, boxes, classes, note in (
            ("Boxes", truth.boxes, truth.classes, ""),
            ("Found", found.boxes[is_shown], found.classes[is_shown], right),
        ):
            counts = np.bincount(classes, minlength=len(names))
            there = [f"{names[i]} {counts[i]}" for i in np.flatnonzero(counts)]
            drawn = framed(image, boxes * scale, classes)
            yield what, drawn, note, ", ".join(there) or "none"

    return compare


def _classes(report):
    rows = []
    for each, (name, score) in zip(
        report.classes, report.class_pairs(), strict=True
    ):
        objects, ap = f"{each.objects:,}", percent(each.ap)
        cell = Cell(percent(each.ap50), score)
        rows.append((score, [name, objects, ap, cell]))
    return page.classes(
        "Average precision and number of held-out objects of each class",
        ["Class", "Objects", "AP", "AP50"],
        rows,
        "AP50: the mean precision over all recalls, where a box is right that "
        "overlaps an object of its class by half.",
    )


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
