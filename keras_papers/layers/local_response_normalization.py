"""LRN (Krizhevsky et al., 2012, "ImageNet Classification with Deep CNNs")."""

import keras
from keras import ops

from keras_papers.checks import (
    check_number,
    check_positive,
    check_positive_int,
    plain,
)
from keras_papers.layers._arguments import ARGUMENTS
from keras_papers.layers._image_axes import channel_axis, known_channels


@keras.saving.register_keras_serializable(package="keras_papers")
class LocalResponseNormalization(keras.layers.Layer):
    """Divides each channel by the activity of the channels around it.

    Section 3.3 of the AlexNet paper: `x / (bias + alpha * sum) ** beta`,
    where `sum` is that of the squares of `size` adjacent channels at the same
    position. Channels beyond the ends count as zero. Caffe and PyTorch divide
    `alpha` by `size`, and PyTorch has a `bias` of 1; here, as in the paper
    and in `tf.nn.local_response_normalization`, the sum is not divided.

    Args:
        size: Odd positive int, n of the paper. Defaults to 5.
        bias: Positive float, k of the paper. Defaults to 2.
        alpha: Float, of at least 0. Defaults to 0.0001.
        beta: Float. Defaults to 0.75.
        data_format: `"channels_last"` or `"channels_first"`. Defaults to
            `keras.config.image_data_format()`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(batch, height, width, channels)`, or with `"channels_first"`
        `(batch, channels, height, width)`; `channels` must be known.

    Output shape:
        Same as the input.

    Raises:
        ValueError: If an argument is out of its range, or the input has
            another rank or an unknown number of channels.

    Example:
    >>> layer = LocalResponseNormalization(size=3, bias=1, alpha=1, beta=1)
    >>> outputs = layer(ops.reshape([1.0, 2.0, 3.0], (1, 1, 1, 3)))
    >>> [round(float(x), 4) for x in outputs[0, 0, 0]]
    [0.1667, 0.1333, 0.2143]
    """

    def __init__(
        self,
        size=5,
        bias=2.0,
        alpha=1e-4,
        beta=0.75,
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        _check_size(size)
        check_positive("bias", bias, "added to the sum", "The paper has 2.")
        _check_alpha(alpha)
        check_number("beta", beta, "the exponent", "The paper has 0.75.")
        self.size, self.bias = plain(size), plain(bias)
        self.alpha, self.beta = plain(alpha), plain(beta)
        self.data_format = ARGUMENTS["data_format"]("data_format", data_format)

    def build(self, input_shape):
        known_channels(self, input_shape)

    def call(self, inputs):
        dtype = inputs.dtype
        # Half precision cannot represent the squares of values above 255.
        x = ops.cast(inputs, keras.backend.result_type(dtype, "float32"))
        axis = channel_axis(self.data_format) % 4
        channels, half = inputs.shape[axis], self.size // 2
        pad = [(half, half) if n == axis else (0, 0) for n in range(4)]
        squares = ops.pad(ops.square(x), pad)
        total = sum(
            squares[
                tuple(
                    slice(first, first + channels) if n == axis else slice(None)
                    for n in range(4)
                )
            ]
            for first in range(self.size)
        )
        factor = self._power(self.bias + self.alpha * total)
        return ops.cast(x * factor, dtype)

    def _power(self, total):
        """Returns `total` to the power of minus `beta`."""
        if self.beta == 0.75:  # of operations that phones have, in int8 too
            root = ops.rsqrt(total)
            return root * root * ops.rsqrt(root)
        return ops.power(total, -self.beta)

    def compute_output_shape(self, input_shape):
        return input_shape

    def multiply_adds(self, output_shape):
        """Returns 0 for `cost.count`: a normalization is not counted."""
        return 0

    def get_config(self):
        return {
            **super().get_config(),
            "size": self.size,
            "bias": self.bias,
            "alpha": self.alpha,
            "beta": self.beta,
            "data_format": self.data_format,
        }


def _check_size(size):
    check_positive_int(
        "size", size, "the number of adjacent channels", "The paper has 5."
    )
    if size % 2 == 0:
        raise ValueError(
            "`size` is the number of adjacent channels, the channel itself in "
            f"the middle, and must be odd. Received: size={size!r}. The paper "
            "has 5."
        )


def _check_alpha(alpha):
    check_number("alpha", alpha, "the factor of the sum", "Try 0.0001.")
    if alpha < 0:
        raise ValueError(
            "`alpha` is the factor of the sum and must be at least 0. "
            f"Received: alpha={alpha!r}. The paper has 0.0001."
        )
