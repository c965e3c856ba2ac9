"""ColumnEmbedding: each column reads its own rows, missing values theirs."""

import keras
import numpy as np
import pytest

from keras_papers.layers import ColumnEmbedding
from keras_papers.testing import check_layer

pytestmark = pytest.mark.contract

LEVELS = [3, 5, 2]


def embedded(layer, ids):
    return keras.ops.convert_to_numpy(layer(np.array(ids, "int32")))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"shared": "add"},
        {"shared": None},
        {"shared_dim": 3},
        {"missing": "average"},
    ],
)
def test_the_layer_keeps_the_contract(arguments):
    layer = ColumnEmbedding([2, 2, 3], embedding_dim=8, **arguments)
    check_layer(layer, (4, 3), below=3)


def test_the_table_has_a_row_for_each_level_and_for_missing_values():
    # Income with `?` as missing: 3,028 of the TabTransformer paper's 905,089.
    layer = ColumnEmbedding([8, 16, 7, 14, 6, 5, 2, 41])
    layer.build((None, 8))
    assert layer.count_params() == 3_028


def test_vectors_are_those_of_one_table_a_column():
    layer = ColumnEmbedding(LEVELS, embedding_dim=8, shared_dim=2)
    ids = [[0, 4, 1], [2, 0, 0], [1, 3, 1]]
    found = embedded(layer, ids)
    columns, rows = map(keras.ops.convert_to_numpy, (layer.columns, layer.rows))
    tables = np.split(rows, [4, 10])
    for row, places in zip(found, ids, strict=True):
        for column, (vector, place) in enumerate(zip(row, places, strict=True)):
            expected = [*columns[column], *tables[column][place]]
            np.testing.assert_array_equal(vector, expected)


def test_the_shared_part_is_added_to_every_row_of_its_column():
    layer = ColumnEmbedding(LEVELS, embedding_dim=4, shared="add")
    with_columns = embedded(layer, [[0, 1, 1]])
    columns = keras.ops.convert_to_numpy(layer.columns)
    layer.columns.assign(np.zeros_like(columns))
    np.testing.assert_allclose(
        with_columns - embedded(layer, [[0, 1, 1]]), columns[None], rtol=1e-4
    )


@pytest.mark.parametrize("wrong", [-1, -7, 5, 6, 10**6])
def test_an_id_outside_of_its_column_is_missing_and_reads_no_neighbor(wrong):
    layer = ColumnEmbedding(LEVELS, embedding_dim=8)
    found = embedded(layer, [[0, wrong, 1]])[0, 1]
    rows = keras.ops.convert_to_numpy(layer.rows)
    np.testing.assert_array_equal(found[1:], rows[4 + 5])


@pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="JAX has no integers of 64 bits"
)
def test_an_id_of_64_bits_does_not_wrap():
    layer = ColumnEmbedding(LEVELS, embedding_dim=8)
    wide = keras.ops.convert_to_tensor([[0, 2**32, 1]], "int64")
    expected = embedded(layer, [[0, -1, 1]])
    found = keras.ops.convert_to_numpy(layer(wide))
    np.testing.assert_array_equal(found, expected)


def test_a_missing_value_can_be_the_average_of_its_column():
    layer = ColumnEmbedding(LEVELS, embedding_dim=8, missing="average")
    found = embedded(layer, [[3, -1, 0]])[0, :, 1:]
    rows = keras.ops.convert_to_numpy(layer.rows)
    np.testing.assert_allclose(found[0], rows[:3].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(found[1], rows[4:9].mean(axis=0), rtol=1e-5)
    np.testing.assert_array_equal(found[2], rows[10])


@pytest.mark.parametrize("missing", ["row", "average"])
def test_gradients_reach_the_rows_that_were_read(missing):
    layer = ColumnEmbedding([2, 2], 4, shared=None, missing=missing)
    inputs = keras.Input((2,), dtype="int32")
    model = keras.Model(inputs, layer(inputs))
    before = keras.ops.convert_to_numpy(layer.rows)
    model.compile(keras.optimizers.SGD(1.0), "mse")
    model.fit(np.array([[1, -1]]), np.ones((1, 2, 4)), verbose=0)
    moved = np.any(keras.ops.convert_to_numpy(layer.rows) != before, axis=1)
    second = {"row": [False, False, True], "average": [True, True, False]}
    np.testing.assert_array_equal(moved, [False, True, False, *second[missing]])


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"cardinalities": []}, r"cardinalities=\[\]"),
        ({"cardinalities": 3}, "cardinalities=3"),
        ({"cardinalities": [3, 0]}, "cardinalities=0"),
        ({"embedding_dim": 0}, "embedding_dim=0"),
        ({"shared": "mean"}, "shared='mean'"),
        ({"missing": "zero"}, "missing='zero'"),
        ({"shared_dim": 32}, "shared_dim=32"),
        ({"shared": None, "shared_dim": 4}, "shared_dim=4"),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        ColumnEmbedding(**{"cardinalities": LEVELS, **arguments})


def test_floats_are_no_ids():
    with pytest.raises(ValueError, match="dtype='float32'.*Pass int32"):
        ColumnEmbedding(LEVELS)(np.zeros((2, 3), "float32"))


def test_another_number_of_columns_is_refused():
    with pytest.raises(ValueError, match=r"Received: the shape \(2, 4\)"):
        ColumnEmbedding(LEVELS)(np.zeros((2, 4), "int32"))
