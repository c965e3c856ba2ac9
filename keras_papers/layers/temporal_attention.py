"""Attention to steps: a softmax over time multiplies the inputs."""

import keras
from keras import ops

from keras_papers.layers._input_weighting import InputWeighting


@keras.saving.register_keras_serializable(package="keras_papers")
class TemporalAttention(InputWeighting):
    """Multiplies each step of a series by a weight that all steps determine.

    The scores of a feature are its series times a kernel of steps by steps,
    plus a bias, and the weights their softmax over time. A step has one weight
    for all features, from the mean of their scores, or one for each.

    Args:
        per_feature: Whether each feature has weights of its own. Defaults to
            False.
        kernel_initializer: Of the kernel. Defaults to `"glorot_uniform"`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(batch, steps, features)`; `steps` must be known.

    Output shape:
        Same as the input; with `return_attention_scores=True` also the
        weights, `(batch, steps, 1)`, or of the shape of the input for
        `per_feature=True`.

    Call arguments:
        inputs: The series.
        mask: Bools `(batch, steps)`, or of the shape of the inputs: what
            counts. The rest has no weight and no effect, and a series without
            any gives zeros. Defaults to None: all.
        return_attention_scores: Whether to return the weights, too. Defaults
            to False.

    Raises:
        ValueError: If the inputs have another rank, or the number of steps is
            unknown.

    Example:
    >>> outputs, weights = TemporalAttention()(
    ...     ops.ones((2, 20, 3)), return_attention_scores=True
    ... )
    >>> tuple(outputs.shape), tuple(weights.shape)
    ((2, 20, 3), (2, 20, 1))
    """

    axis = 1

    def __init__(
        self, per_feature=False, kernel_initializer="glorot_uniform", **kwargs
    ):
        super().__init__(kernel_initializer, **kwargs)
        self.per_feature = bool(per_feature)

    def build(self, input_shape):
        if len(input_shape) != 3 or input_shape[1] is None:
            raise ValueError(
                "TemporalAttention has a weight for each pair of steps. "
                f"Received: inputs of shape {tuple(input_shape)}. Pass inputs "
                "of shape (batch, steps, features) with a known number of "
                "steps; pad shorter series, and mask the padding."
            )
        self.add_kernel(input_shape[1])

    def scores(self, inputs, mask):
        scores = ops.einsum("bsf,st->btf", inputs, self.kernel)
        scores = ops.cast(scores + self.bias[:, None], "float32")
        return (scores, mask) if self.per_feature else _mean(scores, mask)

    def weights_shape(self, input_shape):
        return input_shape if self.per_feature else (*input_shape[:2], 1)

    def get_config(self):
        return {**super().get_config(), "per_feature": self.per_feature}


def _mean(scores, mask):
    """Returns the mean score of each step, and the steps with any feature."""
    if mask is None:
        return ops.mean(scores, axis=2, keepdims=True), None
    mask = ops.broadcast_to(mask, ops.shape(scores))
    present = ops.cast(ops.any(mask, axis=1, keepdims=True), "float32")
    number = ops.maximum(ops.sum(present, axis=2, keepdims=True), 1.0)
    mean = ops.sum(scores * present, axis=2, keepdims=True) / number
    return mean, ops.any(mask, axis=2, keepdims=True)
