"""Boxes and masks drawn on images."""

import numpy as np
import pytest

from keras_papers import visualization

IMAGES = np.full((2, 40, 60, 3), 99.6)
FOUND = {
    "boxes": np.array([[[10, 5, 31, 26], [0, 0, 9, 9]]] * 2, "float32"),
    "classes": np.array([[1, 0], [1, -1]]),
    "scores": np.array([[0.9, 0.4], [0.9, 0.0]]),
    "counts": np.array([2, 1]),
}


def changed(drawn):
    return (drawn != 100).any(-1)


def test_boxes_of_scores_above_the_threshold_are_drawn():
    drawn = visualization.draw_boxes(IMAGES, FOUND)
    assert drawn.dtype == np.uint8 and drawn.shape == IMAGES.shape
    np.testing.assert_array_equal(drawn[0], drawn[1])
    rows, columns = np.nonzero(changed(drawn[0]))
    assert (rows.min(), rows.max()) == (5, 25)
    assert (columns.min(), columns.max()) == (10, 30)
    more = visualization.draw_boxes(IMAGES, FOUND, threshold=0.3)
    assert changed(more[0])[0, 0] and not changed(more[1])[0, 0]
    truths = {key: FOUND[key] for key in ("boxes", "classes")}
    np.testing.assert_array_equal(
        visualization.draw_boxes(IMAGES, truths), more
    )


def test_names_are_written_beside_the_frames():
    plain = visualization.draw_boxes(IMAGES, FOUND)
    named = visualization.draw_boxes(IMAGES, FOUND, ["cat", "dog"])
    other = visualization.draw_boxes(IMAGES, FOUND, ["cat", "horse"])
    assert (named != plain).any() and (named != other).any()


def test_classes_are_painted_but_for_the_background_and_ignored_pixels():
    masks = np.zeros((2, 40, 60), int)
    masks[0, :5], masks[1, 5:] = 3, 255
    drawn = visualization.draw_masks(IMAGES, masks)
    np.testing.assert_array_equal(changed(drawn), masks == 3)
    assert (drawn[0, 0] == drawn[0, 0, 0]).all()


def test_what_shows_nothing_is_drawn_too():
    for images in (IMAGES[:0], np.zeros((1, 8, 8, 3))):
        count = len(images)
        objects = {
            "boxes": np.zeros((count, 3, 4)),
            "classes": np.full((count, 3), -1.0),
        }
        drawn = visualization.draw_boxes(images, objects, ["cat"])
        masks = np.zeros(images.shape[:-1], int)
        for each in (drawn, visualization.draw_masks(images, masks)):
            np.testing.assert_array_equal(each, images)


def test_classes_may_be_floats_and_scores_may_be_one():
    objects = {**FOUND, "classes": FOUND["classes"].astype("float32")}
    objects["scores"] = np.ones((2, 2))
    drawn = visualization.draw_boxes(IMAGES, objects, ["cat", "dog"], 1)
    assert changed(drawn).any()


BAD_OBJECTS = {
    "of classes that are not named": (
        {"classes": [[1, 2]] * 2},
        "class 2.*all",
    ),
    "of half a class": ({"classes": [[1, 0.5]] * 2}, "that are integers"),
    "of too few scores": ({"scores": [0.9, 0.4]}, r"scores of \(2,\)"),
    "of NaN": ({"boxes": np.full((2, 2, 4), np.nan)}, "finite numbers"),
}


@pytest.mark.parametrize("case", BAD_OBJECTS)
def test_objects_that_cannot_be_drawn_are_refused(case):
    change, message = BAD_OBJECTS[case]
    with pytest.raises(ValueError, match=message):
        visualization.draw_boxes(
            IMAGES, {**FOUND, **change}, ["cat", "dog"], threshold=0.3
        )


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES[0], r"images of \(40, 60, 3\).*Add an axis"),
        (IMAGES[..., :1], r"images of \(2, 40, 60, 1\)"),
        (IMAGES / 255, "from 0.390.* by 255"),
    ],
)
def test_images_that_are_no_batch_of_pixels_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        visualization.draw_boxes(images, FOUND)
    masks = np.zeros(images.shape[:-1], int)
    with pytest.raises(ValueError, match=message):
        visualization.draw_masks(images, masks)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: visualization.draw_boxes(IMAGES[:1], FOUND),
            r"images of \(1, 40, 60, 3\)",
        ),
        (
            lambda: visualization.draw_boxes(IMAGES, {"boxes": []}),
            "no 'classes'",
        ),
        (
            lambda: visualization.draw_masks(IMAGES, np.zeros((2, 40, 60, 3))),
            "take the argmax",
        ),
        (
            lambda: visualization.draw_masks(IMAGES, np.full((2, 40, 60), 256)),
            r"\[0, 255\].*from 256 to 256",
        ),
        (
            lambda: visualization.draw_masks(IMAGES, np.full((2, 40, 60), -1)),
            "from -1 to -1",
        ),
        (
            lambda: visualization.draw_boxes(IMAGES, FOUND, threshold=50),
            "threshold=50. It is not a percentage",
        ),
    ],
)
def test_what_does_not_fit_the_images_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
