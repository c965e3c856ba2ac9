"""The figures that the training of a detector ends with."""

import math
from typing import NamedTuple

from keras_papers.export import TFLiteFile
from keras_papers.files.figures_json import write_json
from keras_papers.pipelines.answered.files import exported_text
from keras_papers.pipelines.answered.report import files_table, report_text
from keras_papers.pipelines.report.console_table import text_table

# Of the table of files.
COLUMNS = [("AP50", "ap50"), ("AP50 on a phone", "phone_ap50")]


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

    def class_pairs(self):
        """Lists the name and the AP50 of each class, None without objects."""
        return [
            (each.name, None if math.isnan(each.ap50) else each.ap50)
            for each in self.classes
        ]

    def __str__(self):
        scores = [
            (
                "AP",
                f"{self.ap:.2%}, AP50 {self.ap50:.2%}, AP75 {self.ap75:.2%}",
            ),
            ("AP50, mean boxes", f"{self.guessed_ap50:.2%}"),
        ]
        tables = [classes_table(self.classes), files_table(self, COLUMNS)]
        return report_text(self, self.boxes, scores, tables)


class ExportedDetector(NamedTuple):
    """A .tflite file of a detector; prints as a line or two."""

    output: str  # path of the file
    file: TFLiteFile
    images: int | None  # held out, on which int8 is measured
    ap50: float | None  # of the Keras model on these
    tflite_ap50: float | None

    def __str__(self):
        return exported_text(self, "AP50")


def class_scores(metric, part, names):
    """Returns the `ClassScores` of each class.

    Args:
        metric: `AveragePrecision` of the part.
        part: The `AnsweredPart` that is measured on.
        names: Of the classes.
    """
    scores = metric.per_class()
    counts = [
        sum(
            int(((answer.classes == i) & ~answer.crowds).sum())
            for answer in part.answers
        )
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
