"""How images are varied, and which way a training takes by itself."""

import numpy as np
import pytest

from keras_papers.pipelines.data.augmentation import (
    RandomCrops,
    default_augmentation,
)
from keras_papers.pipelines.data.image_set import Part
from keras_papers.pipelines.data.images import batches
from keras_papers.pipelines.training.settings import Settings


def photos_of(number):
    """A part whose images lie in files."""
    files = np.array([f"{index}.jpg" for index in range(number)], object)
    return Part(files, np.zeros(number, int))


def halves(number=24):
    """Images that are dark on the left and bright on the right."""
    images = np.full((number, 32, 32, 3), 40, "uint8")
    images[:, :, 16:] = 200
    return Part(images, np.zeros(number, int))


def varied(kind):
    pixels, _ = next(iter(batches(halves(), 2, 32, 24, seed=0, augment=kind)))
    return pixels.numpy()


@pytest.mark.contract
def test_none_leaves_images_as_they_are():
    np.testing.assert_array_equal(varied("none"), halves().sources)


@pytest.mark.contract
def test_only_photo_mirrors_images_and_changes_their_brightness():
    light, photo = varied("light"), varied("photo")
    for pixels in (light, photo):
        assert pixels.min() >= 0 and pixels.max() <= 255
        assert np.any(pixels != halves().sources, axis=(1, 2, 3)).all()
    left, right = slice(0, 10), slice(22, 32)
    assert (light[:, :, left].mean((1, 2, 3)) < 60).all()
    assert (light[:, :, right].mean((1, 2, 3)) > 180).all()
    mirrored = photo[:, :, left].mean((1, 2, 3)) > photo[:, :, right].mean(
        (1, 2, 3)
    )
    assert 4 < mirrored.sum() < 20
    assert np.ptp(light.max((1, 2, 3))) < 1
    assert np.ptp(photo.max((1, 2, 3))) > 20


def coordinates(number):
    """Images whose first two channels are the row and the column."""
    rows, columns = np.mgrid[:32, :32].astype("float32")
    image = np.stack([rows, columns, np.ones_like(rows)], axis=-1)
    return np.repeat(image[None], number, axis=0)


@pytest.mark.contract
def test_crops_have_the_areas_and_the_shapes_of_inception():
    tf = pytest.importorskip("tensorflow")
    crops = RandomCrops(seed=0)
    data = tf.data.Dataset.from_tensors(coordinates(400)).map(crops)
    first, second = (next(iter(data)).numpy() for _ in range(2))
    assert first.shape == second.shape == (400, 32, 32, 3)
    assert np.abs(first - second).max() > 1  # others each time
    np.testing.assert_array_equal(
        next(iter(data.map(RandomCrops(seed=1)))).shape, first.shape
    )
    np.testing.assert_array_equal(
        RandomCrops(seed=0)(tf.constant(coordinates(400))).numpy(), first
    )
    heights, widths = (
        (first[:, -1, -1, axis] - first[:, 0, 0, axis]) / 31
        for axis in range(2)
    )
    areas, shapes = heights * widths, widths / heights
    assert 0.08 < areas.min() < 0.12 and 0.85 < areas.max() <= 1
    assert 0.74 < shapes.min() < 0.8 and 1.25 < shapes.max() < 1.34
    # Large crops of another shape than the image do not fit into it.
    assert 0.45 < np.mean(areas) < 0.55
    assert first[..., 2].min() == pytest.approx(1, rel=1e-5)


@pytest.mark.contract
def test_inception_crops_mirrors_and_changes_colors():
    pixels = varied("inception")
    assert pixels.shape == (24, 32, 32, 3)
    assert pixels.min() >= 0 and pixels.max() <= 255
    left, right = (pixels[:, :, side].mean((1, 2)) for side in (0, -1))
    assert (left > right + 20).any() and (right > left + 20).any()
    assert np.ptp(pixels.max((1, 2, 3))) > 20
    np.testing.assert_array_equal(pixels, varied("inception"))


@pytest.mark.parametrize(
    "images, epochs, from_weights, kind",
    [
        (456, 49, False, "light"),
        (456, 50, False, "photo"),  # 400 steps
        (456, 5, True, "photo"),
        (64, 399, False, "light"),
    ],
)
def test_long_trainings_of_photos_vary_them_more(
    images, epochs, from_weights, kind
):
    settings = Settings(*[None] * 8, from_weights)
    settings = settings._replace(epochs=epochs, batch_size=64)
    assert default_augmentation(settings, photos_of(images)) == kind
    digits = Part(np.zeros((images, 8, 8, 3)), np.zeros(images, int))
    assert default_augmentation(settings, digits) == "light"
