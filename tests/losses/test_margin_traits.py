"""The traits of the margin losses, each computed from values of the loss."""

import itertools

import numpy as np
import pytest

from tests.losses.margin_losses import LOSSES, array, at, each

WIDE = np.linspace(-60, 60, 12001)
FINE = np.linspace(-6, 6, 12001)


def slopes(function, grid):
    """Returns the slopes between neighbors, without those that overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = np.diff(at(function, grid).astype("float64")) / np.diff(grid)
    return found[np.isfinite(found)]


@each(LOSSES)
def test_convexity_is_that_of_values_between_two_others(loss):
    traits = loss.traits
    ends = array([*itertools.combinations(np.arange(-6, 6.5, 0.5), 2)])
    chord = at(loss.value, ends).mean(-1)
    above = chord - at(loss.value, ends.mean(-1))
    noise = 1e-6 * (1 + chord)
    assert traits.convex == (above > -noise).all()
    assert traits.strictly_convex == (above > noise).all()
    curvature = at(loss.second_derivative, np.linspace(-80, 80, 321)).min()
    assert traits.strongly_convex == (curvature > 1e-3)


@each(LOSSES)
def test_lipschitz_constants_are_the_largest_slopes(loss):
    steepest = np.abs(slopes(loss.value, WIDE)).max()
    if loss.traits.lipschitz is None:
        assert steepest > 50
    else:
        np.testing.assert_allclose(steepest, loss.traits.lipschitz, rtol=5e-3)
    steepest = np.abs(slopes(loss.first_derivative, FINE)).max()
    if loss.traits.smoothness is not None:
        np.testing.assert_allclose(steepest, loss.traits.smoothness, rtol=0.02)
    else:
        assert loss.traits.kinks or steepest > 50


@each(LOSSES)
@pytest.mark.parametrize("order", [0, 1])
def test_kinks_are_where_slopes_jump(loss, order):
    """Of losses, and of first derivatives."""
    function = (loss.value, loss.first_derivative)[order]
    kinks = (loss.traits.kinks, loss.traits.second_kinks)[order]
    assert {*loss.traits.kinks} <= {*loss.traits.second_kinks}
    step = 0.01

    def jump(point):
        left, middle, right = at(function, [point - step, point, point + step])
        return abs((right - middle) - (middle - left)) / step

    for kink in {*kinks} - ({*loss.traits.kinks} if order else set()):
        assert jump(kink) > 0.3
    for point in np.arange(-2, 6, 0.5):
        if all(abs(point - kink) > 0.1 for kink in kinks):
            assert jump(point) < 0.15


@each(LOSSES)
def test_clipped_outputs_cost_no_more_from_the_bound_of_the_traits(loss):
    grid = np.linspace(-8, 8, 321)

    def costs_more(bound):
        clipped = at(loss.value, np.clip(grid, -bound, bound))
        return (clipped > at(loss.value, grid) + 1e-6).any()

    bound = loss.traits.clips_at
    if bound is None:
        assert costs_more(1) and costs_more(5)
    else:
        assert not costs_more(bound) and not costs_more(bound + 1)
        assert bound == 0 or costs_more(0.9 * bound)


@each(LOSSES)
def test_the_best_output_has_the_sign_and_the_probability_of_the_traits(loss):
    outputs = np.logspace(-4, 1.5, 4000)
    right, wrong = at(loss.value, outputs), at(loss.value, -outputs)
    best, gains = [], []
    for probability in (0.55, 0.7, 0.8, 0.9):
        risk = probability * right + (1 - probability) * wrong
        of_wrong_sign = probability * wrong + (1 - probability) * right
        best.append(outputs[risk.argmin()])
        gains.append(of_wrong_sign.min() - risk.min())
    assert loss.traits.calibrated == (min(gains) > 1e-3)
    differ = (np.diff(best) > 0.02).all() and max(best) < 5
    assert loss.traits.probabilities == differ
