"""Finite scalar quantization (Mentzer et al., 2023, arXiv:2309.15505)."""

import math

import keras
import numpy as np
from keras import ops

from keras_papers.layers._codes import checked_codes
from keras_papers.layers._finite import check_finite
from keras_papers.layers._straight_through import straight_through

MARGIN = 1e-3  # by which the bound lies outside of the last level


@keras.saving.register_keras_serializable(package="keras_papers")
class FiniteScalarQuantizer(keras.layers.Layer):
    """Bounds each element of a vector and rounds it to a few levels.

    Section 3.1 of the paper. The codebook is the grid of all levels, so that
    there is nothing to learn, no loss to add, and no code to lose. Gradients
    pass the rounding as they are (straight-through).

    Args:
        levels: Sequence of ints, 2 at least. Levels of each element; table 1
            of the paper has 8, 5, 5, 5 for some 2 ** 10 codes.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(..., len(levels))`.

    Output shape:
        Same as the input; values lie in [-1, 1].

    Raises:
        ValueError: If `levels` are no ints above 1, or the last axis of the
            inputs has another size than there are levels.

    Example:
    >>> layer = FiniteScalarQuantizer(levels=(5, 3))
    >>> outputs = layer(ops.array([[0.0, 9.0], [-9.0, 0.1]]))
    >>> [[float(x) for x in row] for row in outputs]
    [[0.0, 1.0], [-1.0, 0.0]]
    >>> int(layer.encode(ops.array([0.0, 9.0]))), layer.num_embeddings
    (12, 15)
    """

    def __init__(self, levels, **kwargs):
        super().__init__(autocast=False, **kwargs)
        try:
            self.levels = tuple(int(level) for level in levels)
            good = self.levels == tuple(levels) and min(self.levels) > 1
        except (TypeError, ValueError):
            good = False
        if not good:
            raise ValueError(
                "`levels` holds a number of levels, 2 at least, for each "
                f"element of a vector. Received: levels={levels!r}. Try "
                "(8, 5, 5, 5)."
            )
        self.num_embeddings = math.prod(self.levels)
        if self.num_embeddings >= 2**31:
            raise ValueError(
                "`levels` make a code for each combination, numbered by int32. "
                f"Received: levels={levels!r}, {self.num_embeddings} codes. "
                "Pass fewer levels."
            )
        self.supports_masking = True

    def build(self, input_shape):
        if input_shape[-1] != len(self.levels):
            raise ValueError(
                "The last axis of the inputs of FiniteScalarQuantizer has an "
                f"element for each of its levels. Received: {input_shape[-1]} "
                f"elements for levels={self.levels}. Put a dense layer of "
                f"{len(self.levels)} units before it."
            )

    def call(self, inputs):
        bounded = self._bounded(ops.cast(inputs, "float32"))
        outputs = straight_through(bounded, ops.round(bounded))
        return ops.cast(outputs / self._half_widths(), self.compute_dtype)

    def _bounded(self, x):
        """Returns the inputs between the lowest level and the highest."""
        levels = np.array(self.levels, "float32")
        half = (levels - 1) * (1 + MARGIN) / 2
        # Of an even number none is in the middle.
        offset = np.where(levels % 2 == 0, 0.5, 0.0).astype("float32")
        # As tensors: PyTorch does not compute with arrays without a warning.
        shift, half, offset = map(
            ops.convert_to_tensor, (np.arctanh(offset / half), half, offset)
        )
        return ops.tanh(x + shift) * half - offset

    def _half_widths(self):
        return ops.convert_to_tensor(
            [level // 2 for level in self.levels], "float32"
        )

    def encode(self, inputs):
        """Returns the codes of vectors.

        Args:
            inputs: Tensor of shape `(..., len(levels))`, as the layer takes it.

        Returns:
            A tensor of int32 in [0, num_embeddings), of the inputs' shape
            without the last axis. The first level varies fastest.
        """
        inputs = ops.convert_to_tensor(inputs)
        check_finite(inputs, "FiniteScalarQuantizer")
        rounded = ops.round(self._bounded(ops.cast(inputs, "float32")))
        digits = ops.cast(rounded + self._half_widths(), "int32")
        return ops.sum(digits * self._basis(), axis=-1)

    def decode(self, codes):
        """Returns the outputs that have these codes.

        Args:
            codes: Ints as `encode` returns them. A code outside of
                [0, num_embeddings) gives NaN.

        Returns:
            A tensor of shape `(..., len(levels))`.
        """
        codes = ops.expand_dims(checked_codes(codes), -1)
        known = ops.logical_and(codes >= 0, codes < self.num_embeddings)
        levels = ops.convert_to_tensor(self.levels, "int32")
        digits = codes // self._basis() % levels
        values = ops.cast(digits, "float32") / self._half_widths() - 1
        return ops.cast(
            ops.where(known, values, float("nan")), self.compute_dtype
        )

    def _basis(self):
        return ops.convert_to_tensor(
            np.cumprod((1, *self.levels[:-1])), "int32"
        )

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_codes_shape(self, input_shape):
        """Returns the shape of the codes of inputs of a shape."""
        return tuple(input_shape[:-1])

    def get_config(self):
        return {**super().get_config(), "levels": list(self.levels)}
