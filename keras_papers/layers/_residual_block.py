"""Base of the blocks that may add their input to their output."""

from keras import layers

from keras_papers.layers._conv_block import ConvBlock
from keras_papers.layers._conv_norm import output_size
from keras_papers.layers._image_axes import known_channels
from keras_papers.layers.squeeze_excite import SqueezeExcite

# The padding of a 2 x 2 pooling by the sizes that a convolution of strides 2
# makes of maps of 2 and 3 pixels. For other sizes there is no such pooling.
POOL_PADDING = {(1, 2): "same", (1, 1): "valid"}


class ResidualBlock(ConvBlock):
    """Adds a shortcut, stochastic depth and a squeeze-and-excite.

    A subclass documents their arguments, and lists the layers of the residual
    branch in `create_body`.
    """

    def build(self, input_shape):
        channels = known_channels(self, input_shape)
        body = self.create_body(channels)
        self.pool = self.add = None
        if self.shortcut == "pool":
            self.pool = self._pooling()
        same_size = self.strides == 1 or self.pool is not None
        if self.shortcut and same_size and channels == self.filters:
            if self.stochastic_depth:
                body.append(
                    self.part(
                        layers.Dropout,
                        "drop",
                        self.stochastic_depth,
                        noise_shape=(None, 1, 1, 1),
                    )
                )
            self.add = self.part(layers.Add, "add")
        self.body = self.chain(body, input_shape)

    def squeeze_excite(self):
        """Lists a new squeeze-and-excite, or nothing without one."""
        if self.squeeze_units is None:
            return []
        return [
            self.part(
                SqueezeExcite,
                "squeeze_excite",
                self.squeeze_units,
                self.squeeze_activation,
                self.gate_activation,
                kernel_initializer=self.kernel_initializer,
                data_format=self.data_format,
            )
        ]

    def _pooling(self):
        """Returns a pooling to the size of the output, or None."""
        # Of the maximum: int8 runtimes (XNNPACK) have no fast average.
        window, padding = 3, "same"
        if self.strides == 2:
            sizes = output_size((2, 3), self.kernel_size, 2, self.padding)
            window, padding = 2, POOL_PADDING.get(sizes)
        if padding is None:
            return None
        return self.part(
            layers.MaxPooling2D,
            "pool",
            window,
            self.strides,
            padding,
            data_format=self.data_format,
        )

    def call(self, inputs):
        outputs = super().call(inputs)
        if self.add is None:
            return outputs
        return self.add([self.pool(inputs) if self.pool else inputs, outputs])
