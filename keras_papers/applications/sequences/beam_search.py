"""The beam search of a translation model, as one network over all steps."""

import keras
import numpy as np
from keras import layers, ops

from keras_papers.applications.sequences.tokens import END, PADDING, START
from keras_papers.layers._input_feeding import (
    InputFeedingDecoder,
    step_of_cells,
)

# Of an ended hypothesis, which keeps its place in the beam.
FIRST = 1e9


class BeamSearch(keras.Model):
    """Sources to the likeliest targets that a beam finds.

    It is made of the layers of the model. The source is read once. Each step
    computes one step of the decoder for all hypotheses of the beam, which
    share the states of their source.

    A hypothesis that ended keeps its place, so a beam of one is greedy
    decoding, and a beam as wide as there are targets is exhaustive.

    Args:
        model: What `AttentionSeq2Seq` returned.
        beam_width: Positive int. Hypotheses that are kept.
        max_length: Positive int. Tokens of a target with its end.
    """

    def __init__(self, model, beam_width, max_length):
        logits = model.get_layer("logits")
        # A model that was loaded has the global policy, not that of its layers.
        super().__init__(name="beam_search", dtype=logits.dtype_policy)
        self.beam_width = beam_width
        self.max_length = max_length
        self.encoder = encoder_of(model)
        self.embedding = model.get_layer("target_embedding")
        of_model = {layer.name: layer for layer in model.layers}
        decoder = of_model.get("decoder")
        self.feeds_back = isinstance(decoder, InputFeedingDecoder)
        if self.feeds_back:
            self.cells = decoder.cell.cells
            self.attention = decoder.cell.attention
            self.combine = decoder.cell.combine
        else:
            depth = len(self.encoder.outputs) // 2
            names = [f"decoder{n}" for n in range(1, depth + 1)]
            self.cells = [of_model[name].cell for name in names]
            self.attention = of_model["attention"]
            self.combine = of_model["attentional"]
        self.logits = logits
        ids = np.arange(logits.units)
        no_word = (ids == PADDING) | (ids == START)
        self.of_words = np.where(no_word, -np.inf, 0).astype("float32")
        self.of_ended = np.where(ids == PADDING, 0, -np.inf).astype("float32")

    @property
    def input_dtype(self):
        """Ids are not cast to the precision of the layers."""
        return "int32"

    def call(self, source):
        """Returns a dict of all steps, the first axis, and of the beam.

        `tokens` and `parents` are `(steps, batch, beam)`: the id, and the
        place in the beam of the hypothesis that it continues. `weights` are
        `(steps, batch, beam, source steps)`. `scores`, `lengths` and `ended`
        are those of each hypothesis of the beam: `(batch, beam)`.
        """
        memory, *states = self.encoder(source, training=False)
        mask = ops.not_equal(source, PADDING)
        keys = self.attention.keys(memory)
        batch, steps = ops.shape(source)
        width = self.beam_width
        if self.feeds_back:
            states.append(ops.zeros_like(states[0]))
        states = [ops.repeat(state, width, axis=0) for state in states]
        shape = (self.max_length, batch, width)
        # All hypotheses of the first step would be the same.
        scores = ops.where(ops.arange(width) == 0, 0.0, -np.inf)
        scores = ops.broadcast_to(ops.cast(scores, "float32"), (batch, width))
        beam = {
            "ids": ops.full((batch, width), START, "int32"),
            "states": states,
            "scores": scores,
            "lengths": ops.zeros((batch, width), "int32"),
            "ended": ops.zeros((batch, width), "int32"),
        }
        found = {
            "tokens": ops.zeros(shape, "int32"),
            "parents": ops.zeros(shape, "int32"),
            "weights": ops.zeros((*shape, steps), self.compute_dtype),
        }

        def unfinished(step, beam, found):
            alive = ops.isfinite(beam["scores"]) & (beam["ended"] == 0)
            return (step < self.max_length) & ops.any(alive)

        def next_step(step, beam, found):
            beam, of_step = self.step(beam, memory, keys, mask)
            found = {
                name: ops.slice_update(
                    values,
                    (step, *[0] * (len(values.shape) - 1)),
                    of_step[name][None],
                )
                for name, values in found.items()
            }
            return step + 1, beam, found

        _, beam, found = ops.while_loop(
            unfinished, next_step, (ops.zeros((), "int32"), beam, found)
        )
        return {
            **found,
            "scores": beam["scores"],
            "lengths": beam["lengths"],
            "ended": beam["ended"],
        }

    def step(self, beam, memory, keys, mask):
        """Extends each hypothesis by a token, and keeps the best.

        Returns:
            The next beam, and a dict of its tokens, the places of the
            hypotheses that they continue, and their attention weights.
        """
        logits, weights, states = self._decode(beam, memory, keys, mask)
        logits = ops.cast(logits, "float32")
        ended = beam["ended"][..., None] > 0
        added = ops.where(
            ended,
            ops.convert_to_tensor(self.of_ended),
            ops.log_softmax(logits) + ops.convert_to_tensor(self.of_words),
        )
        scores = beam["scores"][..., None] + added
        batch, width, words = ops.shape(scores)
        scores = ops.reshape(scores, (batch, width * words))
        # The scores of ended hypotheses are compared at the end only.
        order = ops.where(ended, FIRST + added, 0)
        order = scores + ops.reshape(order, (batch, width * words))
        _, best = ops.top_k(order, width)
        best = ops.cast(best, "int32")
        parents, tokens = best // words, best % words
        scores = ops.take_along_axis(scores, best, axis=1)
        was_ended = ops.take_along_axis(beam["ended"], parents, axis=1)
        ends = (tokens == END) & ops.isfinite(scores)
        rows = ops.arange(batch, dtype="int32")[:, None] * width + parents
        rows = ops.reshape(rows, (-1,))
        lengths = ops.take_along_axis(beam["lengths"], parents, axis=1)
        weights = ops.take_along_axis(weights, parents[..., None], axis=1)
        still = ops.cast(1 - was_ended, weights.dtype)
        after = {
            "ids": tokens,
            "states": [ops.take(state, rows, axis=0) for state in states],
            "scores": scores,
            "lengths": lengths + 1 - was_ended,
            "ended": ops.maximum(was_ended, ops.cast(ends, "int32")),
        }
        of_step = {
            "tokens": tokens,
            "parents": parents,
            "weights": weights * still[..., None],
        }
        return after, of_step

    def _decode(self, beam, memory, keys, mask):
        """Computes a step of the decoder for all hypotheses."""
        batch, width = ops.shape(beam["ids"])
        x = self.embedding(beam["ids"])
        x = ops.reshape(x, (batch * width, x.shape[-1]))
        states = list(beam["states"])
        if self.feeds_back:
            x = ops.concatenate([x, states.pop()], axis=-1)
        x, states = step_of_cells(self.cells, x, states)
        x = ops.reshape(x, (batch, width, x.shape[-1]))
        # To the attention, hypotheses are steps of one target.
        context, weights = self.attention(
            [x, memory],
            mask=[None, mask],
            keys=keys,
            return_attention_scores=True,
        )
        x = self.combine(ops.concatenate([context, x], axis=-1))
        if self.feeds_back:
            states.append(ops.reshape(x, (batch * width, x.shape[-1])))
        return self.logits(x), weights, states


def encoder_of(model):
    """Returns the model of a source to the states of its steps, and the last.

    Args:
        model: What `AttentionSeq2Seq` returned.
    """
    encoder = {
        layer.name: layer
        for layer in model.layers
        if layer.name.startswith("encoder")
    }
    states, depth = [], 0
    while f"encoder{depth + 1}" in encoder:
        depth += 1
        layer = encoder[f"encoder{depth}"]
        memory, *of_layer = layer.output
        if isinstance(layer, layers.Bidirectional):
            of_layer = [
                encoder[f"{layer.name}_{letter}"].output for letter in "hc"
            ]
        states += of_layer
    return keras.Model(model.input["source"], [memory, *states])
