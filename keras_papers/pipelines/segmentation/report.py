"""The figures that the training of a segmenter ends with."""

import pathlib
from typing import NamedTuple

from keras_papers.export.file_size import size_text
from keras_papers.files.figures_json import write_json
from keras_papers.pipelines.report.console_table import text_table
from keras_papers.pipelines.report.finding import lines
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.page_text import divided, in_time, plural


class SegmenterFile(NamedTuple):
    """A .tflite file, measured on the held-out pictures."""

    file: str
    mean_iou: float
    bytes: int
    latency_ms: float  # of one image, one thread, median
    partitions: int


class SegmentationReport(NamedTuple):
    """What a trained segmenter reached and what it costs."""

    model: str
    classes: list  # names
    image_size: int
    masks: str  # what stands for the classes
    epochs: int
    best_epoch: int  # from 1, whose weights it has
    epoch_rule: str  # by which it is that epoch
    augmentation: str
    train_images: int
    validation_images: int  # watched in training, to choose the weights by
    test_images: int  # held out from both
    skipped_files: int  # that could not be read as pictures
    mean_iou: float  # of the Keras model on the held-out images
    pixel_accuracy: float
    guessed_iou: float  # mean IoU of always answering the commonest class
    ious: list  # of each class; None where it does not occur
    files: list  # a `SegmenterFile` for each .tflite file
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
                f"{parts}, {len(self.classes)} classes by {self.masks}"
                + skipped * bool(self.skipped_files),
            ),
            ("mean IoU", f"{self.mean_iou:.2%}"),
            ("mean IoU, guessed", f"{self.guessed_iou:.2%}"),
            ("pixels right", f"{self.pixel_accuracy:.2%}"),
            (
                "training",
                f"{in_time(self.training_seconds)}, "
                f"{plural(self.epochs, 'epoch')}",
            ),
            (
                "epoch of the model",
                f"{self.best_epoch} of {self.epochs}, {self.epoch_rule}",
            ),
            ("parameters", f"{self.parameters:,}"),
            ("multiply-adds", f"{self.multiply_adds:,}"),
        ]
        page = output / "report.html"
        if page.exists():
            rows.append(("look at", str(page)))
        tables = [classes_table(self.classes, self.ious), files_table(self)]
        text = "\n\n".join([labelled(rows), *tables, ""])
        return "\n".join([text.rstrip("\n") + "\n", *lines(self.verdict)])


def classes_table(names, ious):
    """Returns the classes with their IoU as lines of text."""
    rows = [
        (name, "does not occur" if iou is None else f"{iou:.2%}")
        for name, iou in zip(names, ious, strict=True)
    ]
    return text_table(rows, ("class", "IoU"))


def files_table(report):
    """Returns the files with what they reach and cost as lines of text."""
    rows = [("model.keras", f"{report.mean_iou:.2%}", "", "")]
    rows += [
        (
            each.file,
            f"{each.mean_iou:.2%}",
            size_text(each.bytes),
            f"{each.latency_ms:.2f} ms",
        )
        for each in report.files
    ]
    return text_table(rows, ("file", "mean IoU", "size", "latency"))
