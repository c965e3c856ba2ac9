"""Compound scaling's search (Tan and Le, 2019, arxiv.org/abs/1905.11946).

Equation 3, in section 3.3, requires alpha * beta**2 * gamma**2 to be about 2.
Section 4 has two steps: a small grid search for alpha, beta and gamma at
phi=1; then larger phi with the same alpha, beta and gamma.
"""

import itertools

import numpy as np

from keras_papers.applications import compound_coefficients, scale
from keras_papers.checks import check_positive
from keras_papers.tuner.spaces.point_space import PointSpace
from keras_papers.tuner.spaces.register import register_space
from keras_papers.tuner.spaces.search_space import Limits

PUBLISHED = (1.2, 1.1, 1.15)  # alpha * beta**2 * gamma**2 is 1.920
TOLERANCE = 0.1  # includes the published ones
DEPTHS = np.arange(1.0, 2.05, 0.1)
OTHERS = np.arange(1.0, 1.45, 0.05)  # 1.4**2 is nearly 2 alone


def feasible_triples(tolerance=TOLERANCE):
    """Lists the triples of the grid that roughly double the multiply-adds.

    Args:
        tolerance: Positive float. How far alpha * beta**2 * gamma**2 may be
            from 2. Defaults to 0.1; the published triple is 0.08 away.

    Returns:
        A list of `(alpha, beta, gamma)` for depth, width and resolution, the
        published one first if it is within the tolerance.

    Raises:
        ValueError: If the tolerance is not a positive number.

    Example:
    >>> triples = feasible_triples()
    >>> triples[0], len(triples)
    ((1.2, 1.1, 1.15), 61)
    """
    check_positive(
        "tolerance",
        tolerance,
        "how far alpha * beta**2 * gamma**2 may be from 2",
        "Try 0.1.",
    )
    grid = itertools.product(DEPTHS, OTHERS, OTHERS)
    triples = [
        tuple(round(float(base), 2) for base in triple)
        for triple in grid
        if abs(doubling(triple) - 2) <= tolerance + 1e-9
    ]
    return sorted(triples, key=lambda triple: triple != PUBLISHED)


def doubling(triple):
    """Returns the factor on the multiply-adds for each phi: equation 3."""
    alpha, beta, gamma = triple
    return alpha * beta**2 * gamma**2


@register_space("compound")
class CompoundScaling(PointSpace):
    """The grid of alpha, beta and gamma at phi=1, or phi for given ones.

    The points are the values of one hyperparameter, `scaling`, such as
    `"1.2 1.1 1.15"`. Step 1 of the paper is the default; step 2 is
    `triples=[best], phi=(2, 3, 4)`.

    Args:
        model: Name of the network that is scaled. Defaults to
            `"EfficientNetB0"`.
        phi: Number, or a sequence of numbers that become part of the choice.
            Defaults to 1.
        triples: Sequence of `(alpha, beta, gamma)`. Defaults to None:
            `feasible_triples()`.
        size: Height and width of the images at phi=0. Defaults to None: the
            network's own.
        width: Positive float. Factor on the channels at phi=0, for a base
            that is smaller than the paper's. Defaults to 1.
        limits: A `Limits`. Points that exceed it are left out.
        known: Dict from labels to costs; see `PointSpace`.
        latency: A `LiteRTLatency`; see `SearchSpace`.
        reward: A `Reward`, or None.
        compile: Function that compiles a model; see `SearchSpace`.
        **arguments: More of the constructor's arguments, such as `classes`.

    Raises:
        ValueError: If an argument is out of its range, or nothing fits.

    Example:
    >>> space = CompoundScaling("MobileNet", size=32, width=0.25, classes=10)
    >>> space.points[0].label
    '1.2 1.1 1.15'
    """

    summary = "depth, width and resolution, scaled together"
    default_model = "EfficientNetB0"

    def __init__(
        self,
        model=default_model,
        phi=1,
        *,
        triples=None,
        size=None,
        width=1.0,
        limits=None,
        known=None,
        latency=None,
        reward=None,
        compile=None,
        **arguments,
    ):
        check_positive("width", width, "the factor on the channels", "Try 1.")
        triples = feasible_triples() if triples is None else triples
        phis = phi if isinstance(phi, tuple | list) else (phi,)
        points = {}
        for triple, each in itertools.product(triples, phis):
            scaling = compound_coefficients(each, *triple)
            label = " ".join(f"{base:g}" for base in triple)
            points[f"{label} phi {each:g}" if len(phis) > 1 else label] = {
                "name": model,
                "depth": scaling.depth,
                "width": width * scaling.width,
                "resolution": scaling.resolution,
                "size": size,
                **arguments,
            }
        super().__init__(
            scale,
            points,
            "scaling",
            known,
            limits=limits,
            latency=latency,
            reward=reward,
            compile=compile,
        )

    @classmethod
    def from_options(cls, options, known=None, **arguments):
        return cls(
            options.model,
            size=options.image_size,
            width=options.width,
            limits=Limits(
                options.budget_madds, latency_ms=options.budget_latency_ms
            ),
            known=known,
            **arguments,
        )
