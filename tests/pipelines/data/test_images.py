"""The digits, and the batches of a part: order, variation, names of files."""

import numpy as np
import pytest
from PIL import Image

from keras_papers.pipelines.data import images
from keras_papers.pipelines.data.image_set import Part
from keras_papers.pipelines.data.images import batches, load_digits
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.data.pictures import read_picture
from tests.support.photos import paint


def test_digits_are_divided_by_class():
    digits = load_digits(32, seed=0)
    sizes = [len(digits.train), len(digits.validation), len(digits.test)]
    assert sizes == [1367, 70, 360]
    counts = np.bincount(digits.test.labels)
    assert counts.min() >= 34 and counts.max() <= 37
    assert digits.train.sources.shape == (1367, 32, 32, 3)
    assert digits.train.sources.min() == 0
    assert digits.train.sources.max() == 255
    assert digits.names == tuple("0123456789")


@pytest.mark.tensorflow
@pytest.mark.parametrize("cache", [0, 2**28])
def test_batches_hold_the_pictures_in_order(cache, photos, monkeypatch):
    monkeypatch.setattr(images, "CACHE_BYTES", cache)
    part = load_folder(photos, seed=0).train
    data = batches(part, 2, 32, batch_size=4)
    assert len(data) == 4
    for _ in range(2):
        pixels, labels = zip(*data, strict=True)
        expected = [read_picture(file, (32, 32)) for file in part.files]
        np.testing.assert_array_equal(np.concatenate(pixels), expected)
        found = np.concatenate(labels)
        np.testing.assert_array_equal(found.argmax(axis=1), part.labels)
        assert found.shape == (14, 2) and found.sum() == 14


def shades(folder, number):
    """Writes pictures of one gray each: 0, 10, 20 and so on."""
    files = [str(folder / f"{shade}.png") for shade in range(number)]
    for shade, file in enumerate(files):
        Image.new("RGB", (40, 50), (10 * shade,) * 3).save(file)
    return Part(np.array(files, object), np.zeros(number, int))


@pytest.mark.contract
@pytest.mark.parametrize("cache", [0, 2**28])
def test_training_batches_hold_every_picture_in_another_order(
    cache, tmp_path, monkeypatch
):
    monkeypatch.setattr(images, "CACHE_BYTES", cache)
    part = shades(tmp_path, 14)

    def epochs(seed):
        data = batches(part, 2, 32, batch_size=4, seed=seed)
        # Varied however, a picture of one shade keeps it.
        return [
            [round(float(image.mean())) for x, _ in data for image in x.numpy()]
            for _ in range(2)
        ]

    first, second = epochs(seed=3)
    assert sorted(first) == list(range(0, 140, 10)) == sorted(second)
    assert first != second
    assert epochs(seed=3) == [first, second]
    assert epochs(seed=4)[0] != first


@pytest.mark.contract
def test_training_batches_are_varied_each_epoch_and_again_with_the_same_seed():
    ramp = np.broadcast_to(np.arange(32, dtype=np.uint8), (32, 32))
    part = Part(np.repeat(ramp[None, ..., None], 3, -1), np.zeros(1, int))

    def epochs(seed):
        data = batches(part, 2, 32, batch_size=4, seed=seed)
        return [next(iter(data))[0].numpy()[0] for _ in range(2)]

    first, second = epochs(seed=3)
    assert np.abs(first - part.sources[0]).max() > 0.5
    assert np.abs(first - second).max() > 0.5
    # A tenth of the width, and the turn of a tenth of a right angle.
    assert np.abs(first - part.sources[0]).max() < 16
    np.testing.assert_array_equal(epochs(seed=3), [first, second])
    for seed in (4, 2**32 - 1):
        assert np.abs(epochs(seed)[0] - first).max() > 0.5


@pytest.mark.tensorflow
def test_names_with_letters_of_all_languages_are_read(tmp_path):
    paint(tmp_path, ["größe", "고양이"], 5)
    found = load_folder(tmp_path, seed=0)
    ((pixels, _),) = batches(found.train, 2, 32, batch_size=8)
    assert pixels.shape == (6, 32, 32, 3)
