"""Tables that a search found, in the constructors of the papers' own."""

import inspect
import json

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_papers import applications, cost
from keras_papers.applications import scale
from keras_papers.applications.efficientnet import TABLE_1
from keras_papers.applications.image.rows import Row, check_rows
from keras_papers.applications.mnasnet import B1, FIGURE_7
from keras_papers.testing import check_application
from tests.support.answers import answers, images_for, perturb, spread
from tests.support.models import UNUSUAL, blocks_of, build

TAKE_ROWS = ["EfficientNetB0", "EfficientNetLite0", "MnasNetA1"]
# fmt: off
FOUND = (
    #   t  k  SE    skip  filters layers s
    Row(1, 5, 0,    True,      16,     1, 2),
    Row(3, 3, 0.25, False,     24,     2, 2),
    Row(4, 7, 0.5,  True,      40,     2, 1),
)
# fmt: on


def as_json(table):
    return json.loads(json.dumps(table))


@pytest.mark.parametrize("name", TAKE_ROWS)
def test_rows_are_the_last_of_the_keyword_only_arguments(name):
    *_, last = inspect.signature(applications.get(name)).parameters.values()
    assert (last.name, last.default) == ("rows", None)
    assert last.kind is last.KEYWORD_ONLY


@pytest.mark.parametrize("name", TAKE_ROWS)
def test_the_papers_rows_come_back_from_json_as_the_papers_network(name):
    rows = as_json(applications.table(name))
    assert build(name, rows=rows).to_json() == build(name).to_json()


def test_a_pooled_skip_comes_back_from_json_as_itself():
    rows = check_rows(as_json(UNUSUAL), keras.Input((32, 32, 3)))
    assert rows == UNUSUAL


def test_a1_with_the_rows_of_b1_is_b1():
    found, b1 = build("MnasNetA1", rows=B1), perturb(build("MnasNetB1"))
    assert found.count_params() == b1.count_params()
    assert [one.name for one in found.layers] == [one.name for one in b1.layers]
    found.set_weights(b1.get_weights())
    images = images_for(b1, 2)
    expected = answers(b1, images)
    assert spread(expected) > 1e-4
    np.testing.assert_array_equal(answers(found, images), expected)


def test_one_space_holds_the_rows_of_mnasnet_and_of_efficientnet():
    """Stem and head are as wide in both: the rows make the difference."""
    a1, b0 = build("MnasNetA1", rows=TABLE_1), build("EfficientNetB0")
    for ours, theirs in zip(a1.weights, b0.weights, strict=True):
        assert (ours.path, ours.shape) == (theirs.path, theirs.shape)


@pytest.mark.parametrize("name", TAKE_ROWS)
def test_a_wider_kernel_costs_its_own_weights(name):
    table = applications.table(name)
    wider = (*table[:6], table[6]._replace(k=5))
    more = build(name, rows=wider).count_params() - build(name).count_params()
    channels = table[5].filters * table[6].expansion
    assert more == (5 * 5 - 3 * 3) * channels > 0


def squeeze_units(block):
    squeeze = block.get("squeeze_excite_squeeze")
    return squeeze and squeeze.filters


