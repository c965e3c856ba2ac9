"""Axial attention (Ho et al., 2019, https://arxiv.org/abs/1912.12180)."""

import keras
from keras import layers, ops

from keras_papers.checks import check_positive_int


@keras.saving.register_keras_serializable(package="keras_papers")
class AxialAttention(keras.layers.Layer):
    """Attends along one axis of a map, for each place of the others alone.

    Section 3 of the paper: self-attention of several heads along a row, a
    column or the frames costs the length of that axis for each place, not the
    size of the whole map. The projections to queries, keys and values have no
    bias, that of the output has one.

    Args:
        num_heads: Positive int. A divisor of the channels.
        axis: Int. The axis to attend along, neither the first (batch) nor the
            last (channels).
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(batch, ..., channels)`, with one or more axes between.

    Output shape:
        Same as the input.

    Raises:
        ValueError: If an argument is out of its range, or the channels are
            open or not divided by `num_heads`.

    Example:
    >>> frames = ops.ones((2, 4, 5, 6, 8))
    >>> tuple(AxialAttention(num_heads=2, axis=1)(frames).shape)
    (2, 4, 5, 6, 8)
    """

    def __init__(self, num_heads, axis, **kwargs):
        super().__init__(**kwargs)
        check_positive_int("num_heads", num_heads, "a number", "Try 2.")
        if not isinstance(axis, int) or axis in (0, -1):
            raise ValueError(
                "`axis` is an axis between the first and the last. Received: "
                f"axis={axis!r}. Try 1."
            )
        self.num_heads = num_heads
        self.axis = axis

    def build(self, input_shape):
        rank, channels = len(input_shape), input_shape[-1]
        if not 0 < self.axis % rank < rank - 1 or not -rank < self.axis < rank:
            raise ValueError(
                "`axis` is an axis between the first and the last of the "
                f"inputs. Received: axis={self.axis} for inputs of shape "
                f"{tuple(input_shape)}. Try 1."
            )
        if channels is None or channels % self.num_heads:
            raise ValueError(
                "`num_heads` divides the channels of the inputs. Received: "
                f"num_heads={self.num_heads} for {channels} channels. Pass a "
                "divisor."
            )
        self.query, self.key, self.value, self.project = (
            layers.Dense(
                channels,
                use_bias=name == "project",
                dtype=self.dtype_policy,
                name=f"{self.name}_{name}",
            )
            for name in ("query", "key", "value", "project")
        )
        for layer in (self.query, self.key, self.value, self.project):
            layer.build((None, channels))

    def call(self, inputs):
        x = ops.moveaxis(inputs, self.axis, -2)
        lines = ops.reshape(x, (-1, *ops.shape(x)[-2:]))
        query, key, value = (
            self._heads(layer(lines))
            for layer in (self.query, self.key, self.value)
        )
        scale = (lines.shape[-1] // self.num_heads) ** -0.5
        scores = ops.matmul(query, ops.swapaxes(key, 2, 3)) * scale
        # The heads of a place side by side.
        heads = ops.swapaxes(ops.matmul(ops.softmax(scores), value), 1, 2)
        outputs = self.project(ops.reshape(heads, ops.shape(lines)))
        return ops.moveaxis(ops.reshape(outputs, ops.shape(x)), -2, self.axis)

    def _heads(self, lines):
        """Returns `(lines, heads, length, channels)`."""
        shape = (*ops.shape(lines)[:2], self.num_heads, -1)
        return ops.swapaxes(ops.reshape(lines, shape), 1, 2)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "axis": self.axis,
        }
