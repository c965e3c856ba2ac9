"""How far predicted masks agree with those that people have made."""

from typing import NamedTuple

import numpy as np

from keras_papers.pipelines.data.masks.mask_reader import IGNORE
from keras_papers.pipelines.data.pictures import read_picture

BATCH = 8


class Masks(NamedTuple):
    """How good a segmenter is on some pictures."""

    confusion: np.ndarray  # pixels, (true classes, predicted classes)
    by_picture: (
        np.ndarray
    )  # mean IoU of the classes of each picture, NaN if none

    def ious(self):
        """Returns the IoU of each class; NaN of one that does not occur."""
        return class_ious(self.confusion)

    @property
    def mean_iou(self):
        """Mean over the classes that occur in the masks or predictions."""
        return float(np.nanmean(self.ious()))

    @property
    def accuracy(self):
        """Share of the pixels that are right."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def guessed_iou(self):
        """Mean IoU of always answering the commonest class."""
        truth = self.confusion.sum(axis=1)
        constant = np.zeros_like(self.confusion)
        constant[:, truth.argmax()] = truth
        return float(np.nanmean(class_ious(constant)))


def class_ious(confusion):
    """Returns intersection over union of each class.

    Example:
    >>> class_ious(np.array([[8, 2], [0, 6]])).tolist()
    [0.8, 0.75]
    """
    right = np.diag(confusion).astype(float)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - right
    return np.where(union > 0, right / np.maximum(union, 1), np.nan)


def confusion_of(truth, predicted, classes):
    """Counts pixels by their true and their predicted class.

    Args:
        truth: Array of ints; pixels of `IGNORE` are not counted.
        predicted: Array of ints of the same shape.
        classes: Number of classes.
    """
    counted = truth != IGNORE
    places = truth[counted].astype(int) * classes + predicted[counted]
    counts = np.bincount(places, minlength=classes**2)
    return counts.reshape(classes, classes)


def measure(segmenter, part, reader):
    """Measures a segmenter on pictures, at the size of their masks.

    Args:
        segmenter: A `Segmenter`.
        part: An `AnsweredPart` of masks.
        reader: The `MaskReader` of its paths; None for arrays.

    Returns:
        `Masks`.
    """
    classes = len(segmenter.labels)
    confusion, by_picture = np.zeros((classes, classes), int), []
    for start in range(0, len(part), BATCH):
        few = range(start, min(start + BATCH, len(part)))
        logits = segmenter.logits(pictures_of(part, few, segmenter.size))
        for index, image in zip(few, logits, strict=True):
            truth = truth_of(part, index, reader)
            predicted = classes_at(image, truth.shape)
            counts = confusion_of(truth, predicted, classes)
            confusion += counts
            ious = class_ious(counts)[counts.sum(axis=1) > 0]
            by_picture.append(ious.mean() if len(ious) else np.nan)
    return Masks(confusion, np.array(by_picture))


def pictures_of(part, indices, size):
    """Returns pictures of a part as float32 `(batch, *size, 3)`."""
    if part.files is None:
        return part.sources[list(indices)].astype("float32")
    pixels = [read_picture(part.files[index], size) for index in indices]
    return np.stack(pixels).astype("float32")


def truth_of(part, index, reader):
    """Returns the mask of a picture of a part, at its own size."""
    answer = part.answers[index]
    return answer if reader is None else reader.read(answer)


def classes_at(logits, size):
    """Returns the likeliest class of each pixel, at another size.

    The logits are resized before the largest is taken: the edges of classes
    are smooth then.

    Args:
        logits: Array `(height, width, classes)`.
        size: `(height, width)` of the result.
    """
    return bilinear(logits, size).argmax(axis=-1)


def bilinear(values, size):
    """Resizes an array by bilinear interpolation.

    Half a pixel is left at each side, as TensorFlow, PyTorch and phones do;
    there is no smoothing for smaller sizes.

    Args:
        values: Array `(height, width, channels)`.
        size: `(height, width)` of the result.

    Example:
    >>> bilinear(np.array([[[0.0], [1.0]]]), (1, 4))[0, :, 0].tolist()
    [0.0, 0.25, 0.75, 1.0]
    """
    for axis, wanted in enumerate(size):
        there = values.shape[axis]
        if there == wanted:
            continue
        places = (np.arange(wanted) + 0.5) * (there / wanted) - 0.5
        places = np.clip(places, 0, there - 1)
        low = np.floor(places).astype(int)
        high = np.minimum(low + 1, there - 1)
        share = (places - low).astype(values.dtype)
        share = share.reshape([-1 if each == axis else 1 for each in range(3)])
        values = (1 - share) * values.take(low, axis) + share * values.take(
            high, axis
        )
    return values
