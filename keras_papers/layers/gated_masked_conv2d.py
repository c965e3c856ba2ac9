"""The layer of Gated PixelCNN (van den Oord et al., 2016, arXiv:1606.05328)."""

import keras
from keras import layers, ops

from keras_papers.checks import check_positive_int
from keras_papers.layers._arguments import ARGUMENTS
from keras_papers.layers._causal_conv import CausalConv2D


@keras.saving.register_keras_serializable(package="keras_papers")
class GatedMaskedConv2D(keras.layers.Layer):
    """Convolves each pixel with all before it: those above, those to the left.

    Figure 2 of the paper. A vertical stack sees the rows above, a horizontal
    stack the pixels to the left and what the vertical stack found; together
    they have no blind spot. Both end in `tanh(a) * sigmoid(b)` (equation 2).

    Maps are `channels_last`, whatever `keras.config.image_data_format()` is:
    the last axis holds features of a code, not colors.

    Args:
        filters: Positive int. Channels of both outputs.
        kernel_size: Positive odd int. Columns of the vertical kernel; the
            kernels reach half as far up and to the left. Defaults to 3.
        first: Whether a pixel does not see itself, which the first layer of a
            network needs; the layer then adds no residual. Defaults to False.
        num_classes: Number of classes for `labels`, or None.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Two maps of shape `(batch, height, width, channels)`: of the
            vertical and of the horizontal stack. The first layer has the same
            map for both.
        labels: Ints of shape `(batch,)` below `num_classes`, for class
            conditioning (equation 3); needed where `num_classes` is given.
        condition: A map of shape `(batch, height, width, features)`, for
            conditioning by place (equation 4), or None.

    Output shape:
        Two maps of shape `(batch, height, width, filters)`.

    Raises:
        ValueError: If an argument is out of its range, or `labels` are
            missing, or a residual has other channels than `filters`.

    Example:
    >>> codes = ops.ones((2, 5, 7, 16))
    >>> first = GatedMaskedConv2D(16, kernel_size=7, first=True)
    >>> second = GatedMaskedConv2D(16)
    >>> vertical, horizontal = second(first([codes, codes]))
    >>> tuple(horizontal.shape)
    (2, 5, 7, 16)
    """

    def __init__(
        self, filters, kernel_size=3, first=False, num_classes=None, **kwargs
    ):
        super().__init__(**kwargs)
        filters = ARGUMENTS["filters"]("filters", filters)
        kernel_size = ARGUMENTS["kernel_size"]("kernel_size", kernel_size)
        if kernel_size % 2 == 0:
            raise ValueError(
                "`kernel_size` is the width of a kernel with a middle and "
                f"must be odd. Received: kernel_size={kernel_size}. Try "
                f"{kernel_size + 1}."
            )
        if num_classes is not None:
            check_positive_int(
                "num_classes", num_classes, "a number", "Try 10."
            )
        self.filters = filters
        self.kernel_size = kernel_size
        self.first = first
        self.num_classes = num_classes

    def build(self, inputs_shape, labels_shape=None, condition_shape=None):
        vertical, horizontal = inputs_shape
        if not self.first and horizontal[-1] != self.filters:
            raise ValueError(
                "The residual of GatedMaskedConv2D adds its input. Received: "
                f"{horizontal[-1]} channels for filters={self.filters}. Pass "
                "first=True for the first layer, or as many filters."
            )
        reach, both = self.kernel_size // 2 + 1, 2 * self.filters
        self.vertical = self._part(
            CausalConv2D,
            "vertical",
            both,
            (reach, self.kernel_size),
            without="row" if self.first else None,
        )
        self.horizontal = self._part(
            CausalConv2D,
            "horizontal",
            both,
            (1, reach),
            columns_before=True,
            without="column" if self.first else None,
        )
        pointwise = {"kernel_size": 1, "data_format": "channels_last"}
        self.join = self._part(layers.Conv2D, "join", both, **pointwise)
        self.project = self._part(
            layers.Conv2D, "project", self.filters, **pointwise
        )
        self.vertical.build(vertical)
        self.horizontal.build(horizontal)
        self.join.build((None, None, None, both))
        self.project.build((None, None, None, self.filters))
        self.classes = self.places = None
        if self.num_classes is not None:
            self.classes = self._part(
                layers.Embedding, "classes", self.num_classes, both
            )
            self.classes.build(None)
        if condition_shape is not None:
            self.places = self._part(
                layers.Conv2D, "places", both, use_bias=False, **pointwise
            )
            self.places.build(condition_shape)

    def _part(self, layer_class, name, *args, **kwargs):
        return layer_class(
            *args,
            **kwargs,
            dtype=self.dtype_policy,
            name=f"{self.name}_{name}",
        )

    def call(self, inputs, labels=None, condition=None):
        vertical, horizontal = inputs
        given = self.condition(labels, condition)
        above = self.vertical(vertical)
        before = self.horizontal(horizontal)
        gated = gate(before + self.join(above) + given)
        outputs = self.project(gated)
        if not self.first:
            outputs = outputs + horizontal
        return [gate(above + given), outputs]

    def condition(self, labels=None, condition=None):
        """Returns what the conditions add before both gates.

        Args:
            labels: Ints `(batch,)`, or None.
            condition: Map `(batch, height, width, features)`, or None.

        Returns:
            A tensor that broadcasts to `(batch, height, width, 2 * filters)`.
        """
        if (labels is None) != (self.classes is None):
            raise ValueError(
                "`labels` are the classes of the maps. Received: "
                f"labels={labels} for num_classes={self.num_classes}. Pass "
                "both or neither."
            )
        if (condition is None) != (self.places is None):
            raise ValueError(
                "`condition` is a map that the outputs depend on, and a layer "
                "that was built with one needs it in every call. Received: "
                f"condition={'None' if condition is None else 'a map'} for "
                f"{self.name!r}. Pass what the layer was built with."
            )
        given = ops.zeros((1, 1, 1, 1), self.compute_dtype)
        if labels is not None:
            given = self.classes(labels)[:, None, None]
        if condition is not None:
            given = given + self.places(condition)
        return given

    def compute_output_shape(
        self, inputs_shape, labels_shape=None, condition_shape=None
    ):
        return [(*shape[:-1], self.filters) for shape in inputs_shape]

    def get_config(self):
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "first": self.first,
            "num_classes": self.num_classes,
        }


def gate(x):
    """Returns `tanh(a) * sigmoid(b)` of the two halves of the last axis."""
    a, b = ops.split(x, 2, axis=-1)
    return ops.tanh(a) * ops.sigmoid(b)
