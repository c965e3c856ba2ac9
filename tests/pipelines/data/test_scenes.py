"""Scenes that are drawn, and the truth about them."""

import numpy as np
import pytest

from keras_papers.pipelines.data.scenes import (
    SCENES,
    SHAPES,
    digits_of,
    draw_scenes,
    load_scenes,
)
from keras_papers.pipelines.data.split import join


@pytest.mark.parametrize("kind", ["digits", "shapes"])
def test_boxes_lie_around_the_pixels_of_the_objects(kind):
    scenes = draw_scenes(12, 96, seed=1, kind=kind)
    assert {len(scene.boxes) for scene in scenes} <= {0, 1, 2, 3, 4}
    assert sum(len(scene.boxes) for scene in scenes) > 12
    for scene in scenes:
        assert scene.objects.max() == len(scene.boxes) == len(scene.classes)
        for index, (x_min, y_min, x_max, y_max) in enumerate(
            scene.boxes.astype(int)
        ):
            pixels = scene.objects == index + 1
            assert pixels[y_min:y_max, x_min:x_max].sum() == pixels.sum() > 0
            for edge in (
                pixels[y_min],
                pixels[y_max - 1],
                pixels[:, x_min],
                pixels[:, x_max - 1],
            ):
                assert edge.any()
            assert set(scene.mask[pixels]) == {scene.classes[index] + 1}
        assert (scene.mask[scene.objects == 0] == 0).all()


def test_objects_differ_from_what_is_behind_them():
    """Else nothing could find them."""
    for scene in draw_scenes(8, 96, seed=2, kind="shapes"):
        for index, (x_min, y_min, x_max, y_max) in enumerate(
            scene.boxes.astype(int)
        ):
            here = slice(y_min, y_max), slice(x_min, x_max)
            pixels, objects = scene.pixels[here], scene.objects[here]
            behind = pixels[objects == 0]
            if len(behind):  # else it lies among others
                inside = pixels[objects == index + 1].mean(0)
                assert abs(inside - behind.mean(0)).max() > 20


def test_the_seed_draws_all_and_parts_differ():
    first, again = (draw_scenes(3, 64, seed=3) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_array_equal(one.boxes, other.boxes)
    other = draw_scenes(3, 64, seed=3, part="test")
    assert not np.array_equal(first[0].pixels, other[0].pixels)


def test_no_digit_is_in_two_parts():
    parts = [set(digits_of(part)) for part in SCENES]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 1797


def test_a_set_of_scenes_has_boxes_or_masks():
    sizes = {"train": 5, "validation": 2, "test": 3}
    boxes = load_scenes(64, 0, "boxes", "shapes", sizes)
    masks = load_scenes(64, 0, "masks", "shapes", sizes)
    assert boxes.names == SHAPES and masks.names == ("background", *SHAPES)
    assert [len(boxes.train), len(boxes.validation)] == [5, 2]
    assert len(set(join(boxes).hashes)) == 10
    np.testing.assert_array_equal(boxes.test.sources, masks.test.sources)
    for box, mask in zip(boxes.test.answers, masks.test.answers, strict=True):
        assert set(box.classes + 1) == set(np.unique(mask)) - {0}
    assert load_scenes(64, 0, "boxes", sizes=sizes).names[:2] == ("0", "1")


def test_scenes_to_train_on_are_drawn_again_and_others_are_not():
    images = load_scenes(64, 0, "masks", "shapes", dict.fromkeys(SCENES, 9))
    first, same, other = (
        np.concatenate([part.sources for part in images.redraw(number)])
        for number in (1, 1, 2)
    )
    assert len(first) == 9
    np.testing.assert_array_equal(first, same)
    alike = (first[:, None] == np.array([*other, *images.train.sources])).all(
        (2, 3, 4)
    )
    assert not alike.any()
