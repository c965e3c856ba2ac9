"""Boxes from a detector's file, in NumPy alone: decoded and suppressed.

As Android's task library does it with a file of two outputs, and as the
operation TFLite_Detection_PostProcess does it inside a file of four.
"""

from typing import NamedTuple

import numpy as np

from keras_papers.checks import check_bool, check_number, check_positive_int
from keras_papers.export import metadata
from keras_papers.export.interpreter import open_file, predict
from keras_papers.export.metadata.object_detection import (
    CATEGORY,
    COUNT,
    LOCATION,
    SCORE,
)


class Suppression(NamedTuple):
    """Which of overlapping boxes are kept, and how many.

    Attributes:
        max_detections: Positive int. Boxes of an image. Defaults to 100.
        iou_threshold: Float above 0 and at most 1. A box that overlaps a
            better one by more is dropped. Defaults to 0.5.
        score_threshold: Float in [0, 1]. Boxes of smaller scores are dropped
            first, which saves most of the time. Defaults to 0.01.
        per_class: Bool. Whether boxes are compared with those of their class
            only, and each box has a score for each class; else with all, and
            each has the best of its classes. Defaults to True.
    """

    max_detections: int = 100
    iou_threshold: float = 0.5
    score_threshold: float = 0.01
    per_class: bool = True


# What the task library does with two outputs, and no app can change.
MEDIAPIPE = Suppression(100, 0.3, 0.0, per_class=False)


def check_suppression(suppression):
    """Raises ValueError of a `Suppression` that cannot be computed."""
    if not isinstance(suppression, Suppression):
        raise ValueError(
            "`suppression` is which of overlapping boxes are kept. Received: "
            f"suppression={suppression!r}. Pass export.Suppression(...)."
        )
    check_positive_int(
        "max_detections",
        suppression.max_detections,
        "a number of boxes",
        "Try 100.",
    )
    check_bool("per_class", suppression.per_class, "how boxes are compared")
    for name in ("iou_threshold", "score_threshold"):
        value = getattr(suppression, name)
        check_number(name, value, "a threshold", "Try 0.5.")
        if not 0 <= value <= 1 or (value == 0 and name == "iou_threshold"):
            raise ValueError(
                f"`{name}` is a threshold between 0 and 1. "
                f"Received: {name}={value!r}. Try 0.5."
            )


def detect(path, images, suppression=None, *, clip=False):
    """Runs a detector's file on images and returns boxes.

    Args:
        path: A .tflite file of a detector, as `to_tflite` writes it.
        images: `(batch, height, width, channels)`, as `predict` takes them.
        suppression: A `Suppression`, for a file of two outputs. Defaults to
            what the task library does: at an overlap of 0.3, whatever the
            classes. A file of four outputs has its own.
        clip: Bool. Whether boxes are cut at the edges of the image before
            they are compared, as a `Detector` does. The task library does
            not, and cuts what it returns. Defaults to False.

    Returns:
        A dict, as a `Detector` of this package predicts it: `boxes`, `(batch,
        D, 4)`, (x_min, y_min, x_max, y_max) in pixels of the file's input;
        `scores`, `(batch, D)`; `classes`,
        `(batch, D)`, -1 where there is no box; and `counts`, `(batch,)`, the
        number of boxes. D is `max_detections`.

    Raises:
        ValueError: If the file is none of a detector, if `suppression` is
            given for a file with its own, or as `predict` raises it.
    """
    check_bool("clip", clip, "whether boxes are cut at the image's edges")
    outputs = predict(path, images)
    found = set(outputs) if isinstance(outputs, dict) else set()
    (details,) = open_file(path).inputs.values()
    _, height, width, _ = details["shape"]
    if found == {LOCATION, CATEGORY, SCORE, COUNT}:
        if suppression is not None or clip:
            raise ValueError(
                "`suppression` and `clip` are for files of two outputs, and "
                f"{path} chooses its boxes itself. Received: "
                f"suppression={suppression!r}, clip={clip!r}. Leave them out."
            )
        return _padded(
            [_chosen(*row) for row in _rows(outputs)],
            outputs[LOCATION].shape[1],
            (height, width),
        )
    known = metadata.read(path)
    decoding = known.decoding if known else None
    if found != {LOCATION, SCORE} or decoding is None:
        raise ValueError(
            "`path` must be the .tflite file of a detector, of the outputs "
            f"{LOCATION!r} and {SCORE!r}, with anchors in its metadata. "
            f"Received: {str(path)!r}. Run others by "
            "keras_papers.export.predict."
        )
    suppression = suppression or MEDIAPIPE
    check_suppression(suppression)
    scores = outputs[SCORE]
    if decoding.sigmoid:
        scores = 1 / (1 + np.exp(-scores))
    anchors = np.array(decoding.anchors, "float32")
    boxes = decode(outputs[LOCATION], anchors, decoding.scales)
    if clip:
        boxes = np.clip(boxes, 0, 1)
    return _padded(
        [
            suppress(*image, suppression)
            for image in zip(boxes, scores, strict=True)
        ],
        suppression.max_detections,
        (height, width),
    )


