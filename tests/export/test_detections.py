"""Suppression in NumPy, compared with that of Keras."""

import numpy as np
import pytest

from keras_papers.applications.detection import best_boxes
from keras_papers.export.detections import BLOCK, decode, shares, suppress
from keras_papers.suppression_rule import Suppression


@pytest.mark.parametrize("per_class", [True, False])
@pytest.mark.parametrize("candidates, iou_threshold", [(None, 0.2), (50, 0.6)])
def test_the_boxes_that_numpy_keeps_are_those_of_keras(
    candidates, iou_threshold, per_class
):
    """Also of equal scores, as files of integers have many."""
    generator = np.random.default_rng(0)
    corners = generator.uniform(0, 80, (500, 2))
    sizes = generator.uniform(10, 40, (500, 2))
    boxes = np.concatenate([corners, corners + sizes], axis=1)
    boxes = boxes.astype("float32")
    scores = generator.integers(0, 64, (500, 3)).astype("float32") / 64
    rule = Suppression(0.1, iou_threshold, candidates, 90, per_class)
    found = best_boxes(boxes[None], scores[None], rule)
    count = int(found["counts"][0])
    assert 15 < count < 91 and scores.size > 5 * BLOCK
    for name, ours in zip(
        ("boxes", "scores", "classes"),
        suppress(boxes, scores, rule),
        strict=True,
    ):
        expected = np.asarray(found[name])[0, :count]
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("per_class", [True, False])
def test_a_score_that_is_nan_takes_no_place(per_class):
    boxes = np.array([[0, 0, 9, 9], [20, 0, 29, 9], [40, 0, 49, 9]], "float32")
    scores = np.array([[np.nan] * 2, [0.9, 0.1], [0.2, 0.8]], "float32")
    rule = Suppression(0.5, candidates=2, max_detections=3, per_class=per_class)
    found = best_boxes(boxes[None], scores[None], rule)
    np.testing.assert_allclose(found["scores"], [[0.9, 0.8, 0]])
    _, ours, _ = suppress(boxes, scores, rule)
    np.testing.assert_allclose(ours, [0.9, 0.8])


@pytest.mark.filterwarnings("error")
def test_shares_of_logits_do_not_overflow():
    logits = np.array([-200, -1, 0, 200], "float32")
    expected = [0, 0.26894143, 0.5, 1]
    np.testing.assert_allclose(shares(logits), expected, 1e-6, 1e-30)


def test_an_image_without_a_box_has_none():
    boxes, scores = np.zeros((4, 4), "float32"), np.zeros((4, 2), "float32")
    for per_class in (True, False):
        rule = Suppression(per_class=per_class)
        found = suppress(boxes, scores, rule)
        assert [len(each) for each in found] == [0, 0, 0]


def test_codes_of_zero_are_the_anchors():
    anchors = np.array([[0.5, 0.25, 0.5, 0.25]], "float32")
    found = decode(np.zeros((2, 1, 4)), anchors, (10, 10, 5, 5))
    np.testing.assert_array_equal(found, [[[0.125, 0.25, 0.375, 0.75]]] * 2)
