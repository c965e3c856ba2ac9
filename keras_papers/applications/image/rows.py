"""The rows of MnasNet's space, which searches fill and networks are built of.

Figure 7 of the MnasNet paper (Tan et al., 2019, arXiv:1807.11626), whose blocks
are also those of EfficientNet.
"""

import functools
import numbers
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

from keras_papers.applications.image.image_input import MINIMUM_SIZE
from keras_papers.applications.image.padding import published_padding
from keras_papers.layers import ConvNormActivation, InvertedResidual
from keras_papers.layers._image_axes import channel_axis, image_size


class Row(NamedTuple):
    """A line of figure 7: one block of the factorized hierarchical space.

    Example:
    >>> from keras_papers.applications import MnasNetA1
    >>> from keras_papers.applications.mnasnet import FIGURE_7
    >>> small_kernels = [row._replace(k=3) for row in FIGURE_7]
    >>> model = MnasNetA1(classes=10, alpha=0.5, rows=small_kernels)
    >>> model.count_params() < MnasNetA1(classes=10, alpha=0.5).count_params()
    True
    """

    expansion: int  # the number behind MBConv; 1 is SepConv, 0 is Conv
    k: int  # kernel of the depthwise convolution, or of the plain one
    se: float  # squeeze ratio, of the channels that enter; 0 is none
    skip: bool | str  # whether a layer adds its input, or "pool", its maximum
    filters: int
    layers: int
    s: int  # stride of the first of them

    @property
    def operation(self):
        """The figure's name for it."""
        plain = {0: "Conv", 1: "SepConv"}
        return plain.get(self.expansion, f"MBConv{self.expansion}")

    def squeeze_units(self, channels):
        """Returns the bottleneck of a block that `channels` enter, or None."""
        return max(1, int(channels * self.se)) if self.se else None


def row_graph(x, row, padding=None, **arguments):
    """Returns the output of a layer of a `Row`, drawn into the graph.

    Args:
        x: Keras tensor of its input.
        row: The `Row`.
        padding: At strides 2. Defaults to None, as in keras.applications.
        **arguments: Further arguments of its block.
    """
    block = ConvNormActivation
    if row.expansion:
        block = functools.partial(InvertedResidual, expansion=row.expansion)
    axis = channel_axis(keras.config.image_data_format())
    return block(
        kernel_size=row.k,
        squeeze_units=row.squeeze_units(x.shape[axis]),
        gate_activation="sigmoid",
        shortcut=row.skip,
        padding=published_padding(x, "same", padding),
        **arguments,
    ).draw(x)


def _count(value, least=1):
    is_int = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return is_int and value >= least


def _skip(value):
    is_pool = isinstance(value, str) and value == "pool"
    return is_pool or isinstance(value, bool | np.bool_)


class Column(NamedTuple):
    """What a value of a row is, what it must be, and how it is made plain."""

    meaning: str
    wanted: str
    is_so: Callable
    plain: Callable = int


COUNT = "an integer of at least 1"
COLUMNS = {
    "expansion": Column(
        "the factor on the inner channels",
        "an integer of at least 0, which is a plain convolution",
        lambda expansion: _count(expansion, least=0),
    ),
    "k": Column(
        "the kernel",
        "an odd integer of at least 1",
        lambda k: _count(k) and k % 2 == 1,
    ),
    "se": Column(
        "the squeeze ratio",
        "a number in [0, 1)",
        lambda se: isinstance(se, numbers.Real) and 0 <= se < 1,
        float,
    ),
    "skip": Column(
        "the kind of shortcuts",
        "True, False or 'pool'",
        _skip,
        lambda skip: "pool" if skip == "pool" else bool(skip),
    ),
    "filters": Column("the number of output channels", COUNT, _count),
    "layers": Column("the number of blocks", COUNT, _count),
    "s": Column("the stride", "1 or 2", lambda s: _count(s) and s <= 2),
}


def check_rows(rows, images):
    """Returns `rows` as a table, if a network of `images` can be built of it.

    Args:
        rows: The constructor's argument, unless it is None.
        images: Keras tensor of the model's images.

    Returns:
        A tuple of `Row`, of plain Python numbers.

    Raises:
        ValueError: If there is no row or one of them is not of this space,
            or if images of an open size could be halved to nothing.
    """
    if not isinstance(rows, list | tuple) or not rows:
        raise ValueError(
            "`rows` is the table to build from and must be a list of at least "
            f"one row. Received: rows={rows!r}. Start from mnasnet.FIGURE_7."
        )
    table = tuple(
        _check_row(row, stage) for stage, row in enumerate(rows, start=1)
    )
    halvings = 1 + sum(row.s == 2 for row in table)
    if 2**halvings > MINIMUM_SIZE and None in image_size(images):
        raise ValueError(
            "`rows` may halve images of an open size four times behind the "
            f"stem, for they may have {MINIMUM_SIZE} pixels. Received: rows "
            f"with s=2 in {halvings - 1} of them. Pass a whole `input_shape`, "
            "or s=1."
        )
    return table


def _check_row(row, stage):
    name, fields = f"rows[{stage - 1}]", Row._fields
    if not isinstance(row, list | tuple) or len(row) != len(fields):
        raise ValueError(
            f"`{name}` is stage {stage} of the table and must be a "
            f"mnasnet.Row, or a list of its {len(fields)} values: "
            f"{', '.join(fields)}. Received: {name}={row!r}. Start from a row "
            "of mnasnet.FIGURE_7."
        )
    for field, value in zip(fields, row, strict=True):
        column = COLUMNS[field]
        if not column.is_so(value):
            raise ValueError(
                f"`{name}.{field}` is {column.meaning} of stage {stage} and "
                f"must be {column.wanted}. Received: {name}.{field}={value!r}. "
                "Compare the rows of mnasnet.FIGURE_7."
            )
    columns = zip(COLUMNS.values(), row, strict=True)
    return Row(*(column.plain(value) for column, value in columns))


def unpublished_rows(table, published):
    """Returns the first difference to the published table, as a dict."""
    pairs = zip(table, published, strict=False)
    for index, (row, theirs) in enumerate(pairs):
        if row != theirs:
            return {f"rows[{index}]": row}
    return {} if len(table) == len(published) else {"len(rows)": len(table)}
