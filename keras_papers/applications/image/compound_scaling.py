"""Compound scaling (Tan and Le, 2019, https://arxiv.org/abs/1905.11946)."""

import numbers
from typing import NamedTuple

import keras

from keras_papers.applications.registry import get_record
from keras_papers.checks import check_positive, check_positive_int


class Coefficients(NamedTuple):
    """The factors of equation 3, in the order in which `scale` takes them."""

    depth: float
    width: float
    resolution: float


def compound_coefficients(phi, alpha=1.2, beta=1.1, gamma=1.15):
    """Computes the factors by which `phi` scales a network: equation 3.

    Multiply-adds grow by about (alpha * beta**2 * gamma**2) ** phi, which is
    1.92 ** phi with the paper's triple.

    Args:
        phi: Finite number. How many times the multiply-adds are about
            doubled; 0 leaves the network as it is.
        alpha: Positive float. Of the depth. Defaults to the paper's 1.2.
        beta: Positive float. Of the width. Defaults to the paper's 1.1.
        gamma: Positive float. Of the resolution. Defaults to the paper's 1.15.

    Returns:
        A named tuple `(depth, width, resolution)`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> compound_coefficients(2, alpha=1.5, beta=1.0, gamma=2.0)
    Coefficients(depth=2.25, width=1.0, resolution=4.0)
    """
    is_finite = isinstance(phi, numbers.Real) and abs(phi) < float("inf")
    if not is_finite:
        raise ValueError(
            "`phi` is how many times the multiply-adds are doubled and must "
            f"be a finite number. Received: phi={phi!r}. Try 1."
        )
    for name, value, what in (
        ("alpha", alpha, "depth"),
        ("beta", beta, "width"),
        ("gamma", gamma, "resolution"),
    ):
        check_positive(
            name, value, f"the factor on the {what} at phi=1", "Try 1.2."
        )
    return Coefficients(*(float(base) ** phi for base in (alpha, beta, gamma)))


def scale(
    name, depth=1.0, width=1.0, resolution=1.0, *, size=None, **arguments
):
    """Builds a network deeper, wider and for larger images: section 3.

    Every stage of the paper's table gets `depth` times as many blocks,
    rounded up, and every row `width` times as many channels, rounded as the
    family does; the images have `resolution` times as many pixels each way.
    B0 with the factors of B4 is B4 but for the dropout, 0.2 in B0 and 0.4 in
    B4; and table 3 scales MobileNet and MobileNetV2 so.

    Args:
        name: One of `list_models()`.
        depth: Positive float. Defaults to 1.
        width: Positive float. Defaults to 1.
        resolution: Positive float. Defaults to 1.
        size: Positive int. Height and width of the images at a resolution
            of 1. Defaults to those of the network's own.
        **arguments: More of the constructor's arguments, such as `classes`,
            or the `rows` that a search found.

    Returns:
        A functional model.

    Raises:
        ValueError: If there is no such model, or an argument is out of its
            range or is one that the factors decide.

    Example:
    >>> model = scale("EfficientNetB0", *compound_coefficients(1), classes=10)
    >>> model.input_shape
    (None, 258, 258, 3)
    """
    record = get_record(name)
    decided = {"alpha", "depth", "input_shape"} & arguments.keys()
    if decided:
        raise ValueError(
            "`scale` decides width, depth and size by its factors. Received: "
            f"{', '.join(sorted(decided))}. Pass width, depth and resolution."
        )
    check_positive(
        "resolution", resolution, "the factor on the images' sides", "Try 1.15."
    )
    if size is None:
        size = record.size
    check_positive_int(
        "size",
        size,
        "the height and width of the images at a resolution of 1",
        "Leave it out for the network's own.",
    )
    size = round(size * resolution)
    shape = (size, size, 3)
    if keras.config.image_data_format() == "channels_first":
        shape = (3, size, size)
    return record.constructor(
        input_shape=shape, alpha=width, depth=depth, **arguments
    )
