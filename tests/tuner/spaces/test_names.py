"""Spaces by their names: what is known of each, and what each says."""

import re
import subprocess
import sys

import pytest

from keras_papers import cost, tuner
from keras_papers.tuner.spaces.names import (
    DEFAULT,
    SPACES,
    SpaceOptions,
    space_class,
)

COMMON = {"classes": 10, "include_preprocessing": True}
POINTS = {
    "compound": {"scaling": "1.2 1.1 1.15"},
    "width-resolution": {"width_and_resolution": "0.0875 x 41"},
}


def space_of(name, model=None):
    options = SpaceOptions(model or SPACES[name].default_model, 48, 0.35)
    return space_class(name).from_options(options, **COMMON)


def point_of(name, space):
    return POINTS.get(name) or space.reference_values() | {"stage2_kernel": 5}


@pytest.mark.parametrize("name", SPACES)
def test_what_is_known_before_the_import_is_what_the_class_says(name):
    record, space = SPACES[name], space_class(name)
    assert record.home == f"{space.__module__}.{space.__qualname__}"
    assert record.summary == space.summary
    assert record.default_model == space.default_model
    assert record.options == tuple(space.options)
    assert record.oracles == tuple(space.oracles)
    assert DEFAULT in SPACES


def test_the_names_need_neither_keras_nor_keras_tuner():
    code = (
        "import sys; import keras_papers.tuner.spaces.names;"
        "print({'keras', 'keras_tuner', 'tensorflow'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "set()"


@pytest.mark.parametrize("name", SPACES)
def test_the_code_of_a_point_builds_its_network(name):
    model = "MobileNet" if name != "mnas" else None
    space = space_of(name, model)
    values = point_of(name, space)
    names = {}
    exec(space.as_code(values), names)
    network = space.network(values)
    assert names["model"].input_shape == network.input_shape
    assert names["model"].output_shape == (None, 10)
    assert cost.count(names["model"]) == cost.count(network)
    assert [each.shape for each in names["model"].weights] == [
        each.shape for each in network.weights
    ]


def test_the_code_of_a_table_has_a_row_a_line():
    space = space_of("mnas")
    lines = space.as_code(space.reference_values()).splitlines()
    assert lines[0] == "from keras_papers.applications import MnasNetA1"
    assert lines[3] == "    rows=["
    assert lines[4] == "        (1, 3, 0.0, True, 16, 1, 1),"
    assert "    alpha=0.35," in lines


def test_a_point_of_a_list_is_described_by_its_label():
    for name, values in POINTS.items():
        (label,) = values.values()
        assert space_of(name).describe(values) == (label, ())


def test_a_table_is_described_block_by_block():
    space = space_of("mnas")
    values = space.reference_values() | {
        "stage2_squeeze": 0.25,
        "stage3_skip": "pool",
        "stage4_skip": "none",
    }
    text, parts = space.describe(values)
    rows = tuner.rows(values)
    assert text == f"{sum(row.layers for row in rows)} layers in 7 stages"
    assert parts[:4] == (
        "SepConv 3x3, 16 filters, 1 layer",
        "MBConv6 3x3, 24 filters, 2 layers, SE",
        "MBConv6 3x3, 32 filters, 3 layers, pooled skip",
        "MBConv6 3x3, 64 filters, 4 layers, no skip",
    )
    assert len(parts) == len(rows) == 7


def test_a_budget_of_latency_is_a_limit_or_the_target_of_a_reward():
    class Latency:
        median_ms = 1.0

    def made(name):
        return space_class(name).from_options(
            SpaceOptions("EfficientNetB0", 32, 0.25, None, 5.0),
            {"1.2 1.1 1.15": {"latency_ms": 1.0}},
            latency=lambda model: Latency,
        )

    assert made("mnas").objective == "reward"
    assert made("mnas").reward.target == 5.0
    assert made("compound").objective == "val_accuracy"
    assert made("compound").limits.latency_ms == 5.0


@pytest.fixture
def unregistered():
    known = dict(SPACES)
    yield
    SPACES.clear()
    SPACES.update(known)


def test_a_name_is_registered_once(unregistered):
    with pytest.raises(ValueError, match="'mnas', which is keras_papers"):
        tuner.register_space("mnas")(tuner.PointSpace)


@pytest.mark.parametrize("part", ["summary", "as_code", "from_options"])
def test_a_space_that_lacks_a_part_is_not_registered(part, unregistered):
    parts = {
        "summary": "nothing",
        "default_model": "MobileNet",
        "as_code": lambda self, values: "",
        "from_options": classmethod(lambda cls, *_: cls()),
    }
    del parts[part]
    space = type("Mine", (tuner.SearchSpace,), parts)
    with pytest.raises(ValueError, match=f"must define `{part}`"):
        tuner.register_space("mine")(space)
    assert "mine" not in SPACES


def test_a_summary_ends_a_sentence():
    for record in SPACES.values():
        assert re.match("[a-z].*[a-z]$", record.summary)
