"""PixelSNAIL (Chen et al., 2017, https://arxiv.org/abs/1712.09763).

A prior over maps of codes, with attention.
"""

import math
from typing import NamedTuple

import keras
import numpy as np
from keras import layers, ops

from keras_papers.applications import registry
from keras_papers.applications.generative.codes_above import (
    MAP,
    checked_levels,
    codes_inputs,
    map_size,
    repeat,
)
from keras_papers.checks import (
    check_name,
    check_positive_int,
    check_table,
    plain_numbers,
)
from keras_papers.layers import CausalAttention2D
from keras_papers.layers._causal_conv import CausalConv2D
from keras_papers.layers._codes_conv2d import CodesConv2D
from keras_papers.layers._gated_residual2d import GatedResidual2D

PAPER = registry.Paper(
    "PixelSNAIL",
    "PixelSNAIL: An Improved Autoregressive Generative Model",
    "Chen et al.",
    2017,
    "https://arxiv.org/abs/1712.09763",
)


class Table(NamedTuple):
    """The size of a PixelSNAIL."""

    filters: int  # channels between the layers
    residual_filters: int  # channels inside a gated residual layer
    kernel_size: int
    num_blocks: int  # each ends in attention
    num_residuals: int  # gated residual layers of a block
    num_heads: int  # 0: blocks without attention
    codes_in_keys: bool  # whether keys and values see the code of their place
    condition_residuals: int  # layers on the codes above
    output_residuals: int  # 1 x 1 layers before the logits
    dropout: float  # in the gated layers, and of the attention weights


# fmt: off
#                            f   res  k  b  n  h  in keys  c   o  dropout
SMALL             = Table(  64,   64, 3, 2, 2, 4,  True,   1,  0, 0.1)
# The public code that trains, rosinality/vq-vae-2-pytorch. There a place does
# not see the code before it if that is the last one of the row above.
ROSINALITY_TOP    = Table( 256,  256, 5, 4, 4, 8, False,   0,  0, 0.1)
ROSINALITY_BOTTOM = Table( 256,  256, 5, 4, 4, 0, False,   3,  0, 0.1)
# Appendix A of VQ-VAE-2, for latents of 32 x 32 and 64 x 64. The table gives
# neither the size of keys and values nor the kernel of the last stack.
PAPER_TOP         = Table( 512, 2048, 5, 4, 5, 8,  True,   0, 20, 0.1)
PAPER_BOTTOM      = Table( 512, 1024, 5, 4, 5, 0, False,  20,  0, 0.1)
# fmt: on


