"""Vectors that are replaced by their neighbors in training."""

import numpy as np
import pytest
from keras import ops

from keras_papers.layers import TemporalJitter

pytestmark = pytest.mark.contract

STEPS = np.arange(2000.0, dtype="float32").reshape(2, 1000, 1)


def moved(layer):
    outputs = ops.convert_to_numpy(layer(np.tile(STEPS, 3), training=True))
    assert np.all(outputs == outputs[..., :1])  # whole vectors
    return outputs[..., :1] - STEPS


@pytest.mark.parametrize("rate", [0.12, 0.5])
def test_the_rate_of_vectors_comes_from_both_neighbors(rate):
    move = moved(TemporalJitter(rate, seed=0))
    assert set(np.unique(move)) == {-1, 0, 1}
    assert np.mean(move == -1) == pytest.approx(rate / 2, abs=0.03)
    assert np.mean(move == 1) == pytest.approx(rate / 2, abs=0.03)
    assert np.any(move[0] != move[1])


def test_the_ends_stay_inside_their_own_sequence():
    for seed in range(20):
        move = moved(TemporalJitter(0.9, seed=seed))
        assert move[:, 0].min() >= 0 and move[:, -1].max() <= 0


def test_every_call_draws_again_and_inference_moves_nothing():
    layer = TemporalJitter(0.5, seed=0)
    assert np.any(moved(layer) != moved(layer))
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(STEPS)), STEPS)


@pytest.mark.parametrize("rate", [-0.1, 1])
def test_a_wrong_rate_is_named(rate):
    with pytest.raises(ValueError, match=f"Received: rate={rate}"):
        TemporalJitter(rate)
