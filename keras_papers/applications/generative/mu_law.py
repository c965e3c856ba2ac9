"""The mu-law of ITU-T G.711: amplitudes of sound as a few hundred levels."""

import math

import numpy as np
from keras import ops

from keras_papers.checks import check_positive_int


def mu_law_encode(audio, num_levels=256):
    """Returns the levels of a sound, which are finer near silence.

    Section 2.2 of WaveNet (https://arxiv.org/abs/1609.03499), with
    `mu = num_levels - 1`.

    Args:
        audio: Array or tensor of amplitudes; those outside of [-1, 1] are
            clipped.
        num_levels: Int of at least 2. Defaults to 256.

    Returns:
        Int32 of the same shape, in [0, num_levels): an array for an array,
        else a tensor. Silence is `num_levels // 2`.

    Raises:
        ValueError: If an array holds NaN, or `num_levels` is too small.

    Example:
    >>> mu_law_encode(np.array([-1.0, -0.01, 0.0, 0.01, 1.0])).tolist()
    [0, 98, 128, 157, 255]
    """
    mu = _mu(num_levels)
    if isinstance(audio, np.ndarray) and np.isnan(audio).any():
        raise ValueError(
            "`audio` is a sound with amplitudes in [-1, 1]. Received: audio "
            f"with {int(np.isnan(audio).sum())} values that are NaN. Remove "
            "or replace them."
        )
    x = ops.clip(ops.cast(audio, "float32"), -1.0, 1.0)
    compressed = ops.sign(x) * ops.log1p(mu * ops.abs(x)) / math.log1p(mu)
    levels = ops.floor((compressed + 1) / 2 * mu + 0.5)
    return _as(audio, ops.cast(levels, "int32"))


def mu_law_decode(levels, num_levels=256):
    """Returns the amplitudes of levels, the inverse of `mu_law_encode`.

    Args:
        levels: Array or tensor of ints in [0, num_levels).
        num_levels: Int of at least 2. Defaults to 256.

    Returns:
        Float32 of the same shape, in [-1, 1]: an array for an array, else a
        tensor.

    Raises:
        ValueError: If `num_levels` is too small.
    """
    mu = _mu(num_levels)
    compressed = 2 * ops.cast(levels, "float32") / mu - 1
    size = ops.expm1(ops.abs(compressed) * math.log1p(mu)) / mu
    return _as(levels, ops.sign(compressed) * size)


def _mu(num_levels):
    check_positive_int("num_levels", num_levels, "levels", "Try 256.")
    if num_levels < 2:
        raise ValueError(
            "`num_levels` is the number of levels of amplitudes. Received: "
            "num_levels=1, which leaves no sound. Try 256."
        )
    return num_levels - 1


def _as(given, tensor):
    """Returns an array where an array was given."""
    if isinstance(given, np.ndarray):
        return ops.convert_to_numpy(tensor)
    return tensor
