"""What priors learn about the codes of two levels of an autoencoder."""

import keras
import numpy as np
import pytest

from keras_papers.applications.generative import (
    VQVAE2,
    GatedPixelCNN,
    PixelSNAIL,
    ReconstructionLoss,
    bits_per_code,
    condition_of,
    extract_latents,
    sample_images,
)
from keras_papers.applications.generative.pixel_snail import SMALL

pytestmark = [pytest.mark.contract, pytest.mark.slow]

CODES = 16


def unigram_entropy(codes):
    """Returns the bits of a code, if each is drawn by its frequency."""
    shares = np.bincount(codes.ravel(), minlength=CODES) / codes.size
    shares = shares[shares > 0]
    return -np.sum(shares * np.log2(shares))


def trained(prior, inputs, codes, epochs):
    prior.compile(
        keras.optimizers.Adam(3e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    prior.fit(inputs, codes, batch_size=64, epochs=epochs, verbose=0)
    return prior


def bits(prior, inputs, codes):
    return bits_per_code(prior.evaluate(inputs, codes, verbose=0))


@pytest.fixture(scope="module")
def stack():
    """An autoencoder of digits, and the codes of training and held-out ones."""
    from sklearn.datasets import load_digits

    keras.utils.set_random_seed(0)
    digits = load_digits()
    images = np.kron(digits.images, np.ones((1, 2, 2)))[..., None] / 16 - 0.5
    images = images.astype("float32")
    vqvae = VQVAE2((16, 16, 1), CODES, 8, num_residuals=1, residual_filters=32)
    vqvae.compile(keras.optimizers.Adam(1e-3), ReconstructionLoss(images.var()))
    vqvae.fit(images[:1500], images[:1500], 32, epochs=8, verbose=0)
    latents = extract_latents(vqvae, images, labels=digits.target)
    return vqvae, *latents.codes, latents.labels.astype("int32")


@pytest.mark.parametrize("build", [GatedPixelCNN, PixelSNAIL])
def test_priors_need_fewer_bits_than_the_frequencies_of_the_codes(stack, build):
    vqvae, top, bottom, labels = stack
    size = {GatedPixelCNN: {"filters": 32, "num_layers": 4}}.get(
        build, {"table": SMALL._replace(filters=32, residual_filters=32)}
    )
    top_prior = build((2, 2), CODES, num_classes=10, **size)
    of_top = {"codes": top, "labels": labels}
    bottom_prior = build((4, 4), CODES, codes_above=(2, 2, CODES), **size)
    of_bottom = {"codes": bottom, **condition_of([top], bottom_prior)}
    for prior, inputs, codes in (
        (top_prior, of_top, top),
        (bottom_prior, of_bottom, bottom),
    ):
        training = {name: value[:1500] for name, value in inputs.items()}
        held_out = {name: value[1500:] for name, value in inputs.items()}
        trained(prior, training, codes[:1500], epochs=8)
        entropy = unigram_entropy(codes[1500:])
        assert entropy > 1
        needed = bits(prior, held_out, codes[1500:])
        print(f"{prior.name}: {needed:.2f} bits, unigram {entropy:.2f}")
        assert needed < 0.9 * entropy
    # The codes above are used: those of another digit do not help.
    held_out["condition"] = np.roll(held_out["condition"], 1, axis=0)
    assert bits(bottom_prior, held_out, bottom[1500:]) > 1.05 * needed
    images = sample_images(
        vqvae,
        [top_prior, bottom_prior],
        10,
        labels=np.arange(10),
        seed=0,
        verbose=0,
    )
    assert images.shape == (10, 16, 16, 1)
    assert np.abs(images.mean() + 0.2) < 0.15 and images.std() > 0.2
