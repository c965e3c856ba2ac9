"""h-swish (Howard et al., 2019, https://arxiv.org/abs/1905.02244)."""

import keras

from keras_papers.layers.block import Block


@keras.saving.register_keras_serializable(package="keras_papers")
class HSwish(Block):
    """Computes `x * relu6(x + 3) / 6` elementwise.

    Section 5.2 of the MobileNetV3 paper: swish with its sigmoid replaced by a
    piecewise linear gate, which costs no exponential and quantizes. It is
    zero below -3 and the identity above 3.

    Args:
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        Any.

    Output shape:
        Same as the input.

    Example:
    >>> outputs = HSwish()(keras.ops.array([-4.0, -1.5, 0.0, 3.0]))
    >>> [float(output) for output in outputs]
    [-0.0, -0.375, 0.0, 3.0]
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape):
        self.activation = self.part(
            keras.layers.Activation, "hard_swish", "hard_swish"
        )
        self.chain([self.activation], input_shape)

    def call(self, inputs):
        return self.activation(inputs)

    def compute_output_shape(self, input_shape):
        return input_shape
