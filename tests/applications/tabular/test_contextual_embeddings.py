"""contextual_embeddings: a vector for each value, which its row changes."""

import keras
import numpy as np
import pytest

from keras_papers.applications.tabular import (
    ContextualEmbeddings,
    TabTransformer,
    TabularModel,
    TabularSchema,
    contextual_embeddings,
)

pytestmark = pytest.mark.contract

ROWS = {
    "job": ["chef", "nurse", "chef", None],
    "age": [30.0, 40.0, 50.0, 60.0],
    "loan": ["no", "no", "yes", "yes"],
}


@pytest.fixture(scope="module")
def model():
    schema = TabularSchema.of(ROWS)
    network = TabTransformer(
        schema.cardinalities,
        schema.numeric,
        embedding_dim=8,
        num_layers=1,
        num_heads=2,
    )
    return TabularModel(schema, network)


def test_vectors_are_the_outputs_of_the_transformer_layers(model):
    found = contextual_embeddings(model, ROWS, batch_size=3)
    assert found.columns == ("job", "loan")
    tap = keras.Model(model.input, model.get_layer("contextual").output)
    expected = keras.ops.convert_to_numpy(tap(model.schema.encode(ROWS)))
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(found.vectors, expected, atol=1e-5)


def test_one_level_has_another_vector_in_another_row(model):
    vectors = contextual_embeddings(model, ROWS).vectors
    assert np.abs(vectors[0, 0] - vectors[2, 0]).max() > 1e-4


def test_a_network_takes_ids(model):
    ids = model.schema.encode(ROWS)
    network = keras.Model(model.input, model.output)
    np.testing.assert_allclose(
        contextual_embeddings(network, ids).vectors,
        contextual_embeddings(model, ROWS).vectors,
        atol=1e-6,
    )


def test_levels_have_the_mean_of_their_rows():
    vectors = np.arange(8.0).reshape(4, 1, 2)

    def means_of(*ids):
        ids = np.array(ids)[:, None]
        found = ContextualEmbeddings(("job",), vectors, ids, (4,))
        return found.of_levels()["job"]

    means = means_of(3, 0, 3, -1)
    np.testing.assert_allclose(means[[0, 3]], [[2, 3], [2, 3]])
    assert np.isnan(means[[1, 2]]).all()
    # 4 is no level, and no row has 2 or 3.
    means = means_of(1, 0, 1, 4)
    np.testing.assert_allclose(means[[0, 1]], [[2, 3], [2, 3]])
    assert means.shape == (4, 2) and np.isnan(means[2:]).all()


def test_levels_are_those_of_the_model(model):
    rows = {name: values[:2] for name, values in ROWS.items()}
    found = contextual_embeddings(model, rows)
    assert found.cardinalities == (2, 2)
    means = found.of_levels()["loan"]
    assert means.shape == (2, 8)
    np.testing.assert_array_equal(np.isnan(means).all(axis=1), [False, True])


def test_models_without_categorical_columns_are_refused(model):
    with pytest.raises(ValueError, match="without contextual embeddings"):
        contextual_embeddings(TabTransformer({}, ["age"]), ROWS)
    with pytest.raises(ValueError, match="Received: 'model.keras' without"):
        contextual_embeddings("model.keras", ROWS)
    with pytest.raises(ValueError, match="batch_size=0"):
        contextual_embeddings(model, ROWS, batch_size=0)
