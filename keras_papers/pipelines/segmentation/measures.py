"""How far predicted masks agree with those that people have made."""

from typing import NamedTuple

import numpy as np

from keras_papers.metrics import ConfusionMatrix, label_map
from keras_papers.pipelines.data.masks.mask_reader import IGNORE
from keras_papers.pipelines.data.pictures_of import pictures_of

BATCH = 8


class Masks(NamedTuple):
    """How good a segmenter is on some pictures."""

    confusion: ConfusionMatrix
    by_picture: np.ndarray  # mean IoU of each; NaN if all pixels are ignored

    @property
    def score(self):
        """Mean IoU of the classes that occur in the masks or predictions."""
        return self.confusion.result().mean_iou

    @property
    def guessed_iou(self):
        """Mean IoU of always answering the commonest class."""
        truth = self.confusion.matrix.sum(axis=1)
        constant = ConfusionMatrix(len(truth))
        constant.matrix[:, truth.argmax()] = truth
        return constant.result().mean_iou

    def ious(self):
        """Lists the IoU of each class; None of one that does not occur."""
        ious = self.confusion.iou
        return [None if np.isnan(iou) else float(iou) for iou in ious]


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
    confusion, by_picture = ConfusionMatrix(classes, IGNORE), []
    for start in range(0, len(part), BATCH):
        few = range(start, min(start + BATCH, len(part)))
        logits = segmenter.logits(pictures_of(part, few, segmenter.size))
        for index, image in zip(few, logits, strict=True):
            truth = truth_of(part, index, reader)
            here = ConfusionMatrix(classes, IGNORE)
            here.update_state(truth, label_map(image[None], truth.shape)[0])
            confusion.matrix += here.matrix
            # A class that is in the prediction alone is a mistake elsewhere.
            ious = here.iou[here.matrix.sum(axis=1) > 0]
            by_picture.append(ious.mean() if len(ious) else np.nan)
    return Masks(confusion, np.array(by_picture))


def truth_of(part, index, reader):
    """Returns the mask of a picture of a part, at its own size."""
    answer = part.answers[index]
    return answer if reader is None else reader.read(answer)
