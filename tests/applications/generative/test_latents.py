"""Codes that are extracted once: stored, loaded, and checked."""

import keras
import numpy as np
import pytest

from keras_papers.applications.generative import (
    VQVAE,
    VQVAE2,
    GatedPixelCNN,
    Latents,
    check_prior,
    encoder,
    extract_latents,
    load_latents,
    model_hash,
)
from keras_papers.layers import (
    FiniteScalarQuantizer,
    ResidualVectorQuantizer,
    VectorQuantizer,
)

pytestmark = pytest.mark.contract


def images_of(shape, number=5):
    return np.random.default_rng(0).normal(size=(number, *shape), scale=100.0)


@pytest.fixture(scope="module")
def model():
    built = VQVAE((8, 12, 1), 16, 8)
    built(images_of((8, 12, 1)), training=True)  # places the codes
    return built


def test_codes_are_those_of_the_encoder(model):
    images = images_of((8, 12, 1))
    latents = extract_latents(model, images, batch_size=2, labels=range(5))
    assert len(latents) == 5 and latents.num_embeddings == (16,)
    (codes,) = latents.codes
    assert codes.dtype == "int32" and codes.shape == (5, 2, 3)
    assert len(np.unique(codes)) > 1
    # In one batch a code that two vectors are as near to could be another.
    expected = encoder(model).predict(images, batch_size=2, verbose=0)
    np.testing.assert_array_equal(codes, expected)
    np.testing.assert_array_equal(latents.labels, range(5))


def test_levels_come_from_the_top_down():
    latents = extract_latents(
        VQVAE2((16, 24, 3), 8, 4, num_residuals=1), images_of((16, 24, 3))
    )
    assert [c.shape for c in latents.codes] == [(5, 2, 3), (5, 4, 6)]
    assert latents.num_embeddings == (8, 8)


@pytest.mark.parametrize(
    "quantizer, embedding_dim, last, number",
    [
        (VectorQuantizer(8, num_codebooks=2), 8, (2,), 8),
        (ResidualVectorQuantizer(VectorQuantizer(8), 3), 8, (3,), 8),
        (FiniteScalarQuantizer((5, 4, 3)), 3, (), 60),
    ],
)
def test_codes_of_every_quantizer_are_extracted(
    quantizer, embedding_dim, last, number
):
    model = VQVAE((8, 8, 1), embedding_dim=embedding_dim, quantizer=quantizer)
    latents = extract_latents(model, images_of((8, 8, 1)))
    assert latents.codes[0].shape == (5, 2, 2, *last)
    assert latents.num_embeddings == (number,)


def test_a_stored_file_has_the_same(model, tmp_path):
    stored = extract_latents(model, images_of((8, 12, 1)), labels=range(5))
    stored.save(tmp_path / "latents.npz")
    loaded = load_latents(tmp_path / "latents.npz")
    np.testing.assert_array_equal(loaded.codes[0], stored.codes[0])
    np.testing.assert_array_equal(loaded.labels, stored.labels)
    assert loaded.num_embeddings == (16,)
    assert loaded.model_hash == stored.model_hash == model_hash(model)


