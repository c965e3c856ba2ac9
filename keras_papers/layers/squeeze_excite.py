"""Squeeze-and-Excitation (Hu et al., 2018, https://arxiv.org/abs/1709.01507)."""

import keras
from keras import layers

from keras_papers.layers._arguments import ARGUMENTS
from keras_papers.layers._conv_norm import own_initializer
from keras_papers.layers._image_axes import known_channels
from keras_papers.layers.block import Block


@keras.saving.register_keras_serializable(package="keras_papers")
class SqueezeExcite(Block, checks=ARGUMENTS):
    """Rescales each channel by a gate computed from its spatial average.

    Section 3 of the paper: squeeze (global average, eq. 2), excite (two
    fully connected maps around a bottleneck, eq. 3), scale (eq. 4). The maps
    are 1x1 convolutions, so that a mobile runtime needs no reshape.

    The bottleneck is given in channels and not as a ratio, because papers
    use the ratio of different channels: the expanded ones (MobileNetV3), or
    those of the block's input (MnasNet, EfficientNet).

    Args:
        units: Positive int. Channels of the bottleneck.
        activation: Activation of the bottleneck. Defaults to `"relu"`.
        gate_activation: Activation of the gate. Defaults to `"sigmoid"`;
            MobileNetV3 uses `"hard_sigmoid"`, which is relu6(x + 3) / 6.
        data_format: `"channels_last"` or `"channels_first"`. Defaults to
            `keras.config.image_data_format()`.
        kernel_initializer: Of both convolutions. Defaults to
            `"glorot_uniform"`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(batch, height, width, channels)`, or with `"channels_first"`
        `(batch, channels, height, width)`; `channels` must be known.

    Output shape:
        Same as the input.

    Raises:
        ValueError: If `units` is not a positive integer, or the input has
            another rank or an unknown number of channels.

    Example:
    >>> tuple(SqueezeExcite(units=4)(keras.ops.ones((2, 7, 7, 16))).shape)
    (2, 7, 7, 16)
    """

    def __init__(
        self,
        units,
        activation="relu",
        gate_activation="sigmoid",
        data_format=None,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)

    def build(self, input_shape):
        channels = known_channels(self, input_shape)
        axes = {"data_format": self.data_format}

        def convolution(name, filters):
            initializer = own_initializer(self.kernel_initializer)
            return self.part(
                layers.Conv2D,
                name,
                filters,
                1,
                kernel_initializer=initializer,
                **axes,
            )

        gate = [
            self.part(
                layers.GlobalAveragePooling2D, "pool", keepdims=True, **axes
            ),
            convolution("squeeze", self.units),
            self.part(layers.Activation, "squeeze_activation", self.activation),
            convolution("excite", channels),
            self.part(layers.Activation, "gate", self.gate_activation),
        ]
        self.gate = self.chain(gate, input_shape)
        self.scale = self.part(layers.Multiply, "scale")

    def call(self, inputs):
        gate = inputs
        for layer in self.gate:
            gate = layer(gate)  # (batch, 1, 1, channels) from the pool on
        return self.scale([inputs, gate])

    def compute_output_shape(self, input_shape):
        return input_shape
