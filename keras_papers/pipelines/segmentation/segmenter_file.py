"""A trained segmenter as a file, .keras or .tflite, and what it answers."""

from typing import NamedTuple

import numpy as np

from keras_papers.export import metadata
from keras_papers.export.interpreter import open_interpreter, predict
from keras_papers.pipelines.models.classifier_file import (
    check_file,
    known_normalization,
    labels_beside,
    load_keras,
)
from keras_papers.pipelines.models.kind import (
    check_kind,
    kind_of_file,
    kind_of_model,
)


class Segmenter(NamedTuple):
    """A network that gives each pixel a score for each class."""

    size: tuple  # (height, width) of its images
    labels: tuple  # of the classes
    logits: (
        object  # function: pixels (batch, *size, 3) to (batch, h, w, classes)
    )


def open_segmenter(path):
    """Opens a segmenter's file.

    Labels and normalization are read from inside a .tflite file; the labels
    of a .keras file from `labels.txt` beside it, and its normalization from
    its graph.

    Args:
        path: The file.

    Returns:
        A `Segmenter`.

    Raises:
        ValueError: If the file is none, cut off, or holds no segmenter of
            images; if its graph does not show its normalization.
    """
    path = check_file(path, ".tflite", ".keras")
    if path.suffix == ".keras":
        return of_model(load_keras(path), labels_beside(path), path)
    check_kind(path, kind_of_file(path), "segmenter")
    _, taken, given = open_interpreter(path)
    found = metadata.read(path) or metadata.Description(path.stem)
    is_float = taken["dtype"] == np.float32

    def logits(images):
        if is_float:
            images = (images - found.mean) / found.std
        return predict(path, images)

    shapes = taken["shape"].tolist(), given["shape"].tolist()
    return _checked(path, *shapes, found.labels or labels_beside(path), logits)


def of_model(model, labels, path="model"):
    """Returns the `Segmenter` of a Keras model.

    Args:
        model: The model.
        labels: Names of its classes.
        path: Of its file, for errors.
    """
    check_kind(path, kind_of_model(model), "segmenter")
    mean, std = known_normalization(path, model)

    def logits(images):
        return model.predict((images - mean) / std, verbose=0)

    return _checked(path, model.input_shape, model.output_shape, labels, logits)


def _checked(path, images, scores, labels, logits):
    fixed = isinstance(images, tuple | list) and None not in images[1:]
    one = isinstance(scores, tuple | list) and len(scores) == 4
    if not fixed or not one or len(images) != 4 or images[3] != 3:
        raise ValueError(
            "`model` must be a segmenter of RGB images of one size: images "
            "(batch, height, width, 3) to scores (batch, height, width, "
            f"classes). Received: model={str(path)!r}, which takes {images} "
            f"and answers {scores}. Take the model.keras of segment train."
        )
    if len(labels) != scores[3]:
        labels = [f"class {index}" for index in range(scores[3])]
    return Segmenter(tuple(images[1:3]), tuple(labels), logits)
