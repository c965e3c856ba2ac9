"""The layers of a Gated PixelCNN, from codes to logits."""

from typing import NamedTuple

from keras import layers

from keras_papers.layers import GatedMaskedConv2D

FIRST_KERNEL = 7  # of the first layer; the others have `kernel_size`
HEAD = 512  # channels before the logits


class GatedStack(NamedTuple):
    """Layers that can be drawn into more than one graph."""

    embed: layers.Layer
    blocks: tuple
    head: tuple

    def draw(self, codes, **given):
        """Draws the layers from codes to logits.

        Args:
            codes: Symbolic ints of shape `(batch, height, width)`.
            **given: `labels` and `condition`, as the blocks take them.
        """
        x = self.embed(codes)
        stacks = [x, x]
        for block in self.blocks:
            stacks = block(stacks, **given)
        _, x = stacks
        for layer in self.head:
            x = layer(x)
        return x


def new_stack(
    num_embeddings,
    filters,
    num_layers,
    kernel_size,
    num_classes=None,
    dropout=0.0,
):
    """Returns fresh layers for maps of codes."""
    blocks = [
        GatedMaskedConv2D(
            filters,
            FIRST_KERNEL if index == 1 else kernel_size,
            first=index == 1,
            num_classes=num_classes,
            name=f"block{index}",
        )
        for index in range(1, num_layers + 1)
    ]
    head = (
        layers.Dropout(dropout, name="dropout"),
        layers.Dense(HEAD, "relu", name="head"),
        layers.Dense(num_embeddings, name="logits"),
    )
    embed = layers.Embedding(num_embeddings, filters, name="embed")
    return GatedStack(embed, tuple(blocks), head)


def stack_of(model):
    """Returns the layers of a model that was built with such a stack."""
    blocks = [
        each for each in model.layers if isinstance(each, GatedMaskedConv2D)
    ]
    head = tuple(map(model.get_layer, ("dropout", "head", "logits")))
    return GatedStack(model.get_layer("embed"), tuple(blocks), head)
