"""Intersection over union of labels of pixels, by a confusion matrix.

As the PASCAL VOC challenge measures it (Everingham et al., 2015,
https://doi.org/10.1007/s11263-014-0733-5): the pixels of all images are
counted before the ratio is taken.
"""

import math
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from keras_papers.checks import check_positive_int

IGNORED = 255  # label of pixels that are not counted, in VOC and Cityscapes
# Logits that are resized together: those of all classes of a large photo would
# take gigabytes.
AT_ONCE = 2**24
register = keras.saving.register_keras_serializable(package="keras_papers")


class SegmentationScores(NamedTuple):
    """Shares in [0, 1]; NaN if no pixel was counted."""

    mean_iou: float  # over the classes that occur, in labels or predictions
    pixel_accuracy: float  # of all pixels
    mean_accuracy: float  # over the classes that occur in labels


class ConfusionMatrix:
    """Counts the pixels of each class that were taken for each class.

    Args:
        classes: Positive int. Number of classes, with the background.
        ignore_class: Int. Label of the pixels that are not counted, or None.
            Defaults to 255.

    Raises:
        ValueError: If `classes` is not a positive integer.

    Example:
    >>> matrix = ConfusionMatrix(classes=2)
    >>> matrix.update_state([[0, 0, 1, 255]], [[0, 1, 1, 1]])
    >>> matrix.matrix
    array([[1, 1],
           [0, 1]])
    >>> matrix.iou
    array([0.5, 0.5])
    """

    def __init__(self, classes, ignore_class=IGNORED):
        _check_classes(classes)
        self.classes = classes
        self.ignore_class = ignore_class
        self.reset_state()

    def reset_state(self):
        """Removes all images."""
        self.matrix = np.zeros((self.classes, self.classes), np.int64)

    def update_state(self, labels, predictions):
        """Adds images.

        Args:
            labels: Ints of any shape, such as `(height, width)`.
            predictions: Ints of the same shape, the classes of the pixels:
                what `label_map` makes of logits.

        Raises:
            ValueError: If the shapes differ, or a label is not of a class.
        """
        labels, predictions = np.asarray(labels), np.asarray(predictions)
        if labels.shape != predictions.shape:
            raise ValueError(
                "`predictions` are the classes of the pixels of `labels`, at "
                f"their resolution. Received: predictions.shape="
                f"{predictions.shape}, labels.shape={labels.shape}. Make "
                "them of logits with label_map(logits, size)."
            )
        counted = np.full(labels.shape, True)
        if self.ignore_class is not None:
            counted = labels != self.ignore_class
        labels, predictions = labels[counted], predictions[counted]
        for name, values in (("labels", labels), ("predictions", predictions)):
            self._check_range(name, values)
        places = labels.astype(np.int64) * self.classes + predictions
        counts = np.bincount(places, minlength=self.classes**2)
        self.matrix += counts.reshape(self.matrix.shape)

    def _check_range(self, name, values):
        outside = values[(values < 0) | (values >= self.classes)]
        if outside.size:
            raise ValueError(
                f"`{name}` are numbers of classes, from 0 to "
                f"{self.classes - 1}. Received: {name} with "
                f"{int(outside[0])}. Count all classes, or pass the label "
                "that is no class as ignore_class."
            )

    @property
    def iou(self):
        """Intersection over union of each class; NaN if it does not occur."""
        right = np.diag(self.matrix)
        union = self.matrix.sum(axis=0) + self.matrix.sum(axis=1) - right
        return _ratio(right, union)

    @property
    def accuracy(self):
        """Share of the pixels of each class that are right; NaN of none."""
        return _ratio(np.diag(self.matrix), self.matrix.sum(axis=1))

    def result(self):
        """Returns the `SegmentationScores` of all images."""
        right, pixels = np.trace(self.matrix), self.matrix.sum()
        return SegmentationScores(
            _mean(self.iou),
            float(right / pixels) if pixels else float("nan"),
            _mean(self.accuracy),
        )


