"""Normalization of pixels in [0, 255] for a model: (pixel - mean) / std."""

import numbers

import numpy as np

from keras_papers.checks import check_positive

PIXELS = (0.0, 255.0)
UNIT = (0.0, 1.0)
SIGNED = (-1.0, 1.0)  # assumed if the graph does not show it
WAY_OUT = (
    "Pass normalization=(mean, std): (0, 1) for a model that was trained on "
    "[0, 255], (127.5, 127.5) for [-1, 1], (0, 255) for [0, 1]. On the command "
    "line: --input-range 0 255, --input-range -1 1 or --input-range 0 1."
)
ROUNDED = 0.01  # share of the range by which prepared images may exceed it
AUGMENTED = 0.5  # the same for augmented images


def check_normalization(normalization):
    """Returns `(mean, std)` as floats.

    Raises:
        ValueError: If it is not a pair of finite numbers with std above 0.
    """
    pair = isinstance(normalization, tuple | list) and len(normalization) == 2
    if not pair or not all(
        isinstance(x, numbers.Real) and np.isfinite(x) for x in normalization
    ):
        raise ValueError(
            "`normalization` is a pair of numbers, mean and standard "
            f"deviation of pixels. Received: normalization={normalization!r}. "
            "Pass for example (127.5, 127.5)."
        )
    mean, std = map(float, normalization)
    check_positive("normalization", std, "(mean, std), of which std", "Try 1.")
    return mean, std


def check_input_range(input_range):
    """Returns `(black, white)` as floats.

    Raises:
        ValueError: If it is not a pair of numbers, the smaller one first.
    """
    pair = np.ravel(np.asarray(input_range, dtype=object)).tolist()
    real = all(isinstance(end, numbers.Real) for end in pair)
    if len(pair) != 2 or not real or not pair[0] < pair[1]:
        raise ValueError(
            "`input_range` is what the model takes for a black and for a "
            f"white pixel. Received: input_range={input_range!r}. Pass two "
            "numbers, for example (-1, 1)."
        )
    return tuple(map(float, pair))


def normalization_of_range(black, white):
    """Returns the `(mean, std)` that map [0, 255] to [black, white]."""
    std = 255 / (white - black)
    return -black * std + 0.0, std  # without the sign of -0.0


def range_of_normalization(mean, std):
    """Returns the normalized values of a black and of a white pixel."""
    return -mean / std + 0.0, (255 - mean) / std


def check_images(
    argument, images, low, high, *, way_out=WAY_OUT, given=False, slack=ROUNDED
):
    """Raises ValueError for images outside of a model's input range.

    Args:
        argument: Name of the argument with the images.
        images: Array.
        low: The model's value of a black pixel.
        high: Its value of a white pixel.
        way_out: Sentences on how to pass another range.
        given: Whether the user passed that range.
        slack: Share of the range by which images may exceed it.
    """
    least, most = float(np.min(images)), float(np.max(images))
    margin = slack * (high - low)
    divided = high - low > 100 and 0 < most <= 1
    unsigned = not given and low < -0.5 and least >= 0 and 0.5 < most <= 1.01
    varied = most - least > 0.5
    outside = least < low - margin or high + margin < most
    if not (outside or divided or (unsigned and varied)):
        return
    advice = "Scale them, as for predicting."
    if divided:
        advice = "Do not divide them by 255: the model rescales pixels itself."
    if not given:
        advice += f" Or does the model take them so? {way_out}"
    raise ValueError(
        f"`{argument}` must hold images as the model takes them, in "
        f"[{low + 0.0:g}, {high:g}]. "
        f"Received: {argument} in [{least:g}, {most:g}]. {advice}"
    )
