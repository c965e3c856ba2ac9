"""Overlaps and codes of boxes, compared with loops over them."""

import numpy as np
import pytest
from keras import ops

from keras_papers.applications import detection
from keras_papers.applications.detection.boxes import LARGEST, SSD_WEIGHTS
from tests.applications.detection.overlaps import draw_boxes, overlaps

pytestmark = pytest.mark.contract


def test_overlaps_are_those_of_pairs():
    generator = np.random.default_rng(0)
    first = draw_boxes(generator, 2, 5)
    second = draw_boxes(generator, 2, 7)
    found = ops.convert_to_numpy(
        detection.intersection_over_union(first, second)
    )
    expected = np.stack([overlaps(first[i], second[i]) for i in range(2)])
    assert 0.1 < expected.max() < 1
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_boxes_without_area_overlap_with_nothing():
    boxes = np.array([[0, 0, 0, 0], [1, 1, 1, 5], [0, 0, 4, 4]], "float32")
    found = ops.convert_to_numpy(
        detection.intersection_over_union(boxes, boxes)
    )
    np.testing.assert_array_equal(found, np.diag([0, 0, 1]))


@pytest.mark.parametrize("weights", [SSD_WEIGHTS, (1.0, 1.0, 1.0, 1.0)])
def test_codes_are_those_of_the_equations_and_decode_to_the_boxes(weights):
    generator = np.random.default_rng(1)
    boxes, anchors = draw_boxes(generator, 9), draw_boxes(generator, 9)
    codes = ops.convert_to_numpy(
        detection.encode_boxes(boxes, anchors, weights)
    )
    for box, anchor, code in zip(boxes, anchors, codes, strict=True):
        width, height = anchor[2] - anchor[0], anchor[3] - anchor[1]
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        x_a, y_a = (anchor[0] + anchor[2]) / 2, (anchor[1] + anchor[3]) / 2
        expected = [
            weights[0] * (x - x_a) / width,
            weights[1] * (y - y_a) / height,
            weights[2] * np.log((box[2] - box[0]) / width),
            weights[3] * np.log((box[3] - box[1]) / height),
        ]
        np.testing.assert_allclose(code, expected, rtol=1e-3, atol=1e-4)
    found = detection.decode_boxes(codes, anchors, weights)
    np.testing.assert_allclose(ops.convert_to_numpy(found), boxes, atol=1e-3)


def test_a_large_code_gives_a_large_box_not_an_infinite_one():
    anchor = np.array([[0, 0, 16, 16]], "float32")
    codes = np.array([[0, 0, 1e9, 5 * LARGEST]], "float32")
    found = ops.convert_to_numpy(detection.decode_boxes(codes, anchor))
    np.testing.assert_allclose(found, [[-492, -492, 508, 508]], rtol=1e-5)


def test_boxes_are_clipped_to_height_and_width():
    boxes = np.array([[-3, -2, 70, 70], [1, 2, 3, 4]], "float32")
    found = ops.convert_to_numpy(detection.clip_boxes(boxes, (40, 60)))
    assert found.tolist() == [[0, 0, 60, 40], [1, 2, 3, 4]]
