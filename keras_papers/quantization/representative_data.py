"""Examples on which the ranges of int8 tensors are measured."""

import inspect

import keras
import numpy as np

from keras_papers.pixels.normalization import check_images
from keras_papers.signatures import TensorSpec, batches_of

ENOUGH = 300  # examples; ranges hardly move after some hundred


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
    _check_any(number)
    images = np.concatenate(found)[:ENOUGH].copy()
    check_images("representative_data", images, low, high, **options)
    images = np.clip(images, low, high)  # as a cubic resize overshoots
    images[0].flat[:2] = low, high
    return images


def representative_inputs(data, specs):
    """Returns examples of each input of a model, checked.

    Args:
        data: Dict of arrays by the names of the inputs, or a list of arrays
            in their order; or an iterable of such batches, or of pairs of
            batches and labels; or a function that yields batches, as
            TFLiteConverter takes it. The first 300 examples are used.
        specs: `TensorSpec` of each input.

    Returns:
        List of arrays, one for each input, floats as float32.

    Raises:
        ValueError: If there is no example, or one does not fit the inputs.
    """
    found, number = [], 0
    for batch in _batches(data, len(specs)):
        batch = _inputs_of(batch, len(specs))
        found.append(batches_of("representative_data", batch, specs))
        # The sizes of all, where they were open.
        specs = [
            TensorSpec(spec.name, array.shape[1:], spec.dtype)
            for spec, array in zip(specs, found[0], strict=True)
        ]
        number += len(found[-1][0])
        if number >= ENOUGH:
            break
    _check_any(number)
    return [
        np.concatenate(arrays)[:ENOUGH] for arrays in zip(*found, strict=True)
    ]


def has_negatives(images):
    """Returns whether such images confirm that a model takes [-1, 1]."""
    # The first two numbers are the ends of the range.
    return float(images.ravel()[2:].min(initial=0.0)) < -0.05


def _check_any(number):
    if not number:
        raise ValueError(
            "`representative_data` must hold one image at least, or one "
            "example. Received: none. Pass some hundred of the training set; "
            "a generator is empty once it was read."
        )


def _images_of(batch):
    """Returns the images of a batch: alone, before labels, or by name.

    TFLiteConverter takes lists, dicts, and a signature's name with a dict.
    """
    batch = _without_signature(batch)
    if isinstance(batch, dict) and len(batch) == 1:
        (batch,) = batch.values()
    if isinstance(batch, tuple | list) and batch:
        batch = batch[0]  # without the labels
    return batch


def _inputs_of(batch, number):
    """Returns the inputs of a batch, without labels."""
    batch = _without_signature(batch)
    if not isinstance(batch, tuple | list) or not batch:
        return batch
    has_labels = isinstance(batch, tuple) and not _is_array(batch[0])
    return batch[0] if has_labels or number == 1 else batch


def _without_signature(batch):
    is_pair = isinstance(batch, tuple) and len(batch) == 2
    return batch[1] if is_pair and isinstance(batch[0], str) else batch


def _numbers(batch):
    try:
        return np.asarray(keras.ops.convert_to_numpy(batch), "float32")
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`representative_data` must hold numbers, the pixels of images. "
            f"Received: {type(batch).__name__} ({error}). Read the pictures "
            "first."
        ) from error


def _batches(data, number=1):
    """Returns an iterable of batches.

    Args:
        data: As the user passed it.
        number: How many inputs the model has.
    """
    if data is None:
        raise ValueError(
            "`representative_data` is what ranges of int8 tensors are "
            "measured on, and is needed for quantize='int8'. "
            "Received: representative_data=None. Pass some hundred images of "
            "the training set, or examples of each input."
        )
    if isinstance(data, tuple) and len(data) == 2:  # a pair as `fit` takes it
        inputs, labels = data
        is_one = number == 1 and _is_array(inputs)
        is_list = isinstance(inputs, tuple | list) and _is_array(labels)
        if is_one or is_list or isinstance(inputs, dict):
            data = inputs
    if _is_array(data) or isinstance(data, dict):
        return [data]
    is_list = isinstance(data, tuple | list)
    if number > 1 and is_list and data and all(map(_is_array, data)):
        return [data]  # one array for each input
    if hasattr(data, "__iter__") and not isinstance(data, str):
        return data
    if isinstance(data, keras.utils.PyDataset):
        return (data[index] for index in range(len(data)))
    if callable(data):
        return _batches(_called(data), number)
    raise ValueError(
        "`representative_data` is an array of images, a dict of arrays, an "
        "iterable of batches, or a function that yields them. Received: "
        f"representative_data of type {type(data).__name__}. Pass some "
        "hundred examples."
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
