"""Which object an anchor is matched with, compared with loops."""

import numpy as np
import pytest
from keras import ops

from keras_papers.applications import detection

pytestmark = pytest.mark.contract
# Three objects and one row that pads, which no anchor is matched with.
OVERLAPS = np.array(
    [
        [0.6, 0.4, 0.1, 0.0, 0.3, 0.3],
        [0.2, 0.4, 0.7, 0.0, 0.1, 0.4],
        [0.1, 0.3, 0.1, 0.0, 0.2, 0.3],
        [-1.0] * 6,
    ],
    "float32",
)


def numpy_of(match):
    return ops.convert_to_numpy(match)


def test_an_anchor_has_the_object_with_the_largest_overlap():
    found = numpy_of(detection.match(OVERLAPS[None], 0.5))
    assert found.tolist() == [[0, -1, 1, -1, -1, -1]]
    found = numpy_of(detection.match(OVERLAPS[None], 0.7, 0.3))
    assert found.tolist() == [[-2, -2, 1, -1, -2, -2]]


def test_the_best_anchors_of_an_object_have_their_own_best_object():
    found = numpy_of(detection.match(OVERLAPS[None], 0.7, 0.3, keep_best=True))
    # Of the third object anchors 1 and 5 are the best; the first object
    # overlaps one of them more, the second the other.
    assert found.tolist() == [[0, 0, 1, -1, -2, 1]]


def test_each_object_has_an_anchor_in_ssd():
    found = numpy_of(detection.match_each_object(OVERLAPS[None]))
    assert found.tolist() == [[0, 2, 1, -1, -1, -1]]


def test_the_last_of_two_objects_has_their_best_anchor():
    overlaps = np.array([[[0.2, 0.4], [0.1, 0.3], [-1, -1]]], "float32")
    found = numpy_of(detection.match_each_object(overlaps))
    assert found.tolist() == [[-1, 1]]


@pytest.mark.parametrize("seed", range(3))
def test_ssds_matches_are_those_of_a_loop(seed):
    generator = np.random.default_rng(seed)
    overlaps = generator.uniform(0, 0.7, (4, 5, 30)).astype("float32")
    sizes = (5, 3, 1, 0)
    for image, size in enumerate(sizes):
        overlaps[image, size:] = -1
    expected = np.full((4, 30), -1)
    for image, size in enumerate(sizes):
        for anchor in range(30 * bool(size)):
            best = overlaps[image, :, anchor].argmax()
            if overlaps[image, best, anchor] >= 0.5:
                expected[image, anchor] = best
        for number in range(size):
            expected[image, overlaps[image, number].argmax()] = number
    found = numpy_of(detection.match_each_object(overlaps))
    assert (expected[3] == -1).all() and (expected[0] > 0).any()
    np.testing.assert_array_equal(found, expected)
