"""Base of the blocks of one spatial convolution that may add their input."""

import keras
from keras import layers

from keras_papers.checks import (
    check_fraction,
    check_positive_int,
    plain,
)
from keras_papers.layers._activation import resolve_activation
from keras_papers.layers._conv_norm import (
    check_filters,
    check_kernel_size,
    check_padding,
    check_strides,
    output_size,
)
from keras_papers.layers._image_axes import (
    image_shape,
    known_channels,
    resolve_data_format,
    split_image_shape,
)
from keras_papers.layers._initializer import resolve_initializer
from keras_papers.layers.block import Block
from keras_papers.layers.squeeze_excite import SqueezeExcite

# How 2 x 2 pixels are pooled to the size that strides of 2 leave of maps of
# 2 and of 3 pixels. What else they may leave, no pooling does.
POOL_PADDING = {(1, 2): "same", (1, 1): "valid"}


class ResidualBlock(Block):
    """Holds what these blocks share; they document it, and write `residual`."""

    def __init__(
        self,
        filters,
        kernel_size,
        strides,
        activation,
        *,
        squeeze_units,
        gate_activation,
        squeeze_activation,
        shortcut,
        stochastic_depth,
        padding,
        momentum,
        epsilon,
        kernel_initializer,
        data_format,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_filters(filters)
        check_kernel_size(kernel_size)
        check_strides(strides)
        if squeeze_units is not None:
            check_positive_int(
                "squeeze_units",
                squeeze_units,
                "a number of channels",
                "Multiply a squeeze ratio by the channels it is of.",
            )
        _check_shortcut(shortcut)
        check_fraction(
            "stochastic_depth",
            stochastic_depth,
            "the probability of dropping the residual branch",
            "0 never drops it.",
        )
        check_padding(padding)
        self.filters = plain(filters)
        self.kernel_size = plain(kernel_size)
        self.strides = plain(strides)
        self.activation = resolve_activation("activation", activation)
        self.squeeze_units = plain(squeeze_units)
        self.gate_activation = resolve_activation(
            "gate_activation", gate_activation
        )
        self.squeeze_activation = resolve_activation(
            "squeeze_activation", squeeze_activation
        )
        self.shortcut = plain(shortcut)
        self.stochastic_depth = plain(stochastic_depth)
        self.padding = padding
        self.momentum = plain(momentum)
        self.epsilon = plain(epsilon)
        self.kernel_initializer = resolve_initializer(
            "kernel_initializer", kernel_initializer
        )
        self.data_format = resolve_data_format(data_format)

    def residual(self, channels, norm):
        """Lists the layers of the residual branch, for so many channels.

        Args:
            channels: Int. Channels of the input.
            norm: Dict of what `conv_norm` takes of every convolution.
        """
        raise NotImplementedError

    def build(self, input_shape):
        channels = known_channels(self, input_shape)
        norm = {
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "kernel_initializer": self.kernel_initializer,
            "data_format": self.data_format,
        }
        body = self.residual(channels, norm)
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
        """Lists the squeeze-and-excite, if there is one."""
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
        """Returns the pooling to the output's size, or None if none does it."""
        # The maximum, for int8 runtimes have no fast average (XNNPACK).
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
        x = inputs
        for layer in self.body:
            x = layer(x)
        if self.add is None:
            return x
        return self.add([self.pool(inputs) if self.pool else inputs, x])

    def compute_output_shape(self, input_shape):
        batch, size, _ = split_image_shape(self.data_format, input_shape)
        size = output_size(size, self.kernel_size, self.strides, self.padding)
        return image_shape(self.data_format, batch, size, self.filters)

    def get_config(self):
        serialize = keras.activations.serialize
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "activation": serialize(self.activation),
            "squeeze_units": self.squeeze_units,
            "gate_activation": serialize(self.gate_activation),
            "squeeze_activation": serialize(self.squeeze_activation),
            "shortcut": self.shortcut,
            "stochastic_depth": self.stochastic_depth,
            "padding": self.padding,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
            "data_format": self.data_format,
        }


def _check_shortcut(shortcut):
    if not isinstance(plain(shortcut), bool) and shortcut != "pool":
        raise ValueError(
            "`shortcut` is what the block adds to its output and must be True "
            "(the input), 'pool' (its maximum over the pixels around) or "
            f"False (nothing). Received: shortcut={shortcut!r}."
        )
