"""The halves of an autoencoder in layers of Keras alone."""

import keras
import numpy as np
import pytest

from keras_papers.applications.generative import (
    VQVAE,
    VQVAE2,
    decoder,
    encoder,
)
from keras_papers.applications.generative.halves import quantizers
from keras_papers.applications.generative.portable_halves import (
    portable_decoder,
    portable_encoder,
)
from keras_papers.layers import (
    FiniteScalarQuantizer,
    ResidualVectorQuantizer,
    VectorQuantizer,
)

pytestmark = pytest.mark.contract
QUANTIZERS = {
    "plain": {},
    "cosine": {"distance": "cosine"},
    "projected": {"codebook_dim": 3},
    "by gradients": {"ema_decay": None},
}


def check_halves(model):
    """Asserts that portable halves compute what the others do."""
    shape = (8, *model.input_shape[1:])
    images = np.random.default_rng(0).uniform(0, 255, shape)
    images *= np.linspace(0.1, 1, 8)[:, None, None, None]
    model(images, training=True)  # places the codes on vectors
    codes, its = (
        [*map(keras.ops.convert_to_numpy, keras.tree.flatten(half(images)))]
        for half in (encoder(model), portable_encoder(model))
    )
    assert len(its) == len(codes)
    for quantizer, mine, expected in zip(
        quantizers(model), its, codes, strict=True
    ):
        assert mine.dtype == "int32" and len(np.unique(expected)) > 2
        # Two codes may lie on the same vector.
        near, nearest = (
            keras.ops.convert_to_numpy(quantizer.lookup(each))
            for each in (mine, expected)
        )
        is_same = np.all(np.isclose(near, nearest), axis=-1)
        assert np.mean(is_same) > 0.99
    given = codes if len(codes) > 1 else codes[0]
    made, expected = (
        keras.ops.convert_to_numpy(each(model)(given))
        for each in (portable_decoder, decoder)
    )
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(
        made, expected, rtol=0, atol=1e-5 * np.abs(expected).max()
    )
    for half in (portable_encoder(model), portable_decoder(model)):
        for layer in half.layers:
            assert not type(layer).__module__.startswith("keras_papers")


@pytest.mark.parametrize("options", QUANTIZERS.values(), ids=QUANTIZERS)
def test_halves_of_one_level_are_equal(options):
    keras.utils.set_random_seed(0)
    quantizer = VectorQuantizer(20, name="codes", **options)
    check_halves(
        VQVAE(
            (16, 24, 3),
            embedding_dim=8,
            quantizer=quantizer,
            include_preprocessing=True,
        )
    )


@pytest.mark.parametrize("levels", [2, 3])
def test_halves_of_several_levels_are_equal(levels):
    keras.utils.set_random_seed(0)
    model = VQVAE2(
        (32, 32, 3), 20, 8, levels=levels, include_preprocessing=True
    )
    check_halves(model)


def test_quantizers_of_several_codes_are_refused():
    for quantizer in (
        VectorQuantizer(16, num_codebooks=2),
        ResidualVectorQuantizer(VectorQuantizer(16), 2),
    ):
        model = VQVAE((16, 24, 3), embedding_dim=8, quantizer=quantizer)
        with pytest.raises(ValueError, match="one codebook|of the class"):
            portable_encoder(model)
        with pytest.raises(ValueError, match="one codebook each"):
            portable_decoder(model)


def test_a_finite_scalar_quantizer_has_a_portable_decoder_alone():
    quantizer = FiniteScalarQuantizer((4, 4))
    model = VQVAE((16, 24, 3), embedding_dim=2, quantizer=quantizer)
    with pytest.raises(ValueError, match="of the class VectorQuantizer"):
        portable_encoder(model)
    codes = np.arange(4 * 6).reshape(1, 4, 6).astype("int32") % 16
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(portable_decoder(model)(codes)),
        keras.ops.convert_to_numpy(decoder(model)(codes)),
        atol=1e-6,
    )
