"""The axes of a batch of images, in either data format."""

import keras


def channel_axis(data_format):
    """Returns the axis of the channels in a batch of images."""
    return 1 if data_format == "channels_first" else -1


def known_channels(layer, input_shape):
    """Returns the number of channels of `input_shape`, which must be known."""
    if len(input_shape) != 4:
        raise ValueError(
            f"{type(layer).__name__} takes a batch of images: four axes, "
            f"{layer.data_format}. "
            f"Received: input_shape={tuple(input_shape)} in {layer.name!r}. "
            "Add a missing axis, such as the batch axis, with "
            "keras.ops.expand_dims."
        )
    channels = input_shape[channel_axis(layer.data_format)]
    if channels is None:
        raise ValueError(
            f"{type(layer).__name__} creates its weights for a fixed number of "
            f"input channels, {layer.data_format}. "
            f"Received: input_shape={tuple(input_shape)} in {layer.name!r}. "
            "Give keras.Input the number of channels; height, width and batch "
            "may be None."
        )
    return channels


def image_shape(data_format, batch, size, channels):
    """Returns the shape of a batch of images in a data format."""
    if data_format == "channels_first":
        return (batch, channels, *size)
    return (batch, *size, channels)


def split_image_shape(data_format, shape):
    """Returns the batch, `(height, width)` and channels of a batch's shape."""
    batch, *rest = shape
    if data_format == "channels_first":
        return batch, tuple(rest[1:]), rest[0]
    return batch, tuple(rest[:2]), rest[2]


def image_size(images):
    """Returns `(height, width)` of a batch of images; None is unknown."""
    _, size, _ = split_image_shape(
        keras.config.image_data_format(), images.shape
    )
    return size