def _ratio(part, whole):
    return np.divide(
        part, whole, out=np.full(len(part), np.nan), where=whole > 0
    )


def _mean(values):
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def label_map(logits, size):
    """Returns the classes of pixels: logits are resized, then compared.

    Classes cannot be averaged, and a map of them that is resized has steps.

    Args:
        logits: Array `(batch, height, width, classes)`.
        size: Height and width of the labels.

    Returns:
        An int32 array `(batch, *size)`.

    Example:
    >>> label_map(np.eye(2)[None, None], (1, 4)).tolist()
    [[[0, 0, 1, 1]]]
    """
    logits, size = ops.convert_to_tensor(logits), tuple(size)
    pixels = max(1, logits.shape[0] * math.prod(size))
    few = max(1, AT_ONCE // pixels)
    labels = best = None
    for start in range(0, logits.shape[-1], few):
        part = _resized(logits[..., start : start + few], size)
        highest = ops.max(part, axis=-1)
        found = ops.cast(ops.argmax(part, axis=-1), "int32") + start
        if best is not None:
            is_better = highest > best
            found = ops.where(is_better, found, labels)
            highest = ops.where(is_better, highest, best)
        labels, best = found, highest
    return ops.convert_to_numpy(labels)


def _resized(logits, size):
    if tuple(logits.shape[1:3]) == size:
        return logits
    return ops.image.resize(
        logits, size, interpolation="bilinear", data_format="channels_last"
    )


@register
class MeanIoU(keras.metrics.MeanIoU):
    """Averages intersection over union of the classes, for `compile`.

    Logits of a lower resolution than the labels are resized to it first. The
    mean is over the classes that occur in labels or predictions.

    Args:
        classes: Positive int. Number of classes, with the background.
        ignore_class: Int. Label of the pixels that are not counted, or None.
            Defaults to 255.
        name: Str. Defaults to `"mean_iou"`.
        dtype: Of the result. Defaults to that of Keras' metrics.

    Input shape:
        Labels, ints `(batch, height, width)`; logits or probabilities
        `(batch, rows, columns, classes)`.

    Raises:
        ValueError: If `classes` is not a positive integer.

    Example:
    >>> metric = MeanIoU(classes=2)
    >>> metric.update_state([[[0, 0, 1, 255]]], np.eye(2)[None, None])
    >>> round(float(metric.result()), 3)
    1.0
    """

    def __init__(
        self, classes, ignore_class=IGNORED, name="mean_iou", dtype=None
    ):
        _check_classes(classes)
        super().__init__(
            classes,
            name=name,
            dtype=dtype,
            ignore_class=ignore_class,
            sparse_y_pred=False,
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        # Not Keras' own, which asks JAX for integers of 64 bits.
        labels = ops.cast(ops.convert_to_tensor(y_true), "int32")
        logits = _resized(
            ops.convert_to_tensor(y_pred), tuple(labels.shape[1:3])
        )
        predictions = ops.cast(ops.argmax(logits, axis=-1), "int32")
        weights = ops.ones_like(labels, dtype=self.dtype)
        if sample_weight is not None:
            given = ops.cast(sample_weight, self.dtype)
            missing = len(labels.shape) - len(given.shape)
            weights *= ops.reshape(given, (*given.shape, *[1] * missing))
        if self.ignore_class is not None:
            counted = ops.not_equal(labels, self.ignore_class)
            weights *= ops.cast(counted, self.dtype)
            labels = ops.where(counted, labels, 0)
        places = labels * self.num_classes + predictions
        counts = ops.scatter(
            ops.reshape(places, (-1, 1)),
            ops.reshape(weights, (-1,)),
            (self.num_classes**2,),
        )
        self.total_cm.assign_add(ops.reshape(counts, self.total_cm.shape))

    def get_config(self):
        return {
            "name": self.name,
            "dtype": self.dtype,
            "classes": self.num_classes,
            "ignore_class": self.ignore_class,
        }


def _check_classes(classes):
    check_positive_int(
        "classes",
        classes,
        "the number of classes, with the background",
        "Pass that of the model.",
    )
