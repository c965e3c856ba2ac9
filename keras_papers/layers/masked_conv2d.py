"""The convolution of PixelCNN (van den Oord et al., 2016, arXiv:1601.06759)."""

import keras
import numpy as np
from keras import ops

from keras_papers.checks import check_choice
from keras_papers.layers._arguments import ARGUMENTS
from keras_papers.layers._causal_conv import check_kernel_size
from keras_papers.layers._image_axes import known_channels


@keras.saving.register_keras_serializable(package="keras_papers")
class MaskedConv2D(keras.layers.Layer):
    """Convolves each pixel with those before it in reading order.

    Section 3.4 of "Pixel Recurrent Neural Networks". A stack of these layers
    does not see some pixels above and to the right (figure 1 of
    https://arxiv.org/abs/1606.05328); `GatedMaskedConv2D` does.

    The weights behind the mask are there, and 0 at any use.

    Args:
        filters: Positive int. Channels of the output.
        kernel_size: Positive int, or two: rows and columns.
        mask_type: `"B"` (default): an output sees the pixel at its own place.
            `"A"`: it does not, which the first layer of a network needs.
        activation: Activation of the output. Defaults to None.
        use_bias: Whether to add a bias. Defaults to True.
        kernel_initializer: Defaults to `"glorot_uniform"`.
        data_format: `"channels_last"` or `"channels_first"`. Defaults to
            `keras.config.image_data_format()`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(batch, height, width, channels)`, or with `"channels_first"`
        `(batch, channels, height, width)`; `channels` must be known.

    Output shape:
        As the input with `filters` channels.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> layer = MaskedConv2D(8, 3, mask_type="A")
    >>> tuple(layer(ops.ones((2, 5, 7, 4))).shape)
    (2, 5, 7, 8)
    """

    def __init__(
        self,
        filters,
        kernel_size,
        mask_type="B",
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_choice(
            "mask_type", mask_type, ("A", "B"), "whether a pixel sees itself"
        )
        self.filters = _checked("filters", filters)
        self.kernel_size = check_kernel_size(kernel_size)
        self.mask_type = mask_type
        self.activation = _checked("activation", activation)
        self.use_bias = use_bias
        self.kernel_initializer = _checked(
            "kernel_initializer", kernel_initializer
        )
        self.data_format = _checked("data_format", data_format)

    def build(self, input_shape):
        channels = known_channels(self, input_shape)
        self.kernel = self.add_weight(
            (*self.kernel_size, channels, self.filters),
            self.kernel_initializer,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight((self.filters,), "zeros", name="bias")

    def call(self, inputs):
        kernel = self.kernel * ops.cast(self._mask(), self.kernel.dtype)
        outputs = ops.conv(
            inputs,
            ops.cast(kernel, inputs.dtype),
            padding="same",
            data_format=self.data_format,
        )
        if self.bias is not None:
            first = self.data_format == "channels_first"
            shape = (1, -1, 1, 1) if first else (1, 1, 1, -1)
            bias = ops.reshape(self.bias, shape)
            outputs = outputs + ops.cast(bias, outputs.dtype)
        return self.activation(outputs)

    def _mask(self):
        """Returns 1 where a weight is of a pixel before, else 0."""
        rows, columns = self.kernel_size
        row, column = (rows - 1) // 2, (columns - 1) // 2
        mask = np.zeros((rows * columns, 1, 1))
        mask[: row * columns + column + (self.mask_type == "B")] = 1
        return mask.reshape(rows, columns, 1, 1)

    def compute_output_shape(self, input_shape):
        if self.data_format == "channels_first":
            return (input_shape[0], self.filters, *input_shape[2:])
        return (*input_shape[:-1], self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": list(self.kernel_size),
            "mask_type": self.mask_type,
            "activation": keras.activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
            "data_format": self.data_format,
        }


def _checked(name, value):
    return ARGUMENTS[name](name, value)
