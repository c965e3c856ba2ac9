"""Mixtures of logistics: probabilities of levels, and samples."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.applications.generative import LogisticMixtureLoss
from keras_papers.applications.generative.logistic_mixture import (
    LeastScale,
    drawn_amplitude,
)

pytestmark = pytest.mark.contract

# Two logistics: weights .25 and .75, means -.5 and .25, scales .2 and .05.
MIXTURE = np.array(
    [np.log(0.25), np.log(0.75), -0.5, 0.25, np.log(0.2), np.log(0.05)],
    "float32",
)


def cdf(x):
    return 0.25 / (1 + np.exp(-(x + 0.5) / 0.2)) + 0.75 / (
        1 + np.exp(-(x - 0.25) / 0.05)
    )


@pytest.mark.parametrize("num_levels", [16, 256])
def test_the_probabilities_of_all_levels_are_those_of_the_distribution(
    num_levels,
):
    levels = np.linspace(-1, 1, num_levels)
    loss = LogisticMixtureLoss(num_levels, reduction=None)
    nats = ops.convert_to_numpy(
        loss(levels[None], np.tile(MIXTURE, (1, num_levels, 1)))
    )
    edges = levels[:-1] + 1 / (num_levels - 1)
    below = np.concatenate([[0], cdf(edges), [1]])
    assert np.exp(-nats).sum() == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(np.exp(-nats[0]), np.diff(below), atol=1e-5)


def test_a_level_far_from_all_means_has_a_finite_loss():
    loss = LogisticMixtureLoss(num_levels=65536)
    far = ops.array([[[0.0, -0.9, -7.0]]])
    assert 500 < float(loss(np.array([[0.9]]), far)) < 5000


@pytest.mark.parametrize("num_levels", [256, 65536])
@pytest.mark.parametrize("mean", [-1.0, 0.9995, 0.0, 1.5])
@pytest.mark.parametrize("log_scale", [-12.0, -7.0, -1.0])
def test_the_probabilities_of_all_levels_add_up_to_1(
    num_levels, mean, log_scale
):
    levels = np.linspace(-1, 1, num_levels)
    mixture = np.array([0.0, mean, log_scale], "float32")
    loss = LogisticMixtureLoss(num_levels, reduction=None)
    nats = ops.convert_to_numpy(
        loss(levels[None], np.broadcast_to(mixture, (1, num_levels, 3)))
    )
    assert np.exp(-nats.astype("float64")).sum() == pytest.approx(1, abs=2e-3)


def test_the_least_scale_is_clipped_in_the_network():
    outputs = LeastScale(-12.0)(
        ops.array([[3.0, -9.0, -20.0, -20.0, 1.0, -20.0]])
    )
    assert ops.convert_to_numpy(outputs).tolist() == [
        [3.0, -9.0, -20.0, -20.0, 1.0, -12.0]
    ]


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_samples_have_the_distribution(scale):
    generator = np.random.default_rng(0)
    noise = np.concatenate(
        [
            generator.gumbel(size=(20_000, 2)),
            generator.logistic(size=(20_000, 1)),
        ],
        axis=-1,
    ).astype("float32")
    drawn = ops.convert_to_numpy(
        drawn_amplitude(np.tile(MIXTURE, (20_000, 1)), noise, scale)
    )
    assert -1 <= drawn.min() and drawn.max() <= 1
    if scale == 1:
        points = np.array([-0.8, -0.5, -0.2, 0.2, 0.25, 0.3])
        found = (drawn[:, None] < points).mean(0)
        np.testing.assert_allclose(found, cdf(points), atol=0.01)
    else:
        # The odds are squared, and the scales halved.
        right = drawn > 0
        assert right.mean() == pytest.approx(0.9, abs=0.01)
        assert drawn[right].std() == pytest.approx(
            0.025 * np.pi / np.sqrt(3), rel=0.05
        )


def test_the_loss_is_loaded_as_it_was_saved():
    loss = LogisticMixtureLoss(num_levels=256)
    config = keras.saving.serialize_keras_object(loss)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == loss.get_config()
    assert again.num_levels == 256


def test_sounds_of_another_scale_are_named():
    loss, outputs = LogisticMixtureLoss(), np.zeros((1, 2, 3), "float32")
    with pytest.raises(ValueError, match="Received: y_true of int16. Divide"):
        loss(np.zeros((1, 2), "int16"), outputs)
    with pytest.raises(ValueError, match="y_true with amplitudes up to 900"):
        loss(np.array([[0.0, -900.0]]), outputs)
    nats = loss.call(np.array([[0.0, -900.0]]), outputs)
    assert np.isnan(ops.convert_to_numpy(nats)).tolist() == [[False, True]]


def test_wrong_shapes_and_levels_are_named():
    with pytest.raises(ValueError, match="multiple of 3"):
        LogisticMixtureLoss()(np.zeros((1, 4)), np.zeros((1, 4, 8)))
    with pytest.raises(ValueError, match="Received: num_levels=1,"):
        LogisticMixtureLoss(1)
    with pytest.raises(ValueError, match="Received: num_levels=0"):
        LogisticMixtureLoss(0)
