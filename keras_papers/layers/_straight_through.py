"""Outputs that are not differentiable, with a gradient that is useful."""

from keras import ops

TINY = 1e-12


def straight_through(x, outputs):
    """Returns `outputs`, with the gradient of `x`."""
    return ops.stop_gradient(outputs) + (x - ops.stop_gradient(x))


def rotated(x, outputs):
    """Returns `outputs`, as a rotation and scaling of `x`, and their gradient.

    The rotation turns `x` to its output in their common plane and is a
    constant of the gradient (Fifty et al., 2024, section 4,
    https://arxiv.org/abs/2410.06424).

    Args:
        x: Tensor `(..., length)`.
        outputs: Tensor of the same shape, whose gradient is dropped.
    """
    outputs = ops.stop_gradient(outputs)
    length = _length(ops.stop_gradient(x))
    before = ops.stop_gradient(x) / length
    after = outputs / _length(outputs)
    between = before + after
    between = between / _length(between)
    turned = x - 2 * _dot(x, between) * between + 2 * _dot(x, before) * after
    turned = turned * (_length(outputs) / length)
    # The sum is off by rounding, and by everything where `x` is zero.
    return turned + ops.stop_gradient(outputs - turned)


def _dot(x, y):
    return ops.sum(x * y, axis=-1, keepdims=True)


def _length(x):
    return ops.sqrt(ops.maximum(_dot(x, x), TINY**2))
