"""What ResNet and ResNetV2 share: the first layers and their options."""

import keras
from keras import layers

from keras_papers.layers._conv_norm import own_initializer
from keras_papers.layers._image_axes import channel_axis

EPSILON = 1.001e-5  # of the normalizations of the published weights
INITIALIZER = "he_normal"  # reference 13 of the paper


def stem_graph(
    x,
    filters,
    *,
    of_cifar=False,
    normalized=True,
    use_bias,
    kernel_initializer,
    **norm,
):
    """Draws the convolution before the blocks, and the pooling.

    Args:
        x: Keras tensor of the images.
        filters: Channels of the output.
        of_cifar: Whether it is 3 x 3 without strides or pooling, and not
            7 x 7 with both. Defaults to False.
        normalized: Whether a normalization and a ReLU follow. Defaults to
            True.
        use_bias: Whether it has a bias.
        kernel_initializer: Of its kernel.
        **norm: Arguments of the normalization.
    """
    if not of_cifar:
        x = layers.ZeroPadding2D(3, name="stem_pad")(x)
    x = layers.Conv2D(
        filters,
        3 if of_cifar else 7,
        1 if of_cifar else 2,
        "same" if of_cifar else "valid",
        use_bias=use_bias,
        kernel_initializer=own_initializer(kernel_initializer),
        name="stem",
    )(x)
    if normalized:
        x = norm_graph(x, "stem", **norm)
    if of_cifar:
        return x
    x = layers.ZeroPadding2D(1, name="stage1_pool_pad")(x)
    return layers.MaxPooling2D(3, 2, name="stage1_pool")(x)


def norm_graph(x, name, momentum, epsilon):
    """Draws a batch normalization and a ReLU."""
    x = layers.BatchNormalization(
        axis=channel_axis(keras.config.image_data_format()),
        momentum=momentum,
        epsilon=epsilon,
        name=f"{name}_norm",
    )(x)
    return layers.Activation("relu", name=f"{name}_activation")(x)
