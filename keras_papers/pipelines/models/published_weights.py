"""The published weights of the models, and the table that they print as."""

from typing import NamedTuple

from keras_papers.pipelines.report.console_table import text_table


class WeightsFact(NamedTuple):
    """Weights that a constructor fetches; prints as one line."""

    model: str
    weights: str  # the constructor's argument
    arguments: str  # its other arguments that these weights need
    top1: float | None  # percent of ImageNet's validation images
    top1_size: int | None  # of the images with which it was measured

    def __str__(self):
        return weights_table([self])


def weights_table(facts):
    """Returns `WeightsFact`s as a table, one on each line."""
    rows = [
        (
            fact.model,
            fact.weights,
            "-" if fact.top1 is None else f"{fact.top1:.1f} %",
            fact.top1_size or "",
            fact.arguments,
        )
        for fact in facts
    ]
    head = ("model", "weights", "top-1", "at", "arguments")
    return text_table(rows, head, left=(0, 1, 4))
