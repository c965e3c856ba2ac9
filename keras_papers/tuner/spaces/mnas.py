"""MnasNet's search space (Tan et al., 2019, arxiv.org/abs/1807.11626).

Section 4.1: a network is a sequence of blocks. The layers of a block are alike;
each block has its own operation, kernel, squeeze-and-excite, skip, filters and
number of layers.
"""

import inspect
import itertools
import random
from typing import NamedTuple

import keras

from keras_papers import applications
from keras_papers.applications import mobilenet_v2
from keras_papers.applications.image.rows import Row, check_rows
from keras_papers.applications.image.scaling import round_filters
from keras_papers.checks import check_choice
from keras_papers.tuner.reward import Reward
from keras_papers.tuner.spaces.description import (
    Blocks,
    Description,
    call_as_code,
)
from keras_papers.tuner.spaces.register import register_space
from keras_papers.tuner.spaces.search_space import (
    Limits,
    SearchSpace,
    check_limit_reached,
)

EXPANSIONS = {"SepConv": 1, "MBConv3": 3, "MBConv6": 6, "Conv": 0}
# What always costs less. Whether MBConv costs less than Conv depends on sizes.
CHEAPER = {"MBConv3": "SepConv", "MBConv6": "MBConv3", "Conv": "SepConv"}
SKIPS = {"identity": True, "pool": "pool", "none": False}
SKIP_TEXTS = {True: "", "pool": ", pooled skip", False: ", no skip"}
KERNELS = (3, 5)
SQUEEZES = (0.0, 0.25)
WIDTHS = (0.75, 1.0, 1.25)  # factors on the filters of the reference
MORE_LAYERS = (-1, 0, 1)
BLOCKS_NOTE = (
    "A row is a stage of the network; its layers are alike, and the first of "
    "them has the stride. Conv is a plain convolution; SepConv is a depthwise "
    "and a pointwise one; MBConv multiplies the channels of its input by its "
    "number first. Squeeze is the share of channels that squeeze-and-excite "
    "keeps inside. A layer with a skip adds its input, or its pooled input, "
    "where shapes fit."
)
BLOCKS_HEADS = (
    *("Operation", "Kernel", "Squeeze", "Skip"),
    *("Filters", "Layers", "Stride"),
)
# "We use MobileNetV2 as a reference", says the section.
REFERENCE = tuple(
    Row(row.t, 3, 0.0, True, row.c, row.n, row.s)
    for row in mobilenet_v2.TABLE_2
)


class Choice(NamedTuple):
    """A hyperparameter on which the cost depends."""

    name: str
    values: tuple  # the cheapest is the first
    default: object
    cheaper: dict  # the next cheaper value of each that has one


