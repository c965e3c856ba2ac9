"""TabTransformer: the paper's size, its forward pass, and what it accepts."""

import math

import keras
import numpy as np
import pytest

from keras_papers.applications.tabular import TabTransformer

pytestmark = pytest.mark.contract

INCOME = {
    "workclass": 8,
    "education": 16,
    "marital-status": 7,
    "occupation": 14,
    "relationship": 6,
    "race": 5,
    "sex": 2,
    "native-country": 41,
}
NUMBERS = ["age", "fnlwgt", "education-num", "gain", "loss", "hours per week"]
BANK = dict(zip("abcdefghi", (12, 3, 4, 2, 2, 2, 3, 12, 4), strict=True))


@pytest.mark.parametrize(
    "categorical, numeric, parameters, of_norms",
    [
        (INCOME, NUMBERS, 905_089, 3_144),
        (BANK, list("klmnopq"), 1_124_419, 3_540),
    ],
)
def test_the_defaults_have_the_papers_size(
    categorical, numeric, parameters, of_norms
):
    model = TabTransformer(categorical, numeric, batch_normalization=False)
    assert model.count_params() == parameters
    normed = TabTransformer(categorical, numeric)
    trained = sum(math.prod(w.shape) for w in normed.trainable_weights)
    assert trained == parameters + of_norms


@pytest.fixture(scope="module")
def model():
    """A small model whose weights are not near zero."""
    model = TabTransformer(
        {"job": 4, "loan": 3},
        ["age", "balance"],
        activation=None,
        embedding_dim=8,
        num_layers=2,
        num_heads=2,
    )
    generator = np.random.default_rng(0)
    model.set_weights(
        [
            weight + generator.uniform(0.1, 0.5, weight.shape)
            for weight in model.get_weights()
        ]
    )
    return model


@pytest.fixture(scope="module")
def rows():
    generator = np.random.default_rng(1)
    return {
        "job": np.array([0, 3, -1, 2, 1], "int32"),
        "loan": np.array([2, 0, 1, 9, 1], "int32"),
        "age": generator.normal(size=5).astype("float32"),
        "balance": generator.normal(size=5).astype("float32"),
    }


def norm(x, layer):
    gamma, beta = layer.get_weights()
    x = x - x.mean(axis=-1, keepdims=True)
    return (
        x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5) * gamma + beta
    )


def attend(x, layer):
    q, qb, k, kb, v, vb, o, ob = layer.get_weights()
    q, k, v = (
        np.einsum("bcd,dhk->bhck", x, w) + b[:, None]
        for w, b in ((q, qb), (k, kb), (v, vb))
    )
    scores = np.einsum("bhck,bhek->bhce", q, k) / math.sqrt(q.shape[-1])
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.einsum("bhce,bhek,hkd->bcd", weights, v, o) + ob


def gelu(x):
    return x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))) / 2


def selu(x):
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    return scale * np.where(x > 0, x, alpha * (np.exp(x) - 1))


def by_numpy(model, rows):
    """Computes section 2 of the paper with the weights of a model."""
    get = model.get_layer
    table, columns = get("columns").get_weights()
    job, loan = (
        np.where((0 <= rows[name]) & (rows[name] < levels), rows[name], levels)
        for name, levels in (("job", 4), ("loan", 3))
    )
    own = np.stack([table[job], table[loan + 5]], axis=1)
    shared = np.broadcast_to(columns, (len(job), *columns.shape))
    x = np.concatenate([shared, own], axis=-1)
    for block in ("block1", "block2"):
        x = x + attend(x, get(f"{block}_attention"))
        x = norm(x, get(f"{block}_attention_norm"))
        kernel, bias = get(f"{block}_expand").get_weights()
        hidden = gelu(x @ kernel + bias)
        kernel, bias = get(f"{block}_project").get_weights()
        x = norm(x + hidden @ kernel + bias, get(f"{block}_feed_forward_norm"))
    numbers = np.stack([rows["age"], rows["balance"]], axis=1)
    numbers = norm(numbers, get("numeric_norm"))
    x = np.concatenate([x.reshape(len(x), -1), numbers], axis=1)
    for hidden in ("hidden1", "hidden2"):
        kernel, bias = get(hidden).get_weights()
        gamma, beta, mean, variance = get(f"{hidden}_norm").get_weights()
        x = selu(x @ kernel + bias)
        x = (x - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    kernel, bias = get("predictions").get_weights()
    return x @ kernel + bias


def test_the_forward_pass_is_the_papers(model, rows):
    logits = keras.ops.convert_to_numpy(model(rows))
    assert np.ptp(logits) > 1
    np.testing.assert_allclose(logits, by_numpy(model, rows), rtol=1e-5)


@pytest.mark.parametrize(
    "categorical, numeric", [({"job": 4}, []), ({}, ["age"])]
)
def test_one_kind_of_column_is_enough(categorical, numeric, rows):
    model = TabTransformer(categorical, numeric, num_layers=1, units=3)
    names = [*categorical, *numeric]
    scores = model({name: rows[name] for name in names})
    scores = keras.ops.convert_to_numpy(scores)
    assert scores.shape == (5, 3)
    assert len(np.unique(scores[:, 0])) > 3  # the layer norm of one is constant


def test_a_model_is_saved_and_loaded(model, rows, tmp_path):
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    contextual = loaded.get_layer("contextual").output
    assert contextual.shape == (None, 2, 8)
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(loaded(rows)),
        keras.ops.convert_to_numpy(model(rows)),
    )


@pytest.mark.slow
def test_attention_finds_what_two_columns_say_together():
    # The label is whether two columns agree: no column says it alone.
    generator = np.random.default_rng(0)
    ids = generator.integers(4, size=(1200, 3)).astype("int32")
    rows = dict(zip("abc", ids.T, strict=True))
    labels = (ids[:, 0] == ids[:, 1]).astype("float32")
    model = TabTransformer(
        {"a": 4, "b": 4, "c": 4}, embedding_dim=16, num_layers=2, num_heads=4
    )
    model.compile(
        keras.optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"]
    )
    train = {name: ids[:1000] for name, ids in rows.items()}
    test = {name: ids[1000:] for name, ids in rows.items()}
    model.fit(train, labels[:1000], epochs=12, batch_size=64, verbose=0)
    _, accuracy = model.evaluate(test, labels[1000:], verbose=0)
    assert accuracy > 0.95


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"categorical": ["job"]}, r"categorical=\['job'\]"),
        ({"categorical": {}}, r"the columns \[\]"),
        ({"numeric": ["job"]}, r"the columns \['job', 'job'\]"),
        ({"numeric": "age"}, "numeric='age'"),
        ({"categorical": {"job": 0}}, r"categorical\['job'\]=0"),
        ({"numeric": [""]}, "the column ''"),
        ({"numeric": [3]}, "the column 3"),
        ({"num_heads": 5}, "num_heads=5 for embedding_dim=32"),
        ({"units": 0}, "units=0"),
        ({"dropout": 1}, "dropout=1"),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        TabTransformer(**{"categorical": {"job": 4}, **arguments})