def test_codes_outside_of_the_codebook_are_refused(model, tmp_path):
    extract_latents(model, images_of((8, 12, 1))).save(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        arrays = {**file, "codes0": file["codes0"] + 100}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(ValueError, match="from 0 to 15 .*Received: codes from"):
        load_latents(tmp_path / "a.npz")


@pytest.mark.parametrize("code", [-1, 16])
def test_latents_hold_codes_of_the_codebook_only(code):
    codes = np.full((2, 2, 2), code)
    with pytest.raises(ValueError, match=f"codes from {code} to {code}"):
        Latents((codes,), (16,))


@pytest.mark.parametrize(
    "changes, named",
    [
        ({"num_embeddings": (4, 4)}, "1 arrays of codes"),
        ({"labels": np.zeros(3)}, r"\[2, 3\] elements"),
        ({"labels": 7}, "7. Pass one number"),
        ({"labels": [[1, 2], [3]]}, "rows of different lengths"),
        ({"labels": ["rose", None]}, "objects of NoneType and str"),
        (
            {"labels": np.array(["rose", np.nan], object)},
            "objects of float and str",
        ),
        ({"codes": (np.zeros((2, 2)),)}, "an array of float64"),
    ],
)
def test_latents_that_do_not_agree_are_named(changes, named):
    given = {"codes": (np.zeros((2, 2, 2), int),), "num_embeddings": (4,)}
    with pytest.raises(ValueError, match=f"Received: {named}"):
        Latents(**{**given, **changes})


@pytest.mark.parametrize(
    "labels, kind",
    [
        (["rose", "tulip"], "U"),
        (np.array(["rose", "tulip"], object), "U"),  # as of a table
        (np.array([3, 4], object), "i"),
        (np.array([[1.5, 2.0], [np.nan, 1.0]], object), "f"),
    ],
)
def test_labels_of_objects_are_stored_as_strings_or_numbers(
    labels, kind, tmp_path
):
    codes = np.zeros((2, 2, 2), int)
    Latents((codes,), (4,), labels).save(tmp_path / "a.npz")
    loaded = load_latents(tmp_path / "a.npz").labels
    assert loaded.dtype.kind == kind
    np.testing.assert_array_equal(loaded, np.asarray(labels, loaded.dtype))


def test_another_file_is_named(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    (tmp_path / "text.npz").write_text("nothing")
    for name in ("other.npz", "text.npz", "none.npz"):
        with pytest.raises(ValueError, match=f"`path`.*Received: .*{name}"):
            load_latents(tmp_path / name)
    with pytest.raises(ValueError, match="ends with .npz"):
        Latents((np.zeros((1, 2), int),), (4,)).save(tmp_path / "codes")


def test_images_of_another_shape_or_with_nan_are_named(model):
    with pytest.raises(ValueError, match=r"shape \(8, 12, 1\)"):
        extract_latents(model, images_of((8, 12, 3)))
    images = images_of((8, 12, 1))
    images[3, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="in 1 of 5 images, first in image 3"):
        extract_latents(model, images)


def test_the_hash_is_that_of_what_the_codes_depend_on(tmp_path):
    model = VQVAE((8, 8, 1), 16, 8)
    images = images_of((8, 8, 1), number=16)
    model(images, training=True)
    known = model_hash(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert model_hash(loaded) == known
    for name in ("decoder1", "encoder1"):
        kernel = model.get_layer(name).kernel
        kernel.assign(kernel + 0.1)
        assert (model_hash(model) == known) == (name == "decoder1")
    assert model_hash(VQVAE((8, 8, 1), 16, 8)) != known
    # Statistics grow while the codebook stays.
    quantizer = loaded.get_layer("codes")
    quantizer.epoch_counts.assign(quantizer.epoch_counts + 1.0)
    assert model_hash(loaded) == known


def prior_for(shape, num_embeddings):
    return GatedPixelCNN(shape, num_embeddings, filters=4, num_layers=1)


def test_a_prior_for_another_codebook_is_refused(model):
    latents = extract_latents(model, images_of((8, 12, 1)))
    good = prior_for((2, 3), 16)
    for known in (model, latents):
        check_prior(good, known, prior_hash=latents.model_hash)
        check_prior(good, known)
        with pytest.raises(ValueError, match="2 x 3 and 32 codes, where level"):
            check_prior(prior_for((2, 3), 32), known)
        with pytest.raises(ValueError, match="for maps of 3 x 2 and 16"):
            check_prior(prior_for((3, 2), 16), known)
        with pytest.raises(ValueError, match="hash 'abc' where that"):
            check_prior(good, known, prior_hash="abc")
        with pytest.raises(ValueError, match="level=1"):
            check_prior(good, known, level=1)
