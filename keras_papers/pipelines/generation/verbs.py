"""The verbs that generate images."""

import os

from keras_papers.pipelines.generation.options import (
    CompressOptions,
    DecompressOptions,
    GenerateOptions,
    SampleOptions,
)
from keras_papers.pipelines.verb import Verb, no_body, with_size

SUMMARY = "generate and compress images"


def _training_line(report, options):
    path = os.path.join(report.output, "samples.png")
    return (
        f"trained {report.model} to {report.psnr:.2f} dB, "
        f"{plural_samples(options.samples)}: {path}"
    )


def plural_samples(number):
    """Writes how many samples there are."""
    return f"{number:,} sample{'s' * (number > 1)}"


VERBS = (
    Verb(
        "train",
        GenerateOptions,
        "train an autoencoder with codes and a prior, and draw samples",
        "flowers --image-size 64 --epochs 20 --output out",
        _training_line,
        function="train_image_generator",
    ),
    Verb(
        "sample",
        SampleOptions,
        "draw pictures from a trained generator",
        "out --number 16 --output samples.png",
        lambda drawn, options: f"{drawn}: {drawn.output}",
        no_body,
        function="draw_samples",
    ),
    Verb(
        "compress",
        CompressOptions,
        "write a picture as codes in a small file",
        "photo.jpg --model out --output photo.kpc",
        lambda made, options: with_size(f"{made}: {made.output}", made.bytes),
        no_body,
    ),
    Verb(
        "decompress",
        DecompressOptions,
        "make the picture of a file of codes",
        "photo.kpc --model out --output photo.png",
        lambda made, options: f"{made}: {made.output}",
        no_body,
    ),
)
