"""Numbers of a table, encoded between quantiles."""

import keras
import numpy as np
import pytest

from keras_papers.applications.tabular import (
    TabTransformer,
    TabularModel,
    TabularSchema,
    numeric_edges,
)


def table(rows=200):
    """Returns rows whose target depends on a bend of a skewed number."""
    generator = np.random.default_rng(0)
    gain = np.where(generator.random(rows) < 0.9, 0, generator.random(rows))
    return {
        "gain": gain,
        "age": generator.normal(40, 10, rows),
        "same": np.full(rows, 3.0),
        "job": generator.choice(["chef", "nurse"], rows),
        "buys": np.where(gain > 0.5, "yes", "no"),
    }


def test_edges_are_quantiles_of_rows_and_of_values():
    rows = table()
    rows["age"][3] = np.nan
    schema = TabularSchema.of(rows, "buys")
    edges = numeric_edges(schema, rows)
    mean, deviation = schema.numeric["age"]
    known = rows["age"][~np.isnan(rows["age"])]
    found = np.array(edges["age"]) * deviation + mean
    for quantile in np.quantile(known, np.linspace(0, 1, 17)):
        assert np.min(np.abs(found - quantile)) < 1e-4
    # 90 % of the rows are 0, and the rest has intervals all the same.
    assert sum(edge > edges["gain"][0] for edge in edges["gain"]) >= 20
    assert len(edges["same"]) == 2


def test_the_network_sees_each_interval_and_is_saved_with_it(tmp_path):
    rows = table()
    schema = TabularSchema.of(rows, "buys")
    edges = numeric_edges(schema, rows)
    network = TabTransformer(
        schema.cardinalities,
        schema.numeric,
        num_layers=1,
        numeric_edges=edges,
    )
    intervals = sum(len(each) - 1 for each in edges.values())
    # Shares of intervals are on one scale: no layer normalizes them.
    assert network.get_layer("join").input[1] is (
        network.get_layer("intervals").output
    )
    assert network.get_layer("join").output.shape == (None, 32 + intervals)
    model = TabularModel(schema, network)
    predicted = model.predict(rows, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        loaded.predict(rows, verbose=0), predicted, atol=1e-6
    )


def test_a_column_without_edges_is_named():
    with pytest.raises(ValueError, match="no 'age'"):
        TabTransformer({}, ["gain", "age"], numeric_edges={"gain": [0, 1]})
