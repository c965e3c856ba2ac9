"""MobileNet's two multipliers under a budget (arxiv.org/abs/1704.04861).

Section 3 of the paper trades accuracy for cost by the width multiplier alpha
and the resolution; its figure 4 draws the sixteen pairs.
"""

import itertools

import keras

from keras_papers import applications
from keras_papers.checks import MINIMUM_SIZE
from keras_papers.tuner.spaces.point_space import PointSpace
from keras_papers.tuner.spaces.register import register_space
from keras_papers.tuner.spaces.search_space import Limits

ALPHAS = (1.0, 0.75, 0.5, 0.25)
SIZES = (224, 192, 160, 128)
SHARES = (1.0, 0.857, 0.714, 0.571)  # those of the largest


@register_space("width-resolution")
class WidthAndResolution(PointSpace):
    """The pairs of width and resolution that fit a budget.

    They are the values of one hyperparameter, `width_and_resolution`, such
    as `"0.75 x 192"`.

    Args:
        model: Name of a classifier. Defaults to `"MobileNet"`.
        alphas: Width multipliers. Defaults to those of table 6.
        sizes: Image sizes in pixels. Defaults to those of table 7.
        limits: A `Limits`. Pairs that exceed it are left out.
        known: Dict from labels to costs; see `PointSpace`.
        latency: A `LiteRTLatency`; see `SearchSpace`.
        reward: A `Reward`, or None.
        compile: Function that compiles a model; see `SearchSpace`.
        **arguments: More of the constructor's arguments, such as `classes`.

    Raises:
        ValueError: If an argument is out of its range, or nothing fits; the
            cheapest pair is named.

    Example:
    >>> from keras_papers.tuner import Limits
    >>> space = WidthAndResolution(
    ...     "MobileNet", sizes=(128, 160), limits=Limits(multiply_adds=25e6)
    ... )
    >>> for point in space.points:
    ...     print(point.label, point.costs["multiply_adds"])
    0.25 x 128 13570048
    0.25 x 160 21059200
    """

    summary = "width and image size"
    default_model = "MobileNet"

    def __init__(
        self,
        model=default_model,
        alphas=ALPHAS,
        sizes=SIZES,
        *,
        limits=None,
        known=None,
        latency=None,
        reward=None,
        compile=None,
        **arguments,
    ):
        constructor = applications.get(model)
        decided = {"alpha", "input_shape"} & arguments.keys()
        if decided:
            raise ValueError(
                "`alphas` and `sizes` decide width and image size. Received: "
                f"{', '.join(sorted(decided))}. Pass alphas and sizes."
            )
        if not alphas or not sizes:
            raise ValueError(
                "`alphas` and `sizes` are the values to pair and must not be "
                f"empty. Received: alphas={alphas}, sizes={sizes}. Leave them "
                "out for those of the paper."
            )

        super().__init__(
            constructor,
            {
                f"{alpha:g} x {size}": {
                    "input_shape": _shape(size),
                    "alpha": alpha,
                    **arguments,
                }
                for alpha, size in itertools.product(alphas, sizes)
            },
            "width_and_resolution",
            known,
            limits=limits,
            latency=latency,
            reward=reward,
            compile=compile,
        )

    @classmethod
    def from_options(cls, options, known=None, **arguments):
        """Makes the space around a width and an image size.

        Sizes have the proportions of table 7, and alphas those of table 6.
        """
        sizes = {
            max(MINIMUM_SIZE, round(options.image_size * share))
            for share in SHARES
        }
        return cls(
            options.model,
            [options.width * alpha for alpha in ALPHAS],
            sorted(sizes),
            limits=Limits(
                options.budget_madds, latency_ms=options.budget_latency_ms
            ),
            known=known,
            **arguments,
        )


def _shape(size):
    if keras.config.image_data_format() == "channels_first":
        return (3, size, size)
    return (size, size, 3)
