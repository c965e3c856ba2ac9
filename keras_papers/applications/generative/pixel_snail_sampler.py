"""Draws maps of codes from a `PixelSNAIL`, a row at a time."""

import numpy as np
from keras import ops

from keras_papers.applications.generative.code_sampler import MapSampler
from keras_papers.applications.generative.pixel_snail import coordinates
from keras_papers.layers._gated_residual2d import gate


class PixelSNAILSampler(MapSampler):
    """Noise to a row of codes, by the layers of a prior.

    The causal convolutions keep the rows above, and attention keeps the keys
    and values of all places. When a row begins, the convolutions compute what
    the rows above give to all its places; place by place they then add what
    the places to the left give.

    Args:
        prior: What `PixelSNAIL` returned.
    """

    def __init__(self, prior):
        residuals, ends = _blocks(prior)
        super().__init__(prior, residuals[0], "pixel_snail_sampler")
        self.residuals, self.ends = residuals, ends
        self.start_above = prior.get_layer("start_above")
        self.start_left = prior.get_layer("start_left")
        # Keys that see the code of their place have an embedding of it.
        self.embed = None
        if any(layer.name == "embed" for layer in prior.layers):
            self.embed = prior.get_layer("embed")
        self.head = [
            layer
            for layer in prior.layers
            if layer.name.startswith("output_") or layer.name == "logits"
        ]

    def start(self, batch_size):
        """Returns what is known above the first row: nothing."""

        def zeros(*shape, dtype="float32"):
            return np.zeros((batch_size, *shape), dtype)

        places = self.height * self.width
        return {
            "row": np.zeros((1,), "int32"),
            "codes": zeros(*self._padded_codes(), dtype="int32"),
            "rows": [
                [zeros(*self.kept(conv)) for conv in _convolutions(layer)]
                for layer in self._flat_residuals()
            ],
            "attention": [
                [
                    zeros(places, projection.filters)
                    for projection in (end[2].key, end[2].value)
                ]
                for end in self.ends
                if len(end) > 1
            ],
        }

    def _flat_residuals(self):
        return [layer for block in self.residuals for layer in block]

    def _padded_codes(self):
        """Returns the rows and columns of codes that the start sees."""
        above, reach = self.start_above.kernel_size[0], self._reach
        return above, reach + self.width + reach

    @property
    def _reach(self):
        return -self.start_left.offset[1]

    def draw(self, inputs):
        """Draws a row of codes."""
        noise, scale, state = (
            inputs[name] for name in ("noise", "scale", "state")
        )
        batch, row = noise.shape[0], state["row"][0]
        vectors = self.start_left.vectors()
        start = self.start_above.of_padded(
            state["codes"], self.start_above.vectors(), (1, self.width)
        )[:, 0]
        above, left = self._convolve_rows_above(state["rows"])
        given = [
            layer.condition(inputs.get("labels"), inputs.get("condition"))
            for layer in self._flat_residuals()
        ]
        given = [
            ops.broadcast_to(
                each, (each.shape[0], 1, self.width, each.shape[3])
            )[:, 0]
            for each in given
        ]
        row_coordinates = ops.take(
            ops.cast(
                coordinates(self.height, self.width)[0], self.compute_dtype
            ),
            row,
            axis=0,
        )
        # The codes of the rows above, and those of this row, not yet drawn.
        rows_left = self.start_left.kernel_size[0] - 1
        codes = state["codes"][:, state["codes"].shape[1] - rows_left :]
        codes = ops.pad(codes, ((0, 0), (0, 1), (0, 0)))

        def place(j, loop):
            codes, in_row, attention = loop
            window = ops.slice(
                codes, (0, 0, j), (batch, codes.shape[1], self._reach)
            )
            x = (
                ops.take(start, j, axis=1)
                + (self.start_left.of_padded(window, vectors, (1, 1))[:, 0, 0])
            )
            here = ops.broadcast_to(
                ops.take(row_coordinates, j, axis=0)[None], (batch, 2)
            )
            in_row, seen = list(in_row), []
            kept = iter(attention)
            number = 0
            for residuals, end in zip(self.residuals, self.ends, strict=True):
                before = x
                for _ in residuals:
                    x, in_row[number] = self._residual(
                        x,
                        j,
                        in_row[number],
                        [ops.take(each, j, axis=1) for each in above[number]],
                        left[number],
                        ops.take(given[number], j, axis=1),
                    )
                    number += 1
                with_place = ops.concatenate([x, here], axis=-1)
                if len(end) == 1:
                    x = _at_place(end[0], with_place)
                    continue
                seen.append([before, with_place])
                _, of_queries, layer, output = end
                attended = layer.attend(
                    _at_place(of_queries, with_place)[:, None, None],
                    *next(kept),
                    ops.reshape(row * self.width + j, (1,)),
                )
                x = output([x[:, None, None], attended[:, None]])[:, 0, 0]
            for layer in self.head:
                x = _at_place(layer, x)
            drawn = ops.take(noise[:, 0], j, axis=1)
            code = self.code(x, scale, drawn)
            codes = ops.slice_update(
                codes,
                (0, rows_left, self._reach + j),
                code[:, None, None] + 1,
            )
            attention = self._with_place(
                attention, seen, code, row * self.width + j
            )
            return codes, in_row, attention

        in_row = [
            [
                ops.zeros((batch, *self.kept(conv)[1:]), self.compute_dtype)
                for conv in _convolutions(layer)
            ]
            for layer in self._flat_residuals()
        ]
        codes, in_row, attention = ops.fori_loop(
            0, self.width, place, (codes, in_row, state["attention"])
        )
        last = codes[:, -1:]
        rows = [
            [_next_rows(*each) for each in zip(kept, new, strict=True)]
            for kept, new in zip(state["rows"], in_row, strict=True)
        ]
        next_state = {
            "row": state["row"] + 1,
            "codes": ops.concatenate([state["codes"][:, 1:], last], axis=1),
            "rows": rows,
            "attention": attention,
        }
        width = slice(self._reach, self._reach + self.width)
        return last[:, :, width] - 1, next_state

    def _convolve_rows_above(self, kept):
        """Returns what the rows above give, and the weights of this row.

        Returns:
            For each convolution a tensor `(batch, width, filters)`, and the
            part of the kernel for the places to the left.
        """
        above, left = [], []
        for layer, rows in zip(self._flat_residuals(), kept, strict=True):
            of_layer, kernels = [], []
            for conv, padded in zip(_convolutions(layer), rows, strict=True):
                kernel = ops.cast(conv.masked_kernel(), self.compute_dtype)
                outputs = ops.conv(
                    padded,
                    kernel[:-1],
                    padding="valid",
                    data_format="channels_last",
                )[:, 0]
                of_layer.append(outputs + ops.cast(conv.bias, outputs.dtype))
                kernels.append(kernel[-1:, : conv.padding[1]])
            above.append(of_layer)
            left.append(kernels)
        return above, left

    def _residual(self, x, j, in_row, above, kernels, given):
        """Computes a causal gated residual layer at a place."""
        outputs, buffers = x, []
        for buffer, from_above, kernel in zip(
            in_row, above, kernels, strict=True
        ):
            seen = ops.elu(outputs)
            reach = kernel.shape[1]
            patch = ops.slice(
                buffer, (0, j, 0), (buffer.shape[0], reach, buffer.shape[2])
            )
            from_left = ops.conv(
                patch[:, None],
                kernel,
                padding="valid",
                data_format="channels_last",
            )
            outputs = from_above + from_left[:, 0, 0]
            buffers.append(
                ops.slice_update(
                    buffer,
                    (0, j + reach, 0),
                    ops.cast(seen[:, None], buffer.dtype),
                )
            )
        return x + gate(outputs + given), buffers

    def _with_place(self, attention, seen, code, place):
        """Adds the keys and values of a place whose code was drawn."""
        of_code = [] if self.embed is None else [self.embed(code)]
        ends = [end for end in self.ends if len(end) > 1]
        updated = []
        for kept, inputs, end in zip(attention, seen, ends, strict=True):
            of_keys, _, layer, _ = end
            keys = _at_place(
                of_keys, ops.concatenate([*of_code, *inputs], axis=-1)
            )
            new = layer.keys_and_values(keys[:, None, None])
            updated.append(
                [
                    ops.slice_update(
                        places, (0, place, 0), ops.cast(each, places.dtype)
                    )
                    for places, each in zip(kept, new, strict=True)
                ]
            )
        return updated


def _blocks(prior):
    """Returns the residual layers of each block, and the layers of its end.

    An end is the layers for keys, for queries, the attention, and the output;
    without attention the output alone.
    """
    residuals, ends = [], []
    names = {layer.name: layer for layer in prior.layers}
    while f"block{len(ends) + 1}_output" in names:
        block = f"block{len(ends) + 1}"
        found, parts = [], ("key", "query", "attention", "output")
        while f"{block}_residual{len(found) + 1}" in names:
            found.append(names[f"{block}_residual{len(found) + 1}"])
        residuals.append(found)
        ends.append(
            [
                names[f"{block}_{part}"]
                for part in parts
                if f"{block}_{part}" in names
            ]
        )
    return residuals, ends


def _convolutions(layer):
    return layer.inner, layer.outer


def _at_place(layer, x):
    """Calls a layer of 1 x 1 on the features of one place of each map."""
    return layer(x[:, None, None])[:, 0, 0]


def _next_rows(rows, new):
    """Appends a row to those above, and drops the first."""
    new = ops.cast(new[:, None], rows.dtype)
    return ops.concatenate([rows[:, 1:], new], axis=1)
