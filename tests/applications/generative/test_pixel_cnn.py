"""Gated PixelCNN: its size, what it learns, and how it is sampled."""

import keras
import numpy as np
import pytest

from keras_papers.applications.generative import GatedPixelCNN, sample
from keras_papers.applications.generative.sampling import generators, gumbel

pytestmark = pytest.mark.contract

HEIGHT, WIDTH, CODES = 5, 7, 16


@pytest.fixture(scope="module")
def prior():
    """A prior with conditions, and weights that are not near zero."""
    model = GatedPixelCNN(
        (HEIGHT, WIDTH),
        CODES,
        filters=8,
        num_layers=3,
        num_classes=4,
        condition_channels=2,
    )
    generator = np.random.default_rng(1)
    model.set_weights(
        [
            weight + generator.normal(size=weight.shape, scale=0.2)
            for weight in model.get_weights()
        ]
    )
    return model


@pytest.fixture(scope="module")
def given():
    generator = np.random.default_rng(0)
    condition = generator.normal(size=(3, HEIGHT, WIDTH, 2))
    return {
        "labels": np.array([0, 3, 1]),
        "condition": condition.astype("float32"),
    }


def test_the_defaults_are_the_public_codes_size():
    assert GatedPixelCNN((8, 8), num_classes=10).count_params() == 1_841_472


def drawn_naively(prior, number, seed, given, temperature=1.0):
    """Draws each code from the logits of the whole map."""
    noise = np.stack(
        [
            gumbel(generator, prior.output_shape[1:])
            for generator in generators(seed, number)
        ]
    )
    codes = np.zeros((number, HEIGHT, WIDTH), "int32")
    for i in range(HEIGHT):
        for j in range(WIDTH):
            logits = prior.predict_on_batch({"codes": codes, **given})[:, i, j]
            codes[:, i, j] = np.argmax(
                logits / temperature + noise[:, i, j], axis=-1
            )
    return codes


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_samples_are_those_of_the_whole_network_to_the_bit(
    prior, given, temperature
):
    fast = sample(prior, 3, temperature=temperature, seed=0, verbose=0, **given)
    naive = drawn_naively(prior, 3, 0, given, temperature)
    assert len(np.unique(naive)) > CODES / 3
    np.testing.assert_array_equal(fast, naive)


def test_the_batch_size_does_not_change_the_samples(prior, given):
    all_at_once = sample(prior, 3, seed=5, verbose=0, **given)
    two_by_two = sample(prior, 3, seed=5, verbose=0, batch_size=2, **given)
    np.testing.assert_array_equal(two_by_two, all_at_once)
    other = sample(prior, 3, seed=6, verbose=0, **given)
    assert np.any(other != all_at_once)


@pytest.mark.slow
def test_a_prior_learns_to_predict_the_next_code():
    # Each code is the one to the left plus one: log2(8) bits for the first of
    # a row, none for the others.
    generator = np.random.default_rng(0)
    first = generator.integers(0, 8, size=(512, 4, 1))
    codes = (first + np.arange(4)) % 8
    model = GatedPixelCNN((4, 4), 8, filters=16, num_layers=2)
    model.compile(
        keras.optimizers.Adam(1e-2),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(codes[:448], codes[:448], epochs=8, batch_size=64, verbose=0)
    nats = model.evaluate(codes[448:], codes[448:], verbose=0)
    assert 0.9 * 3 / 4 < nats / np.log(2) < 1.2 * 3 / 4
    drawn = sample(model, 32, seed=0, verbose=0)
    right = np.diff(drawn, axis=2) % 8 == 1
    assert right.mean() > 0.95


@pytest.mark.parametrize(
    "change, named",
    [
        ({"labels": None}, "labels=None"),
        ({"condition": None}, "condition=None"),
        ({"labels": np.array([0, 1])}, r"labels of shape \(2,\)"),
        ({"condition": np.zeros((3, 4, 4, 2))}, "condition of shape"),
    ],
)
def test_conditions_that_do_not_fit_are_named(prior, given, change, named):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        sample(prior, 3, verbose=0, **{**given, **change})


def test_a_prior_without_conditions_takes_none(given):
    model = GatedPixelCNN((4, 4), 8, filters=4, num_layers=1)
    with pytest.raises(ValueError, match="which takes no labels"):
        sample(model, 3, labels=given["labels"], verbose=0)


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"number": 0}, "number=0"),
        ({"temperature": 0}, "temperature=0"),
        ({"batch_size": 0}, "batch_size=0"),
    ],
)
def test_wrong_arguments_of_sample_are_named(prior, arguments, named):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        sample(prior, **arguments)


@pytest.mark.parametrize("shape", [(8,), (8, 8, 3), 8, (0, 8)])
def test_a_prior_takes_maps(shape):
    with pytest.raises(ValueError, match="`input_shape` is the height"):
        GatedPixelCNN(shape)


def test_a_loaded_prior_draws_the_same(prior, given, tmp_path):
    prior.save(tmp_path / "prior.keras")
    loaded = keras.models.load_model(tmp_path / "prior.keras")
    np.testing.assert_array_equal(
        sample(loaded, 3, seed=0, verbose=0, **given),
        sample(prior, 3, seed=0, verbose=0, **given),
    )


def test_a_prior_that_was_trained_further_draws_by_its_new_weights(
    prior, given
):
    before = sample(prior, 3, seed=0, verbose=0, **given)
    bias = prior.get_layer("logits").bias
    old = keras.ops.convert_to_numpy(bias)
    try:
        bias.assign(old + 1000 * (np.arange(CODES) == 5))
        assert np.all(sample(prior, 3, seed=0, verbose=0, **given) == 5)
    finally:
        bias.assign(old)
    np.testing.assert_array_equal(
        sample(prior, 3, seed=0, verbose=0, **given), before
    )


def test_a_network_of_other_layers_is_no_prior():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="which has no layer of such"):
        sample(model, verbose=0)


def test_the_progress_bar_counts_rows(prior, given, capsys):
    sample(prior, 3, seed=0, batch_size=2, **given)
    assert f"{2 * HEIGHT}/{2 * HEIGHT}" in capsys.readouterr().out
