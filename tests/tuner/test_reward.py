"""The reward against equation 2 of MnasNet and what section 3.1 says of it."""

import pytest

from keras_papers.tuner import Reward


def test_double_the_latency_costs_five_percent_of_the_accuracy():
    """As section 3.1 chose w: "5% relative accuracy gain" for twice T."""
    reward = Reward(target=80)
    assert reward(0.75, 160) == pytest.approx(0.95 * 0.75, rel=3e-3)
    assert reward(0.75, 40) == pytest.approx(0.75 / 0.95, rel=3e-3)
    assert reward(0.75, 80) == 0.75


def test_the_hard_reward_is_the_accuracy_up_to_the_target():
    reward = Reward.hard(80)
    assert reward(0.75, 20) == reward(0.75, 80) == 0.75
    assert reward(0.75, 160) == 0.375


def test_mobilenet_v3_small_s_exponent_weighs_more():
    soft, small = Reward(80), Reward(80, exponent=-0.15)
    assert small(0.7, 120) < soft(0.7, 120) < 0.7
    assert small(0.7, 40) > soft(0.7, 40) > 0.7


def test_any_cost_can_be_weighed():
    reward = Reward(60e6, of="multiply_adds")
    logs = {"val_accuracy": 0.5, "multiply_adds": 120e6}
    assert reward.of_logs(logs) == pytest.approx(0.5 * 2**-0.07)


def test_bad_arguments_are_explained():
    with pytest.raises(ValueError, match="`target`.*target=0"):
        Reward(0)
    with pytest.raises(ValueError, match="`exponent`.*0.07.*-0.07"):
        Reward(80, exponent=0.07)
    with pytest.raises(ValueError, match="mean 'latency_ms'"):
        Reward(80, of="latency")
    with pytest.raises(ValueError, match="`accuracy`.*validation_data"):
        Reward(80).of_logs({"accuracy": 0.5, "latency_ms": 3.0})
