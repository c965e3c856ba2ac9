"""The feasible pairs against the tables of the paper."""

import pytest

from keras_papers import cost
from keras_papers.tuner import Limits, WidthAndResolution
from tests.paper_facts import FACTS


@pytest.mark.slow
def test_the_paper_s_sixteen_pairs_and_their_costs():
    space = WidthAndResolution("MobileNet", limits=Limits(multiply_adds=1e9))
    assert len(space.points) == 16
    costs = {point.label: point.costs for point in space.points}
    for fact in FACTS:
        if fact.model != "MobileNet" or "alpha" not in fact.arguments:
            continue
        size = round(224 * fact.arguments.get("resolution_multiplier", 1))
        found = costs[f"{fact.arguments['alpha']:g} x {size}"]
        assert found["parameters"] == fact.parameters
        assert round(found["multiply_adds"] / 1e6, 1) == fact.mega_adds


def test_what_does_not_fit_is_left_out():
    space = WidthAndResolution(
        "MobileNetV2",
        alphas=(0.35, 1.0),
        sizes=(96, 224),
        limits=Limits(multiply_adds=20e6),
        classes=10,
    )
    (point,) = space.points
    assert point.label == "0.35 x 96"
    model = space.network({"width_and_resolution": point.label})
    assert model.input_shape == (None, 96, 96, 3)
    assert point.costs["multiply_adds"] == cost.count(model).multiply_adds


def test_an_impossible_budget_is_answered_with_the_cheapest():
    with pytest.raises(ValueError, match=r"cheapest is 0.25 x 64 with 3,"):
        WidthAndResolution(
            alphas=(0.25, 0.5),
            sizes=(64, 96),
            limits=Limits(multiply_adds=1e6),
        )


def test_bad_arguments_are_explained():
    with pytest.raises(ValueError, match="`limits.multiply_adds`.*60e6"):
        WidthAndResolution("MobileNet", limits=Limits(multiply_adds=0))
    with pytest.raises(ValueError, match="mean 'MobileNet'"):
        WidthAndResolution("MobilNet")
    with pytest.raises(ValueError, match="sizes.*Received: input_shape. Pass"):
        WidthAndResolution("MobileNet", input_shape=(32, 32, 3))
    with pytest.raises(ValueError, match="`alphas`.*must not be empty"):
        WidthAndResolution("MobileNet", alphas=())
    with pytest.raises(ValueError, match="at least 32 x 32"):
        WidthAndResolution(
            "MobileNet", sizes=(16,), limits=Limits(multiply_adds=1e9)
        )
