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
    nothing,
    with_size,
)


def _of_training(report, options):
    text = f"trained {report.model} to {report.tflite_accuracy:.2%}"
    path = os.path.join(report.output, "model.tflite")
    return with_size(f"{text}: {path}", report.bytes)


def _of_quantization(found, options):
    written = found.variants[-1]
    text = f"quantized {found.model} to {written.tflite_accuracy:.2%}"
    return with_size(f"{text}: {found.output}", written.bytes)


def _of_predictions(predictions, options):
    number = len(predictions)
    text = f"{number} picture{'s' * (number > 1)} by {options.model}"
    return with_size(text, os.path.getsize(options.model))


def _of_evaluation(found, options):
    return with_size(str(found), os.path.getsize(options.model))


def _of_speeds(speeds, options):
    fastest = min(speeds, key=lambda speed: speed.latency_ms)
    text = f"fastest at {fastest.latency_ms:.3f} ms: {fastest.path}"
    return with_size(text, fastest.bytes)


def _speeds(speeds):
    head = "       size       median      IQR  partitions  file"
    return "\n".join([head, *map(str, speeds)])


def _is_keras_file(options):
    return options.model.endswith(".keras")


VERBS = (
    Verb(
        "train",
        TrainOptions,
        "train an image classifier and export it as .tflite",
        "flowers --image-size 224 --epochs 20 --output out",
        _of_training,
    ),
    Verb(
        "export",
        ExportOptions,
        "write a .keras file as .tflite and check it",
        "out/model.keras --quantize float16",
        lambda file, options: str(file),
        nothing,
    ),
    Verb(
        "quantize",
        QuantizeOptions,
        "write a .keras file as .tflite of integers and compare",
        "out/model.keras flowers --mode qat",
        _of_quantization,
    ),
    Verb(
        "predict",
        PredictOptions,
        "predict the classes of pictures",
        "out/model.tflite photos 'more/*.jpg' --html page.html",
        _of_predictions,
        nothing,
        _is_keras_file,
    ),
    Verb(
        "evaluate",
        EvaluateOptions,
        "measure a model on a folder of class folders",
        "out/model.tflite flowers/test",
        _of_evaluation,
        nothing,
        _is_keras_file,
    ),
    Verb(
        "benchmark",
        BenchmarkOptions,
        "measure the latency of .tflite files",
        "out/model.tflite other.tflite --threads 2",
        _of_speeds,
        _speeds,
        WITHOUT_KERAS,
    ),
)
