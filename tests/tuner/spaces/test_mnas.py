"""The factorized hierarchical space: its tables, and what can be afforded."""

import random

import keras_tuner
import pytest

from keras_papers import applications, cost
from keras_papers.applications import mnasnet, mobilenet_v2
from keras_papers.tuner import Limits, MnasSpace, rows
from tests.support.models import blocks_of

SMALL = {"input_shape": (32, 32, 3), "alpha": 0.35, "classes": 10}


def drawn(space, seed):
    """Returns values drawn from a space as an oracle would draw them."""
    generator = random.Random(seed)
    hp = keras_tuner.HyperParameters()
    space.declare_hyperparameters(hp)
    return {
        each.name: each.random_sample(generator.randrange(10**6))
        for each in hp.space
    }


def test_the_first_point_is_mobilenet_v2_s_table():
    space = MnasSpace(**SMALL)
    hp = keras_tuner.HyperParameters()
    space.declare_hyperparameters(hp)
    table = rows(hp)
    assert [(r.expansion, r.filters, r.layers, r.s) for r in table] == [
        tuple(row) for row in mobilenet_v2.TABLE_2
    ]
    assert rows(space.reference_values()) == table


def test_a_block_has_the_section_s_choices():
    hp = keras_tuner.HyperParameters()
    MnasSpace(**SMALL).declare_hyperparameters(hp)
    values = {
        each.name.removeprefix("stage4_"): list(each.values)
        for each in hp.space
        if each.name.startswith("stage4_")
    }
    assert values == {
        "strides": [2],
        "skip": ["identity", "pool", "none"],
        "kernel": [3, 5],
        "squeeze": [0.0, 0.25],
        "filters": [48, 64, 80],  # of MobileNetV2's 64
        "layers": [3, 4, 5],  # of its 4
        "operation": ["SepConv", "MBConv3", "MBConv6", "Conv"],
    }


def test_the_published_network_is_a_point_around_its_own_table():
    space = MnasSpace(reference=mnasnet.FIGURE_7, **SMALL)
    assert rows(space.reference_values()) == mnasnet.FIGURE_7
    found = space.network(space.reference_values())
    published = applications.MnasNetA1(**SMALL)
    assert cost.count(found)[:2] == cost.count(published)[:2]


@pytest.mark.parametrize(
    "model", ["MnasNetA1", "EfficientNetB0", "EfficientNetLite0"]
)
def test_any_point_is_a_table_for_the_constructors(model):
    space = MnasSpace(model, **SMALL)
    values = drawn(space, seed=3)
    table = rows(values)
    network = space.network(values)
    again = applications.get(model)(rows=table, **SMALL)
    assert cost.count(network)[:2] == cost.count(again)[:2]
    blocks = blocks_of(network)
    assert len(blocks) == sum(row.layers for row in table)
    for stage, row in enumerate(table, start=1):
        block = blocks[f"stage{stage}_block1"]
        convolution = block["depthwise" if row.expansion else "conv"]
        assert convolution.kernel_size == (row.k, row.k)
        assert ("expand" in block) == (row.expansion > 1)
        assert not (row.skip is False and "add" in block)


@pytest.mark.slow
def test_what_is_too_costly_is_moved_until_it_fits_and_no_further():
    free = MnasSpace(**SMALL)
    values = drawn(free, seed=5)
    cost_of = free.costs(free.network(values))["multiply_adds"]
    space = MnasSpace(limits=Limits(multiply_adds=0.8 * cost_of), **SMALL)
    moved = space.afford(values)
    after = space.costs(space.network(moved))["multiply_adds"]
    assert 0.6 * cost_of < after <= 0.8 * cost_of
    choices = {choice.name: choice.values for choice in space.choices}
    for name, value in moved.items():
        if value != values[name]:
            ordered = choices[name]
            assert ordered.index(value) < ordered.index(values[name])


def test_a_plain_convolution_becomes_a_separable_one_where_it_must():
    """It may cost more than MBConv or less, but more than SepConv always."""
    free = MnasSpace(**SMALL)
    values = free.reference_values()
    cheapest = {choice.name: choice.values[0] for choice in free.choices}
    values |= cheapest | {"stage7_operation": "Conv", "stage7_kernel": 5}
    most = free.costs(free.network(values | {"stage7_kernel": 3}))["parameters"]
    space = MnasSpace(limits=Limits(parameters=most - 1), **SMALL)
    moved = space.afford(values)
    assert moved["stage7_operation"] == "SepConv"
    assert space.costs(space.network(moved))["parameters"] < most


def test_what_fits_stays_as_it_was_proposed():
    space = MnasSpace(limits=Limits(multiply_adds=1e9), **SMALL)
    values = drawn(space, seed=7)
    assert space.afford(values) == values


def test_what_no_cheaper_value_makes_fit_is_not_afforded(monkeypatch):
    space = MnasSpace(limits=Limits(parameters=1e9), **SMALL)
    monkeypatch.setattr(space, "_fits", lambda values: False)
    assert space.afford(drawn(space, seed=5)) is None
    cheapest = {choice.name: choice.values[0] for choice in space.choices}
    assert space.afford(space.reference_values() | cheapest) is None


def test_a_budget_below_the_cheapest_table_is_refused():
    with pytest.raises(ValueError, match="1,000 parameters.*least values"):
        MnasSpace(limits=Limits(parameters=1000), **SMALL)


def test_bad_arguments_are_explained():
    for values in (None, {}, {"scaling": "1 1.4 1"}):
        with pytest.raises(ValueError, match="Received: .*get_best"):
            rows(values)
    with pytest.raises(ValueError, match="mean 'EfficientNetB0'"):
        MnasSpace("EfficientNetB1", **SMALL)
    with pytest.raises(ValueError, match="`rows` is the table"):
        MnasSpace(reference=(), **SMALL)
    with pytest.raises(ValueError, match="`reference`.*1, 3 or 6.*expansion=4"):
        MnasSpace(reference=[(4, 3, 0, True, 16, 1, 1)], **SMALL)
