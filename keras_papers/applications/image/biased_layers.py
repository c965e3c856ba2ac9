"""The layers of the networks before batch normalization, which have biases."""

import keras
from keras import layers

from keras_papers.layers._image_axes import channel_axis, image_size


def convolution(
    x,
    name,
    filters,
    kernel_size,
    strides=1,
    padding="same",
    groups=1,
    norm=None,
):
    """Draws a convolution with bias, and a ReLU.

    Args:
        x: Keras tensor of the map.
        name: Name of the block. The layers are `{name}_conv` and so on.
        filters: Channels of the output.
        kernel_size: Height and width of the kernel.
        strides: Of the convolution. Defaults to 1.
        padding: `"same"`, `"valid"`, or the number of zeros on each side.
        groups: Number of parts of the channels, each of which is convolved by
            itself. Defaults to 1.
        norm: Arguments of a batch normalization before the ReLU. Defaults to
            None: there is none.
    """
    if isinstance(padding, int):
        x = layers.ZeroPadding2D(padding, name=f"{name}_pad")(x)
        padding = "valid"
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding,
        groups=groups,
        name=f"{name}_conv",
    )(x)
    if norm is not None:
        axis = channel_axis(keras.config.image_data_format())
        x = layers.BatchNormalization(axis=axis, name=f"{name}_norm", **norm)(x)
    return layers.Activation("relu", name=f"{name}_activation")(x)


def check_map_of_top(images, include_top):
    """Raises ValueError if a top of dense layers gets a map of open size."""
    if include_top and None in image_size(images):
        raise ValueError(
            "`input_shape` must have a height and a width for a model with "
            "top, whose first dense layer has weights for each place of the "
            f"last map. Received: images of shape {tuple(images.shape[1:])}. "
            "Pass both, or include_top=False."
        )


def hidden_layers(x, units, dropout):
    """Draws two dense layers with ReLU and dropout on a flattened map."""
    x = layers.Flatten(name="flatten")(x)
    for name in ("hidden1", "hidden2"):
        x = layers.Dense(units, name=name)(x)
        x = layers.Activation("relu", name=f"{name}_activation")(x)
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return x
