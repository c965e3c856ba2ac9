"""The feasible pairs against the tables of the paper."""

import pytest

from keras_papers import cost, tuner
from tests.models import build
from tests.paper_facts import FACTS


@pytest.mark.slow
def test_the_paper_s_sixteen_pairs_and_their_costs():
    points = tuner.width_and_resolution("MobileNet", 1e9)
    assert len(points) == 16
    for fact in FACTS:
        if fact.model != "MobileNet" or "alpha" not in fact.arguments:
            continue
        size = round(224 * fact.arguments.get("resolution_multiplier", 1))
        (point,) = [
            point
            for point in points
            if (point.alpha, point.size) == (fact.arguments["alpha"], size)
        ]
        assert point.parameters == fact.parameters
        assert round(point.multiply_adds / 1e6, 1) == fact.mega_adds


@pytest.mark.slow
def test_what_does_not_fit_is_left_out_and_the_rest_is_sorted():
    points = tuner.width_and_resolution(
        "MobileNetV2", 20e6, alphas=(0.35, 1.0), sizes=(96, 224), classes=10
    )
    assert [(point.alpha, point.size) for point in points] == [(0.35, 96)]
    costs = [
        point.multiply_adds
        for point in tuner.width_and_resolution("MobileNet", 100e6)
    ]
    assert costs == sorted(costs, reverse=True) and max(costs) <= 100e6


def test_an_impossible_budget_is_answered_with_the_cheapest():
    with pytest.raises(ValueError, match=r"alpha=0.25 at 128 pixels.*13,5"):
        tuner.width_and_resolution("MobileNet", 1e6)


def test_bad_arguments_are_explained():
    with pytest.raises(ValueError, match="`max_multiply_adds`.*60e6"):
        tuner.width_and_resolution("MobileNet", 0)
    with pytest.raises(ValueError, match="mean 'MobileNet'"):
        tuner.width_and_resolution("MobilNet", 1e9)
    with pytest.raises(ValueError, match="`alphas`.*must not be empty"):
        tuner.width_and_resolution("MobileNet", 1e9, alphas=())
    with pytest.raises(ValueError, match="at least 32 x 32"):
        tuner.width_and_resolution("MobileNet", 1e9, sizes=(16,))


@pytest.mark.parametrize("name", ["MobileNetV2", "EfficientNetLite0"])
def test_an_odd_size_costs_what_the_model_of_it_costs(name):
    (point,) = tuner.width_and_resolution(
        name, 1e9, alphas=(0.35,), sizes=(100,)
    )
    model = build(name, 100, alpha=0.35)
    assert point.multiply_adds == cost.count(model).multiply_adds
