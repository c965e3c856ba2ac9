"""The bottleneck of ResNet (He et al., 2015, arXiv:1512.03385)."""

import keras

from keras_papers.checks import check_choice
from keras_papers.layers._arguments import check_dilation
from keras_papers.layers._shortcut_block import (
    HE_NORMAL,
    RESIDUAL_ARGUMENTS,
    ShortcutBlock,
)


def _check_strided_conv(name, value):
    check_choice(
        name, value, ("conv1", "conv2"), "the convolution that has the strides"
    )
    return value


@keras.saving.register_keras_serializable(package="keras_papers")
class BottleneckResidual(
    ShortcutBlock,
    checks={**RESIDUAL_ARGUMENTS, "strided_conv": _check_strided_conv},
):
    """Adds the input to convolutions of 1 x 1, 3 x 3 and 1 x 1.

    The building block of ResNet-50, 101 and 152, figure 5 right of the paper:
    the first convolution reduces the channels, the last restores them. Each
    has a normalization, and a ReLU follows the sum.

    Args:
        filters: Positive int. Channels of the output.
        bottleneck_filters: Positive int. Channels of the first two
            convolutions; a fourth of `filters` in the paper.
        strides: 1 or 2. Strides of one convolution. Defaults to 1.
        strided_conv: Which it is: `"conv1"` (default), the first as in the
            paper, or `"conv2"`, that of 3 x 3, called ResNet v1.5, as in
            torchvision.
        shortcut: What is added where strides or channels change the map:
            `"A"`, the input with channels of zeros; `"B"` (default), a 1 x 1
            convolution of it. `"C"`, a convolution everywhere. None adds
            nothing: the block of a plain network.
        dilation_rate: Positive int. Distance between the rows, and the
            columns, that the convolution of 3 x 3 sees. Above 1 it needs
            strides of 1. Defaults to 1.
        use_bias: Whether the convolutions have biases. Defaults to False.
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
    >>> block = BottleneckResidual(filters=32, bottleneck_filters=8, strides=2)
    >>> tuple(block(keras.ops.ones((2, 7, 7, 16))).shape)
    (2, 4, 4, 32)
    """

    def __init__(
        self,
        filters,
        bottleneck_filters,
        strides=1,
        *,
        strided_conv="conv1",
        shortcut="B",
        dilation_rate=1,
        use_bias=False,
        momentum=0.9,
        epsilon=1.001e-5,
        kernel_initializer=HE_NORMAL,
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_dilation(self)

    def create_body(self):
        strides = {"conv1": 1, "conv2": 1, self.strided_conv: self.strides}
        narrow = self.bottleneck_filters
        return (
            self.conv_norm("conv1", narrow, 1, strides["conv1"], "relu")
            + self.conv_norm(
                "conv2",
                narrow,
                3,
                strides["conv2"],
                "relu",
                dilation_rate=self.dilation_rate,
            )
            + self.conv_norm("conv3", self.filters)
        )
