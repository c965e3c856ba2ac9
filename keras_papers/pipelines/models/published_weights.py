"""The published weights of the models, and the table that they print as."""

from typing import NamedTuple

from keras_papers.pipelines.report.console_table import text_table

LEGEND = (
    "default: what weights='timm' stands for, with these arguments\n"
    "-: the accuracy is not known here"
)


class WeightsFact(NamedTuple):
    """Weights that a constructor fetches; prints as one line."""

    model: str
    weights: str  # the constructor's argument
    arguments: list  # dicts of its other arguments, one for each file
    in_words: str  # these arguments
    top1: float | None  # percent of ImageNet's validation images
    top1_size: int | None  # of the images with which it was measured
    is_default: bool  # whether "timm" stands for it, at these arguments

    def __str__(self):
        return weights_table([self])


def weights_table(facts):
    """Returns `WeightsFact`s as a table, one on each line."""
    rows = [
        (
            fact.model,
            fact.weights,
            "timm" if fact.is_default else "",
            "-" if fact.top1 is None else f"{fact.top1:.1f} %",
            fact.top1_size or "",
            fact.in_words,
        )
        for fact in facts
    ]
    head = ("model", "weights", "default", "top-1", "at", "arguments")
    return text_table(rows, head, left=(0, 1, 2, 5))
