"""Images on which the ranges of int8 tensors are measured."""

import inspect

import keras
import numpy as np

from keras_papers.pixels.normalization import check_images

ENOUGH = 300  # images; ranges hardly move after some hundred


def representative_images(data, shape, low, high, **options):
    """Returns images as the model takes them, checked.

    Args:
        data: Images as the model takes them: an array `(images, height,
            width, channels)`, or an iterable of such batches, as a
            `tf.data.Dataset` is, or of pairs of batches and labels; or a
            function that yields batches, `[batch]` or `{name: batch}`, as
            TFLiteConverter takes it. The first 300 images are used.
        shape: `(height, width, channels)` of an image, None where it is
            open.
        low: What the model takes for a black pixel.
        high: What the model takes for a white one.
        **options: `way_out` and `given` of `check_images`.

    Returns:
        Float32 array. In the first image two values are `low` and `high`, so
        that the range of the input is that of all images.

    Raises:
        ValueError: If there is no image, or images are of another shape or
            range.
    """
    images = _collect(data, shape)
    check_images("representative_data", images, low, high, **options)
    images = np.clip(images, low, high)  # as a cubic resize overshoots
    images[0].flat[:2] = low, high
    return images


def has_negatives(images):
    """Returns whether such images confirm that a model takes [-1, 1]."""
    # The first two numbers are the ends of the range.
    return float(images.ravel()[2:].min(initial=0.0)) < -0.05


def _collect(data, shape):
    if data is None:
        raise ValueError(
            "`representative_data` is what ranges of int8 tensors are "
            "measured on, and is needed for quantize='int8'. "
            "Received: representative_data=None. Pass some hundred images of "
            "the training set."
        )
    found, number = [], 0
    for batch in _batches(data):
        batch = _numbers(_images_of(batch))
        if batch.ndim == len(shape):
            batch = batch[None]
        if not _fits(batch.shape[1:], shape):
            raise ValueError(
                "`representative_data` must hold batches of images of the "
                f"model's size, {tuple(shape)}. Received: images of shape "
                f"{batch.shape[1:]}. Resize them first."
            )
        if not np.isfinite(batch).all():
            raise ValueError(
                "`representative_data` must hold finite numbers. Received: "
                "NaN or infinity. Take those images out."
            )
        shape = batch.shape[1:]  # that of all, where it was open
        found.append(batch)
        number += len(batch)
        if number >= ENOUGH:
            break
    if not number:
        raise ValueError(
            "`representative_data` must hold one image at least. Received: "
            "none. Pass some hundred images of the training set; a generator "
            "is empty once it was read."
        )
    return np.concatenate(found)[:ENOUGH].copy()


def _images_of(batch):
    """Returns the images of a batch: alone, before labels, or by name.

    TFLiteConverter takes lists, dicts, and a signature's name with a dict.
    """
    if (
        isinstance(batch, tuple)
        and len(batch) == 2
        and isinstance(batch[0], str)
    ):
        batch = batch[1]
    if isinstance(batch, dict) and len(batch) == 1:
        (batch,) = batch.values()
    if isinstance(batch, tuple | list) and batch:
        batch = batch[0]  # without the labels
    return batch


def _numbers(batch):
    try:
        return np.asarray(keras.ops.convert_to_numpy(batch), "float32")
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`representative_data` must hold numbers, the pixels of images. "
            f"Received: {type(batch).__name__} ({error}). Read the pictures "
            "first."
        ) from error


def _batches(data):
    if isinstance(data, tuple) and len(data) == 2 and _is_array(data[0]):
        data = data[0]  # a pair as `fit` takes it
    if _is_array(data):
        return [data]
    if hasattr(data, "__iter__") and not isinstance(data, str | dict):
        return data
    if isinstance(data, keras.utils.PyDataset):
        return (data[index] for index in range(len(data)))
    if callable(data):
        return _batches(_called(data))
    raise ValueError(
        "`representative_data` is an array of images, an iterable of batches, "
        "or a function that yields them. Received: representative_data of "
        f"type {type(data).__name__}. Pass some hundred images."
    )


def _called(function):
    """Returns what a function yields, the form that TFLiteConverter takes."""
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`representative_data` may be a function without arguments that "
            "yields batches of images. Received: representative_data="
            f"{function!r} ({error}). Pass the images themselves, or "
            "lambda: function(...)."
        ) from error
    return function()


def _fits(found, shape):
    return len(found) == len(shape) and all(
        known in (None, size) for known, size in zip(shape, found, strict=True)
    )


def _is_array(data):
    return hasattr(data, "shape") and hasattr(data, "__array__")
