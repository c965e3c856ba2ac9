"""The module of Inception-ResNet (Szegedy et al., 2016, arXiv:1602.07261)."""

import keras
from keras import layers

from keras_papers.checks import check_positive, plain
from keras_papers.layers._arguments import resolve_activation
from keras_papers.layers._branched_block import CHECKS, BranchedBlock
from keras_papers.layers._conv_norm import own_initializer
from keras_papers.layers._image_axes import known_channels


def _check_scale(name, value):
    check_positive(
        name,
        value,
        "the factor on the branches before they are added to the input",
        "Section 3.3 of the paper has factors from 0.1 to 0.3.",
    )
    return plain(value)


@keras.saving.register_keras_serializable(package="keras_papers")
class InceptionResidual(
    BranchedBlock,
    checks={
        **CHECKS,
        "residual_scale": _check_scale,
        "output_activation": resolve_activation,
    },
):
    """Adds the output of an Inception module to its input, scaled down.

    Figures 16, 17 and 19 of the paper, with the scaling of its section 3.3
    and figure 20: a 1x1 convolution with bias and without activation projects
    the branches to the channels of the input.

    Args:
        branches: List of branches, as in `Inception`; height and width stay.
        residual_scale: Positive number. Factor on the projected branches.
            Defaults to 0.1.
        output_activation: Activation of the sum. Defaults to `"relu"`.
        activation: Activation of each convolution in the branches. Defaults
            to `"relu"`.
        normalize: Whether a batch normalization follows each convolution in
            the branches, in place of a bias. Defaults to True.
        norm_scale: Whether the batch normalizations have a factor, gamma.
            Defaults to True.
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
        As the input.

    Raises:
        ValueError: If an argument is out of its range, or the input has
            another rank or an unknown number of channels.

    Example:
    >>> inception_resnet_a = InceptionResidual(  # figure 16
    ...     [
    ...         [(32, 1)],
    ...         [(32, 1), (32, 3)],
    ...         [(32, 1), (48, 3), (64, 3)],
    ...     ],
    ...     residual_scale=0.17,
    ... )
    >>> tuple(inception_resnet_a(keras.ops.ones((2, 7, 7, 320))).shape)
    (2, 7, 7, 320)
    """

    def __init__(
        self,
        branches,
        residual_scale=0.1,
        output_activation="relu",
        activation="relu",
        *,
        normalize=True,
        norm_scale=True,
        momentum=0.9,
        epsilon=1e-3,
        kernel_initializer="glorot_uniform",
        data_format=None,
        **kwargs,
    ):
        super().__init__(**kwargs)

    def build(self, input_shape):
        super().build(input_shape)
        self.project = self.part(
            layers.Conv2D,
            "project",
            known_channels(self, input_shape),
            1,
            kernel_initializer=own_initializer(self.kernel_initializer),
            data_format=self.data_format,
        )
        self.scale = self.part(layers.Rescaling, "scale", self.residual_scale)
        self.add = self.part(layers.Add, "add")
        self.activate = self.part(
            layers.Activation, "activation", self.output_activation
        )
        branches_shape = self.fork.trace(
            tuple(input_shape),
            lambda layer, shape: layer.compute_output_shape(shape),
        )
        self.chain([self.project, self.scale], branches_shape)
        self.chain([self.add], [tuple(input_shape)] * 2)

    def call(self, inputs):
        branches = self.scale(self.project(super().call(inputs)))
        return self.activate(self.add([inputs, branches]))

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)
