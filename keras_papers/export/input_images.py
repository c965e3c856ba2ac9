"""What a file's images are: their range, and whether given ones lie in it."""

import keras

from keras_papers.pixels.normalization import (
    AUGMENTED,
    check_images,
    check_normalization,
    normalization_of_range,
    range_of_normalization,
)
from keras_papers.pixels.pixel_range import PixelRange, find_pixel_range
from keras_papers.quantization.aware_model import (
    input_range_of,
    is_quantization_aware,
)
from keras_papers.quantization.representative_data import (
    has_negatives,
    representative_images,
)


def normalization_of(model):
    """Returns the `(mean, std)` that make of a pixel what a model takes."""
    return normalization_of_range(*_pixel_range(None, model)[:2])


def check_no_normalization(normalization):
    """Raises ValueError of a normalization, for a model without pixels."""
    if normalization is not None:
        raise ValueError(
            "`normalization` is how pixels become what a model of one image "
            f"takes. Received: normalization={normalization!r} for a model of "
            "other inputs. Leave it out."
        )


def settle_images(model, normalization, shape, measured, compared, is_int8):
    """Settles how pixels become what a model takes, with a warning if assumed.

    Args:
        model: The model.
        normalization: `(mean, std)`, or None: as the graph shows.
        shape: `(height, width, channels)` of an image.
        measured: Images on which the ranges of an int8 file are measured.
        compared: Images on which file and model are compared, or None.
        is_int8: Whether `measured` is needed.

    Returns:
        `(mean, std)`, and `measured` as one array, None without int8.

    Raises:
        ValueError: If an argument is out of its range, or images are of
            another range than the model takes.
    """
    taken = _pixel_range(normalization, model)
    low, high, *_ = taken
    given = normalization is not None
    shown = []  # images that may confirm an assumption
    images = None
    if is_int8:
        images = representative_images(measured, shape, low, high, given=given)
        shown.append(images)
    if compared is not None:
        shown.append(keras.ops.convert_to_numpy(compared))
        check_images(
            "images", shown[-1], low, high, given=given, slack=AUGMENTED
        )
    if not any(map(has_negatives, shown)):
        taken.warn(model, stacklevel=4)
    return normalization_of_range(low, high), images


def _pixel_range(normalization, model):
    if is_quantization_aware(model):
        if normalization is None:
            return PixelRange(*input_range_of(model))
        raise ValueError(
            "`normalization` is part of a quantization-aware model. "
            f"Received: normalization={normalization!r}. Leave it out; say "
            "quantize_aware(..., input_range=(black, white))."
        )
    if normalization is None:
        return find_pixel_range(model)
    ends = range_of_normalization(*check_normalization(normalization))
    return PixelRange(*ends)
