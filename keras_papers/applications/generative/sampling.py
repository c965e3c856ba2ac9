"""Draws maps of codes from a prior, one code after the other.

The logits of a place depend on the codes before it only. Run as it is, the
network would compute the whole map again for every place. Here each
convolution keeps the part of its input that it will see again, and computes
one place at a time: the vertical stacks a row at once, when the row above is
complete, and the horizontal stacks code by code.
"""

import weakref

import keras
import numpy as np
from keras import ops

from keras_papers.checks import (
    check_positive,
    check_positive_int,
    check_seed,
)
from keras_papers.layers.gated_masked_conv2d import GatedMaskedConv2D, gate

_SAMPLERS = weakref.WeakKeyDictionary()  # prior: {batch size: sampler}


def sample(
    prior,
    number=1,
    *,
    labels=None,
    condition=None,
    temperature=1.0,
    seed=None,
    batch_size=16,
    verbose=1,
):
    """Draws maps of codes from a `GatedPixelCNN`.

    Args:
        prior: What `GatedPixelCNN` returned.
        number: Positive int. How many maps. Defaults to 1.
        labels: Ints of shape `(number,)`, or one for all: their classes.
        condition: Maps of shape `(number, height, width, channels)`.
        temperature: Positive number. Divides the logits; below 1 the likely
            codes become likelier. Defaults to 1.
        seed: Int, or None. The same seed gives the same maps, whatever the
            batch size is.
        batch_size: Positive int. Maps that are drawn side by side.
        verbose: 1 shows a progress bar over the batches, 0 nothing.

    Returns:
        An array of int32 of shape `(number, height, width)`.

    Raises:
        ValueError: If an argument is out of its range, or does not fit the
            prior.

    Example:
    >>> from keras_papers.applications.generative import GatedPixelCNN
    >>> prior = GatedPixelCNN((4, 4), num_embeddings=8, num_layers=2)
    >>> sample(prior, 3, seed=0, verbose=0).shape
    (3, 4, 4)
    """
    check_positive_int("number", number, "how many maps to draw", "Try 16.")
    check_positive_int("batch_size", batch_size, "a number of maps", "Try 16.")
    check_positive(
        "temperature", temperature, "a divisor of the logits", "Try 1."
    )
    if seed is not None:
        check_seed(seed)
    given = _conditions(prior, number, labels, condition)
    batch_size = min(batch_size, number)
    sampler = _compiled_sampler(prior, batch_size)
    generator = np.random.default_rng(seed)
    progress = keras.utils.Progbar(
        -(-number // batch_size), unit_name="batch", verbose=verbose
    )
    maps = []
    for start in range(0, number, batch_size):
        places = np.arange(start, start + batch_size)
        left = int(np.sum(places < number))
        inputs = {
            # The last batch is filled up to the size of the others, so that
            # one network is compiled.
            name: values[np.minimum(places, number - 1)]
            for name, values in given.items()
        }
        inputs["noise"] = gumbel(
            generator, (batch_size, *prior.output_shape[1:])
        )
        inputs["scale"] = np.full((batch_size, 1), 1 / temperature, "float32")
        maps.append(np.asarray(sampler.predict_on_batch(inputs))[:left])
        progress.add(1)
    return np.concatenate(maps)


def _compiled_sampler(prior, batch_size):
    """Returns the sampler of a prior, compiled once for each batch size."""
    samplers = _SAMPLERS.setdefault(prior, {})
    if batch_size not in samplers:
        sampler = _Sampler(prior)
        # Without a compiler each step of the loop is a call of Python.
        sampler.compile(jit_compile=keras.config.backend() != "torch")
        samplers[batch_size] = sampler
    return samplers[batch_size]


def gumbel(generator, shape):
    """Draws noise of which the largest sum with logits is a sample of them."""
    return generator.gumbel(size=shape).astype("float32")


def _conditions(prior, number, labels, condition):
    """Returns the conditions as arrays, one element for each map."""
    taken = prior.input if isinstance(prior.input, dict) else {}
    given = {"labels": labels, "condition": condition}
    for name, value in given.items():
        if (name in taken) != (value is not None):
            needs = "needs" if name in taken else "takes no"
            raise ValueError(
                f"`{name}` is what the prior is conditioned on. Received: "
                f"{name}={value if value is None else type(value).__name__} "
                f"for {prior.name!r}, which {needs} {name}. "
                "Pass what it was built for."
            )
    arrays = {}
    for name in taken.keys() - {"codes"}:
        values = np.asarray(given[name])
        shape = tuple(taken[name].shape[1:])
        if values.shape == shape:
            values = np.broadcast_to(values, (number, *shape))
        if values.shape != (number, *shape):
            raise ValueError(
                f"`{name}` has an element for each map. Received: {name} of "
                f"shape {values.shape} for number={number}. Pass the shape "
                f"{(number, *shape)}."
            )
        arrays[name] = values
    return arrays


class _Sampler(keras.Model):
    """Noise to codes, by the layers of a prior."""

    def __init__(self, prior):
        super().__init__(name="sampler", dtype=prior.dtype_policy)
        self.embed = prior.get_layer("embed")
        self.blocks = [
            layer
            for layer in prior.layers
            if isinstance(layer, GatedMaskedConv2D)
        ]
        self.head = [prior.get_layer("head"), prior.get_layer("logits")]

    def call(self, inputs):
        noise, scale = inputs["noise"], inputs["scale"]
        batch, height, width, _ = noise.shape
        given = [
            block.condition(inputs.get("labels"), inputs.get("condition"))
            for block in self.blocks
        ]

        def row(i, state):
            codes, verticals = state
            verticals, joined = self._vertical_row(i, verticals, given, width)
            before = [
                self._empty(block.horizontal, batch, width=width)
                for block in self.blocks
            ]
            of_row = ops.zeros((batch, width), "int32")

            def place(j, state):
                of_row, before = state
                logits, before = self._place(j, before, joined)
                drawn = ops.take(ops.take(noise, i, axis=1), j, axis=1)
                code = ops.argmax(logits * scale + drawn, axis=-1)
                code = ops.cast(code, "int32")
                before[0] = _put(
                    before[0], self.blocks[0].horizontal, self.embed(code), j
                )
                return ops.slice_update(of_row, (0, j), code[:, None]), before

            of_row, _ = ops.fori_loop(0, width, place, (of_row, before))
            verticals[0] = _put(
                verticals[0], self.blocks[0].vertical, self.embed(of_row), i
            )
            return ops.slice_update(
                codes, (0, i, 0), of_row[:, None]
            ), verticals

        codes = ops.zeros((batch, height, width), "int32")
        verticals = [
            self._empty(block.vertical, batch, height=height, width=width)
            for block in self.blocks
        ]
        codes, _ = ops.fori_loop(0, height, row, (codes, verticals))
        return codes

    def _empty(self, conv, batch, width, height=None):
        """Returns zeros for the padded input of a convolution."""
        above, left, right = conv.padding
        channels = conv.kernel.shape[2]
        size = (left + width + right, channels)
        if height is not None:
            size = (above + height, *size)
        return ops.zeros((batch, *size), self.compute_dtype)

    def _vertical_row(self, i, verticals, given, width):
        """Computes row `i` of all vertical stacks, from the rows above.

        Returns:
            The inputs of the stacks with what was computed, and for each
            block what its horizontal stack adds in this row.
        """
        verticals, joined = list(verticals), []
        for index, block in enumerate(self.blocks):
            rows = ops.slice(
                verticals[index],
                (0, i, 0, 0),
                (
                    verticals[index].shape[0],
                    block.vertical.padding[0] + 1,
                    *verticals[index].shape[2:],
                ),
            )
            above = block.vertical.of_padded(rows)
            added = given[index]
            if added.shape[1] > 1:
                added = ops.expand_dims(ops.take(added, i, axis=1), 1)
            joined.append(
                (block.join(above)[:, 0], _broadcast(added, width)[:, 0])
            )
            if index + 1 < len(self.blocks):
                verticals[index + 1] = _put(
                    verticals[index + 1],
                    self.blocks[index + 1].vertical,
                    gate(above + added)[:, 0],
                    i,
                )
        return verticals, joined

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


def _put(padded, conv, values, place):
    """Writes a row into a padded map, or a place into a padded row."""
    above, left, _ = conv.padding
    values = values[:, None]
    if len(padded.shape) == 4:
        start = (0, place + above, left, 0)
    else:
        start = (0, place + left, 0)
    return ops.slice_update(padded, start, ops.cast(values, padded.dtype))


def _broadcast(x, width):
    return ops.broadcast_to(x, (*x.shape[:2], width, x.shape[3]))
