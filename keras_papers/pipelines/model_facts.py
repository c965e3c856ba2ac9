"""What there is to know of a model before it is trained."""

import sys
from typing import NamedTuple

from keras_papers import applications, cost
from keras_papers.layers import Block

# Trainable parameters and multiply-adds at the defaults, which the tests hold
# against the models: to build all of them takes half a minute.
COSTS = {
    "EfficientNetB0": (5_288_548, 385_814_752),
    "EfficientNetB1": (7_794_184, 686_802_832),
    "EfficientNetB2": (9_109_994, 993_561_872),
    "EfficientNetB3": (12_233_232, 1_827_141_392),
    "EfficientNetB4": (19_341_616, 4_393_771_024),
    "EfficientNetB5": (30_389_784, 10_266_384_752),
    "EfficientNetB6": (43_040_704, 19_067_593_536),
    "EfficientNetB7": (66_347_960, 37_745_884_192),
    "EfficientNetLite0": (4_652_008, 385_187_552),
    "EfficientNetLite1": (5_416_680, 600_185_232),
    "EfficientNetLite2": (6_092_072, 859_736_272),
    "EfficientNetLite3": (8_197_096, 1_383_321_872),
    "EfficientNetLite4": (13_006_568, 2_553_034_336),
    "MnasNetA1": (3_887_038, 311_579_072),
    "MnasNetB1": (4_383_312, 314_415_872),
    "MnasNetSmall": (2_030_264, 68_339_184),
    "MobileNet": (4_231_976, 568_740_352),
    "MobileNetV2": (3_504_872, 300_774_272),
    "MobileNetV3Large": (5_483_032, 216_589_760),
    "MobileNetV3Small": (2_542_856, 56_510_400),
}


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
        _fact(name, *COSTS[name]) for name in applications.list_models(pattern)
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
        _fact(name, counted.parameters, counted.multiply_adds),
        table[0]._fields,
        tuple(map(tuple, table)),
        tuple(_by_block(model, counted)),
    )


def _fact(name, parameters, multiply_adds):
    home = sys.modules[applications.get(name).__module__]
    paper = home.__doc__.splitlines()[0].rstrip(".")
    return ModelFact(name, parameters, multiply_adds, paper)


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
