"""Convolutions that see what lies before a pixel, on a map or step by step."""

import keras
import numpy as np
from keras import ops

from keras_papers.checks import plain


def check_kernel_size(kernel_size):
    """Returns the rows and columns of a kernel, from one int or two."""
    size = plain(kernel_size)
    size = (size, size) if isinstance(size, int) else tuple(size)
    good = len(size) == 2 and all(
        isinstance(each, int) and each > 0 for each in size
    )
    if not good:
        raise ValueError(
            "`kernel_size` is the height and width of a kernel: a positive "
            f"int, or two. Received: kernel_size={kernel_size!r}. Try 3."
        )
    return size


class CausalConv2D(keras.layers.Layer):
    """Convolves with a kernel whose last row is that of the output.

    Columns are padded on both sides, or before alone.

    Args:
        filters: Channels of the output.
        kernel_size: Rows and columns.
        columns_before: Whether the last column is that of the output.
        rows_below: Rows of the kernel below that of the output, which is then
            not causal.
        without: What weighs nothing: None, `"row"` or `"column"` for the last
            of these, `"middle"` for the middle column and those behind it in
            the last row.
        use_bias: Whether to add a bias.
        weight_normalization: Whether the kernel of an output channel is a
            direction, times a length of its own
            (https://arxiv.org/abs/1602.07868).
        kernel_initializer: Of the kernel.
        **kwargs: Base layer keyword arguments.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        columns_before=False,
        rows_below=0,
        without=None,
        use_bias=True,
        weight_normalization=False,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.rows_below = rows_below
        self.without = without
        self.use_bias = use_bias
        self.weight_normalization = weight_normalization
        self.kernel_initializer = kernel_initializer
        rows, columns = kernel_size
        before = columns - 1 if columns_before else columns // 2
        # Rows above, columns to the left, columns to the right.
        self.padding = (rows - 1 - rows_below, before, columns - 1 - before)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            (*self.kernel_size, input_shape[-1], self.filters),
            self.kernel_initializer,
            name="kernel",
        )
        self.length = self.bias = None
        if self.weight_normalization:
            self.length = self.add_weight(
                (self.filters,), initial_length(self.kernel), name="length"
            )
        if self.use_bias:
            self.bias = self.add_weight((self.filters,), "zeros", name="bias")

    def call(self, inputs):
        above, left, right = self.padding
        rows = (above, self.rows_below)
        padded = ops.pad(inputs, ((0, 0), rows, (left, right), (0, 0)))
        return self.of_padded(padded)

    def of_padded(self, inputs):
        """Convolves a map, or a part of one, that is padded already."""
        outputs = ops.conv(
            inputs,
            ops.cast(self.masked_kernel(), inputs.dtype),
            padding="valid",
            data_format="channels_last",
        )
        if self.bias is None:
            return outputs
        return outputs + ops.cast(self.bias, outputs.dtype)

    def masked_kernel(self):
        """Returns the weights that the inputs are multiplied by."""
        kernel = ops.convert_to_tensor(self.kernel)
        if self.without is not None:
            kernel = kernel * ops.cast(self._mask(), kernel.dtype)
        if self.length is None:
            return kernel
        return of_length(kernel, self.length)

    def _mask(self):
        mask = np.ones((*self.kernel_size, 1, 1))
        if self.without == "row":
            mask[-1] = 0
        elif self.without == "column":
            mask[:, -1] = 0
        else:
            mask[-1, self.kernel_size[1] // 2 :] = 0
        return mask

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)


def initial_length(kernel):
    """Returns an initializer: the expected length of random kernels.

    That is of the variance of "glorot_uniform", so that a new layer with
    weight normalization has outputs like one without.
    """
    *window, channels, filters = kernel.shape
    seen = int(np.prod(window))
    variance = 2 / (seen * (channels + filters))
    return keras.initializers.Constant((seen * channels * variance) ** 0.5)


def of_length(kernel, length):
    """Scales the kernel of each output channel to its length."""
    # In float16 the least square would be 0.
    dtype = keras.backend.result_type(kernel.dtype, "float32")
    directions, length = ops.cast(kernel, dtype), ops.cast(length, dtype)
    squares = ops.sum(ops.square(directions), axis=(0, 1, 2))
    scaled = directions * (length / ops.sqrt(ops.maximum(squares, 1e-12)))
    return ops.cast(scaled, kernel.dtype)
