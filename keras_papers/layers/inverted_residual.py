"""The block of MobileNetV2 (Sandler et al., 2018, arxiv.org/abs/1801.04381)."""

import keras
from keras import layers

from keras_papers.layers._arguments import ARGUMENTS
from keras_papers.layers._residual_block import ResidualBlock


@keras.saving.register_keras_serializable(package="keras_papers")
class InvertedResidual(ResidualBlock, checks=ARGUMENTS):
    """Expands, filters depthwise, projects; adds the input where it fits.

    Table 1 and figure 4 of the MobileNetV2 paper. The projection has no
    activation: that is the linear bottleneck of its section 3.2. With a
    squeeze-and-excite it is the block of MobileNetV3 (figure 4 there), and
    the MBConv of MnasNet and EfficientNet.

    Args:
        filters: Positive int. Channels of the output.
        expansion: Positive number. Factor `t` of table 1, on the channels of
            the input. Defaults to 6; 1 drops the expansion.
        kernel_size: Positive int. Depthwise kernel. Defaults to 3.
        strides: 1 or 2. Strides of the depthwise convolution. Defaults to 1.
        activation: Activation of the two inner maps. Defaults to `"relu6"`.
        expanded_filters: Channels of the inner maps, in place of
            `expansion`, for the papers that list channels.
        squeeze_units: Bottleneck channels of a squeeze-and-excite on the
            depthwise map. Defaults to None: there is none.
        gate_activation: Activation of its gate. Defaults to
            `"hard_sigmoid"`, relu6(x + 3) / 6, as in MobileNetV3.
        squeeze_activation: Activation of its bottleneck. Defaults to
            `"relu"`.
        squeeze_place: `"after_activation"` (default) of the depthwise map,
            as all published weights have it, or `"before_activation"`.
        project_activation: Activation of the output. Defaults to None, the
            linear bottleneck.
        shortcut: Whether to add the input where strides are 1 and channels
            fit. Defaults to True. `"pool"` adds its maximum over 3 x 3
            pixels, and at strides 2 over 2 x 2, where channels fit.
        stochastic_depth: Probability in [0, 1) that training drops the
            residual branch of a sample (Huang et al., 2016,
            https://arxiv.org/abs/1603.09382). Acts only where there is a
            shortcut. Defaults to 0.
        padding: How a map is padded at strides 2: `"same"` (default),
            `"even"` or `"symmetric"`, as in `DepthwiseSeparable`.
        dilation_rate: Positive int. Distance between the rows, and the
            columns, that the depthwise convolution sees. Above 1 it needs
            strides of 1. Defaults to 1.
        momentum: Of the moving statistics of the batch normalizations.
            Defaults to 0.9, so that they keep up with a short training.
        epsilon: Of the batch normalizations. Defaults to 0.001.
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
    >>> block = InvertedResidual(filters=8, strides=2, squeeze_units=4)
    >>> tuple(block(keras.ops.ones((2, 7, 7, 16))).shape)
    (2, 4, 4, 8)
    """

    def __init__(
        self,
        filters,
        expansion=6,
        kernel_size=3,
        strides=1,
        activation="relu6",
        *,
        expanded_filters=None,
        squeeze_units=None,
        gate_activation="hard_sigmoid",
        squeeze_activation="relu",
        squeeze_place="after_activation",
        project_activation=None,
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
        # In the order of the calls: a seed then draws the same kernels.
        body = self._expand(channels) + self._filter()
        linear = self.project_activation is keras.activations.linear
        return body + self.conv_norm(
            "project",
            layers.Conv2D,
            self.filters,
            activation=None if linear else self.project_activation,
        )

    def _expand(self, channels):
        expanded = self.expanded_filters
        if expanded is None and self.expansion == 1:
            return []
        if expanded is None:
            expanded = max(1, round(channels * self.expansion))
        return self.conv_norm(
            "expand", layers.Conv2D, expanded, activation=self.activation
        )

    def _filter(self):
        *depthwise, activation = self.spatial_conv_norm(
            "depthwise", layers.DepthwiseConv2D
        )
        if self.squeeze_place == "before_activation":
            return [*depthwise, *self.squeeze_excite(), activation]
        return [*depthwise, activation, *self.squeeze_excite()]
