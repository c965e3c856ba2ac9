"""Batches of pictures with boxes or masks, and how both are varied."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from keras_papers.pipelines.data.answered_batches import (
    box_batches,
    mask_batches,
    most_objects,
    padded_boxes,
)
from keras_papers.pipelines.data.answered_set import as_objects
from keras_papers.pipelines.data.boxes.annotated import Boxes
from keras_papers.pipelines.data.boxes.box_folder import load_boxes
from keras_papers.pipelines.data.image_set import AnsweredPart
from keras_papers.pipelines.data.masks.mask_folder import load_masks
from keras_papers.pipelines.data.scenes import draw_scenes, load_scenes
from keras_papers.pipelines.data.varied_answers import (
    AUGMENTATIONS,
    RandomWindows,
    varied,
)
from tests.support import box_files

SIZE = 96


def part_of(images, boxes=None, masks=None):
    """Returns an `AnsweredPart` in memory."""
    if boxes is None:
        answers = list(masks)
    else:
        answers = [
            Boxes(
                np.array(each, np.float32).reshape(-1, 4),
                np.arange(len(each), dtype=np.int32),
                np.zeros(len(each), bool),
                images.shape[1:3],
            )
            for each in boxes
        ]
    number = len(images)
    hashes = as_objects([str(index) for index in range(number)])
    labels = np.zeros(number, int)
    return AnsweredPart(images, labels, hashes, as_objects(answers))


def test_boxes_are_stretched_with_their_pictures(tmp_path):
    images = load_boxes(box_files.write_voc(tmp_path), seed=0).images
    assert most_objects(images) == 2
    part = images.train
    pixels, answers = next(iter(box_batches(part, 120, len(part), 5)))
    assert pixels.shape == (len(part), 120, 120, 3)
    assert answers["boxes"].shape == (len(part), 5, 4)
    for index, answer in enumerate(part.answers):
        number = len(answer.boxes)
        np.testing.assert_allclose(  # of 60 x 40
            answers["boxes"][index, :number],
            answer.boxes * [2, 3, 2, 3],
            rtol=1e-6,
        )
        classes = [*answer.classes, *[-1] * (5 - number)]
        np.testing.assert_array_equal(answers["classes"][index], classes)
        assert not answers["boxes"].numpy()[index, number:].any()


def test_more_boxes_than_rows_are_named_and_crowds_are_marked(tmp_path):
    part = load_boxes(box_files.write_voc(tmp_path), seed=0).images.train
    with pytest.raises(ValueError, match=r"max_objects=1, and '.*\.png' has 2"):
        padded_boxes(part, 64, 1)
    answers = [
        answer._replace(crowds=np.ones(len(answer.boxes), bool))
        for answer in part.answers
    ]
    crowds = dataclasses.replace(part, answers=as_objects(answers))
    found = padded_boxes(crowds, 64, 3)
    np.testing.assert_array_equal(found["is_crowd"], found["classes"] >= 0)
    assert found["is_crowd"].any() and not found["is_crowd"].all()


def test_masks_are_read_with_their_pictures(tmp_path):
    paths = box_files.write_pictures(tmp_path / "images", box_files.SCENES)
    (tmp_path / "masks").mkdir()
    for path in paths.values():
        pixels = np.asarray(Image.open(path))
        Image.fromarray((pixels[..., 0] > 127).astype(np.uint8)).save(
            tmp_path / "masks" / path.name
        )
    (tmp_path / "classes.txt").write_text("dark\nbright\n")
    found = load_masks(tmp_path, seed=0)
    part = found.images.train
    drawn = mask_batches(part, found.reader, 80, 3, seed=1)
    assert len(drawn) == -(-len(part) // 3)
    orders = []
    for _ in range(2):
        order = []
        for pixels, masks in drawn:
            assert masks.shape[1:] == (80, 80) and masks.dtype == "uint8"
            # The picture was stretched; its middle third is as it was.
            shares = np.mean((pixels.numpy()[..., 0] > 127) == masks.numpy())
            assert shares > 0.7
            order += masks.numpy().sum((1, 2)).tolist()
        orders.append(order)
    assert orders[0] != orders[1] and sorted(orders[0]) == sorted(orders[1])


def rectangles(number, seed=0):
    """Returns black images with a white rectangle, and its boxes."""
    generator = np.random.default_rng(seed)
    low = generator.integers(10, 45, (number, 2))
    high = low + generator.integers(20, 40, (number, 2))
    boxes = np.concatenate([low, high], axis=1)
    images = np.zeros((number, SIZE, SIZE, 3), np.uint8)
    for image, (x_min, y_min, x_max, y_max) in zip(images, boxes, strict=True):
        image[y_min:y_max, x_min:x_max] = 255
    return images, boxes[:, None]


def box_of_pixels(pixels):
    rows, columns = np.nonzero(pixels)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


@pytest.mark.parametrize("kind", ["light", "photo"])
def test_boxes_follow_the_pixels_of_their_objects(kind):
    images, boxes = rectangles(64)
    answers = {
        "boxes": boxes.astype(np.float32),
        "classes": np.zeros((64, 1), np.int32),
        "is_crowd": np.zeros((64, 1), bool),
    }
    windows = RandomWindows(kind, seed=4)
    pixels, moved = windows(images.astype(np.float32), answers)
    kept = moved["classes"].numpy()[:, 0] >= 0
    assert kept.sum() > 50
    for index in np.flatnonzero(kept):
        found = box_of_pixels(pixels[index, ..., 0].numpy() > 127)
        # An edge between two pixels is found at the nearer one.
        np.testing.assert_allclose(moved["boxes"][index, 0], found, atol=0.55)
    changed = abs(moved["boxes"].numpy() - boxes).max((1, 2)) > 1
    assert changed[kept].mean() > 0.5


@pytest.mark.parametrize("kind", ["light", "photo"])
def test_masks_follow_their_pixels_and_are_ignored_outside(kind):
    images, _ = rectangles(32)
    masks = (images[..., 0] > 0).astype(np.uint8)
    data = mask_batches(part_of(images, masks=masks), None, SIZE, 32)
    pixels, moved = next(iter(data.map(RandomWindows(kind, seed=5))))
    pixels, moved = pixels.numpy()[..., 0], moved.numpy()
    assert set(np.unique(moved)) == {0, 1, 255}
    assert np.mean((pixels > 127) == (moved == 1)) > 0.98
    assert np.mean(pixels[moved == 255] == 127) > 0.98
    mirrored = RandomWindows(kind, seed=5)
    ramp = np.tile(np.arange(SIZE, dtype=np.float32)[:, None], (32, SIZE, 1, 3))
    falls = np.diff(mirrored(ramp, masks)[0].numpy()[:, 48, 40:50, 0]) < 0
    assert falls.all(1).any() == (kind == "photo")


def test_a_picture_with_an_object_keeps_one_in_every_window():
    images, boxes = rectangles(64, seed=7)
    answers = {
        "boxes": boxes.astype(np.float32),
        "classes": np.zeros((64, 1), np.int32),
        "is_crowd": np.zeros((64, 1), bool),
    }
    windows = RandomWindows("photo", seed=6)
    for _ in range(4):
        _, moved = windows(images.astype(np.float32), answers)
        assert (moved["classes"].numpy() == 0).all()


def test_what_a_window_shows_of_a_crowd_stays_a_crowd():
    images = np.zeros((64, SIZE, SIZE, 3), np.float32)
    whole = np.tile(np.float32([0, 0, SIZE, SIZE]), (64, 2, 1))
    whole[:, 1] = 0, 0, 40, 40  # of an object in a corner
    answers = {
        "boxes": whole,
        "classes": np.zeros((64, 2), np.int32),
        "is_crowd": np.array([[True, False]] * 64),
    }
    _, moved = RandomWindows("photo", seed=8)(images, answers)
    crowds, classes = moved["is_crowd"].numpy(), moved["classes"].numpy()
    assert crowds[:, 0].all() and not crowds[:, 1].any()
    assert (classes == 0).all()  # each window shows a part of the object
    boxes = moved["boxes"].numpy()[:, 0]
    assert boxes.min() >= 0 and boxes.max() <= SIZE


def test_pictures_without_objects_are_varied_too():
    images, _ = rectangles(8)
    part = part_of(images, boxes=[[]] * 8)
    data = box_batches(part, SIZE, 8, 2, seed=0, augment="photo")
    pixels, answers = next(iter(data))
    assert (answers["classes"].numpy() == -1).all()
    assert not np.array_equal(np.sort(pixels, 0), np.sort(images, 0))


@pytest.mark.parametrize("kind", AUGMENTATIONS)
def test_the_seed_draws_the_variation_and_epochs_differ(kind):
    scenes = draw_scenes(4, SIZE, seed=0, kind="shapes")
    images = np.stack([scene.pixels for scene in scenes])
    masks = np.stack([scene.mask for scene in scenes])
    data = mask_batches(part_of(images, masks=masks), None, SIZE, 4)

    def drawn():
        batches = varied(data, kind, seed=2).repeat(2)
        return [pixels.numpy() for pixels, _ in batches]

    first, again = drawn(), drawn()
    np.testing.assert_array_equal(first, again)
    assert np.array_equal(*first) == (kind == "none")


def test_each_epoch_has_scenes_of_its_own_and_a_resumed_one_the_same():
    sizes = {"train": 5, "validation": 1, "test": 1}
    images = load_scenes(SIZE, 0, "boxes", "shapes", sizes)

    def epochs(seed, number):
        data = box_batches(images.train, SIZE, 2, 4, seed, redraw=images.redraw)
        assert len(data) == 3
        return [
            [(pixels.numpy(), y["boxes"].numpy()) for pixels, y in data]
            for _ in range(number)
        ]

    first, second = epochs(7, 2)
    (resumed,) = epochs(8, 1)
    assert [len(pixels) for pixels, _ in first] == [2, 2, 1]
    assert not np.array_equal(first[0][0], second[0][0])
    for ours, theirs in zip(second, resumed, strict=True):
        for mine, its in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(mine, its)
