"""The figures that the training of a segmenter ends with."""

from typing import NamedTuple

from keras_papers.export import TFLiteFile
from keras_papers.files.figures_json import write_json
from keras_papers.pipelines.answered.files import exported_text
from keras_papers.pipelines.answered.report import files_table, report_text
from keras_papers.pipelines.report.console_table import text_table

COLUMNS = [("mean IoU", "mean_iou")]  # of the table of files


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

    def class_pairs(self):
        """Lists the name and the IoU of each class."""
        return [*zip(self.classes, self.ious, strict=True)]

    def __str__(self):
        scores = [
            ("mean IoU", f"{self.mean_iou:.2%}"),
            ("mean IoU, guessed", f"{self.guessed_iou:.2%}"),
            ("pixels right", f"{self.pixel_accuracy:.2%}"),
        ]
        tables = [
            classes_table(self.class_pairs()),
            files_table(self, COLUMNS),
        ]
        return report_text(self, self.masks, scores, tables)


class ExportedSegmenter(NamedTuple):
    """A .tflite file of a segmenter; prints as a line or two."""

    output: str  # path of the file
    file: TFLiteFile
    images: int | None  # held out, on which int8 is measured
    mean_iou: float | None  # of the Keras model on these
    tflite_mean_iou: float | None

    def __str__(self):
        return exported_text(self, "mean IoU")


def classes_table(pairs):
    """Returns pairs of a class and its IoU as lines of text."""
    rows = [
        (name, "does not occur" if iou is None else f"{iou:.2%}")
        for name, iou in pairs
    ]
    return text_table(rows, ("class", "IoU"))
