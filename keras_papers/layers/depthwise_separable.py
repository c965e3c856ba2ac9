"""The block of MobileNet (Howard et al., 2017, arxiv.org/abs/1704.04861)."""

import keras
from keras import layers

from keras_papers.checks import check_positive_int, plain
from keras_papers.layers._activation import resolve_activation
from keras_papers.layers._conv_norm import (
    check_filters,
    check_kernel_size,
    check_padding,
    check_strides,
    conv_norm,
    output_size,
    spatial_conv_norm,
)
from keras_papers.layers._image_axes import (
    image_shape,
    known_channels,
    resolve_data_format,
    split_image_shape,
)
from keras_papers.layers.block import Block


@keras.saving.register_keras_serializable(package="keras_papers")
class DepthwiseSeparable(Block):
    """Filters each channel by itself, then mixes the channels.

    Section 3.1 and figure 3 (right) of the paper: a depthwise convolution and
    a 1x1 (pointwise) convolution, each with batch normalization and a
    rectifier. Against a full convolution it costs
    `1 / filters + 1 / kernel_size ** 2` of the multiply-adds.

    Args:
        filters: Positive int. Channels of the output.
        kernel_size: Positive int. Depthwise kernel. Defaults to 3.
        strides: 1 or 2. Strides of the depthwise convolution. Defaults to 1.
        depth_multiplier: Positive int. Depthwise filters per channel.
            Defaults to 1.
        activation: Activation after both convolutions. Defaults to `"relu6"`.
        padding: How a map is padded at strides 2. `"same"` (default) as
            TensorFlow does, by the map's parity; `"even"` as `"same"` does for
            even maps, whatever the parity, which is what keras.applications'
            MobileNet does; `"symmetric"` as PyTorch does.
        momentum: Of the moving statistics of the batch normalizations.
            Defaults to 0.9, so that they keep up with a short training.
        epsilon: Of the batch normalizations. Defaults to 0.001.
        data_format: `"channels_last"` or `"channels_first"`. Defaults to
            `keras.config.image_data_format()`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(batch, height, width, channels)`, or with `"channels_first"`
        `(batch, channels, height, width)`; `channels` must be known.

    Output shape:
        As the input with `filters` channels. At strides 2 height and width
        are halved: rounded up, or down with `padding="even"`.

    Raises:
        ValueError: If an argument is out of its range, or the input has
            another rank or an open number of channels.

    Example:
    >>> block = DepthwiseSeparable(filters=16, strides=2)
    >>> tuple(block(keras.ops.ones((2, 7, 7, 8))).shape)
    (2, 4, 4, 16)
    """

    def __init__(
        self,
        filters,
        kernel_size=3,
        strides=1,
        depth_multiplier=1,
        activation="relu6",
        *,
        padding="same",
        momentum=0.9,
        epsilon=1e-3,
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_filters(filters)
        check_kernel_size(kernel_size)
        check_strides(strides)
        check_positive_int(
            "depth_multiplier",
            depth_multiplier,
            "the number of depthwise filters per channel",
            "A width multiplier such as 0.5 scales `filters` instead.",
        )
        check_padding(padding)
        self.filters = plain(filters)
        self.kernel_size = plain(kernel_size)
        self.strides = plain(strides)
        self.depth_multiplier = plain(depth_multiplier)
        self.activation = resolve_activation("activation", activation)
        self.padding = padding
        self.momentum = plain(momentum)
        self.epsilon = plain(epsilon)
        self.data_format = resolve_data_format(data_format)

    def build(self, input_shape):
        known_channels(self, input_shape)
        norm = {
            "activation": self.activation,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "data_format": self.data_format,
        }
        depthwise = spatial_conv_norm(
            self.part,
            "depthwise",
            layers.DepthwiseConv2D,
            kernel_size=self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            depth_multiplier=self.depth_multiplier,
            **norm,
        )
        pointwise = conv_norm(
            self.part, "pointwise", layers.Conv2D, self.filters, 1, **norm
        )
        self.body = self.chain(depthwise + pointwise, input_shape)

    def call(self, inputs):
        x = inputs
        for layer in self.body:
            x = layer(x)
        return x

    def compute_output_shape(self, input_shape):
        batch, size, _ = split_image_shape(self.data_format, input_shape)
        size = output_size(size, self.kernel_size, self.strides, self.padding)
        return image_shape(self.data_format, batch, size, self.filters)

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "depth_multiplier": self.depth_multiplier,
            "activation": keras.activations.serialize(self.activation),
            "padding": self.padding,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "data_format": self.data_format,
        }
