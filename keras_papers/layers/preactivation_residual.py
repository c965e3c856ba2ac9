"""The unit of ResNetV2 (He et al., 2016, arXiv:1603.05027)."""

import keras
from keras import layers

from keras_papers.layers._conv_norm import own_initializer
from keras_papers.layers._image_axes import channel_axis, known_channels
from keras_papers.layers._shortcut_block import (
    HE_NORMAL,
    RESIDUAL_ARGUMENTS,
    ShortcutBlock,
)


@keras.saving.register_keras_serializable(package="keras_papers")
class PreactivationResidual(ShortcutBlock, checks=RESIDUAL_ARGUMENTS):
    """Adds the input to a bottleneck, with normalization before convolutions.

    Figure 4e of the paper: nothing follows the sum, so that a signal passes
    the identity shortcuts of a network unchanged. As in keras.applications,
    the strides are those of the 3 x 3 convolution, an identity of strides 2
    keeps each second row and column, a projection is of the input that was
    normalized and activated, and the last convolution has a bias.

    Args:
        filters: Positive int. Channels of the output.
        bottleneck_filters: Positive int. Channels of the first two
            convolutions; a fourth of `filters` in the paper.
        strides: 1 or 2. Strides of the 3 x 3 convolution. Defaults to 1.
        use_bias: Whether the last convolution and the projection have biases;
            a normalization follows the others. Defaults to True.
        momentum: Of the moving statistics of the batch normalizations.
            Defaults to 0.9, so that they keep up with a short training.
        epsilon: Of the batch normalizations. Defaults to 0.00001001, that of
            keras.applications.
        kernel_initializer: Of all convolutions. Defaults to normals of the
            variance 2 / inputs, as in the paper; Keras' `"he_normal"`
            truncates them.
        data_format: `"channels_last"` or `"channels_first"`. Defaults to
            `keras.config.image_data_format()`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(batch, height, width, channels)`, or with `"channels_first"`
        `(batch, channels, height, width)`; `channels` must be known.

    Output shape:
        As the input with `filters` channels. At strides 2 height and width
        are halved, rounded up.

    Raises:
        ValueError: If an argument is out of its range, or the input has
            another rank or an unknown number of channels.

    Example:
    >>> block = PreactivationResidual(filters=32, bottleneck_filters=8)
    >>> tuple(block(keras.ops.ones((2, 7, 7, 16))).shape)
    (2, 7, 7, 32)
    """

    def __init__(
        self,
        filters,
        bottleneck_filters,
        strides=1,
        *,
        use_bias=True,
        momentum=0.9,
        epsilon=1.001e-5,
        kernel_initializer=HE_NORMAL,
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)

    def build(self, input_shape):
        self.projects = known_channels(self, input_shape) != self.filters
        shortcut = self.subsampling()
        if self.projects:
            shortcut = [self._convolution("project", self.strides)]
        self.preactivation = self.chain(self._normalization(), input_shape)
        self.shortcut_body = self.chain(shortcut, input_shape)
        self.body = self.chain(self.create_body(), input_shape)
        self.add = self.part(layers.Add, "add")

    def create_body(self):
        narrow, strides = self.bottleneck_filters, self.strides
        return [
            *self.conv_norm("conv1", narrow, 1, 1, "relu", use_bias=False),
            *self.conv_norm("conv2", narrow, 3, strides, "relu", False),
            self._convolution("conv3"),
        ]

    def _normalization(self):
        return [
            self.part(
                layers.BatchNormalization,
                "norm",
                axis=channel_axis(self.data_format),
                momentum=self.momentum,
                epsilon=self.epsilon,
            ),
            self.part(layers.Activation, "activation", "relu"),
        ]

    def _convolution(self, name, strides=1):
        return self.part(
            layers.Conv2D,
            name,
            self.filters,
            1,
            strides,
            use_bias=self.use_bias,
            kernel_initializer=own_initializer(self.kernel_initializer),
            data_format=self.data_format,
        )

    def call(self, inputs):
        x = inputs
        for layer in self.preactivation:
            x = layer(x)
        shortcut = x if self.projects else inputs
        for layer in self.shortcut_body:
            shortcut = layer(shortcut)
        for layer in self.body:
            x = layer(x)
        return self.add([shortcut, x])
