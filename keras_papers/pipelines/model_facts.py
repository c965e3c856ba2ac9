"""What there is to know of a model before it is trained."""

import sys
from typing import NamedTuple

from keras_papers import applications, cost
from keras_papers.layers import Block


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


class ModelInfo(NamedTuple):
    """A `ModelFact`, the paper's table, and the layers with their costs."""

    fact: ModelFact
    columns: tuple  # of the table, as the paper heads them
    table: tuple  # the paper's rows
    layers: tuple  # `cost.LayerCost` of each block and each layer between

    def __str__(self):
        lines = [str(self.fact), "", "table of the paper, a block for each row"]
        lines += _aligned([self.columns, *self.table])
        lines += ["", "layers"]
        lines += _aligned(
            [("name", "output", "parameters", "multiply-adds")]
            + [
                (
                    layer.name,
                    " x ".join(map(str, layer.output_shape[1:])),
                    f"{layer.parameters:,}",
                    f"{layer.multiply_adds:,}",
                )
                for layer in self.layers
            ]
        )
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
    return [
        _fact(name, cost.count(applications.get(name)()))
        for name in applications.list_models(pattern)
    ]


def info(name):
    """Tells of a model: its paper, its table, its layers.

    Args:
        name: One of `applications.list_models()`.

    Returns:
        A `ModelInfo`, which prints as a page.

    Raises:
        ValueError: If there is no such model; the nearest name is offered.
    """
    model = applications.get(name)()
    counted = cost.count(model)
    table = applications.table(name)
    return ModelInfo(
        _fact(name, counted),
        table[0]._fields,
        tuple(map(tuple, table)),
        tuple(_by_block(model, counted)),
    )


def _fact(name, counted):
    home = sys.modules[applications.get(name).__module__]
    paper = home.__doc__.splitlines()[0].rstrip(".")
    return ModelFact(name, counted.parameters, counted.multiply_adds, paper)


def _by_block(model, counted):
    """Yields the costs of the layers of a model, blocks as one."""
    rows = list(counted.layers)
    for layer in model.layers[1:]:
        inside = [
            row
            for row in rows
            if row.name == layer.name or row.name.startswith(f"{layer.name}_")
        ]
        if isinstance(layer, Block):
            yield cost.LayerCost(
                layer.name,
                sum(row.parameters for row in inside),
                sum(row.multiply_adds for row in inside),
                inside[-1].output_shape,
            )
        else:
            yield next(row for row in rows if row.name == layer.name)


def _aligned(rows):
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
