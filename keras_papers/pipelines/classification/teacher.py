"""A trained classifier whose answers another one learns."""

import functools
import pathlib
import warnings
from typing import NamedTuple

import keras

from keras_papers.distillation import Distiller
from keras_papers.distillation.answers import resized
from keras_papers.export.binary import has_one_score, two_scores
from keras_papers.pipelines.classification.report import Taught
from keras_papers.pipelines.models.classifier_file import (
    check_file,
    known_normalization,
    labels_beside,
    load_keras,
)


class Teacher(NamedTuple):
    """An opened classifier."""

    path: pathlib.Path
    model: keras.Model
    normalization: tuple  # mean and standard deviation of its pixels

    def trains(self, options):
        """Returns the function from a network to what trains it.

        Args:
            options: The `TrainOptions`.
        """
        return functools.partial(
            Distiller,
            teacher=self.model,
            temperature=options.temperature,
            label_weight=options.label_weight,
            for_teacher=self._normalized,
        )

    def taught(self, options):
        """Returns the `Taught` of a training that was not measured yet.

        Args:
            options: The `TrainOptions`.
        """
        return Taught(
            str(self.path),
            list(self.model.input_shape[1:3]),
            self.model.count_params(),
            options.temperature,
            options.label_weight,
        )

    def measured(self, material, options):
        """Returns the `Taught` of a training with this `Material`.

        Args:
            material: The `Material`.
            options: The `TrainOptions`.
        """
        shape = self.model.input_shape

        def seen(pixels, _):
            return resized(self._normalized(pixels), shape)

        scores = self.model.predict(material.test().map(seen), verbose=0)
        accuracy = material.accuracy(scores)
        return self.taught(options)._replace(accuracy=accuracy)

    def _normalized(self, pixels):
        mean, std = self.normalization
        return (pixels - mean) / std


def open_teacher(path, classes):
    """Opens a trained classifier as a teacher.

    Args:
        path: Of a .keras file.
        classes: Tuple of the names of the classes.

    Returns:
        A `Teacher`.

    Raises:
        ValueError: If the file is no classifier of the classes, or its graph
            does not show how it takes pixels.

    Warns:
        UserWarning: If there are no labels beside the file.
    """
    path = check_file(path, ".keras", argument="teacher")
    model = load_keras(path, argument="teacher")
    if has_one_score(model):
        model = two_scores(model)
    _check_classes(path, model, classes)
    return Teacher(path, model, known_normalization(path, model))


def _check_classes(path, teacher, classes):
    """Raises ValueError unless the teacher answers for the same classes."""
    number = teacher.output_shape[-1]
    labels = tuple(labels_beside(path))
    if number != len(classes) or (labels and labels != tuple(classes)):
        known = f"the classes {list(labels)}" if labels else f"{number} classes"
        raise ValueError(
            "`teacher` is a classifier of the classes of `data`: "
            f"{list(classes)}. Received: teacher={str(path)!r} of {known}. "
            "Train it on the same folders."
        )
    if not labels:
        warnings.warn(
            f"there is no labels.txt beside {path}; its outputs are taken for "
            f"the classes {list(classes)}, in this order",
            UserWarning,
            stacklevel=4,
        )
