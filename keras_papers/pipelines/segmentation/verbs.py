"""The verbs that segment images."""

import os

from keras_papers.pipelines.segmentation.options import (
    EvaluateMasksOptions,
    ExportMasksOptions,
    PredictMasksOptions,
    SegmentOptions,
)
from keras_papers.pipelines.verb import Verb, no_body, with_size

SUMMARY = "find the class of each pixel of images"


def _training_line(report, options):
    text = f"trained {report.model} to a mean IoU of {report.mean_iou:.2%}"
    path = os.path.join(report.output, "model.tflite")
    return with_size(f"{text}: {path}", report.files[0].bytes)


def _predictions_line(found, options):
    number = len(found)
    masks = f"{number:,} mask{'s' * (number > 1)}"
    return f"{masks} by {options.model}: {options.output}"


def _evaluation_line(found, options):
    text = f"mean IoU {found.mean_iou:.2%} of {found.model}"
    return with_size(text, os.path.getsize(found.model))


VERBS = (
    Verb(
        "train",
        SegmentOptions,
        "train on pictures and masks, and export as .tflite",
        "streets --weights-backbone imagenet --epochs 40 --output out",
        _training_line,
        function="train_segmenter",
    ),
    Verb(
        "predict",
        PredictMasksOptions,
        "write the masks of pictures",
        "out/model.tflite photos --output masks",
        _predictions_line,
        no_body,
        function="predict_masks",
    ),
    Verb(
        "evaluate",
        EvaluateMasksOptions,
        "measure a model on pictures and masks",
        "out/model.tflite streets",
        _evaluation_line,
        function="evaluate_segmenter",
    ),
    Verb(
        "export",
        ExportMasksOptions,
        "write a .keras file as .tflite and check it",
        "out/model.keras --quantize int8",
        lambda made, options: with_size(
            f"exported {options.model}: {made.output}", made.file.bytes
        ),
        function="export_segmenter",
    ),
)
