"""The mu-law of ITU-T G.711: amplitudes of sound as a few hundred levels."""

import math

import keras
import numpy as np
from keras import ops

from keras_papers.checks import check_positive_int

LOUDEST = 2.0  # amplitudes beyond are of another scale
INTS = "Divide samples of 16 bits by 32768: `audio / 32768`."


def mu_law_encode(audio, num_levels=256):
    """Returns the levels of a sound, which are finer near silence.

    Section 2.2 of WaveNet (https://arxiv.org/abs/1609.03499), with
    `mu = num_levels - 1`.

    Args:
        audio: Array or tensor of floats in [-1, 1]; those a little outside,
            as a resampler makes them, are clipped.
        num_levels: Int of at least 2. Defaults to 256.

    Returns:
        Int32 of the same shape, in [0, num_levels): an array for an array,
        else a tensor. Silence is `num_levels // 2`.

    Raises:
        ValueError: If `audio` has ints or, where it can be read, values that
            are not finite or beyond 2; or `num_levels` is too small.

    Example:
    >>> mu_law_encode(np.array([-1.0, -0.01, 0.0, 0.01, 1.0])).tolist()
    [0, 98, 128, 157, 255]
    """
    mu = _mu(num_levels)
    check_amplitudes("audio", audio)
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
        ValueError: If an array has values that are no levels, or `num_levels`
            is too small.

    Example:
    >>> mu_law_decode(np.array([0, 255])).round(4).tolist()
    [-1.0, 1.0]
    """
    mu = _mu(num_levels)
    values = readable(levels)
    if values is not None and values.size:
        low, high = values.min(), values.max()
        if not (0 <= low and high <= mu and np.all(values % 1 == 0)):
            raise ValueError(
                "`levels` are ints that `mu_law_encode` returned. Received: "
                f"levels from {low} to {high} for num_levels={num_levels}. "
                f"Pass ints from 0 to {mu}."
            )
    compressed = 2 * ops.cast(levels, "float32") / mu - 1
    size = ops.expm1(ops.abs(compressed) * math.log1p(mu)) / mu
    return _as(levels, ops.sign(compressed) * size)


def readable(values):
    """Returns values as an array, or None for a tensor of a traced graph."""
    try:
        return ops.convert_to_numpy(values)
    except Exception:  # Each backend raises its own.
        return None


def check_amplitudes(name, audio):
    """Raises ValueError unless sounds are floats in about [-1, 1].

    The values of a tensor of a traced graph are not known.

    Args:
        name: What the argument is called.
        audio: Array, tensor or nested lists.
    """
    dtype = audio.dtype if hasattr(audio, "dtype") else np.asarray(audio).dtype
    dtype = keras.backend.standardize_dtype(dtype)
    problem = advice = None
    if not keras.backend.is_float_dtype(dtype):
        problem, advice = f"of {dtype}", INTS
    elif (values := readable(audio)) is not None and values.size:
        loudest = float(np.max(np.abs(values)))
        if not np.isfinite(loudest):
            number = int((~np.isfinite(values)).sum())
            problem = f"with {number} values that are not finite"
            advice = "Remove or replace them."
        elif loudest > LOUDEST:
            problem, advice = f"with amplitudes up to {loudest:g}", INTS
    if problem:
        raise ValueError(
            f"`{name}` is sounds of floats in [-1, 1]. Received: {name} "
            f"{problem}. {advice}"
        )


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
