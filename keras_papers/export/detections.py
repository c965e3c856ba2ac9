"""Boxes from a detector's file, in NumPy alone: decoded and suppressed."""

from typing import NamedTuple

import numpy as np

from keras_papers.export import metadata
from keras_papers.export.interpreter import OpenFile, open_file, run
from keras_papers.export.metadata.object_detection import (
    CATEGORY,
    COUNT,
    LOCATION,
    SCORE,
)
from keras_papers.suppression_rule import Suppression

# What the task library does with two outputs, and no app can change.
MEDIAPIPE = Suppression(0.0, 0.3, None, 100, per_class=False)
BLOCK = 256  # boxes that are compared with one another at once


def detect(path, images, suppression=None):
    """Runs a detector's file on images and returns boxes.

    Args:
        path: A .tflite file of a detector, as `to_tflite` writes it.
        images: `(batch, height, width, channels)`, as `predict` takes them.
        suppression: `"model"`, the rule that is in the file, by which the
            `Detector` predicts; `"mediapipe"`, that of Android's task
            library, which drops boxes at an overlap of 0.3 whatever their
            classes; or a `Suppression`. The task library cuts no box at the
            edges of the image before it compares them; the others do, as a
            `Detector` does. Of a file of four outputs, which has chosen its
            boxes already, the first two return these. Defaults to None:
            `"model"` where a rule is in the file, as in each one that
            `to_tflite` writes, else `"mediapipe"`.

    Returns:
        A dict, as a `Detector` of this package predicts it: `boxes`, `(batch,
        D, 4)`, (x_min, y_min, x_max, y_max) in pixels of the file's input;
        `scores`, `(batch, D)`; `classes`,
        `(batch, D)`, -1 where there is no box; and `counts`, `(batch,)`, the
        number of boxes. D is `max_detections`. By the rule of the task
        library, and of four outputs, boxes may reach out of the image.

    Raises:
        ValueError: If the file is none of a detector, if it has not what
            `suppression` asks for, or as `predict` raises it.
    """
    return OpenDetector.of(path).detect(images, [suppression])[0]


class OpenDetector(NamedTuple):
    """A detector's file that is opened once, for many images."""

    path: object
    file: OpenFile
    known: metadata.Description | None

    @classmethod
    def of(cls, path):
        """Opens a file; raises ValueError if it is none of a detector."""
        opened = cls(path, open_file(path), metadata.read(path))
        decodes = opened.known is not None and opened.known.decoding is not None
        if not opened.chooses and not (
            set(opened.file.outputs) == {LOCATION, SCORE} and decodes
        ):
            raise ValueError(
                "A detector must be a .tflite file of the outputs "
                f"{LOCATION!r} and {SCORE!r}, with anchors in its metadata. "
                f"Received: {str(path)!r}. Run others by "
                "keras_papers.export.predict; `keras-papers info` prints what "
                "a file is."
            )
        return opened

    @property
    def chooses(self):
        """Whether the file has chosen its boxes."""
        return set(self.file.outputs) == {LOCATION, CATEGORY, SCORE, COUNT}

    @property
    def size(self):
        """Height and width of its images."""
        (details,) = self.file.inputs.values()
        return tuple(details["shape"].tolist()[1:3])

    def detect(self, images, suppressions):
        """Runs the file once, and returns boxes for each suppression.

        Args:
            images: As `detect` takes them.
            suppressions: List of what `detect` takes as `suppression`.

        Returns:
            A list of dicts, as `detect` returns them.
        """
        rules = list(map(self._rule, suppressions))
        outputs = run(self.path, self.file, images, self.file.outputs)
        if self.chooses:
            names = (LOCATION, SCORE, CATEGORY, COUNT)
            rows = zip(*(outputs[name] for name in names), strict=True)
            chosen = [_chosen(*row) for row in rows]
            most = outputs[LOCATION].shape[1]
            return [_padded(chosen, most, self.size) for _ in rules]
        decoding = self.known.decoding
        scores = outputs[SCORE]
        if decoding.sigmoid:
            scores = shares(scores)
        anchors = np.array(decoding.anchors, "float32")
        boxes = decode(outputs[LOCATION], anchors, decoding.scales)
        found = []
        for rule in rules:
            # The task library compares boxes as they are, and moves only
            # the corner that it returns into the image.
            compared = boxes if rule is MEDIAPIPE else np.clip(boxes, 0, 1)
            chosen = [
                suppress(*image, rule)
                for image in zip(compared, scores, strict=True)
            ]
            found.append(_padded(chosen, rule.max_detections, self.size))
        return found

    def _rule(self, suppression):
        """Returns the `Suppression` of a name; None where boxes are chosen."""
        own = self.known and self.known.suppression
        if self.chooses:
            if suppression in (None, "model", "mediapipe"):
                return None
            raise ValueError(
                "`suppression` is for files of two outputs, and "
                f"{self.path} has chosen its boxes itself. Received: "
                f"suppression={suppression!r}. Leave it out."
            )
        if suppression == "mediapipe" or (suppression is None and not own):
            return MEDIAPIPE
        if suppression not in (None, "model"):
            return _checked(suppression)
        if own is None:
            raise ValueError(
                "`suppression='model'` is the rule in the file, and "
                f"{self.path} has none. Received: suppression='model'. Pass "
                "'mediapipe' or an export.Suppression(...)."
            )
        return own


