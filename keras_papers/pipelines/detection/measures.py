"""How good the boxes are that a detector finds."""

from typing import NamedTuple

import numpy as np

from keras_papers.metrics import AveragePrecision
from keras_papers.pipelines.data.pictures_of import pictures_of
from keras_papers.pipelines.detection.options import THRESHOLD

BATCH = 8


class Found(NamedTuple):
    """The boxes of one picture, in its own pixels, the most certain first."""

    boxes: np.ndarray  # (n, 4)
    scores: np.ndarray
    classes: np.ndarray


class Measured(NamedTuple):
    """How good a detector is on some pictures."""

    metric: AveragePrecision
    found: list  # `Found` of each picture
    wrong: np.ndarray  # boxes and misses of each picture, at `THRESHOLD`

    @property
    def score(self):
        """AP50."""
        return self.metric.result().ap50


def find_boxes(finder, pixels, sizes):
    """Returns the boxes of pictures.

    Args:
        finder: A `BoxFinder`.
        pixels: float32 `(pictures, *finder.size, 3)`.
        sizes: `(height, width)` of each picture, to whose pixels the boxes are
            scaled.

    Returns:
        A list of `Found`.
    """
    return _in_pictures(finder.find(pixels), finder.size, sizes)


def _in_pictures(answers, size, sizes):
    found = []
    for index, (height, width) in enumerate(sizes):
        number = int(answers["counts"][index])
        sides = np.array([width, height] * 2)
        scale = sides / np.array(size[::-1] * 2)
        boxes = answers["boxes"][index, :number] * scale
        found.append(
            Found(
                np.clip(boxes, 0, sides),  # as a `Detector` does, not a file
                answers["scores"][index, :number],
                answers["classes"][index, :number].astype(int),
            )
        )
    return found


def measure(finder, part):
    """Measures a detector on pictures, in the pixels of the originals.

    Args:
        finder: A `BoxFinder`.
        part: An `AnsweredPart` of `Boxes`.

    Returns:
        `Measured`.
    """
    (found,) = _found_in(part, finder, lambda pixels: [finder.find(pixels)])
    return _measured(finder, part, found)


def measure_by(finder, part, suppressions):
    """Measures a detector's .tflite file, which is run once on each picture.

    Args:
        finder: The `BoxFinder` of the file.
        part: An `AnsweredPart` of `Boxes`.
        suppressions: List of what `export.detect` takes as `suppression`.

    Returns:
        A list of `Measured`, one for each suppression.
    """
    each = _found_in(
        part, finder, lambda pixels: finder.find_by(pixels, suppressions)
    )
    return [_measured(finder, part, found) for found in each]


def _found_in(part, finder, find):
    """Lists for each answer of `find` the `Found` of all pictures."""
    batches = []
    for start in range(0, len(part), BATCH):
        few = range(start, min(start + BATCH, len(part)))
        sizes = [part.answers[index].size for index in few]
        batches.append(
            [
                _in_pictures(answers, finder.size, sizes)
                for answers in find(pictures_of(part, few, finder.size))
            ]
        )
    return [sum(each, []) for each in zip(*batches, strict=True)]


def _measured(finder, part, found):
    metric = AveragePrecision(list(finder.labels))
    _update(metric, part.answers, found)
    wrong = [
        errors(truth, each)
        for truth, each in zip(part.answers, found, strict=True)
    ]
    return Measured(metric, found, np.array(wrong))


def _update(metric, answers, found):
    metric.update_state(
        {
            "boxes": [each.boxes for each in answers],
            "classes": [each.classes for each in answers],
            "is_crowd": [each.crowds for each in answers],
        },
        {
            "boxes": [each.boxes for each in found],
            "scores": [each.scores for each in found],
            "classes": [each.classes for each in found],
        },
    )


def guessed(train, test, names):
    """Returns AP50 of the mean box of each class, found in every picture.

    Args:
        train: `AnsweredPart` of the pictures to train on.
        test: `AnsweredPart` to measure on.
        names: Of the classes.
    """
    shares, counts = np.zeros((len(names), 4)), np.zeros(len(names))
    for answer in train.answers:
        height, width = answer.size
        relative = answer.boxes / np.array([width, height, width, height])
        is_one = ~answer.crowds
        np.add.at(shares, answer.classes[is_one], relative[is_one])
        np.add.at(counts, answer.classes[is_one], 1)
    there = np.flatnonzero(counts)
    means = shares[there] / counts[there, None]
    scores = counts[there] / counts.sum()
    found = []
    for answer in test.answers:
        height, width = answer.size
        boxes = means * np.array([width, height, width, height])
        found.append(Found(boxes, scores, there))
    metric = AveragePrecision(list(names))
    _update(metric, test.answers, found)
    return metric.result().ap50


def errors(truth, found):
    """Counts objects that are missed, and boxes that are wrong.

    Boxes of scores below `THRESHOLD` do not count; a box is right if it
    overlaps an object of its class by half that no better box has. One that
    lies in a crowd by half is neither right nor wrong.
    """
    shown = found.scores >= THRESHOLD
    boxes, classes = found.boxes[shown], found.classes[shown]
    is_free = ~truth.crowds
    wrong = 0
    for box, label in zip(boxes, classes, strict=True):
        overlaps = _overlaps(box, truth)
        overlaps[truth.classes != label] = 0
        free = np.where(is_free, overlaps, 0)
        if (free >= 0.5).any():
            is_free[free.argmax()] = False
        elif not (overlaps[truth.crowds] >= 0.5).any():
            wrong += 1
    return wrong + int(is_free.sum())


def _overlaps(box, truth):
    """Returns IoU with each object; of a crowd, the share of the box in it."""
    boxes = truth.boxes
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.maximum(high - low, 0).prod(axis=-1)
    own, theirs = ((b[..., 2:] - b[..., :2]).prod(-1) for b in (box, boxes))
    whole = np.where(truth.crowds, own, own + theirs - shared)
    # A box of no size shares nothing.
    return shared / np.where(shared > 0, whole, 1)
