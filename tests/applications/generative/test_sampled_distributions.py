"""What `sample` draws is distributed as the outputs say, in any precision."""

import keras
import numpy as np
import pytest

from keras_papers.applications.generative import (
    GatedPixelCNN,
    PixelSNAIL,
    WaveNet,
    sample,
)
from keras_papers.applications.generative.pixel_snail import Table as OfSNAIL
from keras_papers.applications.generative.wavenet import Table

pytestmark = pytest.mark.contract

# Values that float16 and bfloat16 have, too.
LOGITS = np.array([0.0, 1.0, 2.5, -1.5, 0.5])
WEIGHTS = np.exp([0.0, 1.0]) / np.exp([0.0, 1.0]).sum()
MEANS, SCALES = np.array([-0.5, 0.25]), np.exp([-2.0, -3.0])
MIXTURE = [0.0, 1.0, *MEANS, -2.0, -3.0]
CODES = len(LOGITS)
TINY = Table(2, False, 2, (1,), residual=4, gate=4, skip=4, scaled=False)
PRIORS = {
    "pixel_cnn": lambda: GatedPixelCNN((4, 6), CODES, filters=4, num_layers=1),
    "pixel_snail": lambda: PixelSNAIL(
        (4, 6), CODES, OfSNAIL(4, 4, 3, 1, 1, 2, True, 0, 0, 0.1)
    ),
    "wavenet": lambda: WaveNet((24,), CODES, table=TINY),
    "amplitudes": lambda: WaveNet((24,), num_mixtures=2, table=TINY),
}


def constant(name, outputs):
    """Returns a prior with the same outputs at all places."""
    prior = PRIORS[name]()
    for weight in prior.get_layer("logits").weights:
        values = outputs if weight.name == "bias" else np.zeros(weight.shape)
        weight.assign(values)
    return prior


def drawn(prior, **options):
    codes = sample(prior, 128, batch_size=128, seed=0, verbose=0, **options)
    return codes.reshape(-1)


def assert_frequencies(found, expected, number):
    sd = np.sqrt(expected * (1 - expected) / number)
    assert np.all(np.abs(found - expected) < 4 * sd)


@pytest.mark.parametrize("name", ["pixel_cnn", "pixel_snail", "wavenet"])
def test_codes_are_drawn_from_the_softmax(name):
    prior = constant(name, LOGITS)
    for temperature in (1.0, 0.5):
        codes = drawn(prior, temperature=temperature)
        expected = np.exp(LOGITS / temperature)
        found = np.bincount(codes, minlength=CODES) / len(codes)
        assert_frequencies(found, expected / expected.sum(), len(codes))


def test_amplitudes_are_drawn_from_the_mixture():
    amplitudes = drawn(constant("amplitudes", MIXTURE))
    points = np.array([-0.8, -0.5, -0.2, 0.1, 0.25, 0.3, 0.4])
    found = (amplitudes[:, None] < points).mean(0)
    below = 1 / (1 + np.exp(-(points[:, None] - MEANS) / SCALES))
    assert_frequencies(found, below @ WEIGHTS, len(amplitudes))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize(
    "name",
    [
        "pixel_cnn",
        pytest.param("pixel_snail", marks=pytest.mark.slow),
        "wavenet",
        "amplitudes",
    ],
)
def test_less_precision_of_the_layers_is_none_of_the_noise(
    name, policy, tmp_path
):
    """Equal outputs give equal codes, as the noise is in float32."""
    outputs = MIXTURE if name == "amplitudes" else LOGITS
    expected = drawn(constant(name, outputs))
    keras.config.set_dtype_policy(policy)
    try:
        prior = constant(name, outputs)
        found = drawn(prior)
    finally:
        keras.config.set_dtype_policy("float32")
    if name == "amplitudes":
        np.testing.assert_allclose(found, expected, rtol=1e-5)
        return
    np.testing.assert_array_equal(found, expected)
    if policy == "mixed_float16":
        # A loaded prior has layers of another policy than the global one.
        prior.save(tmp_path / "prior.keras")
        loaded = keras.saving.load_model(tmp_path / "prior.keras")
        assert loaded.get_layer("logits").compute_dtype == "float16"
        np.testing.assert_array_equal(drawn(loaded), expected)
