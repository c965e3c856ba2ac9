"""How far predicted masks agree with true ones."""

import numpy as np
import pytest
from sklearn.metrics import jaccard_score

from keras_papers.pipelines.data.answered_set import as_objects
from keras_papers.pipelines.data.image_set import AnsweredPart
from keras_papers.pipelines.segmentation.measures import measure
from keras_papers.pipelines.segmentation.segmenter_file import Segmenter


def measured(truths, predictions, classes):
    """Measures what predicts given masks of 8 x 8 pixels."""
    answers = iter(np.eye(classes, dtype="float32")[predictions])
    segmenter = Segmenter(
        (8, 8),
        tuple(range(classes)),
        lambda pixels: np.stack([next(answers) for _ in pixels]),
    )
    number = len(truths)
    part = AnsweredPart(
        np.zeros((number, 8, 8, 3), np.uint8),
        np.zeros(number, int),
        None,
        as_objects(truths),
    )
    return measure(segmenter, part, None)


def test_ious_are_those_of_scikit_learn_on_all_pictures():
    generator = np.random.default_rng(0)
    truths, predictions = generator.integers(0, 3, (2, 20, 8, 8))
    found = measured(truths, predictions, 3)
    expected = jaccard_score(truths.ravel(), predictions.ravel(), average=None)
    np.testing.assert_allclose(found.ious(), expected)
    assert found.score == pytest.approx(expected.mean())
    assert found.by_picture[7] == pytest.approx(
        jaccard_score(
            truths[7].ravel(), predictions[7].ravel(), average="macro"
        )
    )


def test_ignored_pixels_and_classes_that_do_not_occur_do_not_count():
    truths = np.zeros((3, 8, 8), int)
    truths[1] = 255
    predictions = np.zeros((3, 8, 8), int)
    predictions[1] = 1
    found = measured(truths, predictions, 3)
    assert found.ious() == [1.0, None, None] and found.score == 1
    assert np.isnan(found.by_picture[1]) and found.by_picture[0] == 1


def test_the_guess_is_that_of_the_commonest_class():
    truths = np.zeros((1, 8, 8), int)
    truths[0, :2] = 1
    found = measured(truths, truths, 2)
    assert found.score == 1
    assert found.guessed_iou == pytest.approx((3 / 4 + 0) / 2)


def test_masks_of_other_sizes_are_measured_at_their_size():
    truths = [np.kron(np.eye(2, dtype=int), np.ones((16, 16), int))]
    predictions = [np.kron(np.eye(2, dtype=int), np.ones((4, 4), int))]
    assert measured(truths, predictions, 2).score > 0.95
