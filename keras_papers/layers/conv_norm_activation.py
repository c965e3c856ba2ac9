"""The plain convolution of a CNN's table, as a block."""

import keras
from keras import layers

from keras_papers.layers._arguments import ARGUMENTS
from keras_papers.layers._residual_block import ResidualBlock


@keras.saving.register_keras_serializable(package="keras_papers")
class ConvNormActivation(ResidualBlock, checks=ARGUMENTS):
    """Convolves, normalizes and activates; adds the input where it fits.

    The convolution of MnasNet's search space (Tan et al., 2019, section 4.1,
    https://arxiv.org/abs/1807.11626), with its squeeze-and-excite and its
    skips. Neither the paper nor its code specifies their order, because no
    published network has one. Activation and sum are ordered as in timm's
    `ConvBnAct`, with the squeeze-and-excite between them.

    Args:
        filters: Positive int. Channels of the output.
        kernel_size: Positive int. Kernel of the convolution. Defaults to 3.
        strides: 1 or 2. Strides of the convolution. Defaults to 1.
        activation: Activation before the sum. Defaults to `"relu6"`.
        squeeze_units: Bottleneck channels of a squeeze-and-excite on the
            activated map. Defaults to None: there is none.
        gate_activation: Activation of its gate. Defaults to
            `"hard_sigmoid"`, relu6(x + 3) / 6.
        squeeze_activation: Activation of its bottleneck. Defaults to
            `"relu"`.
        shortcut: Whether to add the input where strides are 1 and channels
            fit. Defaults to True. `"pool"` adds its maximum over 3 x 3
            pixels, and at strides 2 over 2 x 2, where channels fit.
        stochastic_depth: Probability in [0, 1) that training drops the
            residual branch of a sample, as in `InvertedResidual`. Defaults
            to 0.
        padding: How a map is padded at strides 2: `"same"` (default),
            `"even"` or `"symmetric"`, as in `DepthwiseSeparable`.
        dilation_rate: Positive int. Distance between the rows, and the
            columns, that the convolution sees. Above 1 it needs
            strides of 1. Defaults to 1.
        momentum: Of the moving statistics of the batch normalization.
            Defaults to 0.9, so that they keep up with a short training.
        epsilon: Of the batch normalization. Defaults to 0.001.
        kernel_initializer: Of all convolutions. Defaults to
            `"glorot_uniform"`.
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
    >>> block = ConvNormActivation(16, strides=2, shortcut="pool")
    >>> tuple(block(keras.ops.ones((2, 7, 7, 16))).shape)
    (2, 4, 4, 16)
    """

    def __init__(
        self,
        filters,
        kernel_size=3,
        strides=1,
        activation="relu6",
        *,
        squeeze_units=None,
        gate_activation="hard_sigmoid",
        squeeze_activation="relu",
        shortcut=True,
        stochastic_depth=0.0,
        padding="same",
        dilation_rate=1,
        momentum=0.9,
        epsilon=1e-3,
        kernel_initializer="glorot_uniform",
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)

    def create_body(self, channels):
        convolution = self.spatial_conv_norm(
            "conv", layers.Conv2D, filters=self.filters
        )
        return convolution + self.squeeze_excite()
