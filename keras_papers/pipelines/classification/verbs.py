"""The verbs that classify images."""

import os

from keras_papers.pipelines.classification.options import (
    BenchmarkOptions,
    EvaluateOptions,
    ExportOptions,
    PredictOptions,
    QuantizeOptions,
    TrainOptions,
)
from keras_papers.pipelines.verb import (
    WITHOUT_KERAS,
    Verb,
    no_body,
    with_size,
)

SUMMARY = "classify images"


def _training_line(report, options):
    text = f"trained {report.model} to {report.tflite_accuracy:.2%}"
    path = os.path.join(report.output, "model.tflite")
    return with_size(f"{text}: {path}", report.bytes)


def _quantization_line(found, options):
    written = found.variants[-1]
    text = f"quantized {found.model} to {written.tflite_accuracy:.2%}"
    return with_size(f"{text}: {found.output}", written.bytes)


def _predictions_line(predictions, options):
    number = len(predictions)
    text = f"{number} picture{'s' * (number > 1)} by {options.model}"
    return with_size(text, os.path.getsize(options.model))


def _evaluation_line(found, options):
    return with_size(str(found), os.path.getsize(options.model))


def _speeds_line(speeds, options):
    fastest = min(speeds, key=lambda speed: speed.latency_ms)
    text = f"fastest at {fastest.latency_ms:.3f} ms: {fastest.path}"
    return with_size(text, fastest.bytes)


def _speeds_table(speeds):
    from keras_papers.pipelines.classification.speed import speed_table

    return speed_table(speeds)


def _is_keras_file(options):
    return options.model.endswith(".keras")


VERBS = (
    Verb(
        "train",
        TrainOptions,
        "train an image classifier and export it as .tflite",
        "flowers --image-size 224 --epochs 20 --output out",
        _training_line,
    ),
    Verb(
        "export",
        ExportOptions,
        "write a .keras file as .tflite and check it",
        "out/model.keras --quantize float16",
        lambda file, options: str(file),
        no_body,
    ),
    Verb(
        "quantize",
        QuantizeOptions,
        "write a .keras file as .tflite of integers and compare",
        "out/model.keras flowers --mode qat",
        _quantization_line,
    ),
    Verb(
        "predict",
        PredictOptions,
        "predict the classes of pictures",
        "out/model.tflite photos 'more/*.jpg' --html page.html",
        _predictions_line,
        no_body,
        _is_keras_file,
    ),
    Verb(
        "evaluate",
        EvaluateOptions,
        "measure a model on a folder of class folders",
        "out/model.tflite flowers/test",
        _evaluation_line,
        no_body,
        _is_keras_file,
    ),
    Verb(
        "benchmark",
        BenchmarkOptions,
        "measure the latency of .tflite files",
        "out/model.tflite other.tflite --threads 2",
        _speeds_line,
        _speeds_table,
        WITHOUT_KERAS,
    ),
)
