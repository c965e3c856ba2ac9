"""The module of GoogLeNet (Szegedy et al., 2014, arxiv.org/abs/1409.4842)."""

import keras

from keras_papers.layers._branched_block import CHECKS, BranchedBlock


@keras.saving.register_keras_serializable(package="keras_papers")
class Inception(BranchedBlock, checks=CHECKS):
    """Convolves a map in several branches and concatenates their outputs.

    Figure 2 of the GoogLeNet paper, and with other branches the modules of
    all later Inception networks. Each convolution is normalized and activated.

    Args:
        branches: List of branches, each a list of steps. A step is a
            convolution, `(filters, kernel)`, or a pooling, `("average", size)`
            or `("max", size)`. A kernel is a number or `(height, width)`.
            Strides and padding may follow, `(96, 3, 2, "valid")`; they
            default to 1 and `"same"`; an average with `"symmetric"` counts
            zeros on each side of the map, as PyTorch does. A list of
            branches in place of a step divides the branch again.
        activation: Activation of each convolution. Defaults to `"relu"`.
        normalize: Whether a batch normalization follows each convolution, in
            place of a bias. Defaults to True.
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
        As the input, with the channels of all branches together. Strides and
        `"valid"` paddings reduce height and width, equally in each branch.

    Raises:
        ValueError: If an argument is out of its range, or the input has
            another rank or an unknown number of channels.

    Example:
    >>> inception_3a = Inception(  # a line of table 1
    ...     [
    ...         [(64, 1)],
    ...         [(96, 1), (128, 3)],
    ...         [(16, 1), (32, 5)],
    ...         [("max", 3), (32, 1)],
    ...     ]
    ... )
    >>> tuple(inception_3a(keras.ops.ones((2, 7, 7, 192))).shape)
    (2, 7, 7, 256)
    """

    def __init__(
        self,
        branches,
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
