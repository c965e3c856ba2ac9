"""Masks of new pictures by a finished segmenter, and its evaluation."""

import os
from typing import NamedTuple

import numpy as np

from keras_papers.metrics import label_map
from keras_papers.pipelines.answered.inference import (
    evaluation_text,
    predict_pictures,
)
from keras_papers.pipelines.data.masks.mask_folder import load_test_masks
from keras_papers.pipelines.data.split import Seen, split_beside, unseen
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.report.picture_file import (
    write_mask,
    write_picture,
)
from keras_papers.pipelines.segmentation.measures import measure
from keras_papers.pipelines.segmentation.options import (
    EvaluateMasksOptions,
    PredictMasksOptions,
)
from keras_papers.pipelines.segmentation.report import classes_table
from keras_papers.pipelines.segmentation.segmenter_file import open_segmenter
from keras_papers.visualization.masks import painted


class PredictedMask(NamedTuple):
    """The mask of one picture; prints as one line."""

    file: str
    mask: str  # path of the PNG of indices
    painted: str  # path of the picture with the classes painted over it
    shares: dict  # of the pixels, by the name of the class, the largest first

    def __str__(self):
        shares = ", ".join(f"{n} {s:.1%}" for n, s in self.shares.items())
        return f"{self.file}: {shares}"


@takes(PredictMasksOptions)
def predict_masks(options):
    """Finds the class of each pixel of pictures.

    Args:
        model: Path of a .tflite or .keras segmenter.
        images: A path or a list of paths: of files, folders or patterns.
        output: Folder for a mask of the size of each picture,
            `NAME.mask.png`, whose pixels are indices of the classes with
            colors as a palette, and `NAME.painted.png`. Files of these names
            are replaced. Defaults to `"masks"`.
        each: Function to call with each `PredictedMask` as it is found.

    Returns:
        A list of `PredictedMask`; its `skipped` has pairs of a file that could
        not be read and the reason.

    Raises:
        ValueError: If the model or every picture cannot be read, or `output`
            cannot be written.
    """
    return predict_pictures(options, open_segmenter, _write)


def _write(segmenter, file, whole, batch, path):
    logits = segmenter.logits(batch)
    (mask,) = label_map(logits, whole.shape[:2]).astype(np.uint8)
    paths = [f"{path}.{what}.png" for what in ("mask", "painted")]
    write_mask(paths[0], mask)
    write_picture(paths[1], painted(whole, mask))
    labels = segmenter.labels
    shares = np.bincount(mask.ravel(), minlength=len(labels)) / mask.size
    order = np.argsort(-shares, kind="stable")
    named = {labels[i]: float(shares[i]) for i in order if shares[i]}
    return PredictedMask(file, *paths, named)


class MaskEvaluation(NamedTuple):
    """How good a segmenter is on pictures that it was not trained on."""

    model: str
    pictures: int  # by which it is judged
    mean_iou: float
    pixel_accuracy: float
    ious: dict  # by the name of the class; None where it does not occur
    seen: Seen | None  # of all that are to test; None if not known

    def __str__(self):
        rows = [
            ("mean IoU", f"{self.mean_iou:.2%}"),
            ("pixels right", f"{self.pixel_accuracy:.2%}"),
        ]
        return evaluation_text(self, rows, classes_table(self.ious.items()))


@takes(EvaluateMasksOptions)
def evaluate_segmenter(options):
    """Measures a segmenter on pictures with masks, at the size of the masks.

    A `split.json` beside the model lists the pictures that it was trained on
    and chosen by. These are left out, unless there are no others.

    Args:
        model: Path of a .tflite or .keras segmenter.
        data: Folder of pictures and masks, as for `train_segmenter`, of one
            picture or more. Its part `test` is taken; without it, `val`;
            without either, all pictures.
        ignore: As for `train_segmenter`.

    Returns:
        A `MaskEvaluation`.

    Raises:
        ValueError: If the model cannot be read, or `data` does not fit it.

    Warns:
        UserWarning: If the model was trained on all of the pictures, or if
            that is not known.
    """
    segmenter = open_segmenter(options.model)
    part, reader = load_test_masks(
        options.data, segmenter.labels, ignore=options.ignore
    )
    split = split_beside(options.model)
    part, counts = unseen(part, split, options.model)
    found = measure(segmenter, part, reader)
    return MaskEvaluation(
        os.fspath(options.model),
        len(part),
        found.score,
        found.confusion.result().pixel_accuracy,
        dict(zip(segmenter.labels, found.ious(), strict=True)),
        counts,
    )
