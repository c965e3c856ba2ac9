"""Attention to features: a softmax over them multiplies the inputs."""

import keras
from keras import layers, ops

from keras_papers.layers._masked_softmax import input_mask, masked_softmax


@keras.saving.register_keras_serializable(package="keras_papers")
class FeatureAttention(layers.Layer):
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

    def __init__(self, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.supports_masking = True

    def build(self, input_shape):
        features = input_shape[-1]
        if features is None:
            raise ValueError(
                "FeatureAttention has a weight for each pair of features. "
                f"Received: inputs of shape {tuple(input_shape)}. Pass inputs "
                "with a known last axis."
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, features),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(features,), initializer="zeros"
        )

    def call(self, inputs, mask=None, return_attention_scores=False):
        if mask is not None:
            mask = input_mask(inputs, mask)
            inputs = ops.where(mask, inputs, ops.zeros_like(inputs))
        scores = ops.matmul(inputs, self.kernel) + self.bias
        weights = masked_softmax(scores, mask, axis=-1)
        weights = ops.cast(weights, self.compute_dtype)
        outputs = inputs * weights
        return (outputs, weights) if return_attention_scores else outputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_output_spec(
        self, inputs, mask=None, return_attention_scores=False
    ):
        outputs = keras.KerasTensor(inputs.shape, self.compute_dtype)
        weights = keras.KerasTensor(inputs.shape, self.compute_dtype)
        return (outputs, weights) if return_attention_scores else outputs

    def get_config(self):
        return {
            **super().get_config(),
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
        }
