"""Non-maximum suppression, compared with a greedy loop."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.applications import detection
from keras_papers.applications.detection import Suppression
from tests.applications.detection.overlaps import draw_boxes, greedy

contract = pytest.mark.contract


def drawn(seed, batch=2, number=60, classes=3):
    generator = np.random.default_rng(seed)
    scores = generator.uniform(0, 1, (batch, number, classes))
    return draw_boxes(generator, batch, number), scores.astype("float32")


def found_by(*args, **keywords):
    found = detection.best_boxes(*args, **keywords)
    return {name: ops.convert_to_numpy(value) for name, value in found.items()}


def expected_of(boxes, scores, candidates, iou_threshold):
    """Lists (score, class, box) of the boxes of an image that remain."""
    remaining = []
    for number, column in enumerate(scores.T):
        order = np.argsort(-column)[:candidates]
        order = order[column[order] > 0.3]
        for place in greedy(boxes[order], iou_threshold):
            box = order[place]
            remaining.append((column[box], number, tuple(boxes[box])))
    return sorted(remaining, reverse=True)


@contract
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.6, 1.0])
def test_the_boxes_that_remain_are_those_of_a_greedy_loop(threshold):
    boxes, _ = drawn(0, batch=3)
    is_valid = np.ones((3, 60), bool)
    is_valid[2, 40:] = False
    found = ops.convert_to_numpy(
        detection.kept_boxes(boxes, is_valid, threshold)
    )
    for image, valid in enumerate((60, 60, 40)):
        kept = greedy(boxes[image, :valid], threshold)
        assert np.flatnonzero(found[image]).tolist() == kept
    assert found.sum() < 160 or threshold == 1


def test_a_long_chain_of_boxes_is_settled():
    """Each removes the next one only, so that every other box remains."""
    x = np.arange(50) * 4.0
    boxes = np.stack([x, 0 * x, x + 10, 0 * x + 1], axis=1)
    found = detection.kept_boxes(boxes, np.ones(50, bool), 0.4)
    kept = ops.convert_to_numpy(found).tolist()
    assert kept == [True, False] * 25


@contract
@pytest.mark.parametrize("candidates", [20, 60, None])
def test_boxes_remove_those_of_their_class(candidates):
    boxes, scores = drawn(1)
    rule = Suppression(0.3, 0.4, candidates, 40)
    found = found_by(boxes, scores, rule)
    for image in range(2):
        expected = expected_of(boxes[image], scores[image], candidates, 0.4)
        expected = expected[:40]
        number = found["counts"][image]
        assert number == len(expected) > 10
        for place, (score, kind, box) in enumerate(expected):
            assert found["scores"][image, place] == score
            assert found["classes"][image, place] == kind
            assert tuple(found["boxes"][image, place]) == box
        assert (found["classes"][image, number:] == -1).all()
        assert not found["scores"][image, number:].any()
        assert not found["boxes"][image, number:].any()


@contract
def test_boxes_of_all_classes_remove_one_another_where_that_is_wanted():
    boxes, scores = drawn(2, batch=1)
    rule = Suppression(0.3, 0.4)
    found = found_by(boxes, scores, rule._replace(per_class=False))
    best = scores[0].max(axis=1)
    order = np.argsort(-best)
    order = order[best[order] > 0.3]
    kept = order[greedy(boxes[0, order], 0.4)]
    assert found["counts"].tolist() == [len(kept)]
    np.testing.assert_array_equal(
        found["boxes"][0, : len(kept)], boxes[0, kept]
    )
    kinds = scores[0, kept].argmax(axis=1)
    assert found["classes"][0, : len(kept)].tolist() == kinds.tolist()
    per_class = found_by(boxes, scores, rule)
    assert per_class["counts"][0] > len(kept)


@contract
def test_a_box_of_the_very_threshold_takes_part():
    """As in the operation of files and in the task library."""
    boxes, scores = drawn(3, batch=1, classes=1)
    best = float(scores.max())
    found = found_by(boxes, scores, Suppression(best))
    assert found["counts"].tolist() == [1]
    assert found["scores"][0, 0] == np.float32(best)


@contract
def test_no_score_above_the_threshold_gives_no_box():
    boxes, scores = drawn(3)
    found = found_by(boxes, scores, Suppression(1.0))
    assert found["counts"].tolist() == [0, 0]
    assert found["classes"].shape == (2, 200)
    assert (found["classes"] == -1).all()


@contract
def test_a_graph_has_static_shapes_but_for_the_batch():
    rule = Suppression(max_detections=7)

    class BestBoxes(keras.layers.Layer):
        def call(self, inputs):
            return detection.best_boxes(*inputs, rule)

    inputs = [keras.Input((60, 4)), keras.Input((60, 3))]
    outputs = BestBoxes()(inputs)
    model = keras.Model(inputs, outputs)
    shapes = {name: tensor.shape for name, tensor in outputs.items()}
    assert shapes == {
        "boxes": (None, 7, 4),
        "scores": (None, 7),
        "classes": (None, 7),
        "counts": (None,),
    }
    boxes, scores = drawn(4, batch=5)
    found = model.predict([boxes, scores], batch_size=2, verbose=0)
    expected = found_by(boxes, scores, rule)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)


@pytest.mark.parametrize(
    "values, message",
    [
        (50, r"`suppression` is which.*suppression=50. Pass Suppression\("),
        ([0.1] * 6, "`suppression` is which"),
        (Suppression(50), "`score_threshold` .*Received: score_threshold=50"),
        (Suppression(score_threshold=np.nan), "`score_threshold`"),
        (Suppression(iou_threshold=-0.1), "`iou_threshold` is a threshold"),
        (Suppression(iou_threshold=True), "`iou_threshold`"),
        (Suppression(candidates=0), "`candidates` .*candidates=0"),
        (Suppression(max_detections=None), "`max_detections`"),
        (Suppression(per_class=1), "`per_class`"),
    ],
)
def test_a_rule_out_of_range_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Suppression.checked(values)


def test_numbers_of_numpy_become_those_of_python():
    found = Suppression.checked([np.float32(0.1), 0, None, np.int64(3)])
    assert found == (0.1, 0, None, 3, True)
    assert type(found) is Suppression and type(found.max_detections) is int