@register_space("mnas")
class MnasSpace(SearchSpace):
    """The factorized hierarchical space around a table of blocks.

    A block called `stage3` has the hyperparameters `stage3_operation`,
    `_kernel`, `_squeeze`, `_skip`, `_filters`, `_layers`, and `_strides`,
    which are fixed. `rows` makes the table of what was found, and
    `constructor(rows=...)` the model. The first point is the reference.

    Operations are Conv, SepConv, MBConv3 and MBConv6, kernels 3 and 5, the
    squeeze ratio 0 or 0.25, skips `"identity"`, `"pool"` and `"none"`, filters
    0.75, 1 and 1.25 times the reference's, layers one fewer to one more.

    A proposal that exceeds the limits is moved to cheaper values, as few as
    necessary, before a trial is spent on it.

    Args:
        model: Name of a constructor that takes `rows`. Defaults to
            `"MnasNetA1"`; `"EfficientNetB0"` searches with its activation.
        reference: Table to search around. Defaults to None: MobileNetV2's,
            as in the paper.
        limits: A `Limits`.
        latency: A `LiteRTLatency`; see `SearchSpace`.
        reward: A `Reward`, or None.
        compile: Function that compiles a model; see `SearchSpace`.
        **arguments: More of the constructor's arguments, such as `classes`,
            `input_shape`, or `alpha` for narrower networks.

    Raises:
        ValueError: If an argument is out of its range, or the cheapest table
            is beyond the limits.

    Example:
    >>> space = MnasSpace(input_shape=(32, 32, 3), alpha=0.35, classes=10)
    >>> for row in rows(space.reference_values())[:2]:
    ...     print(row)
    Row(expansion=1, k=3, se=0.0, skip=True, filters=16, layers=1, s=1)
    Row(expansion=6, k=3, se=0.0, skip=True, filters=24, layers=2, s=2)
    """

    summary = "operation, kernel, filters and layers of each block"
    default_model = "MnasNetA1"
    oracles = ("random", "bayesian")  # the grid has some 10**15 points

    def __init__(
        self,
        model=default_model,
        *,
        reference=None,
        limits=None,
        latency=None,
        reward=None,
        compile=None,
        **arguments,
    ):
        super().__init__(limits, latency, reward, compile)
        check_choice(
            "model", model, _models_of_rows(), "a constructor that takes `rows`"
        )
        self.constructor = applications.get(model)
        self.arguments = arguments
        images = keras.Input((224, 224, 3))  # the check needs some input
        reference = check_rows(
            REFERENCE if reference is None else reference, images
        )
        self.strides = [row.s for row in reference]
        self.skips = [_name(SKIPS, row.skip) for row in reference]
        self.choices = [
            choice
            for stage, row in enumerate(reference, start=1)
            for choice in _choices(f"stage{stage}", row)
        ]
        cheapest = {choice.name: choice.values[0] for choice in self.choices}
        if any(self.limits):
            costs = self._costs(cheapest)
            check_limit_reached(costs, self.limits, "that of all least values")

    def declare_hyperparameters(self, hp):
        for stage, strides in enumerate(self.strides, start=1):
            hp.Fixed(f"stage{stage}_strides", strides)
        for stage, skip in enumerate(self.skips, start=1):
            hp.Choice(f"stage{stage}_skip", list(SKIPS), default=skip)
        for choice in self.choices:
            hp.Choice(choice.name, list(choice.values), default=choice.default)

    def reference_values(self):
        """Returns the values of the table that is searched around."""
        values = {each.name: each.default for each in self.choices}
        for stage, strides in enumerate(self.strides, start=1):
            values[f"stage{stage}_strides"] = strides
            values[f"stage{stage}_skip"] = self.skips[stage - 1]
        return values

    @classmethod
    def from_options(cls, options, known=None, **arguments):
        """Makes the space; a budget of latency is the target of a `Reward`.

        As in the paper, a network may exceed it.
        """
        target = options.budget_latency_ms
        return cls(
            options.model,
            input_shape=(options.image_size, options.image_size, 3),
            alpha=options.width,
            limits=Limits(options.budget_madds),
            reward=None if target is None else Reward(target),
            **arguments,
        )

    def network(self, values):
        return self.constructor(rows=rows(values), **self.arguments)

    def as_code(self, values):
        arguments = {"rows": rows(values), **self.arguments}
        return call_as_code(self.constructor, arguments)

    def table(self, values):
        return rows(values)

    def describe(self, values):
        if "stage1_operation" not in values:
            return super().describe(values)
        table = rows(values)
        layers = sum(row.layers for row in table)
        return Description(
            f"{_plural(layers, 'layer')} in {_plural(len(table), 'stage')}",
            tuple(
                f"{row.operation} {row.k}x{row.k}, {row.filters} filters, "
                f"{_plural(row.layers, 'layer')}"
                f"{', SE' * bool(row.se)}{SKIP_TEXTS[row.skip]}"
                for row in table
            ),
        )

    def blocks(self, values):
        alpha = self.arguments.get("alpha", 1)
        note = BLOCKS_NOTE
        if alpha != 1:
            note += f" Filters are those before the width of {alpha}."
        return Blocks(
            note,
            BLOCKS_HEADS,
            tuple(
                (
                    row.operation,
                    f"{row.k} × {row.k}",
                    str(row.se or "–"),
                    {True: "yes", "pool": "pooled", False: "no"}[row.skip],
                    str(row.filters),
                    str(row.layers),
                    str(row.s),
                )
                for row in rows(values)
            ),
        )

    def afford(self, values):
        """Returns the values, or cheaper ones that are within the limits.

        None if even the cheapest exceed them, which is possible of a measured
        latency, and with another `skip`.

        The values are moved by single steps to the next cheaper value, in a
        random order that depends on the values. The least number of steps
        that suffices is found by bisection.
        """
        if not any(self.limits) or self._fits(values):
            return values
        steps = [
            choice
            for choice in self.choices
            for _ in _steps(choice, values[choice.name])
        ]
        random.Random(repr(sorted(values.items()))).shuffle(steps)
        too_few, enough = 0, len(steps)
        while enough - too_few > 1:
            middle = (too_few + enough) // 2
            if self._fits(_cheaper(values, steps[:middle])):
                enough = middle
            else:
                too_few = middle
        moved = _cheaper(values, steps[:enough])
        # The bisection has checked any number of steps but all of them.
        if enough == len(steps) and not self._fits(moved):
            return None
        return moved

    def _fits(self, values):
        return not self.limits.exceeded(self._costs(values))

    def _costs(self, values):
        values = self.reference_values() | values
        measured = self.limits.latency_ms is not None
        return self.costs(self.network(values), measured)


