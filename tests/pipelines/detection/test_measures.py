"""How good boxes are, and pictures with them."""

import numpy as np
import pytest

from keras_papers.pipelines.data.answered_set import as_objects
from keras_papers.pipelines.data.boxes.annotated import Boxes
from keras_papers.pipelines.data.image_set import AnsweredPart
from keras_papers.pipelines.detection.detector_file import BoxFinder
from keras_papers.pipelines.detection.measures import (
    Found,
    errors,
    find_boxes,
    guessed,
    measure,
)
from keras_papers.pipelines.detection.report import class_scores
from keras_papers.visualization.boxes import framed

TRUTH = Boxes(
    np.array([[0, 0, 10, 10], [20, 20, 40, 40]], np.float32),
    np.array([0, 1], np.int32),
    np.zeros(2, bool),
    (50, 100),
)


def found(boxes, scores, classes):
    return Found(
        np.array(boxes, float).reshape(-1, 4),
        np.array(scores, float),
        np.array(classes, int),
    )


@pytest.mark.parametrize(
    ("boxes", "number"),
    [
        (found(TRUTH.boxes, [0.9, 0.8], [0, 1]), 0),
        (found([], [], []), 2),
        (found(TRUTH.boxes, [0.9, 0.4], [0, 1]), 1),  # one is not certain
        (found(TRUTH.boxes, [0.9, 0.8], [1, 0]), 4),  # two wrong, two missed
        (found(TRUTH.boxes[[0, 0, 1]], [0.9, 0.8, 0.7], [0, 0, 1]), 1),
        (found([[0, 0, 10, 4], [20, 20, 40, 40]], [0.9, 0.8], [0, 1]), 2),
    ],
)
def test_misses_and_wrong_boxes_are_counted(boxes, number):
    assert errors(TRUTH, boxes) == number


def test_boxes_in_a_crowd_are_neither_right_nor_wrong():
    truth = TRUTH._replace(crowds=np.array([False, True]))
    inside = [[20, 20, 24, 24], [30, 30, 40, 40], [35, 35, 43, 43]]
    assert errors(truth, found(inside, [0.9, 0.9, 0.9], [1, 1, 1])) == 2
    assert errors(truth, found(inside[:1], [0.9], [0])) == 2
    assert errors(truth, found(TRUTH.boxes[:1], [0.9], [0])) == 0


def test_boxes_are_scaled_to_the_pixels_of_the_picture():
    answers = {
        "boxes": np.array([[[8, 8, 16, 32], [0, 0, 0, 0]]], np.float32),
        "scores": np.array([[0.9, 0]]),
        "classes": np.array([[1, -1]]),
        "counts": np.array([1]),
    }
    finder = BoxFinder((32, 32), ("a", "b"), lambda pixels: answers)
    (here,) = find_boxes(finder, np.zeros((1, 32, 32, 3)), [(64, 320)])
    np.testing.assert_allclose(here.boxes, [[80, 16, 160, 64]])
    assert here.classes.tolist() == [1]


def test_boxes_are_cut_at_the_sides_of_the_picture():
    """A file does not cut them, as the Keras model does."""
    answers = {
        "boxes": np.array([[[-4, 8, 16, 40]]], np.float32),
        "scores": np.array([[0.9]]),
        "classes": np.array([[1]]),
        "counts": np.array([1]),
    }
    finder = BoxFinder((32, 32), ("a", "b"), lambda pixels: answers)
    (here,) = find_boxes(finder, np.zeros((1, 32, 32, 3)), [(32, 32)])
    np.testing.assert_allclose(here.boxes, [[0, 8, 16, 32]])


def part_of(answers):
    number = len(answers)
    pixels = np.zeros((number, 8, 8, 3), np.uint8)
    hashes = as_objects([str(index) for index in range(number)])
    labels = np.zeros(number, int)
    return AnsweredPart(pixels, labels, hashes, as_objects(answers))


def test_a_detector_of_the_true_boxes_has_a_precision_of_1():
    part = part_of([TRUTH] * 3)

    def find(pixels):
        scale = np.array([8 / 100, 8 / 50, 8 / 100, 8 / 50])
        return {
            "boxes": np.stack([TRUTH.boxes * scale] * len(pixels)),
            "scores": np.tile([0.9, 0.8], (len(pixels), 1)),
            "classes": np.tile([0, 1], (len(pixels), 1)),
            "counts": np.full(len(pixels), 2),
        }

    reached = measure(BoxFinder((8, 8), ("a", "b"), find), part)
    assert reached.metric.result().ap == pytest.approx(1)
    assert reached.wrong.tolist() == [0, 0, 0]


def test_the_guess_is_the_mean_box_of_each_class():
    other = TRUTH._replace(boxes=TRUTH.boxes + 40)
    assert guessed(part_of([TRUTH]), part_of([TRUTH]), "ab") > 0.99
    assert guessed(part_of([TRUTH]), part_of([other]), "ab") == 0
    assert guessed(part_of([TRUTH, other]), part_of([TRUTH]), "ab") == 0
    # Larger pictures have the same shares.
    twice = TRUTH._replace(boxes=2 * TRUTH.boxes, size=(100, 200))
    assert guessed(part_of([twice]), part_of([TRUTH]), "ab") > 0.99


def test_the_guess_is_made_without_crowds():
    crowd = TRUTH._replace(boxes=TRUTH.boxes + 40, crowds=np.ones(2, bool))
    assert guessed(part_of([TRUTH, crowd]), part_of([TRUTH]), "ab") > 0.99


def test_the_objects_of_a_class_are_counted_without_crowds():
    part = part_of([TRUTH._replace(crowds=np.array([False, True]))])
    metric = measure_nothing(part)
    counts = [row.objects for row in class_scores(metric, part, "ab")]
    assert counts == [1, 0]


def measure_nothing(part):
    """Returns the precision of a detector that finds no box."""
    answers = {
        "boxes": np.zeros((1, 1, 4), np.float32),
        "scores": np.zeros((1, 1)),
        "classes": np.full((1, 1), -1),
        "counts": np.zeros(1, int),
    }
    finder = BoxFinder((32, 32), ("a", "b"), lambda pixels: answers)
    return measure(finder, part).metric


def test_frames_lie_on_the_edges_of_their_boxes():
    pixels = np.full((40, 60, 3), 200, np.uint8)
    drawn = framed(pixels, [[10, 5, 31, 26]], [0])
    changed = (drawn != pixels).any(-1)
    rows, columns = np.nonzero(changed)
    assert (rows.min(), rows.max()) == (5, 25)
    assert (columns.min(), columns.max()) == (10, 30)
    assert not changed[7:24, 12:29].any()
    named = framed(pixels, [[10, 5, 31, 26]], [0], ["a 90%"])
    assert (named != drawn).any()
    nothing = framed(pixels, np.zeros((0, 4)), np.zeros(0, int))
    np.testing.assert_array_equal(nothing, pixels)