def _checked(suppression):
    if isinstance(suppression, str):
        raise ValueError(
            "`suppression` is 'model', 'mediapipe' or a Suppression. Received: "
            f"suppression={suppression!r}. Choose one of these."
        )
    return Suppression.checked(suppression)


def shares(logits):
    """Returns the sigmoid, without an overflow of large negative numbers."""
    return np.exp(-np.logaddexp(0, -logits))


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
    if suppression.per_class:
        classes, rows = _candidates(scores.T, suppression)
        groups = classes
    else:
        groups, rows = _candidates(scores.max(axis=1)[None], suppression)
        classes = scores[rows].argmax(axis=1)
    kept = _kept(boxes[rows], groups, suppression)
    rows, classes = rows[kept], classes[kept]
    return boxes[rows], scores[rows, classes], classes


def _candidates(scores, suppression):
    """Returns the boxes that take part, the best of all first.

    Of equal scores those of the first classes and anchors are first.

    Args:
        scores: `(classes, anchors)`.
        suppression: A `Suppression`.

    Returns:
        Arrays of as many classes and anchors.
    """
    most, number = suppression.candidates, scores.shape[1]
    shown = scores >= suppression.score_threshold
    scores = np.where(shown, scores, -1)  # NaN, which is sorted as the largest
    if most is not None and most < number:
        least = np.partition(scores, number - most, axis=1)
        least = least[:, number - most, None]
        better, tied = scores > least, scores == least
        places = most - better.sum(axis=1, keepdims=True)
        shown &= better | (tied & (tied.cumsum(axis=1) <= places))
    classes, rows = np.nonzero(shown)
    order = np.argsort(-scores[classes, rows], kind="stable")
    return classes[order], rows[order]


def _kept(boxes, groups, suppression):
    """Returns the places of the boxes that no better one removes.

    Args:
        boxes: `(boxes, 4)`, the best first.
        groups: `(boxes,)`. Boxes remove those of their group only.
        suppression: A `Suppression`.
    """
    most = suppression.max_detections

    def removes(better, others):
        overlaps = _overlaps(boxes[better, None], boxes[others])
        same = groups[better, None] == groups[others]
        return same & (overlaps > suppression.iou_threshold)

    kept = np.zeros(0, int)
    # Most often the best boxes are enough, and the others are not compared.
    for start in range(0, len(boxes), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(boxes)))
        block = block[~removes(kept, block).any(axis=0)]
        removed = np.zeros(len(block), bool)
        for place, row in enumerate(np.triu(removes(block, block), 1)):
            if not removed[place]:
                removed |= row
        kept = np.concatenate([kept, block[~removed]])
        if len(kept) >= most:
            break
    return kept[:most]


def _overlaps(boxes, others):
    """Returns intersection over union, of shapes that are broadcast."""
    lower = np.maximum(boxes[..., :2], others[..., :2])
    upper = np.minimum(boxes[..., 2:], others[..., 2:])
    shared = np.prod(np.maximum(upper - lower, 0), axis=-1)
    union = _areas(boxes) + _areas(others) - shared
    return np.divide(shared, union, np.zeros_like(shared), where=union > 0)


def _areas(boxes):
    return np.prod(boxes[..., 2:] - boxes[..., :2], axis=-1)


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
