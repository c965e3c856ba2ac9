"""The costs of a model and of its layers, and the tables that they print as."""

from typing import NamedTuple


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
