"""Draws sounds from a `WaveNet`, sample by sample.

Each layer keeps the inputs that it will see again in a ring: a kernel of size
k and dilation d sees inputs of at most d * (k - 1) steps ago. So each sample
costs one step of each layer, whatever the receptive field is.
"""

import math

import numpy as np
from keras import ops

from keras_papers.applications.generative.code_sampler import CodeSampler
from keras_papers.applications.generative.logistic_mixture import (
    drawn_amplitude,
)
from keras_papers.layers import GatedCausalConv1D


class WaveNetSampler(CodeSampler):
    """Noise to a block of samples, by the layers of a prior.

    Args:
        prior: What `WaveNet` returned.
    """

    unit, places = "block", 512

    def __init__(self, prior):
        blocks = [
            layer
            for layer in prior.layers
            if isinstance(layer, GatedCausalConv1D)
        ]
        super().__init__(blocks, "wavenet_sampler")
        self.blocks = blocks
        self.previous = prior.get_layer("previous")
        self.stem = prior.get_layer("stem")
        names = ("classes", "upsampling")
        of_prior = {layer.name: layer for layer in prior.layers}
        self.classes, self.upsampling = map(of_prior.get, names)
        self.steps = math.prod(
            self.upsampling.factors if self.upsampling else ()
        )
        behind = (
            "skips_scale",
            "skips_relu",
            "head",
            "logits",
            "mixtures",
        )
        self.head = [of_prior[name] for name in behind if name in of_prior]

    def start(self, batch_size):
        """Returns the state before the first sample: zeros."""
        kernel = self.stem.kernel.shape
        return {
            "time": np.zeros((1,), "int32"),
            "seen": np.zeros((kernel[0], batch_size, kernel[1]), "float32"),
            "rings": [
                np.zeros((steps, batch_size, block.filters), "float32")
                for block in self.blocks
                if (steps := _steps(block))
            ],
        }

    def noise(self, generator, shape):
        """Returns Gumbel noise, and for amplitudes logistic noise behind."""
        if self.previous.num_embeddings is not None:
            return generator.gumbel(size=shape).astype("float32")
        mixtures = shape[-1] // 3
        return np.concatenate(
            [
                generator.gumbel(size=(*shape[:-1], mixtures)),
                generator.logistic(size=(*shape[:-1], 1)),
            ],
            axis=-1,
            dtype="float32",
        )

    def prepare(self, given):
        """Returns conditions with a step for each place of all blocks."""
        if "condition" not in given:
            return given
        condition = given["condition"].astype("float32")
        if self.upsampling is not None:
            condition = ops.convert_to_numpy(self.upsampling(condition))
        behind = -condition.shape[1] % self.places
        condition = np.pad(condition, ((0, 0), (0, behind), (0, 0)))
        return {**given, "condition": condition}

    def draw(self, inputs):
        """Draws a block of samples."""
        noise, scale, state = (
            inputs[name] for name in ("noise", "scale", "state")
        )
        noise = ops.swapaxes(noise, 0, 1)
        places, batch = noise.shape[:2]
        condition = inputs.get("condition")
        if condition is not None:
            condition = ops.swapaxes(condition, 0, 1)
            of_condition = self._joined(
                [block.of_local.kernel for block in self.blocks]
            )
        added = self._joined([block.conv.bias for block in self.blocks])
        if self.classes is not None:
            vectors = self.classes(inputs["labels"])
            added = added + ops.concatenate(
                [block.of_global(vectors) for block in self.blocks], axis=-1
            )
        kernels = [
            self._flat_kernel(block.conv.kernel) for block in self.blocks
        ]
        stem = self._flat_kernel(self.stem.kernel)
        time = ops.cast(state["time"], "int32")[0]

        def draw(place, loop):
            samples, seen, rings = loop
            x = self._taps(ops.unstack(seen, axis=0)) @ stem
            if self.stem.use_bias:
                x = x + ops.cast(self.stem.bias, x.dtype)
            before = added
            if condition is not None:
                before = before + ops.take(condition, place, 0) @ of_condition
            logits, rings = self._step(x, time + place, rings, kernels, before)
            drawn = self._drawn(logits, ops.take(noise, place, 0), scale)
            latest = self.previous.features(drawn)
            seen = ops.concatenate([seen[1:], latest[None]])
            samples = ops.slice_update(samples, (place, 0), drawn[None])
            return samples, seen, rings

        dtype = "float32" if self.previous.num_embeddings is None else "int32"
        samples, seen, rings = ops.fori_loop(
            0,
            places,
            draw,
            (
                ops.zeros((places, batch), dtype),
                state["seen"],
                list(state["rings"]),
            ),
        )
        state = {
            "time": ops.cast(state["time"], "int32") + places,
            "seen": seen,
            "rings": rings,
        }
        return ops.swapaxes(samples, 0, 1), state

    def _step(self, x, time, rings, kernels, added):
        """Computes the logits of one place, from what the layers see there."""
        rings, total, start, index = list(rings), 0.0, 0, 0
        for block, kernel in zip(self.blocks, kernels, strict=True):
            taps, steps = [x], _steps(block)
            if steps:
                ring = rings[index]
                earlier = [
                    ops.take(ring, (time + step) % steps, axis=0)
                    for step in range(0, steps, block.dilation_rate)
                ]
                taps = [*earlier, x]
                rings[index] = ops.slice_update(
                    ring, (time % steps, 0, 0), x[None]
                )
                index += 1
            width = kernel.shape[-1]
            before_gate = (
                self._taps(taps) @ kernel + added[..., start : start + width]
            )
            start += width
            outputs = block.outputs_of(x, before_gate)
            x, skip = outputs if block.residual else (None, outputs)
            total = total + skip
        for layer in self.head:
            total = layer(total)
        return total, rings

    def _drawn(self, outputs, noise, scale):
        if self.previous.num_embeddings is None:
            outputs = ops.cast(outputs, "float32")
            return drawn_amplitude(outputs, noise, scale)
        return self.code(outputs, scale, noise)

    def _taps(self, vectors):
        return vectors[0] if len(vectors) == 1 else ops.concatenate(vectors, -1)

    def _flat_kernel(self, kernel):
        kernel = ops.cast(ops.convert_to_tensor(kernel), self.compute_dtype)
        return ops.reshape(kernel, (-1, kernel.shape[-1]))

    def _joined(self, weights):
        joined = ops.concatenate(
            [ops.convert_to_tensor(weight) for weight in weights], axis=-1
        )
        return ops.cast(joined, self.compute_dtype)


def _steps(block):
    """Returns how many inputs a layer sees again."""
    return block.dilation_rate * (block.kernel_size - 1)
