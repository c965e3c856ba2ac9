"""Where the axes of an image batch lie, and how many channels it has."""

import keras


def channel_axis(data_format):
    """Returns the position of the channels in an image batch."""
    return 1 if data_format == "channels_first" else -1


def known_channels(layer, input_shape):
    """Returns the number of channels of `input_shape`, which must be known."""
    if len(input_shape) != 4:
        raise ValueError(
            f"{type(layer).__name__} takes a batch of images: four axes, "
            f"{layer.data_format}. "
            f"Received: input_shape={tuple(input_shape)} in {layer.name!r}. "
            "Add what is missing, the batch axis perhaps, with "
            "keras.ops.expand_dims."
        )
    channels = input_shape[channel_axis(layer.data_format)]
    if channels is None:
        raise ValueError(
            f"{type(layer).__name__} makes its weights for a fixed number of "
            f"input channels, {layer.data_format}. "
            f"Received: input_shape={tuple(input_shape)} in {layer.name!r}. "
            "Name the channels in keras.Input; height, width and batch may "
            "stay open."
        )
    return channels


def image_shape(data_format, batch, size, channels):
    """Returns the shape of an image batch, axes in the order asked for."""
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
    """Returns the `(height, width)` of an image batch; None is open."""
    _, size, _ = split_image_shape(
        keras.config.image_data_format(), images.shape
    )
    return size
