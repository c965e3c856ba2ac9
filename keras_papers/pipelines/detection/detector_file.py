"""A trained detector as a file, .keras or .tflite, and the boxes it finds."""

from typing import NamedTuple

import numpy as np

from keras_papers import export
from keras_papers.export import metadata
from keras_papers.export.interpreter import open_file
from keras_papers.export.metadata.object_detection import SCORE
from keras_papers.pipelines.models.classifier_file import (
    check_file,
    known_normalization,
    labels_beside,
    load_keras,
)

# Which boxes are kept of a .tflite file with all of them, as of an SSDLite: a
# task library keeps fewer.
KEPT = export.Suppression(300, 0.55, 0.001)


def kept_of(model):
    """Returns the `export.Suppression` that a `Detector` predicts with."""
    settings = model.postprocessing
    return export.Suppression(
        settings.max_detections,
        settings.iou_threshold,
        settings.score_threshold,
        settings.per_class,
    )


class BoxFinder(NamedTuple):
    """A network that finds objects."""

    size: tuple  # (height, width) of its images
    labels: tuple  # of the classes
    find: object  # function: pixels (batch, *size, 3) to a dict of arrays


def open_detector(path, suppression=KEPT):
    """Opens a detector's file.

    Labels and normalization are read from inside a .tflite file; the labels
    of a .keras file from `labels.txt` beside it.

    Args:
        path: The file.
        suppression: `export.Suppression` of a .tflite file that does not
            choose boxes by itself; None for that of the task library, which
            does not cut boxes at the sides of the picture before.

    Returns:
        A `BoxFinder`, whose `find` returns what `Detector.predict` does.

    Raises:
        ValueError: If the file is none, cut off, or holds no detector.
    """
    path = check_file(path, ".tflite", ".keras")
    if path.suffix == ".keras":
        return of_model(load_keras(path), labels_beside(path), path)
    file = open_file(path)
    (taken,) = file.inputs.values()
    found = metadata.read(path)
    if found is None or len(file.outputs) not in (2, 4):
        raise _no_detector(path)
    is_float = taken["dtype"] == np.float32
    if len(file.outputs) == 4:  # which chooses by itself
        suppression = None

    def find(images):
        if is_float:
            images = (images - found.mean) / found.std
        return export.detect(
            path, images, suppression, clip=suppression is not None
        )

    size = tuple(taken["shape"].tolist()[1:3])
    labels = found.labels or labels_beside(path)
    return BoxFinder(size, _fitting(labels, file, path), find)


def _fitting(labels, file, path):
    """Returns the labels of a .tflite file, or numbered ones without any."""
    if len(file.outputs) == 2:
        shapes = {name: x["shape"] for name, x in file.outputs.items()}
        classes = int(shapes[SCORE][-1])
        if len(labels) != classes:
            labels = [f"class {index}" for index in range(classes)]
    elif not labels:
        raise ValueError(
            "`model` must have the names of its classes, whose number a file "
            f"that chooses boxes does not show. Received: {str(path)!r}, "
            "without labels inside or labels.txt beside it. Export it with "
            "labels."
        )
    return tuple(labels)


def of_model(model, labels, path="model"):
    """Returns the `BoxFinder` of a `Detector`.

    Args:
        model: The model.
        labels: Names of its classes.
        path: Of its file, for errors.
    """
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
