"""The grid of the paper, and its points as models."""

import pytest

from keras_papers import applications, cost
from keras_papers.tuner import CompoundScaling, Limits, feasible_triples
from keras_papers.tuner.spaces.compound_scaling import PUBLISHED, doubling


def test_every_triple_about_doubles_and_the_published_one_is_first():
    triples = feasible_triples()
    assert triples[0] == PUBLISHED == (1.2, 1.1, 1.15)
    assert round(doubling(PUBLISHED), 3) == 1.920
    assert all(1.9 <= round(doubling(each), 9) <= 2.1 for each in triples)
    assert all(base >= 1 for each in triples for base in each)
    assert len(set(triples)) == len(triples)


def test_each_dimension_alone_is_among_them():
    triples = feasible_triples()
    assert (2.0, 1.0, 1.0) in triples  # depth
    assert (1.0, 1.4, 1.0) in triples  # width
    assert (1.0, 1.0, 1.4) in triples  # resolution


def test_a_tolerance_below_eight_hundredths_excludes_the_published_triple():
    assert PUBLISHED not in feasible_triples(0.07)
    assert PUBLISHED in feasible_triples(0.08)


def test_a_point_is_the_model_that_scale_builds():
    space = CompoundScaling("MobileNetV2", size=64, width=0.35, classes=10)
    scaled = applications.scale(
        "MobileNetV2",
        depth=1.2,
        width=0.35 * 1.1,
        resolution=1.15,
        size=64,
        classes=10,
    )
    found = space.network({"scaling": "1.2 1.1 1.15"})
    assert found.input_shape == scaled.input_shape == (None, 74, 74, 3)
    assert cost.count(found)[:2] == cost.count(scaled)[:2]


def test_phi_grows_the_best_triple_in_the_second_step():
    space = CompoundScaling(
        "MobileNet",
        phi=(1, 2, 3),
        triples=[PUBLISHED],
        size=32,
        width=0.25,
        limits=Limits(multiply_adds=4e6),
        classes=2,
    )
    labels = [point.label for point in space.points]
    assert labels == ["1.2 1.1 1.15 phi 1", "1.2 1.1 1.15 phi 2"]
    small, large = (each.costs["multiply_adds"] for each in space.points)
    assert 1.3 * small < large <= 4e6


def test_points_beyond_a_limit_are_not_offered():
    triples = [(1.0, 1.4, 1.0), (1.0, 1.0, 1.4), (2.0, 1.0, 1.0)]
    options = {"size": 32, "width": 0.25, "classes": 2, "triples": triples}
    everything = CompoundScaling("MobileNet", **options)
    costs = {
        label: everything.costs(everything.network({"scaling": label}))
        for label in ("1 1.4 1", "1 1 1.4", "2 1 1")
    }
    middle = sorted(each["parameters"] for each in costs.values())[1]
    space = CompoundScaling(
        "MobileNet", **options, limits=Limits(parameters=middle)
    )
    offered = {point.label: point.costs for point in space.points}
    assert offered == {
        label: each
        for label, each in costs.items()
        if each["parameters"] <= middle
    }
    assert len(offered) == 2


def test_bad_arguments_are_explained():
    with pytest.raises(ValueError, match="mean 'MobileNet'"):
        CompoundScaling("MobilNet", triples=[PUBLISHED]).network(
            {"scaling": "1.2 1.1 1.15"}
        )
    with pytest.raises(ValueError, match="1,000 multiply-adds. The cheapest"):
        CompoundScaling(
            "MobileNet",
            triples=[PUBLISHED],
            size=32,
            limits=Limits(multiply_adds=1000),
        )
    with pytest.raises(ValueError, match="`phi`"):
        CompoundScaling("MobileNet", phi="one", triples=[PUBLISHED])
    with pytest.raises(ValueError, match="`width`"):
        CompoundScaling("MobileNet", width=0)
    with pytest.raises(ValueError, match="`tolerance`"):
        feasible_triples(0)
    with pytest.raises(ValueError, match="`latency`.*LiteRTLatency"):
        CompoundScaling("MobileNet", limits=Limits(latency_ms=3.0))