@registry.network(
    PAPER,
    (SMALL, ROSINALITY_TOP, ROSINALITY_BOTTOM, PAPER_TOP, PAPER_BOTTOM),
    size=32,
    task=registry.LATENT_PRIOR,
)
@plain_numbers
def PixelSNAIL(
    input_shape=(32, 32),
    num_embeddings=512,
    table=SMALL,
    num_classes=None,
    codes_above=None,
    name="pixel_snail",
):
    """Builds a prior over maps of codes that attends to all codes before.

    Figure 3 of the paper with the changes of VQ-VAE-2
    (https://arxiv.org/abs/1906.00446) for codes: blocks of causal gated
    residual layers, each followed by attention from a place to those before
    it. Between them stand layers of 1 x 1, which also see the coordinates of a
    place. Keys and values of all heads have half of the filters. Dropout acts
    inside the gated layers and on the attention weights, as in
    rosinality/vq-vae-2-pytorch; the table of VQ-VAE-2 names the logits of the
    attention in place of the weights.

    Train it by `fit` on codes as inputs and as labels, with
    `SparseCategoricalCrossentropy(from_logits=True)`: divided by log(2) that
    is bits per code. `sample` draws from it.

    Args:
        input_shape: Height and width of a map of codes. Defaults to
            `(32, 32)`.
        num_embeddings: Positive int. Codes. Defaults to 512.
        table: A `Table`: `SMALL` (default), for a processor and maps of up to
            16 x 16; `ROSINALITY_TOP`, with 512 codes 84,873,280 parameters,
            and `ROSINALITY_BOTTOM`, 89,762,816 with 512 codes above; or
            `PAPER_TOP` and `PAPER_BOTTOM`.
        num_classes: Number of classes, or None. The model then takes a dict of
            `codes` and `labels`, ints of shape `(batch,)`.
        codes_above: For a lower level of a hierarchy such as `VQVAE2`: a tuple
            `(height, width, num_embeddings)` of the level above, or a list of
            them from the top level down; None (default) for the top level.
            The model then takes a dict with the codes of that level as
            `condition`, ints of shape `(batch, height, width)`; with several
            levels they are `condition1`, `condition2` and so on, which
            `condition_of` makes.
        name: Name of the model.

    Returns:
        A functional model: codes of shape `(batch, height, width)` to logits
        of shape `(batch, height, width, num_embeddings)`, in which those of a
        place depend on the codes before it in reading order.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> model = PixelSNAIL((4, 6), num_embeddings=32, num_classes=10)
    >>> model.output_shape
    (None, 4, 6, 32)
    """
    check_name(name)
    size = map_size(input_shape)
    check_positive_int("num_embeddings", num_embeddings, "codes", "Try 512.")
    _check_table(table)
    codes = keras.Input(size, dtype="int32", name="codes")
    inputs, given = {"codes": codes}, {}
    if num_classes is not None:
        check_positive_int("num_classes", num_classes, "a number", "Try 10.")
        given["labels"] = keras.Input((), dtype="int32", name="labels")
        inputs |= given
    if codes_above is not None:
        levels = checked_levels(codes_above, size)
        of_levels = codes_inputs(levels)
        inputs |= of_levels
        given["condition"] = _draw_condition(of_levels, levels, size, table)

    x = _draw_start(codes, num_embeddings, table)
    in_keys = []
    if table.num_heads and table.codes_in_keys:
        embed = layers.Embedding(num_embeddings, table.filters, name="embed")
        in_keys.append(embed(codes))
    for block in range(1, table.num_blocks + 1):
        seen = [*in_keys, x]
        for number in range(1, table.num_residuals + 1):
            x = GatedResidual2D(
                table.residual_filters,
                table.kernel_size,
                dropout=table.dropout,
                num_classes=num_classes,
                name=f"block{block}_residual{number}",
            )(x, **given)
        if table.num_heads:
            x = _draw_attention([*seen, x], table, f"block{block}")
        else:
            x = WithCoordinates(name=f"block{block}_output_input")([x])
            x = PointwiseConv2D(table.filters, name=f"block{block}_output")(x)
    for number in range(1, table.output_residuals + 1):
        x = GatedResidual2D(
            table.residual_filters,
            dropout=table.dropout,
            name=f"output_residual{number}",
        )(x)
    x = layers.ELU(name="output_elu")(x)
    logits = PointwiseConv2D(num_embeddings, name="logits")(x)
    return keras.Model(inputs if len(inputs) > 1 else codes, logits, name=name)


def _check_table(table):
    check_table("table", table, Table, "pixel_snail.SMALL")
    for name in ("num_blocks", "num_residuals"):
        check_positive_int(name, getattr(table, name), "a number", "Try 2.")
    if table.kernel_size < 3 or table.kernel_size % 2 == 0:
        raise ValueError(
            "`kernel_size` of a Table is odd and at least 3. Received: "
            f"kernel_size={table.kernel_size}. Try 3 or 5."
        )
    if table.num_heads and table.filters // 2 % table.num_heads:
        raise ValueError(
            "`num_heads` of a Table divides half of its filters. Received: "
            f"num_heads={table.num_heads} for filters={table.filters}. Try 4."
        )


