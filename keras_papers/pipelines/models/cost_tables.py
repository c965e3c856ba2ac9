"""The costs of a model and of its layers, and the tables that they print as."""

import textwrap
from typing import NamedTuple

from keras_papers.pipelines.report.console_table import text_table


class ModelFact(NamedTuple):
    """A model, its paper and its costs at its defaults; prints as one line."""

    name: str
    parameters: int  # trainable
    multiply_adds: int  # for one image of the default size
    paper: str

    def __str__(self):
        return model_table([self])


class LayerFact(NamedTuple):
    """What a layer, or a block of layers, costs."""

    name: str
    parameters: int  # trainable
    multiply_adds: int  # for one image
    output_shape: tuple | None  # of one image; None of several outputs


class ModelInfo(NamedTuple):
    """A `ModelFact`, the paper's table, and the layers with their costs."""

    fact: ModelFact
    columns: tuple  # of the table, as the paper heads them
    table: tuple  # the paper's rows
    layers: tuple  # a `LayerFact` of each block and each layer between

    def __str__(self):
        return "\n".join(
            [
                str(self.fact),
                "\ntable of the paper, before it is scaled",
                indented(self.table, self.columns),
                "\nlayers",
                layer_table(self.layers),
            ]
        )


def model_table(facts):
    """Returns `ModelFact`s as a table, a model on each line."""
    rows = [
        (
            fact.name,
            f"{fact.parameters / 1e6:.2f}M parameters",
            f"{fact.multiply_adds / 1e6:.1f}M multiply-adds",
            fact.paper,
        )
        for fact in facts
    ]
    return text_table(rows, left=(0, 3))


def layer_table(layers):
    """Returns `LayerFact` as a table."""
    rows = [
        (
            layer.name,
            " x ".join(map(str, layer.output_shape or ())),
            f"{layer.parameters:,}",
            f"{layer.multiply_adds:,}",
        )
        for layer in layers
    ]
    return indented(rows, ("name", "output", "parameters", "multiply-adds"))


def indented(rows, head):
    """Returns a table as text, below a line that it belongs to."""
    text = text_table(rows, head, left=range(len(head)))
    return textwrap.indent(text, "  ")