@pytest.mark.parametrize("name", TAKE_ROWS)
def test_every_column_reaches_its_blocks(name):
    blocks = blocks_of(build(name, rows=FOUND, classes=3))
    assert list(blocks) == [
        "stage1_block1",
        *("stage2_block1", "stage2_block2"),
        *("stage3_block1", "stage3_block2"),
    ]
    blocks = list(blocks.values())
    expanded = [one["depthwise"].input.shape[-1] for one in blocks]
    assert expanded == [32, 3 * 16, 3 * 24, 4 * 24, 4 * 40]
    assert ["expand" in one for one in blocks] == [
        False,
        True,
        True,
        True,
        True,
    ]
    kernels = [one["depthwise"].kernel_size[0] for one in blocks]
    assert kernels == [5, 3, 3, 7, 7]
    strides = [one["depthwise"].strides[0] for one in blocks]
    assert strides == [2, 2, 1, 1, 1]
    units = [squeeze_units(one) for one in blocks]
    assert units == [None, 16 // 4, 24 // 4, 24 // 2, 40 // 2]
    assert [one["project"].filters for one in blocks] == [16, 24, 24, 40, 40]
    added = ["add" in one for one in blocks]
    assert added == [False, False, False, False, True]


@pytest.mark.parametrize("name", TAKE_ROWS)
def test_plain_convolutions_and_pooled_skips_reach_their_blocks(name):
    blocks = list(blocks_of(build(name, rows=UNUSUAL, classes=3)).values())
    convolutions = [one.get("conv") or one["depthwise"] for one in blocks]
    kinds = [type(one) for one in convolutions]
    conv, depthwise = keras.layers.Conv2D, keras.layers.DepthwiseConv2D
    assert kinds == 3 * [conv] + 2 * [depthwise]
    assert [one.kernel_size[0] for one in convolutions] == [3, 3, 5, 3, 3]
    assert [one.strides[0] for one in convolutions] == [2, 1, 2, 2, 1]
    units = [squeeze_units(one) for one in blocks]
    assert units == [32 // 4, 16 // 4, None, None, None]
    assert ["add" in one for one in blocks] == [False, True, True, True, True]
    pooled = ["pool" in one and one["pool"].pool_size for one in blocks]
    assert pooled == [False, False, (2, 2), (2, 2), (3, 3)]


@pytest.mark.parametrize(
    "row, name",
    [
        (UNUSUAL[0], "Conv"),
        (FIGURE_7[0], "SepConv"),
        (FIGURE_7[1], "MBConv6"),
        (FIGURE_7[2], "MBConv3"),
    ],
)
def test_operations_have_the_figure_s_names(row, name):
    assert row.operation == name


@pytest.mark.parametrize("name", TAKE_ROWS)
def test_a_plain_convolution_costs_what_its_kernel_has(name):
    row = Row(0, 3, 0, False, 24, 1, 2)
    model = build(name, rows=[row], include_top=False)
    stem, block, head = 16 * 16 * 9 * 3 * 32, 8 * 8 * 9 * 32 * 24, 24 * 1280
    expected = stem + block + 8 * 8 * head
    assert cost.count(model).multiply_adds == expected


@pytest.mark.contract
@pytest.mark.parametrize(
    "name, rows",
    [
        ("EfficientNetB0", FOUND[:2]),
        ("EfficientNetLite0", UNUSUAL[:2]),
        ("MnasNetA1", FOUND[:2]),
        ("MnasNetA1", UNUSUAL[:2]),
    ],
)
def test_a_constructor_with_found_rows_keeps_the_contract(name, rows):
    keras.utils.set_random_seed(0)
    check_application(applications.get(name), alpha=0.25, rows=rows)


def test_a_found_table_is_scaled_as_the_papers_is():
    model = scale("EfficientNetB0", 2, 0.5, 1.5, size=32, rows=FOUND, classes=3)
    assert model.input_shape == (None, 48, 48, 3)
    blocks = blocks_of(model).values()
    filters = [one["project"].filters for one in blocks]
    assert filters == 2 * [8] + 4 * [16] + 4 * [24]
    strides = [one["depthwise"].strides[0] for one in blocks]
    assert strides == [2, 1] + [2, 1, 1, 1] + 4 * [1]


@pytest.mark.parametrize("name", TAKE_ROWS)
def test_one_row_is_a_table(name):
    deeper = build(name, rows=FOUND[:1], depth=3, classes=3)
    assert len(blocks_of(deeper)) == 3
    assert deeper.output_shape == (None, 3)


def test_a_trained_network_of_found_rows_loads_into_its_rows_only(tmp_path):
    trained = perturb(build("MnasNetA1", rows=FOUND, classes=3))
    file = {"weights": tmp_path / "found.weights.h5", "classes": 3}
    trained.save_weights(file["weights"])
    again = build("MnasNetA1", rows=as_json(FOUND), **file)
    images = images_for(trained, 2)
    expected = answers(trained, images)
    assert spread(expected) > 1e-3
    np.testing.assert_array_equal(answers(again, images), expected)
    other = (*FOUND[:2], FOUND[2]._replace(k=5))
    with pytest.raises(ValueError, match="layer 'stage3_block1_depthwise'"):
        build("MnasNetA1", rows=other, **file)


def test_rows_may_halve_small_images_to_one_pixel():
    eight = 8 * [FOUND[0]]
    model = build("EfficientNetB0", rows=eight, include_top=False)
    assert model.output_shape[1:3] == (1, 1)
    features = applications.feature_extractor(model, strides=(32,))
    assert features.output["stride32"].shape[1:3] == (1, 1)
    assert np.isfinite(answers(model, images_for(model, 2))).all()


@pytest.mark.parametrize("name", TAKE_ROWS)
def test_rows_leave_something_of_images_of_an_open_size(name):
    """Those are padded as if even, which makes nothing of a map of 1 pixel."""
    constructor, size = applications.get(name), (None, 64, 3)
    with pytest.raises(ValueError, match="`rows`.*four times.*s=2 in 5 of"):
        constructor(input_shape=size, rows=5 * [FOUND[0]])
    model = constructor(
        input_shape=(None, None, 3),
        rows=4 * [FOUND[0]],
        include_top=False,
    )
    images = np.ones((1, 32, 32, 3), "float32")
    assert answers(model, images).shape[1:3] == (1, 1)


def test_numbers_of_numpy_become_plain_ones():
    columns = (np.int64, np.int8, np.float64, np.bool_, *3 * [np.int32])
    rows = [
        [to(value) for to, value in zip(columns, row, strict=True)]
        for row in FOUND
    ]
    table = check_rows(rows, keras.Input((32, 32, 3)))
    assert table == FOUND
    kinds = [int, int, float, bool, int, int, int]
    assert [[type(value) for value in row] for row in table] == 3 * [kinds]


@pytest.mark.parametrize("name", TAKE_ROWS)
@pytest.mark.parametrize("rows", [[], 3, "rows", {"stage1": FOUND[0]}])
def test_what_is_no_list_of_rows_is_refused(name, rows):
    with pytest.raises(ValueError, match="`rows`.*at least one.*Start from"):
        build(name, rows=rows)


@pytest.mark.parametrize(
    "row",
    [
        3,
        "row",
        FOUND[0][:6],
        [*FOUND[0], 1],
        applications.table("MobileNet")[0],
    ],
)
def test_a_row_of_other_columns_is_refused_by_its_number(row):
    message = r"`rows\[1\]` is stage 2 .*its 7 values: exp.*: rows\[1\]="
    with pytest.raises(ValueError, match=message):
        build("MnasNetA1", rows=[FOUND[0], row])


COUNT = "an integer of at least 1"
SEVERAL = np.array([True, False])


@pytest.mark.parametrize(
    "field, value, wanted",
    [
        *(
            (field, value, COUNT)
            for field in ("filters", "layers")
            for value in (0, 2.0, True, None)
        ),
        *(
            ("expansion", value, "an integer of at least 0")
            for value in (-1, 2.0, True, None)
        ),
        *(("k", value, f"an odd {COUNT[3:]}") for value in (0, 4, 3.0, True)),
        *(("se", value, r"in \[0, 1\)") for value in (-0.1, 1, "0", True)),
        ("se", float("nan"), r"in \[0, 1\)"),
        *(
            ("skip", value, "or 'pool'")
            for value in (1, 0.25, None, "no", SEVERAL)
        ),
        *(("s", value, "1 or 2") for value in (0, 3, 2.0, True, (2, 2))),
    ],
)
def test_a_bad_value_is_refused_by_its_row_and_column(field, value, wanted):
    rows = (*FOUND[:2], FOUND[2]._replace(**{field: value}))
    with pytest.raises(ValueError) as error:
        build("EfficientNetB0", rows=rows)
    assert error.match(
        rf"`rows\[2\].{field}` is .* stage 3 .*must be.*{wanted}"
    )
    assert f"Received: rows[2].{field}={value!r}. Compare" in str(error.value)


def test_imagenet_with_rows_is_as_little_published_as_without():
    with pytest.raises(ValueError, match="none of this network.*'timm'"):
        build("MnasNetA1", weights="imagenet", rows=FOUND)
    with pytest.raises(ValueError, match="none of this network.*'timm'"):
        build("MnasNetA1", weights="imagenet", rows=FIGURE_7)


row_values = st.tuples(
    st.integers(0, 4),
    st.sampled_from([1, 3, 5, 7]),
    st.sampled_from([0, 0.05, 0.25, 0.99]),
    st.sampled_from([True, False, "pool"]),
    st.integers(0, 20),  # a bad one now and then
    st.integers(1, 2),
    st.integers(1, 2),
)


@pytest.mark.parametrize("name", TAKE_ROWS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(rows=st.lists(row_values, max_size=3))
def test_any_rows_give_a_model_or_a_sentence(name, rows):
    try:
        model = build(name, rows=rows, classes=3)
    except ValueError as error:
        assert "Received: " in str(error)
        return
    images = np.full((1, 32, 32, 3), 0.5, "float32")
    assert np.isfinite(answers(model, images)).all()
