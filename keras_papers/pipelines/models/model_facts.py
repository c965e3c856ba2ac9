"""What there is to know of a model before it is trained.

Read from a file that `model_description` makes of the models: to import Keras
and build one takes seconds, and all of them half a minute.
"""

import fnmatch
import functools
import json
import pathlib
from typing import NamedTuple

from keras_papers.checks import check_choice

FILE = pathlib.Path(__file__).with_name("model_facts.json")
FILES = (".keras", ".tflite")  # that are described, too


class ModelFact(NamedTuple):
    """A model, its paper and its costs at its defaults; prints as one line."""

    name: str
    parameters: int  # trainable
    multiply_adds: int  # for one image of the default size
    paper: str

    def __str__(self):
        return (
            f"{self.name:18} {self.parameters / 1e6:6.2f}M parameters "
            f"{self.multiply_adds / 1e6:7.1f}M multiply-adds  {self.paper}"
        )


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
        lines = [str(self.fact), "", "table of the paper, a block for each row"]
        lines += aligned([self.columns, *self.table])
        lines += ["", "layers", *layer_table(self.layers)]
        return "\n".join(lines)


def list_models(pattern="*"):
    """Lists the models with their papers and costs.

    Args:
        pattern: Shell pattern that a name must match. Defaults to all.

    Returns:
        A list of `ModelFact`, in alphabetical order.

    Example:
    >>> [fact.parameters for fact in list_models("MobileNetV3*")]
    [5483032, 2542856]
    """
    return [_fact(name) for name in sorted(fnmatch.filter(_facts(), pattern))]


def facts_of(name):
    """Returns the `ModelInfo` of a model.

    Raises:
        ValueError: If there is no such model; the nearest name is offered.
    """
    check_model_name(name)
    facts = _facts()[name]
    return ModelInfo(
        _fact(name),
        tuple(facts["columns"]),
        _tuples(facts["table"]),
        tuple(LayerFact(*map(_tuples, row)) for row in facts["layers"]),
    )


def check_model_name(name):
    """Raises ValueError unless a constructor is called `name`."""
    check_choice("model", name, [*_facts()], "the name of a classifier")


@functools.cache
def _facts():
    return json.loads(FILE.read_text(encoding="utf-8"))


def _fact(name):
    facts = _facts()[name]
    return ModelFact(
        name, facts["parameters"], facts["multiply_adds"], facts["paper"]
    )


def _tuples(value):
    """Returns the lists of JSON as the tuples that they were."""
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def layer_table(layers):
    """Returns `LayerFact` as lines of a table, the head first."""
    rows = [
        (
            layer.name,
            " x ".join(map(str, layer.output_shape or ())),
            f"{layer.parameters:,}",
            f"{layer.multiply_adds:,}",
        )
        for layer in layers
    ]
    return aligned([("name", "output", "parameters", "multiply-adds"), *rows])


def aligned(rows):
    """Returns rows as lines, whose columns are as wide as they must be."""
    widths = [
        max(len(str(cell)) for cell in column)
        for column in zip(*rows, strict=True)
    ]
    return [
        "  "
        + "  ".join(
            str(cell).ljust(width)
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
