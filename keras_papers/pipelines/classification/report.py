"""The figures that a training ends with, as a table and as JSON."""

import pathlib
from typing import NamedTuple

from keras_papers.export.file_size import size_text
from keras_papers.files.figures_json import write_json
from keras_papers.pipelines.classification.paper_recipe import PaperRecipe
from keras_papers.pipelines.classification.starting_weights import (
    StartingWeights,
)
from keras_papers.pipelines.report.finding import lines
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.page_text import divided
from keras_papers.pipelines.variants.plan import table


class Taught(NamedTuple):
    """By whom a classifier was taught."""

    file: str
    image_size: list  # height and width, each None for any
    parameters: int
    temperature: float
    label_weight: float
    accuracy: float | None = None  # on the held-out images at this size

    def __str__(self):
        size = "images of any size"
        if None not in self.image_size:
            size = " x ".join(map(str, self.image_size))
        return (
            f"{self.file}, {size}, {self.parameters:,} parameters; temperature "
            f"{self.temperature:g}, labels with the weight "
            f"{self.label_weight:g}"
        )


class Report(NamedTuple):
    """What a trained classifier reached and what it costs."""

    model: str
    classes: int
    image_size: int
    epochs: int  # that were trained
    best_epoch: int  # from 1, whose weights the model has
    epoch_rule: str  # by which it is that epoch
    augmentation: str  # one of `settings.AUGMENTATIONS`
    training_accuracy: float  # in that epoch, on varied images
    train_images: int
    validation_images: int  # watched in training, to choose the model by
    test_images: int  # held out from both
    skipped_files: int  # that could not be read as pictures
    accuracy: float  # of the Keras model on the held-out images
    tflite_accuracy: float  # of the .tflite file on the same, by LiteRT
    guessed_accuracy: float  # of always saying the commonest class of them
    training_seconds: float
    parameters: int  # trainable
    multiply_adds: int  # for one image
    bytes: int  # of the .tflite file
    latency_ms: float  # of one image, one thread, median
    output: str  # the folder with the files
    teacher: Taught | None  # whose answers were learned
    variants: list  # a `Variant` for each .tflite file, if there are several
    verdict: list  # a `Finding` for each thing that stands out
    run: dict | None = None  # what `run_record` returned
    recipe: PaperRecipe | None = None  # that was followed
    weights: StartingWeights | None = None  # that the training started from

    def save(self, path):
        """Writes the figures as JSON."""
        write_json(path, self)

    def __str__(self):
        output = pathlib.Path(self.output)
        files = [each.files() for each in self.variants]
        files = files or [("model.keras", "model.tflite")]
        files = [
            ", ".join(str(output / name) for name in names)
            for names in (*files, ("labels.txt", "report.json"))
        ]
        parts = divided(
            self.train_images, self.validation_images, self.test_images
        )
        rows = (
            ("model", f"{self.model}, {self.image_size} x {self.image_size}"),
            (
                "images",
                f"{parts}, {self.classes} classes"
                + f", {self.skipped_files:,} unreadable files skipped"
                * bool(self.skipped_files),
            ),
            ("accuracy, training", f"{self.training_accuracy:.2%}"),
            ("accuracy, Keras", f"{self.accuracy:.2%}"),
            ("accuracy, .tflite", f"{self.tflite_accuracy:.2%}"),
            ("accuracy, guessed", f"{self.guessed_accuracy:.2%}"),
            *(
                [("accuracy, teacher", f"{self.teacher.accuracy:.2%}")]
                if self.teacher
                else []
            ),
            *([("weights", str(self.weights))] if self.weights else []),
            *([("teacher", str(self.teacher))] if self.teacher else []),
            *(self.recipe.rows() if self.recipe else []),
            (
                "training",
                f"{self.training_seconds:.0f} s, {self.epochs} "
                f"epoch{'s' * (self.epochs > 1)}",
            ),
            (
                "epoch of the model",
                f"{self.best_epoch} of {self.epochs}, {self.epoch_rule}",
            ),
            ("parameters", f"{self.parameters:,}"),
            ("multiply-adds", f"{self.multiply_adds:,}"),
            (".tflite size", size_text(self.bytes)),
            ("latency", f"{self.latency_ms:.2f} ms, one thread"),
            ("files", files[0]),
            *(("", names) for names in files[1:]),
        )
        page = output / "report.html"
        if page.exists():
            rows += (("look at", str(page)),)
        text = labelled(rows)
        if self.variants:
            text += f"\n\n{table(self.variants)}\n"
        return "\n".join([text, *lines(self.verdict)])
