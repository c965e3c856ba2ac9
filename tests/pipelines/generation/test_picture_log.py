"""Pictures of what a model has learned, written while it trains."""

import keras
import numpy as np
import pytest

from keras_papers.applications.generative import (
    VQVAE,
    GatedPixelCNN,
    ReconstructionLoss,
    decoder,
    sample,
)
from keras_papers.layers import (
    FiniteScalarQuantizer,
    ResidualVectorQuantizer,
    VectorQuantizer,
)
from keras_papers.pipelines import PictureLog
from keras_papers.pipelines.data.pictures import read_picture
from keras_papers.pipelines.generation.picture_log import (
    BARS,
    PADDING,
    as_pixels,
    grid,
    grid_of_pairs,
    usage_picture,
)

pytestmark = pytest.mark.contract


def images_of_noise(number):
    generator = np.random.default_rng(0)
    return generator.uniform(-0.5, 0.5, (number, 8, 8, 3)).astype("float32")


def test_pictures_are_written_after_every_second_epoch(tmp_path):
    images = images_of_noise(8)
    model = VQVAE((8, 8, 3), 16, 4)
    model.compile("adam", ReconstructionLoss(images.var()))
    log = PictureLog(
        tmp_path / "new", images[:3], every=2, pixel_range=(-0.5, 0.5)
    )
    model.fit(images, images, epochs=5, callbacks=[log], verbose=0)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        *("reconstructions-000002.png", "reconstructions-000004.png"),
        *("usage-000002.png", "usage-000004.png"),
    ]
    sheet = read_picture(tmp_path / "new" / "reconstructions-000004.png")
    assert sheet.shape == (4 * 10 - 2, 2 * 10 - 2, 3)
    expected = as_pixels(images[:3], -0.5, 0.5)
    np.testing.assert_array_equal(sheet[:8, :8], expected[0])
    np.testing.assert_array_equal(sheet[20:28, :8], expected[2])
    assert np.ptp(sheet[10:18, :8]) > 0


def bars(path, codes):
    """Returns the heights of the bars of each codebook in a picture."""
    sheet = read_picture(path)[..., 0]
    rows = sheet.reshape(-1, BARS[0] + PADDING, sheet.shape[1])[:, : BARS[0]]
    return (rows[..., : BARS[1] * codes : BARS[1]] == 40).sum(axis=1)


def logged(quantizer, folder, **options):
    """Trains two epochs of two batches; returns the usage of the logs."""
    images = images_of_noise(8)
    model = VQVAE((8, 8, 3), embedding_dim=4, quantizer=quantizer)
    model.compile("sgd", ReconstructionLoss(images.var()))
    log = PictureLog(folder, images[:1])
    history = model.fit(
        *(images, images),
        batch_size=4,
        epochs=2,
        callbacks=[log],
        verbose=0,
        **options,
    ).history
    return [
        values[-1]
        for name, values in history.items()
        if name.endswith("_usage") and not name.startswith("val_")
    ]


@pytest.mark.parametrize("watched", [False, True])
def test_the_usage_is_that_of_the_training_images_of_the_epoch(
    watched, tmp_path
):
    others = images_of_noise(2)
    (usage,) = logged(
        VectorQuantizer(16, num_codebooks=2, seed=0),
        tmp_path,
        validation_data=(others, others) if watched else None,
    )
    found = bars(tmp_path / "usage-000002.png", 16)
    assert found.shape == (2, 16) and found.max() == BARS[0]
    # The one image that is shown has no more than 4 codes of a codebook.
    assert usage > 5 / 16 and np.mean(found > 0) == pytest.approx(usage)


def test_each_stage_of_a_quantizer_has_a_row_of_its_own(tmp_path):
    quantizer = ResidualVectorQuantizer(VectorQuantizer(16, seed=0), 3)
    usages = logged(quantizer, tmp_path)
    found = bars(tmp_path / "usage-000002.png", 16)
    assert np.mean(found > 0, axis=1) == pytest.approx(usages)


def test_a_quantizer_that_does_not_learn_has_the_codes_of_the_images(tmp_path):
    assert logged(FiniteScalarQuantizer((8, 5, 5, 5)), tmp_path) == []
    found = bars(tmp_path / "usage-000002.png", 1000)
    assert 1 <= found.shape[1] <= 4 and (found > 0).all()


def test_a_prior_has_samples_alone(tmp_path):
    autoencoder = VQVAE((8, 8, 3), 16, 4)
    codes = np.zeros((4, 2, 2), "int32")
    prior = GatedPixelCNN((2, 2), 16, 4, 2)
    prior.compile(
        "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )

    def drawn():
        return decoder(autoencoder).predict(
            sample(prior, 5, seed=0, verbose=0), verbose=0
        )

    log = PictureLog(tmp_path, sample=drawn)
    prior.fit(codes, codes, epochs=1, callbacks=[log], verbose=0)
    assert [path.name for path in tmp_path.iterdir()] == ["samples-000001.png"]
    sheet = read_picture(tmp_path / "samples-000001.png")
    assert sheet.shape == (2 * 10 - 2, 3 * 10 - 2, 3)


def test_the_most_frequent_code_is_the_first_bar():
    picture = usage_picture([np.array([2, 0, 0, 0, 0, 4, 0, 0]), np.eye(2)[1]])
    bars = picture[:64, :, 0].reshape(64, 8, 4)[..., 0]
    assert (bars == 40).sum(axis=0).tolist() == [64, 32, *[0] * 6]
    assert (picture[66:130, :4] == 40).all()


def test_grids_are_filled_row_by_row():
    images = np.arange(5, dtype="uint8")[:, None, None, None].repeat(3, -1)
    sheet = grid(images)[::3, ::3, 0]
    assert sheet.tolist() == [[0, 1, 2], [3, 4, 255]]
    sheet = grid_of_pairs(images[:3], images[:3] + 10)[::3, ::3, 0]
    assert sheet.tolist() == [[0, 1], [10, 11], [2, 255], [12, 255]]


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({}, "neither"),
        ({"images": images_of_noise(1), "every": 0}, "`every` is a number"),
    ],
)
def test_wrong_arguments_are_refused(wrong, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        PictureLog(tmp_path, **wrong)
