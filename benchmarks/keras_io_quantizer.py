"""The quantizer of Keras' example of a VQ-VAE, for comparisons.

Its formulation (keras.io/examples/generative/vq_vae, Sayak Paul, 2021): squared
distances to all codes at once, a matrix product of one-hot codes with the
codebook, and a codebook that is learned by gradients from near the origin.
"""

import keras
from keras import ops


class KerasIoQuantizer(keras.layers.Layer):
    """Replaces each vector by the nearest of a learned codebook."""

    def __init__(self, num_embeddings, commitment_cost=0.25, **kwargs):
        super().__init__(**kwargs)
        self.num_embeddings = num_embeddings
        self.commitment_cost = commitment_cost

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            (input_shape[-1], self.num_embeddings),
            keras.initializers.RandomUniform(-0.05, 0.05),
            name="embeddings",
        )

    def call(self, x):
        flat = ops.reshape(x, (-1, x.shape[-1]))
        one_hot = ops.one_hot(self._nearest(flat), self.num_embeddings)
        quantized = ops.matmul(one_hot, ops.transpose(self.embeddings))
        quantized = ops.reshape(quantized, ops.shape(x))
        commitment = ops.mean((ops.stop_gradient(quantized) - x) ** 2)
        codebook = ops.mean((quantized - ops.stop_gradient(x)) ** 2)
        self.add_loss(self.commitment_cost * commitment + codebook)
        return x + ops.stop_gradient(quantized - x)

    def _nearest(self, flat):
        distances = (
            ops.sum(flat**2, axis=1, keepdims=True)
            + ops.sum(self.embeddings**2, axis=0)
            - 2 * ops.matmul(flat, self.embeddings)
        )
        return ops.argmin(distances, axis=1)

    def encode(self, x):
        """Returns the codes of vectors."""
        codes = self._nearest(ops.reshape(x, (-1, x.shape[-1])))
        return ops.cast(ops.reshape(codes, ops.shape(x)[:-1]), "int32")

    def decode(self, codes):
        """Returns the vectors of codes."""
        return ops.take(ops.transpose(self.embeddings), codes, axis=0)

    def compute_codes_shape(self, input_shape):
        """Returns the shape of the codes of inputs of a shape."""
        return tuple(input_shape[:-1])
