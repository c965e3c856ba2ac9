"""Base of the units of ResNet (He et al., 2015, arXiv:1512.03385)."""

from keras import layers

from keras_papers.checks import check_bool, check_choice
from keras_papers.layers._arguments import ARGUMENTS
from keras_papers.layers._conv_norm import output_size, spatial_conv_norm
from keras_papers.layers._image_axes import (
    image_shape,
    known_channels,
    split_image_shape,
)
from keras_papers.layers.block import Block

SHORTCUTS = ("A", "B", "C", None)
HE_NORMAL = {  # reference 13 of the paper, equation 10; that of Keras has no
    # values beyond 2.27 standard deviations, and takes longer to draw.
    "class_name": "VarianceScaling",
    "config": {
        "scale": 2.0,
        "mode": "fan_in",
        "distribution": "untruncated_normal",
    },
}


def _check_shortcut(name, value):
    check_choice(
        name,
        value,
        SHORTCUTS,
        "the option of section 4.1 for the shortcut, or None for a plain "
        "network",
    )
    return value


def _check_use_bias(name, value):
    check_bool(name, value, "whether the convolutions have biases")
    return value


RESIDUAL_ARGUMENTS = {
    **ARGUMENTS,
    "shortcut": _check_shortcut,
    "use_bias": _check_use_bias,
}


class ShortcutBlock(Block):
    """Adds a shortcut to the output of a residual branch.

    A subclass documents the arguments, `filters`, `strides`, `shortcut`,
    `use_bias`, `momentum`, `epsilon`, `kernel_initializer` and `data_format`
    among them, and lists the layers of the branch in `create_body`.
    """

    def create_body(self):
        """Lists new layers."""
        raise NotImplementedError

    def build(self, input_shape):
        channels = known_channels(self, input_shape)
        self.shortcut_body, self.add = [], None
        if self.shortcut is not None:
            self.shortcut_body = self.chain(
                self.create_shortcut(channels), input_shape
            )
            self.add = self.part(layers.Add, "add")
        self.body = self.chain(self.create_body(), input_shape)
        self.activation = self.part(layers.Activation, "activation", "relu")

    def create_shortcut(self, channels):
        """Lists the layers of the shortcut; there are none of an identity."""
        fits = self.strides == 1 and channels == self.filters
        if self.shortcut == "C" or (self.shortcut == "B" and not fits):
            return self.conv_norm("project", self.filters, 1, self.strides)
        if fits:
            return []
        return self.subsampling() + self._padding(channels)

    def subsampling(self):
        """Lists a layer that keeps each second row and column, or nothing."""
        if self.strides == 1:
            return []
        return [
            self.part(
                layers.MaxPooling2D,
                "subsample",
                1,
                self.strides,
                data_format=self.data_format,
            )
        ]

    def _padding(self, channels):
        """Lists a layer that appends channels of zeros, or nothing."""
        missing = self.filters - channels
        if missing < 0:
            raise ValueError(
                "`filters` must be at least the channels of the input for "
                "shortcut='A', which appends channels of zeros. Received: "
                f"filters={self.filters} for an input of {channels} channels "
                f"in {self.name!r}. Pass shortcut='B'."
            )
        if missing == 0:
            return []
        # Keras pads the height and the width: in the other data format one of
        # them is the axis of the channels.
        last = self.data_format == "channels_last"
        width = (0, missing)
        return [
            self.part(
                layers.ZeroPadding2D,
                "pad_channels",
                ((0, 0), width) if last else (width, (0, 0)),
                data_format="channels_first" if last else "channels_last",
            )
        ]

    def conv_norm(
        self,
        name,
        filters,
        kernel_size=1,
        strides=1,
        activation=None,
        use_bias=None,
        dilation_rate=1,
    ):
        """Lists a convolution, its normalization and activation."""
        return spatial_conv_norm(
            self.part,
            name,
            layers.Conv2D,
            filters,
            kernel_size=kernel_size,
            strides=strides,
            padding="symmetric" if kernel_size > 1 else "same",
            dilation_rate=dilation_rate,
            activation=activation,
            momentum=self.momentum,
            epsilon=self.epsilon,
            kernel_initializer=self.kernel_initializer,
            use_bias=self.use_bias if use_bias is None else use_bias,
            data_format=self.data_format,
        )

    def call(self, inputs):
        shortcut = x = inputs
        for layer in self.shortcut_body:
            shortcut = layer(shortcut)
        for layer in self.body:
            x = layer(x)
        if self.add is not None:
            x = self.add([shortcut, x])
        return self.activation(x)

    def compute_output_shape(self, input_shape):
        batch, size, _ = split_image_shape(self.data_format, input_shape)
        size = output_size(size, 3, self.strides, "symmetric")
        return image_shape(self.data_format, batch, size, self.filters)
