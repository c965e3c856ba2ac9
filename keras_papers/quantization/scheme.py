"""How TF-MOT's wrapper quantizes a layer: as int8 runtimes will compute it.

Imported inside functions only, for it imports TF-MOT. What TF-MOT has by
itself loses accuracy on mobile networks, which is done otherwise here:

- Each channel of a kernel has a range of its own, of depthwise kernels too,
  and it is that of the weights as they are, not as they were a step before.
- The range of a map is that of the first batch, then a moving average. TF-MOT
  starts from [-6, 6] and moves by a thousandth of the way each step.
- A kernel is quantized also where a ReLU follows its convolution.
"""

import contextlib
import contextvars

from keras_papers.extras import require
from keras_papers.quantization.legacy import load_tf_keras, load_tfmot

tf = require("tensorflow", "quantization")
tf_keras = load_tf_keras()
tfmot = load_tfmot().quantization.keras

LEVELS = 127  # of a weight on each side of zero
MEMORY = 0.99  # share of a range that stays in a step, once many were seen
_baking = contextvars.ContextVar("keras_papers_baking", default=False)
_register = tf_keras.saving.register_keras_serializable("keras_papers")


def fixed(x, low, high):
    """Rounds to the 256 levels of a range that is known beforehand."""
    return tf.quantization.fake_quant_with_min_max_args(x, low, high)


@contextlib.contextmanager
def baked():
    """Makes constants of the kernels of what is traced inside.

    What is traced for the converter; a graph that is trained or called again
    would not see how they change.
    """
    token = _baking.set(True)
    try:
        yield
    finally:
        _baking.reset(token)


@_register
def mirrored_hard_sigmoid_int8(x):
    """Computes `lowering.mirrored_hard_sigmoid` in int8."""
    rest = fixed(tf.nn.relu6(3.0 - x), 0.0, 6.0)
    return fixed(1.0 - fixed(rest * (1 / 6), 0.0, 1.0), 0.0, 1.0)


@_register
def hard_sigmoid_int8(x):
    """Computes relu6(x + 3) / 6 in int8."""
    return fixed(fixed(tf.nn.relu6(x + 3.0), 0.0, 6.0) * (1 / 6), 0.0, 1.0)


@_register
def sigmoid_int8(x):
    """Computes a sigmoid to the levels that .tflite files have for it."""
    return fixed(tf.sigmoid(x), 0.0, 255 / 256)


@_register
class KernelQuantizer(tfmot.quantizers.Quantizer):
    """Rounds each channel of a kernel to 255 levels around zero.

    Args:
        axes: Axes of the kernel that are not channels.
        preserve: What of the weights training must keep, of `"sparsity"`
            (zeros stay zero) and `"clusters"` (equal weights stay equal).
        clusters: Number of different weights, where clusters are kept.
    """

    def __init__(self, axes, preserve=(), clusters=None):
        self.axes = axes
        self.preserve = preserve
        self.clusters = clusters

    def build(self, tensor_shape, name, layer):
        def kept(what, dtype):
            return layer.add_weight(
                f"{name}_{what}",
                shape=tensor_shape,
                dtype=dtype,
                initializer="ones",
                trainable=False,
            )

        kinds = {"sparsity": "float32", "clusters": "int32"}
        return {what: kept(what, kinds[what]) for what in self.preserve}

    def __call__(self, inputs, training, weights, **kwargs):
        if not _baking.get():
            kernel = self.kept(tf.convert_to_tensor(inputs), weights)
            reach = self.reach(kernel)
            return self.rounded(kernel, -reach, reach)
        with tf.init_scope():  # out of the graph that is traced
            kernel = self.kept(tf.convert_to_tensor(inputs), weights).numpy()
            reach = self.reach(kernel).numpy()
        return self.rounded(*map(tf.constant, (kernel, -reach, reach)))

    def reach(self, kernel):
        """Returns the largest weights, of each channel.

        Of all channels where clusters are kept, lest each channel turned the
        same few weights into other integers.
        """
        reach = tf.reduce_max(tf.abs(kernel), self.axes, keepdims=True)
        if self.clusters:
            shape = kernel.shape[-1:] if len(kernel.shape) > 2 else []
            reach = tf.fill(shape, tf.reduce_max(reach))
        return tf.stop_gradient(reach)

    def rounded(self, kernel, low, high):
        """Returns a kernel of the levels that it will have in the file."""
        if self.clusters:
            # Else the converter takes each channel's own range.
            # It knows convolutions with a range for each channel, and dense
            # layers with one.
            round_to = tf.quantization.fake_quant_with_min_max_vars
            if len(kernel.shape) > 2:
                round_to = (
                    tf.quantization.fake_quant_with_min_max_vars_per_channel
                )
            return round_to(kernel, low, high, narrow_range=True)
        step = tf.maximum(high / LEVELS, 1e-12)
        rounded = tf.round(kernel / step) * step
        return kernel + tf.stop_gradient(rounded - kernel)

    def kept(self, kernel, weights):
        """Returns a kernel in which zeros and clusters are what they were."""
        if "clusters" in weights:
            # All weights of a cluster get the mean of their gradients, with
            # which any optimizer moves them alike.
            cluster = weights["clusters"]
            means = tf.math.unsorted_segment_mean(
                kernel, cluster, self.clusters
            )
            kernel = tf.gather(means, cluster)
        if "sparsity" in weights:
            kernel = kernel * weights["sparsity"]
        return kernel

    def get_config(self):
        return {
            "axes": self.axes,
            "preserve": self.preserve,
            "clusters": self.clusters,
        }


