"""scale and compound_coefficients, against EfficientNet's tables."""

import pytest

from keras_papers import applications, cost
from keras_papers.applications import compound_coefficients, scale
from keras_papers.applications.image.stages import deepen
from keras_papers.shapes_only import shapes_only
from tests.paper_facts import FACTS
from tests.support.models import blocks_of

SCALINGS = applications.efficientnet.SCALINGS
EXACT = {fact.model: fact for fact in FACTS if not fact.arguments}


@pytest.mark.parametrize("variant", ["B1", "B3"])
def test_b0_with_the_factors_of_another_is_that_other(variant):
    scaling = SCALINGS[variant]
    model = scale(
        "EfficientNetB0", scaling.depth, scaling.width, scaling.size / 224
    )
    found, fact = cost.count(model), EXACT[f"EfficientNet{variant}"]
    assert model.input_shape == (None, scaling.size, scaling.size, 3)
    assert found.parameters == fact.parameters
    assert round(found.multiply_adds / 1e6, 1) == fact.mega_adds


# Table 3: network, depth, width, resolution, billions of multiply-adds.
@pytest.mark.parametrize(
    "name, depth, width, resolution, printed, last_place",
    [
        ("MobileNet", 1, 1, 1, 0.6, 0.1),
        ("MobileNet", 1, 2, 1, 2.2, 0.1),
        ("MobileNetV2", 1, 1, 1, 0.3, 0.1),
        ("MobileNetV2", 4, 1, 1, 1.2, 0.1),
        ("MobileNetV2", 1, 2, 1, 1.1, 0.1),
        ("MobileNetV2", 1, 1, 2, 1.2, 0.1),
    ],
)
def test_table_3_costs_what_it_prints(
    name, depth, width, resolution, printed, last_place
):
    found = multiply_adds(name, depth, width, resolution)
    assert abs(found / 1e9 - printed) <= last_place / 2


def multiply_adds(*args, **arguments):
    with shapes_only():
        return cost.count(scale(*args, **arguments)).multiply_adds


def test_table_3_s_compound_mobilenet_is_within_three_percent():
    """Printed as 2.3B; how its depth was rounded is not documented."""
    found = multiply_adds("MobileNet", 1.4, 1.2, 1.3)
    assert found == pytest.approx(2.3e9, rel=0.03)


def test_table_3_s_compound_resnet_is_within_five_percent():
    """Printed as 16.7B, of a ResNet-50 of 4.1B, which is torchvision's."""
    options = {"version": 1.5, "use_bias": False}
    found = multiply_adds("ResNet50", 1.4, 1.2, 1.3, **options)
    assert found == pytest.approx(16.7e9, rel=0.05)
    assert found / multiply_adds("ResNet50", **options) == pytest.approx(
        16.7 / 4.1, rel=0.05
    )


@pytest.mark.parametrize("name", ["MobileNetV3Small", "MnasNetA1"])
def test_every_stage_of_every_family_is_deepened(name):
    once, twice = (
        blocks_of(scale(name, depth, size=32, classes=3)) for depth in (1, 2)
    )
    assert len(twice) == 2 * len(once)
    assert twice["stage1_block2"]["depthwise"].strides == (1, 1)


def test_the_resolution_multiplies_the_size_that_is_passed():
    model = scale("MobileNetV2", resolution=1.5, size=64, classes=3)
    assert model.input_shape == (None, 96, 96, 3)
    own = scale("EfficientNetB1", width=0.25, resolution=0.5, classes=3)
    assert own.input_shape == (None, 120, 120, 3)


def test_a_shallower_table_keeps_the_first_rows():
    table = applications.table("MobileNet")
    assert deepen(table, 1, "filters") == table
    assert [row.s for row in deepen(table, 0.5, "filters")] == [
        *(1, 2, 2),
        *(2, 1, 1),
        2,
    ]


def test_the_published_triple_multiplies_the_cost_by_1_92():
    depth, width, resolution = compound_coefficients(1)
    assert depth * width**2 * resolution**2 == pytest.approx(1.92, abs=5e-3)
    assert compound_coefficients(0) == (1, 1, 1)
    assert compound_coefficients(2).width == pytest.approx(1.21)


def test_published_weights_are_not_for_another_depth():
    with pytest.raises(ValueError, match="published variants.*depth=2"):
        applications.EfficientNetB0(depth=2, weights="imagenet")


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"depth": 0}, "`depth`.*depth=0"),
        ({"width": -1}, "`alpha`.*-1"),
        ({"resolution": 0.0}, "`resolution`.*0.0"),
        ({"resolution": 0.1}, "at least 32"),
        ({"alpha": 2}, "Received: alpha. Pass width"),
        ({"size": 0}, "`size`.*at least 1.*size=0"),
        ({"size": 64.0}, "`size`.*size=64.0"),
        ({"size": 20}, r"at least 32.*\(20, 20, 3\)"),
    ],
)
def test_bad_factors_are_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        scale("MobileNetV2", **arguments)


@pytest.mark.parametrize("phi", [None, "1", float("nan"), float("inf")])
def test_phi_is_a_finite_number(phi):
    with pytest.raises(ValueError, match="`phi`.*Received: phi="):
        compound_coefficients(phi)
    with pytest.raises(ValueError, match="`beta`.*beta=0"):
        compound_coefficients(1, beta=0)
