"""Base of the blocks around one spatial convolution."""

from keras_papers.layers import _conv_norm
from keras_papers.layers._arguments import check_dilation
from keras_papers.layers._image_axes import (
    image_shape,
    known_channels,
    split_image_shape,
)
from keras_papers.layers.block import Block


class ConvBlock(Block):
    """Applies its layers one after another.

    A subclass documents the arguments, `filters`, `kernel_size`, `strides`,
    `padding`, `dilation_rate`, `data_format`, `momentum` and `epsilon` among
    them, and lists its layers in `create_body`.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        check_dilation(self)

    def create_body(self, channels):
        """Lists new layers, for an input of so many channels."""
        raise NotImplementedError

    def build(self, input_shape):
        channels = known_channels(self, input_shape)
        self.body = self.chain(self.create_body(channels), input_shape)

    def call(self, inputs):
        x = inputs
        for layer in self.body:
            x = layer(x)
        return x

    def conv_norm(self, name, convolution, filters, **kwargs):
        """Lists a 1x1 convolution, its normalization and activation."""
        return _conv_norm.conv_norm(
            self.part, name, convolution, filters, 1, **self._norm(), **kwargs
        )

    def spatial_conv_norm(self, name, convolution, *args, **kwargs):
        """Lists the spatial convolution, its normalization and activation."""
        return _conv_norm.spatial_conv_norm(
            self.part,
            name,
            convolution,
            *args,
            kernel_size=self.kernel_size,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
            activation=self.activation,
            **self._norm(),
            **kwargs,
        )

    def _norm(self):
        arguments = {
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "data_format": self.data_format,
        }
        if hasattr(self, "kernel_initializer"):
            arguments["kernel_initializer"] = self.kernel_initializer
        return arguments

    def compute_output_shape(self, input_shape):
        batch, size, _ = split_image_shape(self.data_format, input_shape)
        size = _conv_norm.output_size(
            size, self.kernel_size, self.strides, self.padding
        )
        return image_shape(self.data_format, batch, size, self.filters)
