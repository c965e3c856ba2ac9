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
        without: None, `"row"` or `"column"`: the last of these weighs nothing.
        kernel_initializer: Of the kernel.
        **kwargs: Base layer keyword arguments.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        columns_before=False,
        without=None,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.without = without
        self.kernel_initializer = kernel_initializer
        rows, columns = kernel_size
        before = columns - 1 if columns_before else columns // 2
        # Rows above, columns to the left, columns to the right.
        self.padding = (rows - 1, before, columns - 1 - before)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            (*self.kernel_size, input_shape[-1], self.filters),
            self.kernel_initializer,
            name="kernel",
        )
        self.bias = self.add_weight((self.filters,), "zeros", name="bias")

    def call(self, inputs):
        above, left, right = self.padding
        padded = ops.pad(inputs, ((0, 0), (above, 0), (left, right), (0, 0)))
        return self.of_padded(padded)

    def of_padded(self, inputs):
        """Convolves a map, or a part of one, that is padded already."""
        outputs = ops.conv(
            inputs,
            ops.cast(self.masked_kernel(), inputs.dtype),
            padding="valid",
            data_format="channels_last",
        )
        return outputs + ops.cast(self.bias, outputs.dtype)

    def masked_kernel(self):
        if self.without is None:
            return ops.convert_to_tensor(self.kernel)
        mask = np.ones((*self.kernel_size, 1, 1))
        if self.without == "row":
            mask[-1] = 0
        else:
            mask[:, -1] = 0
        return self.kernel * ops.cast(mask, self.kernel.dtype)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.filters)
