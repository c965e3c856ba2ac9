"""Local response normalizations, which stay in floats in int8 files.

.tflite files have an operation for them, of floats only. Of the layer's own
operations the converter would quantize all but the roots.
"""

import keras

from keras_papers.extras import require
from keras_papers.inlining import redraw
from keras_papers.layers import LocalResponseNormalization


class _OneOperation(keras.layers.Layer):
    """Computes a `LocalResponseNormalization` as one operation."""

    def __init__(self, layer):
        super().__init__(name=layer.name)
        self.layer = layer

    def call(self, x):
        tf = require("tensorflow", "mobile")
        layer = self.layer
        first = layer.data_format == "channels_first"
        x = tf.transpose(x, (0, 2, 3, 1)) if first else x
        x = tf.nn.local_response_normalization(
            x, layer.size // 2, layer.bias, layer.alpha, layer.beta
        )
        return tf.transpose(x, (0, 3, 1, 2)) if first else x

    def compute_output_shape(self, input_shape):
        return input_shape


def as_one_operation(model):
    """Returns an equivalent model for the converter to int8.

    Args:
        model: A flat functional model on TensorFlow; it is not changed.

    Returns:
        `model` itself if it has no response normalization.
    """
    if not any(
        isinstance(layer, LocalResponseNormalization) for layer in model.layers
    ):
        return model

    def call(layer, *args, **kwargs):
        if isinstance(layer, LocalResponseNormalization):
            layer = _OneOperation(layer)
        return layer(*args, **kwargs)

    return redraw(model, call)
