"""Metrics of the codes that were chosen in an epoch."""

import keras
from keras import ops


class _OfCounts(keras.metrics.Metric):
    """A metric that reads a layer's counts, which the layer itself adds to.

    JAX drops what a layer does to a metric during `call`, but keeps what it
    does to its own weights. So the counts are a weight.
    """

    def __init__(self, counts, name):
        super().__init__(name=name)
        # As an attribute they would become a variable of the metric, too.
        self._weight = lambda: counts

    def update_state(self, *arguments, **keywords):
        """Does nothing; the layer counts."""

    def counted(self):
        """Returns the counts as a tensor.

        During a step of training on JAX, Keras removes the values of all
        weights from the model. There the counts are zeros. The logs of an epoch
        are made when the values are back.
        """
        weight = self._weight()
        try:
            return ops.convert_to_tensor(weight)
        except TypeError:  # a weight without a value
            return ops.zeros(weight.shape, weight.dtype)

    def reset_state(self):
        counts = self._weight()
        counts.assign(ops.zeros(counts.shape, counts.dtype))


class Usage(_OfCounts):
    """The share of the codes that were chosen at least once."""

    def result(self):
        counts = self.counted()
        share = ops.mean(ops.cast(counts > 0, "float32"))
        return ops.where(ops.sum(counts) > 0, share, float("nan"))


class Perplexity(_OfCounts):
    """The exponential of the entropy of the codes: how many are in use."""

    def result(self):
        counts = self.counted()
        total = ops.sum(counts, axis=-1, keepdims=True)
        shares = counts / ops.maximum(total, 1.0)
        terms = shares * ops.log(ops.maximum(shares, 1e-30))
        number = ops.mean(ops.exp(-ops.sum(terms, axis=-1)))
        return ops.where(ops.sum(counts) > 0, number, float("nan"))
