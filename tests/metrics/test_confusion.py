"""Intersection over union against loops over pixels, and as a metric of fit."""

import math

import keras
import numpy as np
import pytest

from keras_papers.metrics import (
    ConfusionMatrix,
    MeanIoU,
    confusion,
    label_map,
)

CLASSES = 5
pytestmark = pytest.mark.contract


def drawn(size=(12, 16), rows=(12, 16)):
    """Draws logits, and labels that lack class 4; some are ignored."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 4, (3, *size))
    labels[:, :2] = 255
    logits = generator.normal(size=(3, *rows, CLASSES)).astype("float32")
    logits[..., 4] -= 9
    return labels, logits


def by_loops(labels, predictions):
    """Returns the IoU of each class that occurs, by sets of pixels."""
    pixels = [p for p in np.ndindex(labels.shape) if labels[p] != 255]
    found = []
    for number in range(CLASSES):
        there = {p for p in pixels if labels[p] == number}
        taken = {p for p in pixels if predictions[p] == number}
        if there | taken:
            found.append(len(there & taken) / len(there | taken))
    return found


def test_the_mean_is_over_the_classes_that_occur():
    labels, logits = drawn()
    expected = by_loops(labels, logits.argmax(-1))
    assert len(expected) == 4 and np.std(expected) > 0.001
    matrix = ConfusionMatrix(CLASSES)
    for image, prediction in zip(labels, logits.argmax(-1), strict=True):
        matrix.update_state(image, prediction)
    assert matrix.result().mean_iou == pytest.approx(np.mean(expected))
    np.testing.assert_allclose(matrix.iou[:4], expected)
    assert math.isnan(matrix.iou[4])
    right = (labels == logits.argmax(-1)) & (labels != 255)
    counted = (labels != 255).sum()
    assert matrix.matrix.sum() == counted
    assert matrix.result().pixel_accuracy == right.sum() / counted
    assert matrix.result().mean_accuracy == pytest.approx(
        np.mean([right[labels == n].mean() for n in range(4)])
    )
    metric = MeanIoU(CLASSES)
    metric.update_state(labels, logits)
    assert float(metric.result()) == pytest.approx(np.mean(expected), rel=1e-5)


def test_logits_are_resized_before_they_are_compared():
    """In NumPy: half of each neighbor between, by the distances."""
    logits = np.array([[[[0.0, 0.4], [1.0, 0.0]]]], "float32")
    # At places 0, 1/4, 3/4 and 1 between the two pixels.
    first, second = logits[0, 0]
    between = [first + share * (second - first) for share in (0, 0.25, 0.75, 1)]
    expected = np.argmax(between, axis=-1)
    assert expected.tolist() == [1, 1, 0, 0]
    np.testing.assert_array_equal(label_map(logits, (1, 4))[0, 0], expected)
    labels, logits = drawn(rows=(3, 4))
    coarse = np.repeat(np.repeat(logits.argmax(-1), 4, 1), 4, 2)
    fine = label_map(logits, labels.shape[1:])
    assert (fine != coarse).any()
    metric = MeanIoU(CLASSES)
    metric.update_state(labels, logits)
    assert float(metric.result()) == pytest.approx(
        np.mean(by_loops(labels, fine)), rel=1e-5
    )


@pytest.mark.contract
def test_a_label_map_is_the_same_if_few_classes_are_resized_at_once(
    monkeypatch,
):
    logits = np.random.default_rng(0).normal(size=(2, 3, 4, 7))
    whole = label_map(logits, (9, 11))
    assert len(np.unique(whole)) == 7
    monkeypatch.setattr(confusion, "AT_ONCE", 2 * 9 * 11 * 3)
    np.testing.assert_array_equal(label_map(logits, (9, 11)), whole)
    monkeypatch.setattr(confusion, "AT_ONCE", 1)
    np.testing.assert_array_equal(label_map(logits, (9, 11)), whole)


def test_fit_and_evaluate_measure_it():
    labels, logits = drawn(rows=(3, 4))
    model = keras.Sequential([keras.Input((3, 4, CLASSES))])
    model.add(keras.layers.Activation("linear"))
    model.compile(
        loss=lambda labels, logits: keras.ops.mean(logits),
        metrics=[MeanIoU(CLASSES)],
    )
    logs = model.evaluate(
        logits, labels, batch_size=2, verbose=0, return_dict=True
    )
    fine = label_map(logits, labels.shape[1:])
    assert logs["mean_iou"] == pytest.approx(
        np.mean(by_loops(labels, fine)), rel=1e-5
    )


def test_nothing_counted_is_no_score():
    matrix = ConfusionMatrix(3)
    matrix.update_state(np.full((2, 2), 255), np.zeros((2, 2), int))
    assert all(math.isnan(score) for score in matrix.result())
    metric = MeanIoU(3)
    metric.update_state(np.full((1, 2, 2), 255), np.zeros((1, 2, 2, 3)))
    assert float(metric.result()) == 0  # as Keras' own


def test_images_may_have_weights():
    labels, logits = drawn()
    metric, double = MeanIoU(CLASSES), MeanIoU(CLASSES)
    metric.update_state(labels, logits, np.array([2.0, 0.0, 1.0]))
    for image in (0, 0, 2):
        double.update_state(labels[[image]], logits[[image]])
    assert float(metric.result()) == pytest.approx(float(double.result()))


def test_a_metric_is_saved_with_its_arguments():
    metric = MeanIoU(3, ignore_class=11, name="iou")
    config = keras.saving.serialize_keras_object(metric)
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is MeanIoU
    assert again.get_config() == metric.get_config()
    assert (again.num_classes, again.ignore_class) == (3, 11)


def test_bad_input_is_explained():
    matrix = ConfusionMatrix(3)
    with pytest.raises(ValueError, match="`labels`.*0 to 2.*with 3"):
        matrix.update_state([[0, 3]], [[0, 0]])
    with pytest.raises(ValueError, match="`predictions`.*with -1"):
        matrix.update_state([[0, 2]], [[0, -1]])
    with pytest.raises(ValueError, match=r"\(1, 2\).*\(1, 3\).*label_map"):
        matrix.update_state([[0, 2, 1]], [[0, 1]])
    for kind in (ConfusionMatrix, MeanIoU):
        with pytest.raises(ValueError, match="`classes`.*classes=0"):
            kind(0)
