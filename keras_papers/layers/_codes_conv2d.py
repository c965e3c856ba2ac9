"""A convolution of codes as of one-hot vectors, by looking up the weights."""

import keras
from keras import ops

from keras_papers.layers._causal_conv import initial_length, of_length


@keras.saving.register_keras_serializable(package="keras_papers")
class CodesConv2D(keras.layers.Layer):
    """Convolves a map of codes as if each were a one-hot vector.

    An output is the sum of one vector for each place of the window: that of
    the code there. Places outside of the map add nothing. The kernel has
    weight normalization.

    Args:
        input_dim: Number of codes.
        filters: Channels of the output.
        kernel_size: Rows and columns.
        offset: Row and column of the first place of the window, relative to
            the output: `(-1, -1)` for a window of 3 x 3 around it.
        **kwargs: Base layer keyword arguments.
    """

    def __init__(self, input_dim, filters, kernel_size, offset, **kwargs):
        super().__init__(**kwargs)
        self.input_dim = input_dim
        self.filters = filters
        self.kernel_size = tuple(kernel_size)
        self.offset = tuple(offset)

    def build(self, input_shape):
        self.kernel = self.add_weight(
            (*self.kernel_size, self.input_dim, self.filters), name="kernel"
        )
        self.length = self.add_weight(
            (self.filters,), initial_length(self.kernel), name="length"
        )
        self.bias = self.add_weight((self.filters,), "zeros", name="bias")

    def call(self, inputs):
        height, width = ops.shape(inputs)[1:3]
        sides = [
            (-first, max(0, size - 1 + first))
            for first, size in zip(self.offset, self.kernel_size, strict=True)
        ]
        # 0 is no code.
        padded = ops.pad(ops.cast(inputs, "int32") + 1, ((0, 0), *sides))
        return self.of_padded(padded, self.vectors(), (height, width))

    def vectors(self):
        """Returns the vectors of the codes at each place of the window.

        Returns:
            A tensor `(rows, columns, 1 + input_dim, filters)`. The first
            vector of a place is that of no code: zeros.
        """
        kernel = of_length(ops.convert_to_tensor(self.kernel), self.length)
        kernel = ops.pad(kernel, ((0, 0), (0, 0), (1, 0), (0, 0)))
        return ops.cast(kernel, self.compute_dtype)

    def of_padded(self, padded, vectors, size):
        """Adds the vectors for codes that are padded and counted from 1."""
        height, width = size
        rows, columns = self.kernel_size
        outputs = ops.cast(self.bias, self.compute_dtype)
        for row in range(rows):
            for column in range(columns):
                seen = padded[:, row : row + height, column : column + width]
                outputs = outputs + ops.take(vectors[row, column], seen, axis=0)
        return outputs

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.filters)

    def multiply_adds(self, output_shape):
        """Returns 0: vectors are looked up and added."""
        return 0

    def get_config(self):
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "filters": self.filters,
            "kernel_size": list(self.kernel_size),
            "offset": list(self.offset),
        }
