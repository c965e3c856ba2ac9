"""MobileNet's two multipliers under a budget (arxiv.org/abs/1704.04861).

Section 3 of the paper trades accuracy for cost by the width multiplier alpha
and the resolution; its figure 4 draws the sixteen pairs. What does not fit a
budget can be told without training anything, so it is left out beforehand.
"""

import itertools
from typing import NamedTuple

import keras

from keras_papers import applications, cost
from keras_papers.argument_checks import check_positive

ALPHAS = (0.25, 0.5, 0.75, 1.0)
SIZES = (128, 160, 192, 224)


class Point(NamedTuple):
    """One pair of multipliers, and what a model of them costs."""

    alpha: float
    size: int  # height and width of the image
    parameters: int  # trainable
    multiply_adds: int


def width_and_resolution(
    model, max_multiply_adds, alphas=ALPHAS, sizes=SIZES, **arguments
):
    """Lists the pairs of width and resolution that fit a budget.

    Args:
        model: Name of a classifier, one of `applications.list_models()`.
        max_multiply_adds: Positive number. The budget for one image.
        alphas: Width multipliers to try. Defaults to those of table 6.
        sizes: Image sizes in pixels to try. Defaults to those of table 7.
        **arguments: More of the constructor's arguments, such as `classes`.

    Returns:
        A list of `Point`s, the most expensive first: at equal cost the paper
        finds more accuracy in more multiply-adds.

    Raises:
        ValueError: If nothing fits; the cheapest pair is named.

    Example:
    >>> for point in width_and_resolution("MobileNet", 15e6):
    ...     print(point.alpha, point.size, point.multiply_adds)
    0.25 128 13570048
    """
    constructor = applications.get(model)
    check_positive(
        "max_multiply_adds",
        max_multiply_adds,
        "the multiply-adds that an image may cost",
        "Write 60 million as 60e6.",
    )
    points = []
    for alpha, size in itertools.product(alphas, sizes):
        found = cost.count(
            constructor(input_shape=_shape(size), alpha=alpha, **arguments)
        )
        points.append(Point(alpha, size, found.parameters, found.multiply_adds))
    if not points:
        raise ValueError(
            "`alphas` and `sizes` are the values to pair and must not be "
            f"empty. Received: alphas={alphas}, sizes={sizes}. Leave them out "
            "for those of the paper."
        )
    fitting = [p for p in points if p.multiply_adds <= max_multiply_adds]
    if not fitting:
        cheapest = min(points, key=lambda point: point.multiply_adds)
        raise ValueError(
            "`max_multiply_adds` must leave room for one pair at least. "
            f"Received: max_multiply_adds={max_multiply_adds:,.0f}. The "
            f"cheapest is alpha={cheapest.alpha} at {cheapest.size} pixels "
            f"with {cheapest.multiply_adds:,}."
        )
    return sorted(fitting, key=lambda point: -point.multiply_adds)


def _shape(size):
    if keras.config.image_data_format() == "channels_first":
        return (3, size, size)
    return (size, size, 3)
