"""The image input of a classifier, new or joined to a graph."""

import numbers

import keras
import numpy as np
from keras import layers

from keras_papers.checks import MINIMUM_SIZE, check_positive_int
from keras_papers.layers._image_axes import split_image_shape


def image_input(
    input_shape, input_tensor, default_size=224, minimum=MINIMUM_SIZE
):
    """Opens the graph: returns the images as they come in.

    Images of fewer than `minimum` pixels each way are refused.
    """
    data_format = keras.config.image_data_format()
    if input_tensor is not None:
        images = _adopt(input_tensor, input_shape)
        _check_image_shape(images.shape[1:], data_format, minimum)
    else:
        if input_shape is None:
            size = (default_size, default_size)
            input_shape = (
                (*size, 3) if data_format == "channels_last" else (3, *size)
            )
        _check_image_shape(input_shape, data_format, minimum)
        images = keras.Input(tuple(input_shape), name="image")
    return images


def preprocessed(images, evaluation):
    """Returns the images for the stem, normalized as `evaluation` has it.

    None leaves them as they are.
    """
    data_format = keras.config.image_data_format()
    if evaluation is None:
        if not keras.backend.is_float_dtype(images.dtype):
            raise ValueError(
                "`input_tensor` must hold floats for a model without "
                "preprocessing, since its convolutions do. Received: "
                f"input_tensor of dtype {images.dtype}. Pass "
                "include_preprocessing=True, or what a Rescaling makes of it."
            )
        return images
    channels = split_image_shape(data_format, images.shape)[2]
    mean, std = evaluation.normalization(channels)
    if np.ndim(mean) and data_format == "channels_first":
        mean, std = mean[:, None, None], std[:, None, None]
    x = layers.Rescaling(
        (1 / std).tolist(), (-mean / std).tolist(), name="preprocessing"
    )(images)
    return reversed_channels(x) if evaluation.reverses else x


def reversed_channels(x):
    """Returns images of three channels with the last channel first."""
    first, channels = 0, x.shape[1]
    if keras.config.image_data_format() == "channels_last":
        first, channels = 1, x.shape[3]
    if channels != 3:
        return x
    # Keras has no layer for it; a cropping in the other data format crops the
    # channels, and `quantize_aware` and runtimes know croppings.
    parts = []
    for index, color in reversed(list(enumerate(("red", "green", "blue")))):
        widths = [(0, 0), (0, 0)]
        widths[first] = (index, 2 - index)
        parts.append(
            layers.Cropping2D(
                widths,
                data_format=("channels_last", "channels_first")[first],
                name=color,
            )(x)
        )
    return layers.Concatenate(axis=3 if first else 1, name="reversed")(parts)


def _adopt(input_tensor, input_shape):
    if not keras.backend.is_keras_tensor(input_tensor):
        raise ValueError(
            "`input_tensor` is where the model is joined to a graph and must "
            "be symbolic. "
            f"Received: input_tensor of type {type(input_tensor).__name__}. "
            "Pass what keras.Input or a layer called on one returns."
        )
    shape = tuple(input_tensor.shape)
    if input_shape is not None and (
        len(tuple(input_shape)) != len(shape[1:])
        or any(
            None not in (given, there) and given != there
            for given, there in zip(input_shape, shape[1:], strict=True)
        )
    ):
        raise ValueError(
            "`input_shape` describes the same images as `input_tensor`. "
            f"Received: input_shape={tuple(input_shape)} and an input_tensor "
            f"of shape {shape}. Leave `input_shape` out."
        )
    return input_tensor


def _check_image_shape(shape, data_format, minimum):
    order = "height, width, channels"
    if data_format == "channels_first":
        order = "channels, height, width"
    shape = tuple(shape) if isinstance(shape, tuple | list) else shape
    if not isinstance(shape, tuple) or len(shape) != 3:
        raise ValueError(
            f"`input_shape` is the shape of one image, ({order}). "
            f"Received: input_shape={shape}. Leave the batch axis out."
        )
    *size, channels = shape
    if data_format == "channels_first":
        channels, *size = shape
    if channels is None:
        raise ValueError(
            "`input_shape` must name the number of channels, for the first "
            f"convolution has weights for each. Received: input_shape={shape}, "
            f"read as ({order}). Height and width may be None."
        )
    check_positive_int(
        "input_shape",
        channels,
        f"({order}), of which channels",
        f"The whole is {shape}.",
    )
    for side in size:
        if side is not None and (
            not isinstance(side, numbers.Integral) or side < minimum
        ):
            raise ValueError(
                f"`input_shape` must be at least {minimum} x {minimum} "
                "pixels, for the model reduces its height and width. "
                f"Received: input_shape={shape}, read as ({order}). Enlarge "
                "small images first, with keras.layers.Resizing for example."
            )
