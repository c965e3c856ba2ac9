"""Two convolutions of ResNet (He et al., 2015, arXiv:1512.03385)."""

import keras

from keras_papers.layers._arguments import check_dilation
from keras_papers.layers._shortcut_block import (
    HE_NORMAL,
    RESIDUAL_ARGUMENTS,
    ShortcutBlock,
)


@keras.saving.register_keras_serializable(package="keras_papers")
class BasicResidual(ShortcutBlock, checks=RESIDUAL_ARGUMENTS):
    """Adds the input to two convolutions of 3 x 3, each with normalization.

    The building block of ResNet-18 and ResNet-34, figure 5 left of the paper,
    and of its networks for CIFAR-10. A ReLU follows the sum.

    Args:
        filters: Positive int. Channels of the output.
        strides: 1 or 2. Strides of the first convolution. Defaults to 1.
        shortcut: What is added where strides or channels change the map:
            `"A"`, the input with channels of zeros; `"B"` (default), a 1 x 1
            convolution of it. `"C"`, a convolution everywhere. None adds
            nothing: the block of a plain network.
        dilation_rate: Positive int. Distance between the rows, and the
            columns, that the convolutions see. Above 1 it needs strides of 1.
            Defaults to 1.
        first_dilation_rate: That of the first convolution, which had the
            stride in whose place the second is dilated. Defaults to
            `dilation_rate`.
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
    >>> block = BasicResidual(filters=16, strides=2, shortcut="A")
    >>> tuple(block(keras.ops.ones((2, 7, 7, 8))).shape)
    (2, 4, 4, 16)
    """

    def __init__(
        self,
        filters,
        strides=1,
        *,
        shortcut="B",
        dilation_rate=1,
        first_dilation_rate=None,
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
        rate = self.dilation_rate
        first = self.conv_norm(
            "conv1",
            self.filters,
            3,
            self.strides,
            "relu",
            dilation_rate=self.first_dilation_rate or rate,
        )
        return first + self.conv_norm(
            "conv2", self.filters, 3, dilation_rate=rate
        )
