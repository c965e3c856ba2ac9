"""The gated residual layer of PixelCNN++ (arXiv:1701.05517) and PixelSNAIL."""

import math

import keras
from keras import layers, ops

from keras_papers.layers._causal_conv import CausalConv2D


@keras.saving.register_keras_serializable(package="keras_papers")
class GatedResidual2D(keras.layers.Layer):
    """Adds `a * sigmoid(b)` to a map, `a` and `b` from two convolutions of it.

    Causal kernels see the rows above and the places to the left. Kernels of
    size 1 see the place itself. All have weight normalization.

    Args:
        filters: Channels between the two convolutions.
        kernel_size: Odd. Rows and columns; causal kernels reach
            `kernel_size - 1` rows up and half of `kernel_size` to the sides.
        causal: Whether kernels above size 1 see the places before alone.
        dropout: Share of the inner features that are dropped in training.
        num_classes: Number of classes for `labels`, or None.
        **kwargs: Base layer keyword arguments.

    Call arguments:
        inputs: A map, or a list of it and of a map of any number of channels
            whose projection is added to the inner features.
        labels: Ints `(batch,)`, or None.
        condition: A map whose projection is added before the gate, or None.
    """

    def __init__(
        self,
        filters,
        kernel_size=1,
        causal=True,
        dropout=0.0,
        num_classes=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.causal = causal
        self.dropout = dropout
        self.num_classes = num_classes

    def build(self, inputs_shape, labels_shape=None, condition_shape=None):
        several = isinstance(inputs_shape[0], list | tuple)
        shape, extra = inputs_shape if several else (inputs_shape, None)
        channels = shape[-1]
        self.inner = self._conv("inner", self.filters)
        self.inner.build(shape)
        self.outer = self._conv("outer", 2 * channels)
        self.outer.build((*shape[:-1], self.filters))
        self.extra = self.classes = self.places = None
        if extra is not None:
            self.extra = self._conv("extra", self.filters, pointwise=True)
            self.extra.build(extra)
        if self.num_classes is not None:
            self.classes = layers.Embedding(
                self.num_classes, 2 * channels, dtype=self.dtype_policy
            )
            self.classes.build(None)
        if condition_shape is not None:
            self.places = self._conv(
                "places", 2 * channels, pointwise=True, use_bias=False
            )
            self.places.build(condition_shape)
        self.drop = layers.Dropout(self.dropout, dtype=self.dtype_policy)

    def _conv(self, name, filters, pointwise=False, **kwargs):
        size = 1 if pointwise else self.kernel_size
        if size > 1 and self.causal:
            kwargs["without"] = "middle"
        elif size > 1:
            kwargs["rows_below"] = size // 2
        return CausalConv2D(
            filters,
            (size, size),
            weight_normalization=True,
            dtype=self.dtype_policy,
            name=f"{self.name}_{name}",
            **kwargs,
        )

    def call(self, inputs, labels=None, condition=None):
        several = isinstance(inputs, list | tuple)
        inputs, extra = inputs if several else (inputs, None)
        x = self.inner(ops.elu(inputs))
        if extra is not None:
            x = x + self.extra(ops.elu(extra))
        x = self.drop(ops.elu(x))
        x = self.outer(x) + self.condition(labels, condition)
        return inputs + gate(x)

    def condition(self, labels=None, condition=None):
        """Returns what the conditions add before the gate.

        Returns:
            A tensor that broadcasts to `(batch, height, width, 2 * channels)`.
        """
        given = ops.zeros((1, 1, 1, 1), self.compute_dtype)
        if labels is not None:
            given = self.classes(labels)[:, None, None]
        if condition is not None:
            given = given + self.places(condition)
        return given

    def compute_output_shape(
        self, inputs_shape, labels_shape=None, condition_shape=None
    ):
        several = isinstance(inputs_shape[0], list | tuple)
        return tuple(inputs_shape[0] if several else inputs_shape)

    def multiply_adds(self, output_shape):
        """Returns those of one map: each weight is used at each place."""
        kernels = (w for w in self.weights if w.name == "kernel")
        weights = sum(math.prod(kernel.shape) for kernel in kernels)
        return weights * math.prod(output_shape[1:-1])

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "causal": self.causal,
            "dropout": self.dropout,
            "num_classes": self.num_classes,
        }


def gate(x):
    """Returns `a * sigmoid(b)` of the two halves of the last axis."""
    a, b = ops.split(x, 2, axis=-1)
    return a * ops.sigmoid(b)
