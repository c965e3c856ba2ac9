"""The Dice loss, compared with Keras' and with a loop in NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers import losses

pytestmark = pytest.mark.contract


def drawn(classes=3):
    """Returns labels and logits; the last image does not show class 2."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, classes, (3, 4, 5))
    labels[-1] %= 2
    labels[:, 0] = 255
    logits = generator.normal(size=(3, 4, 5, classes)).astype("float32")
    return labels, logits


def shares_of(logits):
    powers = np.exp(logits.astype("float64"))
    return powers / powers.sum(-1, keepdims=True)


def test_the_loss_is_the_mean_of_the_classes_of_each_image():
    labels, logits = drawn()
    loss = losses.SparseCategoricalDice(True, 255, reduction=None)
    found = ops.convert_to_numpy(loss(labels, logits))
    shares, expected = shares_of(logits), []
    for image in range(3):
        each = []
        for kind in np.unique(labels[image, 1:]):
            truth = labels[image, 1:] == kind
            mine = shares[image, 1:, :, kind]
            both = 2 * mine[truth].sum()
            each.append(1 - both / (truth.sum() + mine.sum()))
        expected.append(np.mean(each))
    assert len(each) == 2 and min(expected) > 0.3
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    # Labels may have an axis of one, and images their weights.
    mean = loss.from_config({**loss.get_config(), "reduction": "sum"})
    weighted = mean(labels[..., None], logits, [2.0, 0.0, 1.0])
    expected = 2 * expected[0] + expected[2]
    assert float(weighted) == pytest.approx(expected, rel=1e-5)


def test_of_each_class_it_is_the_dice_loss_of_keras():
    labels, logits = (each[:2, 1:] for each in drawn())
    shares = shares_of(logits).astype("float32")
    found = losses.SparseCategoricalDice(reduction=None)(labels, shares)
    theirs = [
        keras.losses.dice(
            (labels == kind).astype("float32"), shares[..., kind], axis=(1, 2)
        )
        for kind in range(3)
    ]
    theirs = np.mean([ops.convert_to_numpy(each) for each in theirs], axis=0)
    np.testing.assert_allclose(ops.convert_to_numpy(found), theirs, rtol=1e-5)


def test_images_without_a_pixel_that_counts_cost_nothing():
    labels, logits = drawn()
    loss = losses.SparseCategoricalDice(True, ignore_class=255)
    assert float(loss(np.full_like(labels, 255), logits)) == 0


@pytest.mark.parametrize("label", [-1, 3, 255])
def test_a_label_that_is_no_class_gives_nan(label):
    labels, logits = drawn()
    labels[:, 0], labels[1, 2, 2] = 0, label
    loss = losses.SparseCategoricalDice(True, reduction=None)
    is_nan = np.isnan(ops.convert_to_numpy(loss(labels, logits)))
    assert is_nan.tolist() == [False, True, False]
    ignoring = losses.SparseCategoricalDice(True, label)
    assert np.isfinite(float(ignoring(labels, logits)))


@pytest.mark.parametrize(
    ("labels", "outputs", "message"),
    [
        ((1, 4, 4), (1, 1, 4, 3), r"y_true.shape=\(1, 4, 4\), .*Resize"),
        ((1, 4, 4, 1), (1, 4, 2, 3), r"y_pred.shape=\(1, 4, 2, 3\)"),
        ((1, 4, 4, 3), (1, 4, 4, 3), "the argmax of one-hot labels"),
        ((2, 4), (2, 4, 4, 3), "class of each pixel"),
        ((1, 4, 4), (1, 4, 4, 1), r"keras.losses.Dice"),
    ],
)
def test_labels_without_outputs_of_classes_are_refused(
    labels, outputs, message
):
    loss = losses.SparseCategoricalDice()
    with pytest.raises(ValueError, match=message):
        loss(np.zeros(labels, int), np.ones(outputs, "float32"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"from_logits": "no"}, "`from_logits`.*'no'"),
        ({"ignore_class": "void"}, "`ignore_class`.*'void'"),
        ({"ignore_class": True}, "`ignore_class`.*True"),
        ({"ignore_class": 0.5}, "`ignore_class`.*0.5"),
    ],
)
def test_bad_arguments_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        losses.SparseCategoricalDice(**arguments)
    loss = losses.SparseCategoricalDice(ignore_class=np.int64(255))
    assert type(loss.get_config()["ignore_class"]) is int