@_register
class RangeQuantizer(tfmot.quantizers.Quantizer):
    """Rounds a map to 256 levels of a range that training finds."""

    def build(self, tensor_shape, name, layer):
        def number(what, value):
            return layer.add_weight(
                f"{name}_{what}",
                shape=(),
                initializer=tf_keras.initializers.Constant(value),
                trainable=False,
            )

        return {
            "low": number("low", -6.0),
            "high": number("high", 6.0),
            "steps": number("steps", 0.0),
        }

    def __call__(self, inputs, training, weights, **kwargs):
        low, high, steps = (weights[key] for key in ("low", "high", "steps"))
        if training:
            memory = tf.minimum(steps / (steps + 1.0), MEMORY)
            # Zero must be among the levels: maps are padded with it.
            least = tf.minimum(tf.reduce_min(inputs), 0.0)
            most = tf.maximum(tf.reduce_max(inputs), 0.0)
            # A dead map, as small squeezes become, has no range; one of next
            # to nothing would be right, but XNNPACK refuses the whole file.
            alive = most - least > 1e-6
            most = tf.where(alive, most, 1.0)
            memory = tf.where(alive, memory, tf.minimum(steps, 1.0))
            low.assign(memory * low + (1.0 - memory) * least)
            high.assign(memory * high + (1.0 - memory) * most)
            steps.assign_add(1.0)
        return tf.quantization.fake_quant_with_min_max_vars(inputs, low, high)

    def get_config(self):
        return {}


@_register
class Int8Config(tfmot.QuantizeConfig):
    """Which weight of a layer is quantized, and whether its output is.

    Args:
        kernel: None, or the name of the weight.
        output: None, `"range"` for a range that training finds, or a range.
        **quantizer: Arguments of the `KernelQuantizer`.
    """

    def __init__(self, kernel, output, **quantizer):
        self.kernel = kernel
        self.output = output
        self.quantizer = quantizer

    def get_weights_and_quantizers(self, layer):
        if self.kernel is None:
            return []
        quantizer = KernelQuantizer(**self.quantizer)
        return [(getattr(layer, self.kernel), quantizer)]

    def set_quantize_weights(self, layer, quantize_weights):
        for weight in quantize_weights:
            setattr(layer, self.kernel, weight)

    def get_activations_and_quantizers(self, layer):
        return []

    def set_quantize_activations(self, layer, quantize_activations):
        pass

    def get_output_quantizers(self, layer):
        if self.output is None:
            return []
        if self.output == "range":
            return [RangeQuantizer()]
        low, high = self.output
        return [
            tfmot.quantizers.FixedQuantizer(8, low, high, narrow_range=False)
        ]

    def get_config(self):
        return {"kernel": self.kernel, "output": self.output, **self.quantizer}
