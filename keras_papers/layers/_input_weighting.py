"""The base of attention layers that multiply their inputs by weights."""

import keras
from keras import layers, ops

from keras_papers.layers._masked_softmax import masked_softmax


class InputWeighting(layers.Layer):
    """Multiplies its inputs by the softmax of scores that they determine.

    A subclass has the axis of the softmax, and computes the scores with
    `kernel` and `bias`, whose sizes it passes to `add_kernel`.

    Args:
        kernel_initializer: Of the kernel.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.
    """

    axis = -1

    def __init__(self, kernel_initializer="glorot_uniform", **kwargs):
        super().__init__(**kwargs)
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.supports_masking = True

    def add_kernel(self, size):
        """Adds a kernel of size by size, and a bias."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=(size, size),
            initializer=self.kernel_initializer,
        )
        self.bias = self.add_weight(
            name="bias", shape=(size,), initializer="zeros"
        )

    def scores(self, inputs, mask):
        """Returns scores that the inputs can be multiplied with.

        Args:
            inputs: The inputs, zeros where they are masked.
            mask: Bools that can be broadcast to the inputs, or None.

        Returns:
            The scores, and their mask or None.
        """
        raise NotImplementedError

    def weights_shape(self, input_shape):
        """Returns the shape of the weights."""
        return input_shape

    def call(self, inputs, mask=None, return_attention_scores=False):
        if mask is not None:
            mask = ops.cast(mask, "bool")
            if len(mask.shape) < len(inputs.shape):
                mask = mask[..., None]
            inputs = ops.where(mask, inputs, ops.zeros_like(inputs))
        scores, mask = self.scores(inputs, mask)
        weights = masked_softmax(scores, mask, self.axis)
        weights = ops.cast(weights, self.compute_dtype)
        outputs = inputs * weights
        return (outputs, weights) if return_attention_scores else outputs

    def compute_output_shape(self, input_shape):
        return input_shape

    def compute_output_spec(
        self, inputs, mask=None, return_attention_scores=False
    ):
        outputs = keras.KerasTensor(inputs.shape, self.compute_dtype)
        weights = keras.KerasTensor(
            self.weights_shape(inputs.shape), self.compute_dtype
        )
        return (outputs, weights) if return_attention_scores else outputs

    def get_config(self):
        return {
            **super().get_config(),
            "kernel_initializer": keras.initializers.serialize(
                self.kernel_initializer
            ),
        }
