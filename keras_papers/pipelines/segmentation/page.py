"""The page that the training of a segmenter ends with."""

import numpy as np

from keras_papers.metrics import label_map
from keras_papers.pipelines.answered import page
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.sections import Cell, Figure
from keras_papers.pipelines.segmentation.measures import truth_of
from keras_papers.visualization.masks import painted


def render(task, report, shown):
    """Renders the page of a training, as `render_page` does.

    Args:
        task: The `Task`.
        report: The `SegmentationReport`.
        shown: What is `Shown` beside the figures.
    """
    sections = [
        *page.pictures(
            shown,
            _comparing(shown),
            "Each beside its mask and what the model found. The background "
            "and pixels of no class are not painted.",
            "The held-out pictures of the lowest IoU, the lowest first. Look "
            "here for wrong masks, too.",
            shown.measured.by_picture,
        ),
        _classes(report),
        page.training(shown),
        page.files(report, [("Mean IoU", "mean_iou")]),
    ]
    figures = [
        Figure(
            "Mean IoU",
            percent(report.mean_iou),
            "intersection over union, mean of the classes; "
            f"{percent(report.guessed_iou)} by always answering the commonest",
        ),
        Figure(
            "Pixels right", percent(report.pixel_accuracy), "on the same masks"
        ),
    ]
    finds = f"Finds which of {len(report.classes):,} classes each pixel shows"
    over = "Segmentation report"
    return page.render_page(task, report, shown, over, finds, figures, sections)


def _comparing(shown):
    """Returns a function that paints a mask and what was found on a picture."""
    names = shown.answers.images.names

    def compare(index, image):
        part, size = shown.answers.images.test, image.shape[:2]
        truth = truth_of(part, index, shown.answers.reader)
        rows, columns = (
            ((np.arange(side) + 0.5) * there / side).astype(int)
            for side, there in zip(size, truth.shape, strict=True)
        )
        logits = shown.predictor.logits(image[None].astype("float32"))
        score = percent(shown.measured.by_picture[index])
        for what, mask, note in (
            ("Mask", truth[rows[:, None], columns], ""),
            ("Found", label_map(logits, size)[0], f"IoU {score}"),
        ):
            there = [names[i] for i in np.unique(mask) if i < 255]
            yield what, painted(image, mask), note, ", ".join(there)

    return compare


def _classes(report):
    return page.classes(
        "Intersection over union of each class",
        ["Class", "IoU"],
        [
            (iou, [name, "–" if iou is None else Cell(percent(iou), iou)])
            for name, iou in report.class_pairs()
        ],
        "Of the pixels that the mask or the model gives a class, the share "
        "that both do.",
    )
