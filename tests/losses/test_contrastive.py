"""Losses of pairs and triplets, compared with loops over them in NumPy."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers import losses
from keras_papers.losses.contrastive import (
    DISTANCES,
    MININGS,
    semi_hard_negatives,
)
from tests.support.gradients import gradient, numerical_gradient

contract = pytest.mark.contract  # values and edges; gradients by one backend

LABELS = np.array([0, 1, 0, 2, 1, 0, 3, 2, 2, 0])


def drawn(*shape, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=shape).astype("float32")


def distance(x, y, kind):
    if kind == "cosine":
        return 1 - x @ y / np.sqrt((x @ x) * (y @ y))
    squared = np.square(x - y).sum()
    return squared if kind == "squared_euclidean" else np.sqrt(squared)


def triplets(distances, labels, mining):
    """Yields the distances of each triplet that counts, with its anchor."""
    everyone = range(len(labels))
    for anchor in everyone:
        row = distances[anchor]
        same = [i for i in everyone if labels[i] == labels[anchor]]
        positives = [row[i] for i in same if i != anchor]
        negatives = [row[i] for i in everyone if i not in same]
        if not positives or not negatives:
            continue
        if mining == "batch_hard":
            yield anchor, max(positives), min(negatives)
            continue
        for positive in positives:
            farther = [each for each in negatives if each > positive]
            negative = min(farther) if farther else max(negatives)
            yield anchor, positive, negative


def penalty(difference, margin):
    if margin == "soft":
        return np.log1p(np.exp(difference))
    return max(0, difference + margin)


@contract
@pytest.mark.parametrize("mining", MININGS)
@pytest.mark.parametrize("kind", DISTANCES)
@pytest.mark.parametrize("margin", [0.5, "soft"])
def test_triplets_are_those_of_a_loop(mining, kind, margin):
    embeddings = drawn(10, 3)
    distances = np.array(
        [[distance(x, y, kind) for y in embeddings] for x in embeddings]
    )
    expected, number = np.zeros(10), 0
    for anchor, positive, negative in triplets(distances, LABELS, mining):
        expected[anchor] += penalty(positive - negative, margin)
        number += 1
    loss = losses.TripletLoss(margin, mining, kind, reduction=None)
    found = ops.convert_to_numpy(loss(LABELS, embeddings))
    assert expected.max() > 0.3
    np.testing.assert_allclose(
        found, expected * 10 / number, rtol=1e-4, atol=1e-5
    )
    mean = losses.TripletLoss(margin, mining, kind)(LABELS, embeddings)
    np.testing.assert_allclose(float(mean), expected.sum() / number, rtol=1e-4)


@contract
def test_semi_hard_negatives_are_farther_than_the_positive_at_ties_too():
    distances = np.round(4 * np.abs(drawn(10, 10)))
    negative = LABELS[:, None] != LABELS
    indices = semi_hard_negatives(ops.array(distances), ops.array(negative))
    indices = ops.convert_to_numpy(indices)
    for anchor, positive in np.ndindex(10, 10):
        negatives = distances[anchor][negative[anchor]]
        farther = negatives[negatives > distances[anchor, positive]]
        expected = farther.min() if farther.size else negatives.max()
        index = indices[anchor, positive]
        assert negative[anchor, index]
        assert distances[anchor, index] == expected
    assert len(np.unique(distances)) < 12


@pytest.mark.parametrize("mining", MININGS)
@pytest.mark.parametrize("kind", DISTANCES)
def test_gradients_of_triplets_are_finite_differences(mining, kind):
    loss = losses.TripletLoss("soft", mining, kind)
    embeddings = drawn(10, 3)
    found = gradient(lambda x: loss(LABELS, x), embeddings)
    expected = numerical_gradient(lambda x: loss(LABELS, x), embeddings)
    assert np.abs(expected).max() > 0.02
    np.testing.assert_allclose(found, expected, atol=1e-3)


@contract
@pytest.mark.parametrize("mining", MININGS)
@pytest.mark.parametrize(
    "labels",
    [[3, 3, 3, 3], [0, 1, 2, 3], [5]],
    ids=["one class", "no positives", "one example"],
)
def test_a_batch_without_triplets_has_no_loss_and_no_gradient(mining, labels):
    loss = losses.TripletLoss(0.2, mining, "euclidean")
    embeddings = drawn(len(labels), 3)
    assert float(ops.sum(loss(labels, embeddings))) == 0
    found = gradient(lambda x: loss(labels, x), embeddings)
    np.testing.assert_array_equal(found, 0 * embeddings)


@pytest.mark.parametrize("mining", MININGS)
@pytest.mark.parametrize("kind", DISTANCES)
def test_equal_embeddings_cost_the_margin_and_have_a_finite_gradient(
    mining, kind
):
    loss = losses.TripletLoss(0.2, mining, kind)
    embeddings = np.ones((10, 3), "float32")
    np.testing.assert_allclose(float(loss(LABELS, embeddings)), 0.2, rtol=1e-5)
    assert np.isfinite(gradient(lambda x: loss(LABELS, x), embeddings)).all()


def test_distances_keep_their_digits_far_from_0():
    embeddings = drawn(10, 3)
    near = losses.TripletLoss()(LABELS, embeddings)
    far = losses.TripletLoss()(LABELS, embeddings + 1000)
    np.testing.assert_allclose(float(far), float(near), rtol=1e-3)


def test_labels_may_have_an_axis_more_and_examples_a_weight():
    embeddings = drawn(10, 3)
    loss = losses.TripletLoss()
    unreduced = ops.convert_to_numpy(
        losses.triplet_loss(LABELS, embeddings, mining="batch_hard")
    )
    weights = np.arange(10) % 2
    hard = losses.TripletLoss(mining="batch_hard")
    np.testing.assert_allclose(
        float(hard(LABELS[:, None], embeddings, weights)),
        (unreduced * weights).mean(),
        rtol=1e-5,
    )
    assert float(loss(LABELS, embeddings)) != float(hard(LABELS, embeddings))


# InfoNCE


def cross_entropies(logits, masked=()):
    logits = logits.copy()
    for pair in masked:
        logits[pair] = -np.inf
    exponentials = np.exp(logits)
    return -np.log(np.diagonal(exponentials) / exponentials.sum(1))


def cosines(x, y):
    return (
        x @ y.T / np.linalg.norm(x, axis=1)[:, None] / np.linalg.norm(y, axis=1)
    )


@contract
@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("masks", [False, True])
def test_info_nce_is_the_cross_entropy_of_finding_the_other_view(
    symmetric, masks
):
    views = drawn(10, 2, 4)
    logits = cosines(views[:, 0], views[:, 1]) / 0.5
    masked = [
        (i, j)
        for i, j in itertools.permutations(range(10), 2)
        if masks and LABELS[i] == LABELS[j]
    ]
    expected = cross_entropies(logits, masked)
    if symmetric:
        expected = (expected + cross_entropies(logits.T, masked)) / 2
    loss = losses.InfoNCE(0.5, symmetric, masks, reduction=None)
    found = ops.convert_to_numpy(loss(LABELS, views))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("symmetric", [False, True])
def test_gradients_of_info_nce_are_finite_differences(symmetric):
    views = drawn(10, 2, 4)
    loss = losses.InfoNCE(0.5, symmetric, True)
    found = gradient(lambda x: 10 * loss(LABELS, x), views)
    expected = numerical_gradient(lambda x: 10 * loss(LABELS, x), views)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-2)


def test_info_nce_of_a_queue_is_that_of_moco():
    queries, keys, queue = drawn(3, 4), drawn(3, 4, seed=1), drawn(7, 4, seed=2)
    own = np.diagonal(cosines(queries, keys)) / 0.07
    others = cosines(queries, queue) / 0.07
    expected = np.log(1 + np.exp(others - own[:, None]).sum(1))
    found = losses.info_nce_loss(queries, keys, queue, temperature=0.07)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-4)
    found = losses.info_nce_loss(queries, keys, temperature=0.2)
    expected = cross_entropies(cosines(queries, keys) / 0.2)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-4)


@contract
def test_info_nce_of_equal_embeddings_is_that_of_chance():
    loss = losses.InfoNCE()
    np.testing.assert_allclose(
        float(loss(LABELS, np.ones((10, 2, 4)))), np.log(10), rtol=1e-5
    )
    assert float(loss([0], drawn(1, 2, 4))) == 0  # no negatives
    zeros = np.zeros((10, 2, 4), "float32")
    assert np.isfinite(gradient(lambda x: loss(LABELS, x), zeros)).all()


# BPR


def test_bpr_is_the_mean_over_all_pairs_of_each_user():
    labels = np.array([[1, 0, 0, 1], [0, 0, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    scores = drawn(4, 4) * 3
    expected, number = np.zeros(4), 0
    for user, i, j in itertools.product(range(4), repeat=3):
        if labels[user, i] == 1 and labels[user, j] == 0:
            difference = scores[user, i] - scores[user, j]
            expected[user] += np.log1p(np.exp(-difference))
            number += 1
    assert number == 4 + 3
    loss = losses.BPRLoss(reduction=None)
    found = ops.convert_to_numpy(loss(labels, scores))
    np.testing.assert_allclose(found, expected * 4 / number, rtol=1e-4)
    found = gradient(lambda x: loss(labels, x), scores)
    expected = numerical_gradient(lambda x: loss(labels, x), scores)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-2)


@contract
def test_bpr_is_the_logit_margin_of_the_difference_and_keeps_large_ones():
    positive, negative = drawn(6), drawn(6, seed=1)
    found = ops.convert_to_numpy(losses.bpr_loss(positive, negative))
    expected = losses.LogitMarginLoss().value(ops.array(positive - negative))
    np.testing.assert_allclose(found, ops.convert_to_numpy(expected), rtol=1e-5)
    far = losses.bpr_loss(np.float32([-1e4, 1e4]), np.float32([1e4, -1e4]))
    assert ops.convert_to_numpy(far).tolist() == [2e4, 0]
    nothing = losses.BPRLoss()(np.ones((1, 3)), drawn(1, 3))
    assert float(nothing) == 0


# All


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.TripletLoss(0), "`margin` is how much nearer"),
        (lambda: losses.TripletLoss(mining="hard"), "Received: mining='hard'"),
        (lambda: losses.TripletLoss(distance="l2"), "Received: distance='l2'"),
        (lambda: losses.InfoNCE(-1), "`temperature` is what similarities"),
        (
            lambda: losses.TripletLoss()([1], np.ones((1, 2, 3))),
            r"of shape \(batch, dim\). Received: y_pred.shape=\(1, 2, 3\)",
        ),
        (
            lambda: losses.InfoNCE()([1], np.ones((1, 3))),
            r"\(batch, 2, dim\). Received: y_pred.shape=\(1, 3\)",
        ),
        (
            lambda: losses.TripletLoss()(np.eye(3), np.ones((3, 2))),
            r"`y_true`.*\(3, 3\) for 3 examples.*argmax of one-hot",
        ),
        (
            lambda: losses.triplet_loss(np.ones(2), np.ones((3, 2))),
            r"`y_true`.*\(2,\) for 3 examples",
        ),
        (
            lambda: losses.InfoNCE(mask_same_labels=True)(
                np.eye(3), np.ones((3, 2, 2))
            ),
            r"`y_true`.*\(3, 3\) for 3 examples",
        ),
        (
            lambda: losses.InfoNCE(mask_same_labels=True)(
                np.ones(2), np.ones((3, 2, 2))
            ),
            r"`y_true`.*\(2,\) for 3 examples",
        ),
        (
            lambda: losses.InfoNCE(symmetric="no"),
            "`symmetric`.*symmetric='no'.*True or",
        ),
        (
            lambda: losses.InfoNCE(mask_same_labels=1),
            "`mask_same_labels`.*mask_same_labels=1",
        ),
        (
            lambda: losses.BPRLoss()([1, 0], [2.0, 1.0]),
            r"\(batch, items\). Received: y_true.shape=\(2,\)",
        ),
        (
            lambda: losses.BPRLoss()([[1, 0, 0]], [[2.0, 1.0]]),
            r"Received: y_true.shape=\(1, 3\), y_pred.shape=\(1, 2\)",
        ),
    ],
)
def test_bad_arguments_and_shapes_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


FITTED = {
    "semi-hard": (losses.TripletLoss(0.5, distance="euclidean"), (8,)),
    "batch-hard": (losses.TripletLoss("soft", "batch_hard"), (8,)),
    "InfoNCE": (losses.InfoNCE(0.5, False, True), (2, 4)),
    "BPR": (losses.BPRLoss(), (8,)),
}


@contract
@pytest.mark.parametrize("name", FITTED)
def test_fit_learns_in_mixed_precision_and_the_model_is_saved(name, tmp_path):
    loss, shape = FITTED[name]
    keras.utils.set_random_seed(0)
    policy = keras.DTypePolicy("mixed_bfloat16")
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(8, dtype=policy),
            keras.layers.Reshape(shape, dtype=policy),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), loss)
    x = drawn(32, 6)
    y = (x[:, 0] > 0).astype("int32")
    if name == "BPR":
        y = np.eye(8)[y]
    before = model.evaluate(x, y, batch_size=16, verbose=0)
    model.fit(x, y, batch_size=16, epochs=8, verbose=0)
    after = model.evaluate(x, y, batch_size=16, verbose=0)
    assert after < 0.85 * before
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.loss) is type(loss)
    assert loaded.loss.get_config() == loss.get_config()