def decode(codes, anchors, scales):
    """Returns the boxes of codes at anchors.

    Args:
        codes: `(..., anchors, 4)`, of (y, x, height, width).
        anchors: `(anchors, 4)`, (x_center, y_center, width, height).
        scales: Four floats that divide (x, y, width, height) of the codes.

    Returns:
        `(..., anchors, 4)`, of (y_min, x_min, y_max, x_max), in the units of
        the anchors.
    """
    x, y, width, height = scales
    codes = codes / np.array([y, x, height, width])
    # As the operation rounds, so that both keep the same boxes.
    centers, sizes = anchors[:, 1::-1], anchors[:, :1:-1]
    centers = (codes[..., :2] * sizes + centers).astype("float32")
    halves = (np.exp(codes[..., 2:]) * sizes / 2).astype("float32")
    return np.concatenate([centers - halves, centers + halves], axis=-1)


def suppress(boxes, scores, suppression):
    """Returns which boxes of one image are kept, the best first.

    Args:
        boxes: `(anchors, 4)`, of (y_min, x_min, y_max, x_max).
        scores: `(anchors, classes)`.
        suppression: A `Suppression`.

    Returns:
        Arrays of as many boxes `(boxes, 4)`, scores and classes.
    """
    most = suppression.max_detections
    if suppression.per_class:
        kept = [
            (row, kind)
            for kind in range(scores.shape[1])
            for row in _kept(boxes, scores[:, kind], suppression)
        ]
    else:
        best = scores.argmax(axis=1)
        kept = [
            (row, best[row])
            for row in _kept(boxes, scores.max(axis=1), suppression)
        ]
    rows, classes = np.array(kept, int).reshape(-1, 2).T
    found = scores[rows, classes]
    order = np.argsort(-found, kind="stable")[:most]
    return boxes[rows[order]], found[order], classes[order]


def _kept(boxes, scores, suppression):
    """Lists the rows of the boxes that no better one overlaps too much."""
    order = np.argsort(-scores, kind="stable")
    order = order[scores[order] >= suppression.score_threshold]
    kept = []
    while len(order) and len(kept) < suppression.max_detections:
        best, order = order[0], order[1:]
        kept.append(best)
        overlaps = _overlaps(boxes[best], boxes[order])
        order = order[overlaps <= suppression.iou_threshold]
    return kept


def _overlaps(box, others):
    """Returns intersection over union of a box with each of others."""
    lower = np.maximum(box[:2], others[:, :2])
    upper = np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.maximum(upper - lower, 0), axis=1)
    whole = np.prod(box[2:] - box[:2])
    union = whole + np.prod(others[:, 2:] - others[:, :2], axis=1) - shared
    return np.divide(shared, union, np.zeros_like(shared), where=union > 0)


def _rows(outputs):
    names = (LOCATION, SCORE, CATEGORY, COUNT)
    return zip(*(outputs[name] for name in names), strict=True)


def _chosen(boxes, scores, classes, count):
    count = int(count)
    return boxes[:count], scores[:count], classes[:count].astype(int)


def _padded(images, most, size):
    """Returns arrays of all images, with boxes in pixels."""
    height, width = size
    found = {
        "boxes": np.zeros((len(images), most, 4), "float32"),
        "scores": np.zeros((len(images), most), "float32"),
        "classes": np.full((len(images), most), -1, "int32"),
        "counts": np.array([len(boxes) for boxes, *_ in images], "int32"),
    }
    for number, (boxes, scores, classes) in enumerate(images):
        count = len(boxes)
        pixels = boxes * [height, width, height, width]
        found["boxes"][number, :count] = pixels[:, [1, 0, 3, 2]]
        found["scores"][number, :count] = scores
        found["classes"][number, :count] = classes
    return found
