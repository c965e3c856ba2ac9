"""Losses of detectors, compared with loops over anchors in NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers import losses
from keras_papers.losses.detection import hardest, smooth_l1
from tests.support.gradients import gradient, numerical_gradient

contract = pytest.mark.contract


def drawn(columns, batch=3, anchors=20):
    """Returns targets and outputs; the last image has no object."""
    generator = np.random.default_rng(0)
    labels = generator.choice([-1, 0, 0, 0, 0, 1, 2], (batch, anchors))
    labels[-1] = 0
    draw = generator.normal
    targets = {"labels": labels, "boxes": draw(size=(batch, anchors, 4))}
    outputs = {
        "scores": draw(size=(batch, anchors, columns)).astype("float32"),
        "boxes": draw(size=(batch, anchors, 4)).astype("float32"),
    }
    return targets, outputs


def box_loss(targets, outputs):
    """Returns the sum over the anchors with object."""
    total = 0.0
    for index in np.argwhere(targets["labels"] > 0):
        index = tuple(index)
        for error in outputs["boxes"][index] - targets["boxes"][index]:
            size = abs(error)
            total += 0.5 * size**2 if size < 1 else size - 0.5
    return total


def cross_entropies(labels, logits):
    logits = logits.astype("float64")
    normal = np.log(np.exp(logits).sum(axis=-1))
    chosen = np.take_along_axis(
        logits, np.maximum(labels, 0)[..., None], axis=-1
    )
    return normal - chosen[..., 0]


@contract
@pytest.mark.parametrize("ratio", [1, 3])
def test_three_negatives_count_for_each_anchor_with_object(ratio):
    targets, outputs = drawn(3)
    labels = targets["labels"]
    entropies = cross_entropies(labels, outputs["scores"])
    total = box_loss(targets, outputs)
    for row, losses_of_row in zip(labels, entropies, strict=True):
        total += losses_of_row[row > 0].sum()
        negatives = np.sort(losses_of_row[row == 0])[::-1]
        total += negatives[: ratio * (row > 0).sum()].sum()
    expected = total / (labels > 0).sum()
    found = losses.MultiBoxLoss(ratio)(targets, outputs)
    assert expected > 1
    assert float(found) == pytest.approx(expected, rel=1e-5)


@contract
def test_the_focal_loss_is_that_of_its_equation():
    targets, outputs = drawn(2)
    labels, total = targets["labels"], 0.0
    for index in np.argwhere(labels >= 0):
        for number, logit in enumerate(outputs["scores"][tuple(index)]):
            p = 1 / (1 + np.exp(-float(logit)))
            is_there = labels[tuple(index)] == number + 1
            p_t, weight = (p, 0.75) if is_there else (1 - p, 0.25)
            total -= weight * (1 - p_t) ** 1.5 * np.log(p_t)
    total += box_loss(targets, outputs) / 4
    found = losses.FocalLoss(0.75, 1.5, box_weight=0.25)(targets, outputs)
    assert float(found) == pytest.approx(total / (labels > 0).sum(), rel=1e-5)


@contract
@pytest.mark.parametrize("kind", [losses.MultiBoxLoss, losses.FocalLoss])
def test_a_batch_without_objects_has_a_finite_loss(kind):
    targets, outputs = drawn(3)
    targets["labels"] = np.zeros_like(targets["labels"])
    terms = kind().terms(targets, outputs)
    assert not ops.convert_to_numpy(terms["box_loss"]).any()
    total = float(kind()(targets, outputs))
    # SSD's: no negatives without a positive. The focal loss has them all.
    assert total == 0 if kind is losses.MultiBoxLoss else total > 1


@contract
def test_the_loss_of_the_batch_is_the_mean_of_its_images():
    targets, outputs = drawn(3)
    each = losses.MultiBoxLoss(reduction=None)(targets, outputs)
    assert each.shape == (3,) and float(each[2]) == 0
    whole = losses.MultiBoxLoss()(targets, outputs)
    assert float(whole) == pytest.approx(float(ops.mean(each)), rel=1e-6)


@pytest.mark.parametrize(
    "number, name, message",
    [
        (0, "labels", "`y_true` must name each target of the anchors"),
        (1, "scores", "`y_pred` must name each output of the anchors"),
    ],
)
def test_an_array_that_is_missing_is_named_and_others_may_be_there(
    number, name, message
):
    given = drawn(3)
    more = [{**each, "ids": np.arange(3)} for each in given]
    assert losses.MultiBoxLoss()(*more) == losses.MultiBoxLoss()(*given)
    del given[number][name]
    message += f".*Received: no '{name}', but 'boxes'. Add"
    with pytest.raises(ValueError, match=message):
        losses.MultiBoxLoss()(*given)


@pytest.mark.parametrize("kind", [losses.MultiBoxLoss, losses.FocalLoss])
@pytest.mark.parametrize("part", ["scores", "boxes"])
def test_gradients_are_those_of_differences(kind, part):
    targets, outputs = drawn(3, batch=2, anchors=6)
    targets["labels"][0, :2] = 1, 2

    def loss(x):
        return kind()(targets, {**outputs, part: x})

    found = gradient(loss, outputs[part])
    assert np.abs(found).max() > 0.05
    expected = numerical_gradient(loss, outputs[part])
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_the_hardest_are_candidates_of_their_row():
    values = np.array([[5, 4, 3, 2], [0, 0, 0, 0]], "float32")
    candidates = np.array([[False, True, True, True], [True] * 4])
    found = ops.convert_to_numpy(hardest(values, candidates, [2, 3]))
    assert found[0].tolist() == [False, True, True, False]
    assert found[1].sum() == 3  # of equal ones as many as are to count
    more = ops.convert_to_numpy(hardest(values, candidates, [9, 0]))
    assert more.tolist() == [[False, True, True, True], [False] * 4]


def test_smooth_l1_is_straight_beyond_beta():
    errors = np.array([-2, -1 / 9, 0.0, 1 / 18, 1.0], "float32")
    found = ops.convert_to_numpy(smooth_l1(errors, beta=1 / 9))
    expected = [2 - 1 / 18, 1 / 18, 0, 1 / 72, 1 - 1 / 18]
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    "loss",
    [losses.MultiBoxLoss(2, box_weight=0.5), losses.FocalLoss(0.5, 1.0)],
)
def test_losses_are_made_again_from_their_config(loss):
    config = keras.losses.serialize(loss)
    again = keras.losses.deserialize(config)
    assert again.get_config() == loss.get_config()


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: losses.MultiBoxLoss(0), "negatives_per_positive=0. The paper"),
        (lambda: losses.MultiBoxLoss(box_weight=-1), "box_weight=-1"),
        (lambda: losses.FocalLoss(alpha=1), "`alpha` .*Received: alpha=1"),
        (lambda: losses.FocalLoss(gamma=-1), "`gamma` .*Received: gamma=-1"),
        (lambda: losses.FocalLoss(gamma="two"), "`gamma` .*gamma='two'"),
    ],
)
def test_arguments_out_of_range_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
