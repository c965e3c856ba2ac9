"""Attention to features: a softmax over them multiplies the inputs."""

import keras
from keras import ops

from keras_papers.layers._input_weighting import InputWeighting


@keras.saving.register_keras_serializable(package="keras_papers")
class FeatureAttention(InputWeighting):
    """Multiplies each feature by a weight that all features determine.

    weights = softmax(inputs @ kernel + bias), outputs = inputs * weights. The
    weights of an example are positive and sum to 1. They hint at the features
    that a model uses, but the layers that follow can undo them.

    Args:
        kernel_initializer: Of the kernel. Defaults to `"glorot_uniform"`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(batch, ..., features)`; `features` must be known.

    Output shape:
        Same as the input; with `return_attention_scores=True` also the
        weights, of the same shape.

    Call arguments:
        inputs: The features.
        mask: Bools of the shape of the inputs, or without its last axis: what
            counts. The rest has no weight and no effect, and a row without
            any gives zeros. Defaults to None: all.
        return_attention_scores: Whether to return the weights, too. Defaults
            to False.

    Raises:
        ValueError: If the number of features is unknown.

    Example:
    >>> outputs, weights = FeatureAttention()(
    ...     ops.ones((2, 32)), return_attention_scores=True
    ... )
    >>> tuple(outputs.shape), round(float(ops.sum(weights[0])), 4)
    ((2, 32), 1.0)
    """

    def build(self, input_shape):
        features = input_shape[-1]
        if features is None:
            raise ValueError(
                "FeatureAttention has a weight for each pair of features. "
                f"Received: inputs of shape {tuple(input_shape)}. Pass inputs "
                "with a known last axis."
            )
        self.add_kernel(features)

    def scores(self, inputs, mask):
        return ops.matmul(inputs, self.kernel) + self.bias, mask
