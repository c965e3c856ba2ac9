"""Gated PixelCNN (van den Oord et al., 2016, https://arxiv.org/abs/1606.05328).

A prior over maps of codes.
"""

from typing import NamedTuple

import keras

from keras_papers.applications import registry
from keras_papers.applications.generative.codes_above import (
    checked_levels,
    codes_inputs,
    draw_map,
    map_size,
)
from keras_papers.applications.generative.gated_stack import (
    FIRST_KERNEL,
    new_stack,
)
from keras_papers.checks import (
    check_fraction,
    check_name,
    check_positive_int,
    plain_numbers,
)

PAPER = registry.Paper(
    "Gated PixelCNN",
    "Conditional Image Generation with PixelCNN Decoders",
    "van den Oord et al.",
    2016,
    "https://arxiv.org/abs/1606.05328",
)


class Row(NamedTuple):
    """Layers of one kind."""

    layers: int
    kernel: int
    filters: int


PUBLIC = (  # ritheshkumar95/pytorch-vqvae; the paper prints no table
    Row(1, FIRST_KERNEL, 64),  # does not see the code itself
    Row(14, 3, 64),
)


@registry.network(PAPER, PUBLIC, size=32, task=registry.LATENT_PRIOR)
@plain_numbers
def GatedPixelCNN(
    input_shape=(32, 32),
    num_embeddings=512,
    filters=64,
    num_layers=15,
    kernel_size=3,
    num_classes=None,
    condition_channels=None,
    dropout=0.0,
    name="gated_pixel_cnn",
    *,
    codes_above=None,
):
    """Builds a prior over maps of codes, such as those of a VQ-VAE.

    Sections 2.1 to 2.3 of the paper, with an embedding of the codes in place
    of colors: the prior of section 3.3 of the VQ-VAE paper. The defaults are
    those of the public code that is most in use (ritheshkumar95/
    pytorch-vqvae); with 10 classes it has 1,841,472 parameters.

    Train it by `fit` on codes as inputs and as labels, with
    `SparseCategoricalCrossentropy(from_logits=True)`: divided by log(2) that
    is bits per code. `sample` draws from it.

    Args:
        input_shape: Height and width of a map of codes. Defaults to 32 x 32,
            those of the VQ-VAE paper's images.
        num_embeddings: Positive int. Codes. Defaults to 512.
        filters: Positive int. Channels of both stacks. Defaults to 64.
        num_layers: Positive int. Defaults to 15.
        kernel_size: Positive odd int. Of all layers but the first, which has
            7. Defaults to 3.
        num_classes: Number of classes, or None. The model then takes a dict of
            `codes` and `labels`, ints of shape `(batch,)`.
        condition_channels: Channels of a map of the size of the codes that
            the codes depend on, or None. The model then takes a dict with
            `condition`, too.
        dropout: Float in [0, 1). Dropout before the last two layers.
        name: Name of the model.
        codes_above: For a lower level of a hierarchy such as `VQVAE2`: a tuple
            `(height, width, num_embeddings)` of the level above, or a list of
            them from the top level down; None (default) for the top level.
            The model then takes a dict with the codes of that level as
            `condition`, ints of shape `(batch, height, width)`; with several
            levels they are `condition1`, `condition2` and so on, which
            `condition_of` makes. Train it on the encoder's codes of all
            levels.

    Returns:
        A functional model: codes of shape `(batch, height, width)` to logits
        of shape `(batch, height, width, num_embeddings)`, in which those of a
        place depend on the codes before it in reading order.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> model = GatedPixelCNN((8, 8), num_embeddings=32, num_layers=2)
    >>> model.output_shape
    (None, 8, 8, 32)
    """
    check_name(name)
    height, width = map_size(input_shape)
    for argument, value, advice in (
        ("num_embeddings", num_embeddings, "Try 512."),
        ("filters", filters, "Try 64."),
        ("num_layers", num_layers, "Try 15."),
    ):
        check_positive_int(argument, value, "a number", advice)
    if codes_above is not None:
        if condition_channels is not None:
            raise ValueError(
                "`codes_above` are made into the map that the codes depend "
                "on, `condition_channels` are those of a map that is passed. "
                f"Received: codes_above={codes_above} and condition_channels="
                f"{condition_channels}. Pass one of them."
            )
        codes_above = checked_levels(codes_above, (height, width))
    if condition_channels is not None:
        check_positive_int(
            "condition_channels", condition_channels, "a number", "Try 64."
        )
    check_fraction("dropout", dropout, "a share of features", "0 drops none.")
    codes = keras.Input((height, width), dtype="int32", name="codes")
    inputs, given = {"codes": codes}, {}
    if num_classes is not None:
        given["labels"] = keras.Input((), dtype="int32", name="labels")
    if condition_channels is not None:
        given["condition"] = keras.Input(
            (height, width, condition_channels), name="condition"
        )
    inputs |= given
    if codes_above is not None:
        levels = codes_inputs(codes_above)
        inputs |= levels
        given["condition"] = draw_map(
            levels, codes_above, (height, width), filters
        )
    stack = new_stack(
        num_embeddings, filters, num_layers, kernel_size, num_classes, dropout
    )
    logits = stack.draw(codes, **given)
    return keras.Model(inputs if given else codes, logits, name=name)
