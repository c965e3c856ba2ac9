"""The block of MobileNet (Howard et al., 2017, arxiv.org/abs/1704.04861)."""

import keras
from keras import layers

from keras_papers.layers._arguments import ARGUMENTS
from keras_papers.layers._conv_block import ConvBlock


@keras.saving.register_keras_serializable(package="keras_papers")
class DepthwiseSeparable(ConvBlock, checks=ARGUMENTS):
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
        dilation_rate: Positive int. Distance between the rows, and the
            columns, that the depthwise convolution sees. Above 1 it needs
            strides of 1. Defaults to 1.
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
            another rank or an unknown number of channels.

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
        dilation_rate=1,
        momentum=0.9,
        epsilon=1e-3,
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)

    def create_body(self, channels):
        depthwise = self.spatial_conv_norm(
            "depthwise",
            layers.DepthwiseConv2D,
            depth_multiplier=self.depth_multiplier,
        )
        pointwise = self.conv_norm(
            "pointwise",
            layers.Conv2D,
            self.filters,
            activation=self.activation,
        )
        return depthwise + pointwise
