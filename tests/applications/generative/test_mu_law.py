"""Amplitudes as levels, and back."""

import numpy as np
import pytest
from keras import ops

from keras_papers.applications.generative import mu_law_decode, mu_law_encode

pytestmark = pytest.mark.contract


@pytest.mark.parametrize("num_levels", [2, 16, 256, 1024])
def test_every_level_is_decoded_to_an_amplitude_of_its_own(num_levels):
    levels = np.arange(num_levels)
    amplitudes = mu_law_decode(levels, num_levels)
    assert amplitudes[0] == -1 and amplitudes[-1] == 1
    assert np.all(np.diff(amplitudes) > 0)
    np.testing.assert_array_equal(mu_law_encode(amplitudes, num_levels), levels)


def test_levels_are_those_of_the_formula():
    """Section 2.2 of WaveNet, in float64."""
    x = np.linspace(-1, 1, 2001)
    companded = np.sign(x) * np.log(1 + 255 * np.abs(x)) / np.log(256)
    expected = np.floor((companded + 1) / 2 * 255 + 0.5)
    levels = mu_law_encode(x)
    assert levels.dtype == np.int32
    # A value at the border of two levels may be rounded to either.
    assert np.abs(levels - expected).max() <= 1
    assert np.mean(levels != expected) < 0.002


def test_quiet_sounds_keep_their_relative_precision():
    x = np.geomspace(0.01, 1, 500).astype("float32")
    error = np.abs(mu_law_decode(mu_law_encode(x)) - x) / x
    assert error.max() < 0.04
    assert np.abs(mu_law_decode(mu_law_encode(-x)) + x).max() < 0.04


def test_amplitudes_a_little_beyond_1_are_clipped():
    assert mu_law_encode(np.array([-1.5, 1.01])).tolist() == [0, 255]


@pytest.mark.parametrize(
    "audio, named",
    [
        (np.array([0, 12000], "int16"), "audio of int16. Divide .*32768"),
        ([0, 1], "audio of int"),
        (
            np.array([0.0, -12000.0]),
            "audio with amplitudes up to 12000. Divide",
        ),
        (np.array([0.0, np.inf]), "audio with 1 values that are not finite"),
    ],
)
@pytest.mark.parametrize("convert", [np.asarray, ops.convert_to_tensor])
def test_sounds_of_another_scale_are_named(audio, named, convert):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        mu_law_encode(convert(audio))


@pytest.mark.parametrize("levels", [[300], [-1, 4], [0.5], [np.nan]])
def test_what_is_no_level_is_named(levels):
    with pytest.raises(ValueError, match="Received: levels from"):
        mu_law_decode(np.array(levels))


def test_arrays_give_arrays_and_tensors_tensors():
    x = np.array([[0.0, 0.5]], "float32")
    levels = mu_law_encode(ops.convert_to_tensor(x))
    assert not isinstance(levels, np.ndarray)
    np.testing.assert_array_equal(
        ops.convert_to_numpy(levels), mu_law_encode(x)
    )
    assert isinstance(mu_law_decode(mu_law_encode(x)), np.ndarray)


def test_nan_is_named():
    with pytest.raises(ValueError, match="Received: audio with 2 values"):
        mu_law_encode(np.array([0.0, np.nan, np.nan]))


@pytest.mark.parametrize("num_levels", [0, 1, 2.5])
def test_a_wrong_number_of_levels_is_named(num_levels):
    with pytest.raises(ValueError, match=f"num_levels={num_levels}"):
        mu_law_encode(np.zeros(3), num_levels)
