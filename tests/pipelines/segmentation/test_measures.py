"""How far predicted masks agree with true ones."""

import numpy as np
import pytest
from sklearn.metrics import jaccard_score

from keras_papers.pipelines.segmentation.measures import (
    Masks,
    bilinear,
    class_ious,
    classes_at,
    confusion_of,
)


def random_masks(seed=0, classes=4):
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, classes, (30, 40))
    predicted = np.where(
        generator.random((30, 40)) < 0.6,
        truth,
        generator.integers(0, classes, (30, 40)),
    )
    return truth, predicted


def test_ious_are_those_of_scikit_learn():
    truth, predicted = random_masks()
    confusion = confusion_of(truth, predicted, 4)
    expected = jaccard_score(truth.ravel(), predicted.ravel(), average=None)
    np.testing.assert_allclose(class_ious(confusion), expected)
    found = Masks(confusion, np.array([]))
    assert found.mean_iou == pytest.approx(expected.mean())
    assert found.accuracy == pytest.approx(np.mean(truth == predicted))


def test_ignored_pixels_are_not_counted():
    truth, predicted = random_masks()
    ignored = truth.copy()
    ignored[:10] = 255
    np.testing.assert_array_equal(
        confusion_of(ignored, predicted, 4),
        confusion_of(truth[10:], predicted[10:], 4),
    )
    none = np.full(truth.shape, 255)
    assert confusion_of(none, predicted, 4).sum() == 0


def test_classes_that_do_not_occur_are_left_out_of_the_mean():
    truth, predicted = random_masks(classes=3)
    confusion = confusion_of(truth, predicted, 5)
    assert np.isnan(class_ious(confusion)[3:]).all()
    found = Masks(confusion, np.array([]))
    assert found.mean_iou == pytest.approx(class_ious(confusion)[:3].mean())


def test_the_guess_is_that_of_the_commonest_class():
    truth = np.array([[0, 0, 0, 1]])
    found = Masks(confusion_of(truth, truth, 2), np.array([]))
    assert found.mean_iou == 1
    assert found.guessed_iou == pytest.approx((3 / 4 + 0) / 2)


@pytest.mark.parametrize("size", [(11, 20), (31, 7), (8, 12), (5, 5)])
def test_resizing_is_that_of_tensorflow(size):
    tensorflow = pytest.importorskip("tensorflow")
    values = np.random.default_rng(0).normal(size=(8, 12, 3))
    values = values.astype("float32")
    expected = tensorflow.image.resize(values, size).numpy()
    np.testing.assert_allclose(bilinear(values, size), expected, atol=1e-5)
    np.testing.assert_array_equal(classes_at(values, size).shape, size)
