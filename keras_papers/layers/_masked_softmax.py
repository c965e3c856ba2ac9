"""The softmax of attention scores, in which padding has no weight."""

from keras import ops

MASKED = -1e9  # a score whose weight is 0 after the softmax


def masked_softmax(scores, mask, axis):
    """Returns attention weights in float32; they sum to 1, or to 0 without any.

    Args:
        scores: Tensor.
        mask: Tensor of bools that can be broadcast to the scores: True for
            those that count. None: all.
        axis: Int. Axis over which the weights are normalized.
    """
    scores = ops.cast(scores, "float32")
    if mask is None:
        return ops.softmax(scores, axis=axis)
    weights = ops.softmax(ops.where(mask, scores, MASKED), axis=axis)
    # Where all is masked, the softmax is uniform.
    return ops.where(mask, weights, 0.0)
