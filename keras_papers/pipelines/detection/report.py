"""The figures that the training of a detector ends with."""

import math
import pathlib
from typing import NamedTuple

from keras_papers.export.file_size import size_text
from keras_papers.files.figures_json import write_json
from keras_papers.pipelines.report.console_table import text_table
from keras_papers.pipelines.report.finding import lines
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.page_text import divided, in_time, plural


class DetectorFile(NamedTuple):
    """A .tflite file, measured on the held-out pictures."""

    file: str
    ap50: float  # with the suppression of the Keras model
    phone_ap50: float  # with that of Android's task library
    bytes: int
    latency_ms: float  # of one image, one thread, median
    partitions: int


class ClassScores(NamedTuple):
    """How well a class is found; NaN where no picture has one."""

    name: str
    objects: int  # in the held-out pictures
    ap: float
    ap50: float


class DetectionReport(NamedTuple):
    """What a trained detector reached and what it costs."""

    model: str
    classes: list  # a `ClassScores` for each
    image_size: int
    boxes: str  # the format that was recognized
    epochs: int
    best_epoch: int  # from 1, whose weights it has
    epoch_rule: str  # by which it is that epoch
    augmentation: str
    train_images: int
    validation_images: int  # watched in training, to choose the weights by
    test_images: int  # held out from both
    skipped_files: int  # that could not be read as pictures
    ap: float  # of the Keras model on the held-out images, as COCO's
    ap50: float
    ap75: float
    guessed_ap50: float  # of the mean box of each class in every picture
    files: list  # a `DetectorFile` for each .tflite file
    parameters: int  # trainable
    multiply_adds: int  # for one image
    training_seconds: float
    output: str  # the folder with the files
    verdict: list  # a `Finding` for each thing that stands out
    run: dict | None = None  # what `run_record` returned

    def save(self, path):
        """Writes the figures as JSON."""
        write_json(path, self)

    def __str__(self):
        output = pathlib.Path(self.output)
        parts = divided(
            self.train_images, self.validation_images, self.test_images
        )
        skipped = f", {self.skipped_files:,} unreadable files skipped"
        rows = [
            ("model", f"{self.model}, {self.image_size} x {self.image_size}"),
            (
                "images",
                f"{parts}, {len(self.classes):,} classes"
                f" by {self.boxes}" + skipped * bool(self.skipped_files),
            ),
            (
                "AP",
                f"{self.ap:.2%}, AP50 {self.ap50:.2%}, AP75 {self.ap75:.2%}",
            ),
            ("AP50, mean boxes", f"{self.guessed_ap50:.2%}"),
            (
                "training",
                f"{in_time(self.training_seconds)}, "
                f"{plural(self.epochs, 'epoch')}",
            ),
            (
                "weights",
                f"epoch {self.best_epoch} of {self.epochs}, {self.epoch_rule}",
            ),
            ("parameters", f"{self.parameters:,}"),
            ("multiply-adds", f"{self.multiply_adds:,}"),
        ]
        page = output / "report.html"
        if page.exists():
            rows.append(("look at", str(page)))
        tables = [classes_table(self.classes), files_table(self)]
        text = "\n\n".join([labelled(rows), *tables])
        return "\n".join([text + "\n", *lines(self.verdict)])


def class_scores(metric, part, names):
    """Returns the `ClassScores` of each class.

    Args:
        metric: `AveragePrecision` of the part.
        part: The `AnsweredPart` that is measured on.
        names: Of the classes.
    """
    scores = metric.per_class()
    counts = [
        sum(int((answer.classes == i).sum()) for answer in part.answers)
        for i in range(len(names))
    ]
    return [
        ClassScores(name, count, *scores[str(name)])
        for name, count in zip(names, counts, strict=True)
    ]


def classes_table(classes):
    """Returns the classes with their average precision as lines of text."""
    rows = [
        (each.name, f"{each.objects:,}", written(each.ap), written(each.ap50))
        for each in classes
    ]
    return text_table(rows, ("class", "objects", "AP", "AP50"))


def written(score):
    """Writes an average precision; a class without objects has none."""
    return "no object" if math.isnan(score) else f"{score:.2%}"


def files_table(report):
    """Returns the files with what they reach and cost as lines of text."""
    rows = [("model.keras", f"{report.ap50:.2%}", "", "", "")]
    rows += [
        (
            each.file,
            f"{each.ap50:.2%}",
            f"{each.phone_ap50:.2%}",
            size_text(each.bytes),
            f"{each.latency_ms:.2f} ms",
        )
        for each in report.files
    ]
    heads = ("file", "AP50", "AP50 on a phone", "size", "latency")
    return text_table(rows, heads)
