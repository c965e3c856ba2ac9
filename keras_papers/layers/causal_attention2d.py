"""The attention of PixelSNAIL (Chen et al., 2017, arXiv:1712.09763)."""

import math

import keras
from keras import layers, ops

from keras_papers.checks import (
    check_fraction,
    check_positive_int,
    plain,
)
from keras_papers.layers._causal_conv import CausalConv2D
from keras_papers.layers._masked_softmax import masked_softmax


@keras.saving.register_keras_serializable(package="keras_papers")
class CausalAttention2D(keras.layers.Layer):
    """Attends from each place of a map to all places before it.

    The attention block of section 2.2 of the paper: places are in reading
    order, row by row, and a place attends to those strictly before it. The
    first place has none before it, and its output is zero. Scores and their
    softmax are computed in float32.

    The heads are concatenated; no projection follows. The layer does not know
    where a place is: append the coordinates to its inputs, as PixelSNAIL does.

    Args:
        num_heads: Positive int.
        key_dim: Positive int. Size of the queries and keys of a head.
        value_dim: Positive int. Size of the values of a head. Defaults to
            None: `key_dim`.
        dropout: Float in [0, 1). Share of the attention weights that are
            dropped in training. Defaults to 0.
        weight_normalization: Whether the kernels of the projections are a
            direction and a length, https://arxiv.org/abs/1602.07868. Defaults
            to False.
        seed: Int, or None. Of the dropout.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(batch, height, width, channels)`, the map that queries, keys and
        values are projected from; or a list of two such maps of the same
        size: one for the queries, one for the keys and values.

    Output shape:
        `(batch, height, width, num_heads * value_dim)`.

    Raises:
        ValueError: If an argument is out of its range, or the two maps have
            different sizes.

    Example:
    >>> layer = CausalAttention2D(num_heads=2, key_dim=8, value_dim=16)
    >>> outputs = layer(ops.ones((1, 3, 5, 4)))
    >>> tuple(outputs.shape), float(ops.max(ops.abs(outputs[0, 0, 0])))
    ((1, 3, 5, 32), 0.0)
    """

    def __init__(
        self,
        num_heads,
        key_dim,
        value_dim=None,
        dropout=0.0,
        weight_normalization=False,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        num_heads, key_dim, value_dim, dropout = map(
            plain, (num_heads, key_dim, value_dim, dropout)
        )
        check_positive_int("num_heads", num_heads, "a number", "Try 8.")
        check_positive_int("key_dim", key_dim, "a size", "Try 16.")
        if value_dim is not None:
            check_positive_int("value_dim", value_dim, "a size", "Try 16.")
        check_fraction(
            "dropout", dropout, "a share of attention weights", "Try 0.1."
        )
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.value_dim = value_dim
        self.dropout = dropout
        self.weight_normalization = weight_normalization
        self.seed = seed

    def build(self, input_shape):
        of_queries, of_keys = _pair(input_shape)
        if tuple(of_queries[1:3]) != tuple(of_keys[1:3]):
            raise ValueError(
                "CausalAttention2D takes two maps of the same size. Received: "
                f"queries of shape {of_queries} and keys of shape {of_keys}. "
                "Pass maps of the same height and width."
            )
        self.query = self._projection("query", self.key_dim)
        self.key = self._projection("key", self.key_dim)
        self.value = self._projection("value", self._value_dim)
        self.query.build(of_queries)
        self.key.build(of_keys)
        self.value.build(of_keys)
        self.drop = layers.Dropout(
            self.dropout, seed=self.seed, dtype=self.dtype_policy
        )

    @property
    def _value_dim(self):
        return self.key_dim if self.value_dim is None else self.value_dim

    def _projection(self, name, size):
        return CausalConv2D(
            self.num_heads * size,
            (1, 1),
            weight_normalization=self.weight_normalization,
            dtype=self.dtype_policy,
            name=f"{self.name}_{name}",
        )

    def call(self, inputs):
        of_queries, of_keys = _pair(inputs)
        keys, values = self.keys_and_values(of_keys)
        height, width = ops.shape(of_queries)[1:3]
        places = height * width
        outputs = self.attend(
            of_queries, keys, values, ops.arange(places, dtype="int32")
        )
        size = self.num_heads * self._value_dim
        return ops.reshape(outputs, (-1, height, width, size))

    def keys_and_values(self, inputs):
        """Projects a map to its keys and values, `(batch, places, size)`."""
        return [
            _flat(projection(inputs)) for projection in (self.key, self.value)
        ]

    def attend(self, inputs, keys, values, places):
        """Attends from some places to all before them.

        Args:
            inputs: Map that the queries are projected from.
            keys: Keys of all places, `(batch, all places, size)`.
            values: Their values.
            places: The places of the queries in reading order, `(queries,)`.

        Returns:
            A tensor `(batch, queries, num_heads * value_dim)`.
        """
        queries = self._heads(_flat(self.query(inputs)))
        keys, values = self._heads(keys), self._heads(values)
        scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2)))
        scores = ops.cast(scores, "float32") / self.key_dim**0.5
        all_places = ops.arange(ops.shape(keys)[2], dtype="int32")
        before = all_places[None] < places[:, None]
        weights = masked_softmax(scores, before, axis=-1)
        weights = self.drop(ops.cast(weights, self.compute_dtype))
        outputs = ops.transpose(ops.matmul(weights, values), (0, 2, 1, 3))
        return ops.reshape(
            outputs,
            (-1, ops.shape(outputs)[1], self.num_heads * self._value_dim),
        )

    def _heads(self, x):
        """Splits the last axis: `(batch, heads, places, size)`."""
        size = x.shape[-1] // self.num_heads
        x = ops.reshape(x, (-1, ops.shape(x)[1], self.num_heads, size))
        return ops.transpose(x, (0, 2, 1, 3))

    def compute_output_shape(self, input_shape):
        of_queries, _ = _pair(input_shape)
        return (*of_queries[:-1], self.num_heads * self._value_dim)

    def multiply_adds(self, output_shape):
        """Returns those of one map, masked scores included."""
        projections = (self.query, self.key, self.value)
        weights = sum(math.prod(each.kernel.shape) for each in projections)
        places = math.prod(output_shape[1:-1])
        sizes = self.num_heads * (self.key_dim + self._value_dim)
        return places * (weights + places * sizes)

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "dropout": self.dropout,
            "weight_normalization": self.weight_normalization,
            "seed": self.seed,
        }


def _flat(x):
    height, width = ops.shape(x)[1:3]
    return ops.reshape(x, (-1, height * width, x.shape[-1]))


def _pair(inputs):
    """Returns the maps, or shapes, of the queries and of the keys."""
    several = isinstance(inputs, list | tuple)
    if several and not isinstance(inputs[-1], int):
        of_queries, of_keys = inputs
        return of_queries, of_keys
    return inputs, inputs