def rows(values):
    """Returns the table of a point of a `MnasSpace`.

    Args:
        values: Dict of values, or KerasTuner's `HyperParameters`, as
            `get_best_hyperparameters` returns them.

    Returns:
        A tuple of `Row`, which `MnasNetA1(rows=...)` builds a model from.

    Raises:
        ValueError: If the values are another space's.
    """
    if not isinstance(values, dict):
        values = getattr(values, "values", None)
    if not isinstance(values, dict) or "stage1_operation" not in values:
        raise ValueError(
            "`values` are those of a point of a MnasSpace, or the "
            f"HyperParameters that hold them. Received: {values!r}. Take one "
            "of get_best_hyperparameters()."
        )
    table = []
    for stage in itertools.count(1):
        if f"stage{stage}_operation" not in values:
            return tuple(table)

        def chosen(name, stage=stage):
            return values[f"stage{stage}_{name}"]

        table.append(
            Row(
                EXPANSIONS[chosen("operation")],
                chosen("kernel"),
                chosen("squeeze"),
                SKIPS[chosen("skip")],
                chosen("filters"),
                chosen("layers"),
                chosen("strides"),
            )
        )


def _choices(stage, row):
    """Lists the choices on which a block's cost depends, around a row."""
    if row.expansion not in EXPANSIONS.values():
        raise ValueError(
            "`reference` is the table to search around, of blocks of expansion "
            f"0, 1, 3 or 6. Received: {row}. Give the nearest of them."
        )
    filters = {round_filters(row.filters * width) for width in WIDTHS}
    layers = {max(1, row.layers + more) for more in MORE_LAYERS}
    operation = _name(EXPANSIONS, row.expansion)
    return [
        _ordered(f"{stage}_kernel", KERNELS, row.k),
        _ordered(f"{stage}_squeeze", SQUEEZES, float(row.se)),
        _ordered(f"{stage}_filters", filters, row.filters),
        _ordered(f"{stage}_layers", layers, row.layers),
        Choice(f"{stage}_operation", tuple(EXPANSIONS), operation, CHEAPER),
    ]


def _ordered(name, values, default):
    """Returns a choice of numbers, of which smaller ones cost less."""
    values = tuple(sorted({*values, default}))
    return Choice(name, values, default, dict(itertools.pairwise(values[::-1])))


def _name(names, value):
    """Returns the name of a value."""
    return next(name for name, named in names.items() if named == value)


def _steps(choice, value):
    """Yields the cheaper values below a value, one step at a time."""
    while value in choice.cheaper:
        value = choice.cheaper[value]
        yield value


def _cheaper(values, steps):
    """Returns values after single steps to the next cheaper one of each."""
    values = dict(values)
    for choice in steps:
        values[choice.name] = choice.cheaper[values[choice.name]]
    return values


def _models_of_rows():
    """Lists the networks whose constructors take `rows`."""
    return [
        name
        for name in applications.list_models()
        if "rows" in inspect.signature(applications.get(name)).parameters
    ]


def _plural(count, name):
    return f"{count} {name}" + "s" * (count != 1)