def _draw_start(codes, num_embeddings, table):
    """Draws two convolutions: of the rows above, and of what is to the left."""
    reach, rows = table.kernel_size // 2, (table.kernel_size + 1) // 2
    above = CodesConv2D(
        num_embeddings,
        table.filters,
        (reach, table.kernel_size),
        offset=(-reach, -reach),
        name="start_above",
    )(codes)
    left = CodesConv2D(
        num_embeddings,
        table.filters,
        (rows, reach),
        offset=(1 - rows, -reach),
        name="start_left",
    )(codes)
    return layers.Add(name="start")([above, left])


def _draw_attention(maps, table, name):
    """Draws attention with keys of several maps and queries of the last."""
    x, options = maps[-1], {"dropout": table.dropout}
    keys = WithCoordinates(name=f"{name}_key_input")(maps)
    keys = GatedResidual2D(table.filters, name=f"{name}_key", **options)(keys)
    queries = WithCoordinates(name=f"{name}_query_input")([x])
    queries = GatedResidual2D(table.filters, name=f"{name}_query", **options)(
        queries
    )
    attended = CausalAttention2D(
        table.num_heads,
        table.filters // 2 // table.num_heads,
        weight_normalization=True,
        name=f"{name}_attention",
        **options,
    )([queries, keys])
    return GatedResidual2D(table.filters, name=f"{name}_output", **options)(
        [x, attended]
    )


def _draw_condition(inputs, levels, size, table):
    """Draws the layers from the codes above to a map of the size of this."""
    maps, nearest = [], levels[-1]
    for number, (codes, level) in enumerate(
        zip(inputs.values(), levels, strict=True), start=1
    ):
        x = CodesConv2D(
            level[2],
            table.filters,
            (3, 3),
            offset=(-1, -1),
            name=f"{MAP}{number}_embed",
        )(codes)
        maps.append(repeat(x, level, nearest, f"{MAP}{number}_repeat"))
    x = maps[0]
    if len(maps) > 1:
        x = layers.Add(name=f"{MAP}_levels")(maps)
    for number in range(1, table.condition_residuals + 1):
        x = GatedResidual2D(
            table.filters,
            3,
            causal=False,
            dropout=table.dropout,
            name=f"{MAP}_residual{number}",
        )(x)
    return repeat(x, nearest, size, MAP)


@keras.saving.register_keras_serializable(package="keras_papers")
class PointwiseConv2D(keras.layers.Layer):
    """A convolution of 1 x 1 with weight normalization."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters

    def build(self, input_shape):
        self.conv = CausalConv2D(
            self.filters,
            (1, 1),
            weight_normalization=True,
            dtype=self.dtype_policy,
            name=f"{self.name}_conv",
        )
        self.conv.build(input_shape)

    def call(self, inputs):
        return self.conv(inputs)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)

    def multiply_adds(self, output_shape):
        """Returns those of one map."""
        kernel = self.conv.kernel.shape
        return math.prod(kernel) * math.prod(output_shape[1:-1])

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


@keras.saving.register_keras_serializable(package="keras_papers")
class WithCoordinates(keras.layers.Layer):
    """Concatenates maps, and appends the row and the column of each place.

    They are counted from the middle of the map, in heights and widths.
    """

    def call(self, inputs):
        height, width = inputs[0].shape[1:3]
        places = ops.cast(coordinates(height, width), self.compute_dtype)
        places = ops.broadcast_to(
            places, (ops.shape(inputs[0])[0], height, width, 2)
        )
        return ops.concatenate([*inputs, places], axis=-1)

    def compute_output_shape(self, input_shape):
        channels = sum(shape[-1] for shape in input_shape)
        return (*input_shape[0][:-1], channels + 2)

    def multiply_adds(self, output_shape):
        """Returns 0: the coordinates are constants."""
        return 0


def coordinates(height, width):
    """Returns the coordinates of each place, `(1, height, width, 2)`."""
    rows = (np.arange(height) - height / 2) / height
    columns = (np.arange(width) - width / 2) / width
    grid = np.meshgrid(rows, columns, indexing="ij")
    return np.stack(grid, axis=-1)[None].astype("float32")
