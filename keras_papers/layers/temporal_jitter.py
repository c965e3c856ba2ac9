"""Jitter of codes over time (Chorowski et al., 2019, arXiv:1901.08810)."""

import keras
from keras import ops

from keras_papers.checks import check_fraction


@keras.saving.register_keras_serializable(package="keras_papers")
class TemporalJitter(keras.layers.Layer):
    """Replaces some vectors of a sequence by a neighbor, in training only.

    Section II-B of "Unsupervised speech representation learning using WaveNet
    autoencoders". What holds for single steps is then no use to a decoder, so
    that the codes describe what lasts longer.

    Args:
        rate: Number in [0, 1). The share of the vectors that are replaced,
            half of them by the vector before and half by the one behind. At
            the ends of a sequence a vector may be its own neighbor. Defaults
            to 0.12.
        seed: Int, or None. Of the random choices.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(batch, time, channels)`.

    Output shape:
        Same as the input.

    Raises:
        ValueError: If `rate` is out of its range.

    Example:
    >>> steps = ops.reshape(ops.arange(4.0), (1, 4, 1))
    >>> [float(x) for x in TemporalJitter()(steps)[0, :, 0]]
    [0.0, 1.0, 2.0, 3.0]
    """

    def __init__(self, rate=0.12, seed=None, **kwargs):
        super().__init__(**kwargs)
        check_fraction("rate", rate, "a share of vectors", "Try 0.12.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=None):
        if not training or not self.rate:
            return inputs
        shape = (*ops.shape(inputs)[:2], 1)
        random = keras.random.uniform(shape, seed=self.seed_generator)
        before = ops.concatenate([inputs[:, :1], inputs[:, :-1]], axis=1)
        behind = ops.concatenate([inputs[:, 1:], inputs[:, -1:]], axis=1)
        outputs = ops.where(random < self.rate, behind, inputs)
        return ops.where(random < self.rate / 2, before, outputs)

    def compute_output_shape(self, input_shape):
        return input_shape

    def multiply_adds(self, output_shape):
        """Returns 0 for `cost.count`: vectors are moved, in training only."""
        return 0

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
