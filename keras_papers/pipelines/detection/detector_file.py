"""A trained detector as a file, .keras or .tflite, and the boxes it finds."""

from typing import NamedTuple

import numpy as np

from keras_papers.export.detections import OpenDetector
from keras_papers.export.metadata.object_detection import SCORE
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


class BoxFinder(NamedTuple):
    """A network that finds objects."""

    size: tuple  # (height, width) of its images
    labels: tuple  # of the classes
    find: object  # function: pixels (batch, *size, 3) to a dict of arrays
    # Of a .tflite file, function: pixels and suppressions, as `export.detect`
    # takes them, to a dict for each.
    find_by: object = None


def open_detector(path):
    """Opens a detector's file.

    Labels and normalization are read from inside a .tflite file; the labels
    of a .keras file from `labels.txt` beside it.

    Args:
        path: The file.

    Returns:
        A `BoxFinder`, whose `find` returns what `Detector.predict` does.

    Raises:
        ValueError: If the file is none, cut off, or holds no detector.
    """
    path = check_file(path, ".tflite", ".keras")
    if path.suffix == ".keras":
        return of_model(load_keras(path), labels_beside(path), path)
    check_kind(path, kind_of_file(path), "detector")
    opened = OpenDetector.of(path)
    if opened.known is None:
        raise _no_detector(path)
    (taken,) = opened.file.inputs.values()
    is_float = taken["dtype"] == np.float32
    mean, std = opened.known.mean, opened.known.std

    def find_by(images, suppressions):
        if is_float:
            images = (images - mean) / std
        return opened.detect(images, suppressions)

    def find(images):
        return find_by(images, [None])[0]

    return BoxFinder(opened.size, _labels_of(opened), find, find_by)


def _labels_of(opened):
    """Returns the labels of a .tflite file, or numbered ones without any."""
    labels = opened.known.labels or labels_beside(opened.path)
    if not opened.chooses:
        classes = int(opened.file.outputs[SCORE]["shape"][-1])
        if len(labels) != classes:
            labels = [f"class {index}" for index in range(classes)]
    elif not labels:
        raise ValueError(
            "`model` must have the names of its classes, whose number a file "
            "that chooses boxes does not show. Received: "
            f"{str(opened.path)!r}, without labels inside or labels.txt beside "
            "it. Export it with labels."
        )
    return tuple(labels)


def of_model(model, labels, path="model"):
    """Returns the `BoxFinder` of a `Detector`.

    Args:
        model: The model.
        labels: Names of its classes.
        path: Of its file, for errors.
    """
    check_kind(path, kind_of_model(model), "detector")
    if not hasattr(model, "detection_model"):
        raise _no_detector(path)
    mean, std = known_normalization(path, model)

    def find(images):
        return model.predict((images - mean) / std, verbose=0)

    if len(labels) != model.classes:
        labels = [f"class {index}" for index in range(model.classes)]
    return BoxFinder(tuple(model.input_size), tuple(labels), find)


def _no_detector(path):
    return ValueError(
        "`model` must be a detector that detect train or detect export has "
        f"written. Received: model={str(path)!r}, which is another model. "
        "Check the path."
    )
