"""VQ-VAE-2: its sizes, and how its levels depend on each other."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.applications.generative import VQVAE2, decoder, encoder

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def small():
    model = VQVAE2((16, 24, 1), 16, 8, residual_filters=8, num_residuals=1)
    generator = np.random.default_rng(1)
    for layer in model.layers:
        if "codes" not in layer.name:
            layer.set_weights(
                [
                    weight + generator.normal(size=weight.shape, scale=0.05)
                    for weight in layer.get_weights()
                ]
            )
    return model


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(3, 16, 24, 1), scale=9.0)


@pytest.mark.parametrize(
    "arguments, parameters",
    [
        ({}, 1_716_803),
        ({"residual_filters": 32}, 1_388_867),
        ({"levels": 3}, 3_197_059),
        ({"levels": 3, "residual_filters": 32}, 2_705_155),
    ],
)
def test_the_tables_network_has_its_parameters(arguments, parameters):
    model = VQVAE2((64, 64, 3), **arguments)
    counts = [int(np.prod(w.shape)) for w in model.trainable_weights]
    assert sum(counts) == parameters


@pytest.mark.parametrize(
    "levels, maps",
    [(2, [(8, 12), (16, 24)]), (3, [(2, 3), (4, 6), (8, 12)])],
)
def test_levels_have_the_papers_sizes(levels, maps):
    model = VQVAE2((64, 96, 3), 16, 8, levels=levels, residual_filters=8)
    shapes = [shape[1:] for shape in encoder(model).output_shape]
    assert shapes == maps


def test_the_halves_are_the_whole(small, images):
    expected = ops.convert_to_numpy(small(images))
    codes = encoder(small)(images)
    outputs = ops.convert_to_numpy(decoder(small)(codes))
    assert all(len(np.unique(ops.convert_to_numpy(c))) > 1 for c in codes)
    assert outputs.std() > 1e-3
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


def test_an_image_is_decoded_from_all_levels(small, images):
    codes = [ops.convert_to_numpy(each) for each in encoder(small)(images)]
    half = decoder(small)
    before = ops.convert_to_numpy(half(codes))
    for level in range(2):
        changed = [each.copy() for each in codes]
        changed[level] = (changed[level] + 1) % 16
        assert np.abs(ops.convert_to_numpy(half(changed)) - before).max() > 1e-4


def test_the_losses_of_the_levels_are_summed(small, images):
    small(images)
    assert len(small.losses) == 2


@pytest.mark.parametrize("size, levels", [(36, 2), (48, 3)])
def test_sizes_that_the_levels_do_not_divide_are_refused(size, levels):
    with pytest.raises(ValueError, match="multiples of"):
        VQVAE2((size, size, 3), levels=levels)


def test_four_levels_are_refused():
    with pytest.raises(ValueError, match="Received: levels=4"):
        VQVAE2(levels=4)


def test_a_loaded_model_reconstructs_the_same(small, images, tmp_path):
    small.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        ops.convert_to_numpy(loaded(images)),
        ops.convert_to_numpy(small(images)),
        rtol=1e-5,
        atol=1e-6,
    )
