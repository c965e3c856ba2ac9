"""Draws maps of codes from a `GatedPixelCNN`, a row at a time."""

import numpy as np
from keras import ops

from keras_papers.applications.generative.code_sampler import MapSampler
from keras_papers.layers.gated_masked_conv2d import GatedMaskedConv2D, gate


class PixelCNNSampler(MapSampler):
    """Noise to a row of codes, by the layers of a prior.

    Each convolution keeps the part of its input that it will see again: the
    vertical stacks the rows above, the horizontal stacks the places to the
    left in the row that is being drawn. So each place is computed once.

    Args:
        prior: What `GatedPixelCNN` returned.
    """

    def __init__(self, prior):
        blocks = [
            layer
            for layer in prior.layers
            if isinstance(layer, GatedMaskedConv2D)
        ]
        super().__init__(prior, blocks, "pixel_cnn_sampler")
        self.blocks = blocks
        self.embed = prior.get_layer("embed")
        self.head = [prior.get_layer("head"), prior.get_layer("logits")]

    def start(self, batch_size):
        """Returns what the vertical stacks see above the first row: zeros."""
        return [
            np.zeros((batch_size, *self.kept(block.vertical)), "float32")
            for block in self.blocks
        ]

    def draw(self, inputs):
        """Draws a row of codes."""
        noise, scale, rows_above = (
            inputs[name] for name in ("noise", "scale", "state")
        )
        batch = noise.shape[0]
        given = [
            block.condition(inputs.get("labels"), inputs.get("condition"))
            for block in self.blocks
        ]
        state, joined = self._vertical_row(rows_above, given)
        before = [
            ops.zeros(
                (batch, *self.kept(block.horizontal)[1:]), self.compute_dtype
            )
            for block in self.blocks
        ]

        def place(j, loop):
            codes, before = loop
            logits, before = self._place(j, before, joined)
            drawn = ops.take(noise[:, 0], j, axis=1)
            code = self.code(logits, scale, drawn)
            before[0] = _put(
                before[0], self.blocks[0].horizontal, self.embed(code), j
            )
            return ops.slice_update(codes, (0, j), code[:, None]), before

        codes = ops.zeros((batch, self.width), "int32")
        codes, _ = ops.fori_loop(0, self.width, place, (codes, before))
        first = self.blocks[0].vertical
        seen = self._with_row(rows_above[0], first, self.embed(codes))
        return codes[:, None], [seen[:, 1:], *state[1:]]

    def _with_row(self, rows_above, conv, row):
        """Appends a row, padded for a convolution, to those above it."""
        _, left, right = conv.padding
        row = ops.pad(row, ((0, 0), (left, right), (0, 0)))[:, None]
        return ops.concatenate(
            [rows_above, ops.cast(row, rows_above.dtype)], axis=1
        )

    def _vertical_row(self, rows_above, given):
        """Computes a row of all vertical stacks.

        Returns:
            For each block the rows that are above the next row, and what its
            horizontal stack adds in this row.
        """
        state, joined = [], []
        # The first kernel has no weights for the row that is not drawn yet.
        row = ops.zeros(
            (rows_above[0].shape[0], self.width, rows_above[0].shape[-1]),
            self.compute_dtype,
        )
        for block, above_it, added in zip(
            self.blocks, rows_above, given, strict=True
        ):
            seen = self._with_row(above_it, block.vertical, row)
            state.append(seen[:, 1:])
            above = block.vertical.of_padded(seen)
            added = ops.broadcast_to(
                added, (*added.shape[:2], self.width, added.shape[3])
            )
            joined.append((block.join(above)[:, 0], added[:, 0]))
            row = gate(above + added)[:, 0]
        return state, joined

    def _place(self, j, before, joined):
        """Computes the logits of place `j` of a row, from those to its left."""
        before, x = list(before), None
        for index, block in enumerate(self.blocks):
            if index:
                before[index] = _put(before[index], block.horizontal, x, j)
            columns = ops.slice(
                before[index],
                (0, j, 0),
                (
                    before[index].shape[0],
                    block.horizontal.padding[1] + 1,
                    before[index].shape[2],
                ),
            )
            seen = block.horizontal.of_padded(columns[:, None])[:, 0, 0]
            above, added = (ops.take(each, j, axis=1) for each in joined[index])
            outputs = block.project(gate(seen + above + added)[:, None, None])
            outputs = outputs[:, 0, 0]
            x = outputs if block.first else outputs + x
        for layer in self.head:
            x = layer(x)
        return x, before


def _put(row, conv, values, place):
    """Writes a place into a row that is padded for a convolution."""
    _, left, _ = conv.padding
    return ops.slice_update(
        row, (0, place + left, 0), ops.cast(values[:, None], row.dtype)
    )
