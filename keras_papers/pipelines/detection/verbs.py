"""The verbs that detect objects."""

import os

from keras_papers.pipelines.detection.options import (
    DetectOptions,
    EvaluateBoxesOptions,
    ExportBoxesOptions,
    PredictBoxesOptions,
)
from keras_papers.pipelines.verb import Verb, no_body, with_size

SUMMARY = "find objects in images"


def _training_line(report, options):
    text = f"trained {report.model} to an AP50 of {report.ap50:.2%}"
    path = os.path.join(report.output, "model.tflite")
    return with_size(f"{text}: {path}", report.files[0].bytes)


def _predictions_line(found, options):
    boxes = sum(len(each.boxes) for each in found)
    text = f"{boxes:,} box{'es' * (boxes != 1)} in {len(found):,} picture"
    return f"{text}{'s' * (len(found) != 1)}: {options.output}"


def _evaluation_line(found, options):
    text = f"AP50 {found.ap50:.2%} of {found.model}"
    return with_size(text, os.path.getsize(found.model))


VERBS = (
    Verb(
        "train",
        DetectOptions,
        "train on pictures and boxes, and export as .tflite",
        "cells --weights-backbone imagenet --epochs 60 --output out",
        _training_line,
        function="train_detector",
    ),
    Verb(
        "predict",
        PredictBoxesOptions,
        "find the objects in pictures",
        "out/model.tflite photos --output boxes",
        _predictions_line,
        no_body,
        function="predict_boxes",
    ),
    Verb(
        "evaluate",
        EvaluateBoxesOptions,
        "measure a model on pictures and boxes",
        "out/model.tflite cells",
        _evaluation_line,
        function="evaluate_detector",
    ),
    Verb(
        "export",
        ExportBoxesOptions,
        "write a .keras file as .tflite and check it",
        "out/model.keras --quantize int8",
        lambda made, options: with_size(
            f"exported {options.model}: {made.output}", made.file.bytes
        ),
        function="export_detector",
    ),
)
