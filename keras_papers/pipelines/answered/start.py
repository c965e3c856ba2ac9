"""What the training on boxes or masks prints before its first epoch."""

import math

import keras

from keras_papers.pipelines.data.varied_answers import DESCRIPTIONS
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.page_text import divided, plural
from keras_papers.pipelines.training.training_start import device

NAMED = 12  # classes


def start_lines(task, answers, options, more=()):
    """Returns what is known of a training before it starts, as lines.

    Args:
        task: The `Task`.
        answers: The `AnsweredSet`.
        options: The `TrainOptions`.
        more: Further pairs of a label and a text.
    """
    images = answers.images
    names = ", ".join(images.names[:NAMED])
    rest = len(images.names) - NAMED
    steps = math.ceil(len(images.train) / options.batch_size)
    parts = len(images.train), len(images.validation), len(images.test)
    rows = [
        ("format", answers.kind),
        (
            "classes",
            f"{len(images.names):,}: {names}"
            + f" and {rest:,} more" * (rest > 0),
        ),
        ("images", divided(*parts)),
        ("image size", f"{options.size} x {options.size}, stretched"),
        (
            "augmentation",
            f"{options.variation}: "
            + DESCRIPTIONS[options.variation, task.answers],
        ),
        *more,
        (
            "epochs",
            f"{options.epochs:,} of {plural(steps, 'step')} of batches of "
            f"{options.batch_size:,}",
        ),
        *_first_step(),
        ("device", device()),
    ]
    return labelled(rows)


def _first_step():
    """Yields why nothing is printed for a while after these lines."""
    if keras.config.backend() != "torch":
        yield "first step", "compiles the graph, which may take a minute"
