"""VQ-VAE: its sizes, its halves, and what it learns of digits."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.applications.generative import VQVAE, decoder, encoder
from keras_papers.applications.generative.vq_vae import (
    SECTION_4_1,
    ReconstructionLoss,
)
from keras_papers.layers import (
    FiniteScalarQuantizer,
    ResidualVectorQuantizer,
    VectorQuantizer,
)

pytestmark = pytest.mark.contract


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def test_sonnets_network_has_its_parameters():
    assert trainable(VQVAE((32, 32, 3))) == 364_160 + 8_256 + 290_307


def test_the_papers_network_has_256_units_everywhere():
    model = VQVAE((32, 32, 3), embedding_dim=None, table=SECTION_4_1)
    assert trainable(model) == 2_373_120 + 2_372_867


def test_codes_are_a_quarter_of_the_image_each_way():
    model = VQVAE((20, 28, 1))
    assert encoder(model).output_shape == (None, 5, 7)
    assert decoder(model).output_shape == (None, 20, 28, 1)


@pytest.mark.parametrize(
    "quantizer, embedding_dim",
    [
        (None, 8),
        (VectorQuantizer(8, num_codebooks=2), 8),
        (ResidualVectorQuantizer(VectorQuantizer(8), 2), 8),
        (FiniteScalarQuantizer((5, 4, 3)), 3),
    ],
)
def test_the_halves_are_the_whole(quantizer, embedding_dim):
    model = VQVAE((8, 12, 1), embedding_dim=embedding_dim, quantizer=quantizer)
    # Bright enough for a fresh network to give more than one code.
    images = np.random.default_rng(0).normal(size=(3, 8, 12, 1), scale=100.0)
    model(images, training=True)  # places the codes
    expected = ops.convert_to_numpy(model(images))
    codes = encoder(model)(images)
    assert "int" in keras.backend.standardize_dtype(codes.dtype)
    outputs = ops.convert_to_numpy(decoder(model)(codes))
    assert len(np.unique(ops.convert_to_numpy(codes))) > 1
    assert outputs.std() > 1e-2
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-6)


def test_a_loaded_model_has_halves_too(tmp_path):
    model = VQVAE((8, 8, 1), 16, 8)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    images = np.random.default_rng(0).normal(size=(3, 8, 8, 1))
    np.testing.assert_array_equal(
        ops.convert_to_numpy(encoder(loaded)(images)),
        ops.convert_to_numpy(encoder(model)(images)),
    )


@pytest.mark.slow
def test_digits_come_back_better_than_their_mean_from_a_full_codebook():
    from sklearn.datasets import load_digits

    keras.utils.set_random_seed(0)
    digits = load_digits().images[..., None].astype("float32") / 16 - 0.5
    training, held_out = digits[:1500], digits[1500:]
    model = VQVAE((8, 8, 1), 32, 16)
    model.compile(
        keras.optimizers.Adam(3e-3), ReconstructionLoss(training.var())
    )
    logs = model.fit(
        training, training, epochs=15, batch_size=64, verbose=0
    ).history
    error = np.mean((model.predict(held_out, verbose=0) - held_out) ** 2)
    assert error < 0.4 * held_out.var()
    assert logs["codes_usage"][-1] > 0.9
    assert logs["codes_perplexity"][-1] > 16


def test_the_loss_is_a_share_of_the_variance():
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 3), scale=3.0)
    loss = ReconstructionLoss(images.var())
    np.testing.assert_allclose(
        float(loss(images, np.full(images.shape, images.mean()))), 1, rtol=1e-4
    )


@pytest.mark.parametrize("shape", [(30, 32, 3), (32, 33, 1)])
def test_sizes_that_the_strides_do_not_divide_are_refused(shape):
    with pytest.raises(ValueError, match="to 32 x 3[26]"):
        VQVAE(shape)


@pytest.mark.parametrize("shape", [(32, 32), 32, (0, 32, 3)])
def test_an_image_has_three_axes(shape):
    with pytest.raises(ValueError, match="`input_shape` is the height, width"):
        VQVAE(shape)


def test_a_model_without_codes_has_no_halves():
    with pytest.raises(ValueError, match="`model` is an autoencoder"):
        encoder(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]))


def test_a_number_of_codes_and_a_quantizer_are_one_too_many():
    with pytest.raises(ValueError, match="num_embeddings=16 and a quantizer"):
        VQVAE((8, 8, 3), 16, quantizer=VectorQuantizer(8))


@pytest.mark.parametrize("half", [encoder, decoder])
def test_a_half_is_saved_by_itself(half, tmp_path):
    model = VQVAE((8, 8, 1), 16, 8)
    part = half(model)
    part.save(tmp_path / "half.keras")
    loaded = keras.saving.load_model(tmp_path / "half.keras")
    shape = tuple(part.input_shape[1:])
    if half is encoder:
        x = np.random.default_rng(0).normal(size=(3, *shape))
    else:
        x = np.random.default_rng(0).integers(0, 16, size=(3, *shape))
    np.testing.assert_allclose(
        ops.convert_to_numpy(loaded(x)),
        ops.convert_to_numpy(part(x)),
        rtol=1e-5,
    )
