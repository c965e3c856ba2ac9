"""A VQ-VAE over the codes of another: 27 bits, and what they hold."""

import keras
import numpy as np
import pytest

from keras_papers.applications.generative import (
    VQVAE,
    LatentVQVAE,
    decoder,
    encoder,
    extract_latents,
    latent_decoder,
    sample,
)

SMALL = {"filters": 16, "num_layers": 2}


@pytest.mark.contract
def test_an_image_of_the_lab_is_27_bits():
    first = VQVAE((84, 84, 3))
    second = LatentVQVAE(num_layers=2)
    assert encoder(first).output_shape == (None, 21, 21) == second.input_shape
    assert encoder(second).output_shape == (None, 3)
    quantizer = second.get_layer("latents")
    assert quantizer.codebooks.shape == (3, 512, 64)
    bits = quantizer.num_codebooks * np.log2(quantizer.num_embeddings)
    assert bits == 27
    assert decoder(first).input_shape == second.input_shape
    assert second.output_shape == (None, 21, 21, 512)


@pytest.mark.contract
def test_the_decoder_is_the_model_behind_the_few_codes():
    keras.utils.set_random_seed(0)  # the five images have different codes
    model = LatentVQVAE((6, 7), 8, 2, 16, 4, **SMALL)
    codes = np.random.default_rng(0).integers(0, 8, size=(5, 6, 7))
    generator = np.random.default_rng(1)
    embeddings = model.get_layer("latents").embeddings
    for weight in [*model.trainable_weights, embeddings]:
        weight.assign(weight + generator.normal(size=weight.shape, scale=0.2))
    few = encoder(model).predict(codes, verbose=0)
    assert few.shape == (5, 2) and len(np.unique(few)) > 2
    expected = model.predict(codes, verbose=0)
    prior = latent_decoder(model)
    found = prior.predict({"codes": codes, "condition": few}, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)
    other = prior.predict({"codes": codes, "condition": few[::-1]}, verbose=0)
    assert np.abs(other - expected).max() > 1e-2


def test_samples_of_a_loaded_decoder_are_those_of_the_model(tmp_path):
    model = LatentVQVAE((4, 5), 8, 2, 16, 4, **SMALL)
    prior = latent_decoder(model)
    prior.save(tmp_path / "prior.keras")
    loaded = keras.saving.load_model(tmp_path / "prior.keras")
    few = np.array([[0, 3], [15, 1]])
    drawn = sample(prior, 2, condition=few, seed=0, verbose=0)
    assert drawn.shape == (2, 4, 5)
    np.testing.assert_array_equal(
        sample(loaded, 2, condition=few, seed=0, verbose=0), drawn
    )


def test_one_code_for_a_map_is_a_code_too():
    model = LatentVQVAE((4, 4), 8, num_latents=1, latent_embeddings=4, **SMALL)
    codes = np.random.default_rng(0).integers(0, 8, size=(3, 4, 4))
    latents = extract_latents(model, codes)
    assert latents.codes[0].shape == (3,)
    prior = latent_decoder(model)
    assert sample(
        prior, 3, condition=latents.codes[0], seed=0, verbose=0
    ).shape == (3, 4, 4)


@pytest.mark.slow
def test_few_codes_hold_which_map_it_is():
    keras.utils.set_random_seed(0)
    generator = np.random.default_rng(0)
    patterns = generator.integers(0, 8, size=(16, 6, 6))
    chosen = np.arange(512) % 16
    codes = patterns[chosen]
    # A tenth of the codes is noise, which the few codes cannot hold.
    noise = generator.random(codes.shape) < 0.1
    codes = np.where(noise, generator.integers(0, 8, codes.shape), codes)
    model = LatentVQVAE((6, 6), 8, 3, 8, 8, filters=32, num_layers=3)
    model.compile(keras.optimizers.Adam(3e-3), _loss())
    model.fit(codes, codes, epochs=30, batch_size=32, verbose=0)
    few = encoder(model).predict(patterns, verbose=0)
    drawn = sample(latent_decoder(model), 16, condition=few, seed=0, verbose=0)
    assert (drawn == patterns).mean() > 0.75
    # The maps of other codes are others.
    assert (drawn == np.roll(patterns, 1, axis=0)).mean() < 0.3


def _loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def test_another_autoencoder_has_no_latent_decoder():
    with pytest.raises(ValueError, match="`model` is an autoencoder of codes"):
        latent_decoder(VQVAE((8, 8, 1), 8))


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"input_shape": (21, 21, 3)}, "input_shape=.21, 21, 3."),
        ({"num_latents": 0}, "num_latents=0"),
        ({"latent_embeddings": 1.5}, "latent_embeddings=1.5"),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        LatentVQVAE(**arguments)
