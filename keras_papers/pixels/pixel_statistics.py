"""Statistics of a model's input, from those of a trained normalization.

A `BatchNormalization` stores the mean and the variance of its inputs. After a
linear convolution they are approximately

    mean_k = input mean * sum(kernel_k)
    variance_k = input variance * (r sum(kernel_k)^2 + (1 - r) sum(kernel_k^2))

where r, the correlation of neighboring pixels, is the same for all kernels. So
the mean and the deviation of the input are estimated by least squares over the
kernels. This is sufficient, as the deviation of pixels in [0, 255] is 255 times
that of pixels in [0, 1].
"""

from typing import NamedTuple

import keras
import numpy as np

from keras_papers.pixels.normalization import PIXELS, SIGNED, UNIT

LEFT_OF_INITIAL = 0.1  # variance; the initial one is 1 and fades by steps
LINEAR = keras.activations.linear


class InputStatistics(NamedTuple):
    """Estimated statistics of the training images of a network."""

    mean: float
    deviation: float
    least_deviation: float  # with all of the initial variance
    converged: bool  # whether the initial variance has faded


def statistics_behind(layer, follower):
    """Estimates the statistics of the input of a layer.

    Args:
        layer: A `BatchNormalization`, or a convolution.
        follower: The only layer that reads it, or None.

    Returns:
        `InputStatistics`, or None without a trained normalization.
    """
    norm = _normalization(layer, follower)
    if norm is None or has_seen_nothing(layer, follower):
        return None
    mean, variance = _moving(norm)
    converged = float(variance.min()) < LEFT_OF_INITIAL
    later = np.maximum(variance - 1.0, 0.0)
    if norm is layer:
        return InputStatistics(
            float(np.median(mean)),
            float(np.sqrt(np.median(variance))),
            float(np.sqrt(np.median(later))),
            converged,
        )
    sums, squares = _kernel_sums(layer)
    if layer.use_bias:
        mean = mean - keras.ops.convert_to_numpy(layer.bias)
    return InputStatistics(
        float(mean @ sums / max(sums @ sums, 1e-30)),
        _deviation(variance, sums, squares),
        _deviation(later, sums, squares),
        converged,
    )


def has_seen_nothing(layer, follower):
    """Returns whether the statistics after a layer are the initial ones."""
    norm = _normalization(layer, follower)
    if norm is None:
        return False
    mean, variance = _moving(norm)
    return not mean.any() and bool((variance == 1).all())


def judge_statistics(found):
    """Returns the `(black, white)` of such images, or None if unclear."""
    mean, deviation, least, converged = found
    if 5 < least < 150:
        # A smaller mean was subtracted before, or the training was short.
        return PIXELS if 0.4 * deviation < mean < 255 else None
    if deviation > 0.8 or not -1 < mean < 1:
        return None
    if mean < -0.05:
        return SIGNED
    if not converged:
        return None
    # Values in [0, 1] of this mean have at most this variance.
    most = mean * (1 - mean)
    if mean < 0.05:
        return SIGNED if deviation**2 > 1.5 * max(most, 0.02) else None
    return UNIT if deviation**2 < 0.45 * most else None


def _normalization(layer, follower):
    """Returns the normalization that records the input of a layer."""
    norms = keras.layers.BatchNormalization
    if isinstance(layer, norms):
        return layer
    kernels = keras.layers.Conv2D | keras.layers.DepthwiseConv2D
    linear = getattr(layer, "activation", None) is LINEAR
    if isinstance(layer, kernels) and linear and isinstance(follower, norms):
        return follower
    return None


def _moving(norm):
    return (
        keras.ops.convert_to_numpy(weight).astype("float64")
        for weight in (norm.moving_mean, norm.moving_variance)
    )


def _kernel_sums(layer):
    """Returns, by output channel, the sums of weights and of their squares."""
    kernel = keras.ops.convert_to_numpy(layer.kernel).astype("float64")
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    axes = (0, 1) if depthwise else (0, 1, 2)
    return kernel.sum(axes).ravel(), (kernel**2).sum(axes).ravel()


def _deviation(variance, sums, squares):
    """Fits variance = a sums^2 + b squares; a and b are not negative."""
    terms = np.stack([sums**2, squares])
    best = np.linalg.lstsq(terms.T, variance, rcond=None)[0]
    if (best < 0).any():
        alone = [term @ variance / max(term @ term, 1e-30) for term in terms]
        rests = [
            np.sum((factor * term - variance) ** 2)
            for factor, term in zip(alone, terms, strict=True)
        ]
        best = np.array(alone[int(np.argmin(rests))])
    return float(np.sqrt(best.sum()))
