"""Points that are listed: what limits leave of them."""

import pytest

from keras_papers import applications
from keras_papers.tuner import Limits, PointSpace

NARROW, SMALL = "narrow on large images", "wide on small ones"
POINTS = {
    NARROW: {"input_shape": (128, 128, 3), "alpha": 0.25},
    SMALL: {"input_shape": (32, 32, 3), "alpha": 0.5},
}


def space(**arguments):
    return PointSpace(applications.MobileNet, POINTS, "point", **arguments)


def test_limits_that_no_point_meets_together_are_refused():
    free = space()
    narrow, small = (
        free.costs(free.network({"point": label})) for label in POINTS
    )
    assert narrow["parameters"] < small["parameters"]
    assert narrow["multiply_adds"] > small["multiply_adds"]
    limits = Limits(small["multiply_adds"], small["parameters"])
    assert [point.label for point in space(limits=limits).points] == [SMALL]
    limits = Limits(small["multiply_adds"], narrow["parameters"])
    with pytest.raises(ValueError, match="one point .*The cheapest is"):
        space(limits=limits)


def test_points_that_are_known_to_fit_are_not_counted_again():
    known = {NARROW: {"multiply_adds": 1.0}}
    found = space(limits=Limits(multiply_adds=1), known=known)
    assert [(p.label, p.costs) for p in found.points] == [
        (NARROW, {"multiply_adds": 1.0})
    ]


def test_latency_is_asked_for_only_of_what_else_fits():
    asked = []

    class Found:
        median_ms = 2.0

    def latency(model):
        asked.append(model.input_shape[1])
        return Found

    limits = Limits(multiply_adds=5e6, latency_ms=3.0)
    found = space(limits=limits, latency=latency)
    assert asked == [32]
    (point,) = found.points
    assert point.costs["latency_ms"] == 2.0
    with pytest.raises(ValueError, match="1 milliseconds.*with 2"):
        space(limits=Limits(latency_ms=1.0), latency=latency)


def test_a_label_of_no_point_is_explained():
    for values in ({"point": "neither"}, {"other": SMALL}):
        with pytest.raises(
            ValueError, match="`values`.*Received: .*Try .narro"
        ):
            space().network(values)


@pytest.mark.parametrize("limits", [{"multiply_adds": 1e6}, (1e6, None, None)])
def test_limits_that_are_none_are_explained(limits):
    with pytest.raises(ValueError, match="`limits`.*Received: .*Try Limits"):
        space(limits=limits)


def test_a_latency_that_measures_nothing_is_explained():
    with pytest.raises(ValueError, match="`latency`.*latency=5.*LiteRTLatency"):
        space(latency=5)
