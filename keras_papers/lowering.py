"""Lowering of h-swish to operations that int8 runtimes compute fast.

XNNPACK, which runs .tflite files on phones, has no int8 h-swish: a quantized
MobileNetV3 is divided into 21 partitions, between which tensors are copied. But
every function of one int8 tensor is a table of 256 numbers, and XNNPACK fuses a
chain of such operations into a table, also if it ends with a product with its
own input:

    h-swish(x) = x * gate(x),  gate(x) = 1 - relu6(3 - x) / 6

The gate equals relu6(x + 3) / 6. It is written in this form since the converter
replaces the usual form by its own h-swish (docs/QUANTIZATION.md has the
measurements).

XNNPACK has no int8 ReLU by itself, either; the converter fuses a ReLU with the
operation before it, but not where other layers read its input, too, as in a
residual unit that begins with one. A product with a number next to one is an
operation that it can be fused with.

A normalization of pixels by channel, such as that of EfficientNet, would be a
product and a sum of whole images, each rounded to 256 levels. As a depthwise
convolution of 1 x 1 it is one operation that is rounded once.
"""

import collections

import keras
import numpy as np
from keras import layers, ops

from keras_papers.inlining import calls, flatten, redraw

HARD_SIGMOID = keras.activations.hard_sigmoid
WITH_ACTIVATION = (
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv2DTranspose,
    layers.Dense,
    layers.DepthwiseConv2D,
    layers.SeparableConv2D,
)
# Activations that a convolution fuses as limits of its output.
FUSED = (
    keras.activations.linear,
    keras.activations.relu,
    keras.activations.relu6,
)
# Layers that multiply by constants and add constants.
RESCALING = (layers.Normalization, layers.Rescaling)
NEXT_TO_ONE = float(np.nextafter(np.float32(1), np.float32(2)))
CHANNELS = {"channels_last": -1, "channels_first": -3}  # axis of an image


@keras.saving.register_keras_serializable(package="keras_papers")
def mirrored_hard_sigmoid(x):
    """Computes relu6(x + 3) / 6 as 1 - relu6(3 - x) / 6, the gate above."""
    return 1.0 - ops.relu6(3.0 - x) * (1 / 6)


# Activations that are called as functions, by their operations' names.
OPERATIONS = {
    "HardSilu": keras.activations.hard_silu,
    "Silu": keras.activations.silu,
}
# Activations that are their input times a gate.
GATES = {
    keras.activations.hard_silu: mirrored_hard_sigmoid,
    keras.activations.silu: keras.activations.sigmoid,
}


def lower(model):
    """Returns an equivalent model of operations that are fast in int8 runtimes.

    Every h-swish becomes the product of its input and a gate, and so does
    swish, whose gate is the sigmoid. Other activations of a convolution or
    dense layer become separate layers unless int8 runtimes fuse them. A hard
    sigmoid that is written as operations becomes one layer. Normalizations by
    channel become convolutions; several in a row become one, with the name of
    the last. All other layers keep their names.

    Args:
        model: A functional or built sequential model; it is not changed.

    Returns:
        A flat functional model, not compiled. It is for conversion and not
        for training: unchanged layers are those of `model`, others copies.

    Raises:
        ValueError: If `model` has no graph that can be opened.

    Example:
    >>> from keras_papers import applications
    >>> lowered = lower(applications.MobileNetV3Small((32, 32, 3)))
    >>> [layer.name for layer in lowered.layers][4:6]
    ['stem_activation_gate', 'stem_activation']
    """
    flat = flatten(model)
    draw = {**_hard_sigmoids(flat), **_rescalings(flat)}
    names = {operation.name for operation in flat.operations}
    for node in calls(flat):
        layer, dtype = node.operation, _precision(node)
        activation = _activation_of(layer)
        if layer in draw:
            continue  # called more than once
        if type(layer) in WITH_ACTIVATION and activation not in FUSED:
            draw[layer] = _split(layer, names)
        elif type(layer) not in WITH_ACTIVATION and activation in GATES:
            draw[layer] = _activation(activation, layer.name, dtype, names)

    def call(layer, *args, **kwargs):
        if layer in draw:
            # Arguments such as `training` do not affect the replaced layers.
            return draw[layer](_tensor(args, kwargs))
        return layer(*args, **kwargs)

    return redraw(flat, call)


def fuse_relus(model):
    """Returns an equivalent model in which int8 runtimes fuse every ReLU.

    Args:
        model: A flat functional model; it is not changed.

    Returns:
        A functional model, not compiled, whose outputs are equal up to
        rounding. It is for conversion and not for training.
    """
    links, draw = _Links(model), set()
    for node in links.nodes:
        tensors = node.arguments.keras_tensors
        if _is_relu(node) and links.after(tensors[0]) is not node:
            draw.add(node.operation)

    def call(layer, *args, **kwargs):
        if layer in draw:
            return ops.relu(_tensor(args, kwargs) * NEXT_TO_ONE)
        return layer(*args, **kwargs)

    return redraw(model, call) if draw else model


def _is_relu(node):
    layer = node.operation
    if type(layer) is layers.ReLU:
        limits = (layer.max_value, layer.negative_slope, layer.threshold)
        return limits == (None, 0, 0)
    return _activation_of(layer) is keras.activations.relu and not isinstance(
        layer, WITH_ACTIVATION
    )


def _activation_of(operation):
    """Returns the function that a layer or an operation applies, or None.

    For known classes only: others, such as recurrent layers and subclasses of
    users, may use the function inside.
    """
    if not isinstance(operation, layers.Layer):
        return OPERATIONS.get(type(operation).__name__)
    if type(operation) in (layers.Activation, *WITH_ACTIVATION):
        return operation.activation
    return None


def _split(layer, names):
    """Returns a function: a linear copy of a layer, then its activation."""
    copy = layer.from_config(layer.get_config())
    copy.activation = keras.activations.linear
    name = _free(f"{layer.name}_activation", names)
    after = _activation(layer.activation, name, layer.dtype_policy, names)

    def call(x):
        if not copy.built:
            copy.build(x.shape)
            copy.set_weights(layer.get_weights())
        return after(copy(x))

    return call


def _activation(function, name, dtype, names):
    """Returns what draws an activation, in a dtype policy."""
    if function not in GATES:
        return layers.Activation(function, name=name, dtype=dtype)
    gate = layers.Activation(
        GATES[function], name=_free(f"{name}_gate", names), dtype=dtype
    )
    product = layers.Multiply(name=name, dtype=dtype)
    return lambda x: product([x, gate(x)])


def _precision(node):
    """Returns the dtype policy of a layer, the dtype of an operation here.

    Operations may be in several graphs, with different dtypes.
    """
    if isinstance(node.operation, layers.Layer):
        return node.operation.dtype_policy
    return node.outputs[0].dtype


def _free(name, names):
    """Returns an unused layer name, and reserves it."""
    while name in names:
        name += "_"
    names.add(name)
    return name


def _rescalings(flat):
    """Finds normalizations of images by channel, several in a row as one.

    Returns:
        Dict of operation to the function that replaces it.
    """
    links, draw = _Links(flat), {}
    for node in reversed(links.nodes):
        row = []
        while node and type(node.operation) in RESCALING:
            if node.operation in draw or not links.once([node]):
                break
            row.insert(0, node)
            node = links.before(node)
        layer = _rescaling(row) if row else None
        if layer:
            draw |= dict.fromkeys((part.operation for part in row), _unchanged)
            draw[row[-1].operation] = layer
    return draw


def _rescaling(row):
    """Returns one layer for a row of calls of `RESCALING`, or None.

    None if it would not help, and if constants are not by channel, as in a
    table of columns.
    """
    (image,) = row[0].arguments.keras_tensors
    first, *others = (_constants(node.operation) for node in row)
    scale, offset = first
    if not others and np.ndim(scale) == np.ndim(offset) == 0:
        return None
    for factor, summand in others:
        scale, offset = scale * factor, offset * factor + summand
    last = row[-1].operation
    options = {"name": last.name, "dtype": last.dtype_policy}
    if np.ptp(scale) == np.ptp(offset) == 0:
        alike = float(np.max(scale)), float(np.max(offset))
        return layers.Rescaling(*alike, **options)
    scale, offset = np.broadcast_arrays(scale, offset)
    axes = [axis - scale.ndim for axis, n in enumerate(scale.shape) if n > 1]
    data_format = keras.config.image_data_format()
    by_channel = len(image.shape) == 4 and axes == [CHANNELS[data_format]]
    # Unlike a rescaling, a convolution does not cast integers.
    if not by_channel or not keras.backend.is_float_dtype(image.dtype):
        return None
    convolution = layers.DepthwiseConv2D(
        1, data_format=data_format, trainable=False, **options
    )
    convolution.build(image.shape)
    bias = offset.ravel().astype("float32")
    if np.ptp(bias) == 0:
        # The converter rounds equal numbers as if all channels of the kernel
        # had the range of the first, which takes most of the bias away.
        bias[0] = np.nextafter(bias[0], np.float32(0))
    convolution.set_weights([scale.reshape(1, 1, -1, 1), bias])
    return convolution


def _constants(layer):
    """Returns `(scale, offset)` of a layer of `RESCALING`, as arrays."""
    if isinstance(layer, layers.Rescaling):
        scale, offset = map(np.asarray, (layer.scale, layer.offset))
        if scale.ndim and keras.config.image_data_format() == "channels_first":
            # The layer does so with the scale, and not with the offset.
            scale = scale.reshape(scale.shape + (1,) * (3 - scale.ndim))
        return scale, offset
    mean, variance = (
        keras.ops.convert_to_numpy(statistic).astype("float64")
        for statistic in (layer.mean, layer.variance)
    )
    std = np.maximum(np.sqrt(variance), keras.backend.epsilon())
    if layer.invert:
        return std, mean
    return 1 / std, -mean / std


def split_rescaling(model):
    """Removes the leading `Rescaling` of a flat model.

    As an operation it would run on the whole image. The scale and the zero
    point of a quantized input have the same effect at no cost.

    Returns:
        `(scale, offset, rest)`: `rest(scale * images + offset)` equals
        `model(images)`.
    """
    alone = len(model.inputs) == 1
    first = _Links(model).after(model.inputs[0]) if alone else None
    layer = first and first.operation
    if not isinstance(layer, layers.Rescaling):
        return 1.0, 0.0, model
    if np.ndim(layer.scale) or np.ndim(layer.offset) or layer.scale <= 0:
        return 1.0, 0.0, model  # which no scale of an input can be
    rest = keras.Model(first.outputs[0], model.output, name=model.name)
    return float(layer.scale), float(layer.offset), rest


def shift_to_levels(low, high):
    """Returns the shift of a range that makes zero one of its levels.

    A quantized tensor has 256 levels, and zero, with which maps are padded,
    must be one of them. In [-1, 1] it lies between two: pixels then become
    (pixel - 128) / 127.5, half a level less than what the model was made for.
    """
    step = (high - low) / 255
    return -round(-low / step) * step - low


def _hard_sigmoids(flat):
    """Finds `relu6(x + 3) * (1 / 6)` as in keras.applications.

    Returns:
        Dict of operation to the function that replaces it.
    """
    links, draw = _Links(flat), {}
    for node in links.nodes:
        if not _is_constant(node, "Multiply", 1 / 6):
            continue
        relu6 = links.before(node)
        plus_3 = links.before(relu6) if _is_relu6(relu6) else None
        parts = [plus_3, relu6, node]
        if _is_constant(plus_3, "Add", 3) and links.once(parts):
            draw[plus_3.operation] = draw[relu6.operation] = _unchanged
            draw[node.operation] = layers.Activation(
                HARD_SIGMOID,
                name=node.operation.name,
                dtype=_precision(node),
            )
    return draw


def _tensor(args, kwargs):
    """Returns the argument of a call that is not a constant."""
    (tensor,) = (
        x
        for x in keras.tree.flatten((args, kwargs))
        if isinstance(x, keras.KerasTensor)
    )
    return tensor


def _unchanged(tensor):
    return tensor


def _is_constant(node, name, value):
    """Returns whether a node is this operation on a tensor and a constant."""
    if node is None or isinstance(node.operation, layers.Layer):
        return False
    args = [x for x in node.arguments.args if np.isscalar(x)]
    named = type(node.operation).__name__ == name
    return named and len(args) == 1 and np.isclose(args[0], value)


def _is_relu6(node):
    layer = node and node.operation
    if isinstance(layer, layers.ReLU):
        limits = (layer.max_value, layer.negative_slope, layer.threshold)
        return limits == (6, 0, 0)
    if not isinstance(layer, layers.Activation):
        return False
    return layer.activation is keras.activations.relu6


class _Links:
    """The producer and the consumers of the tensors of a flat model."""

    def __init__(self, model):
        self.nodes = calls(model)
        self.makers = {id(x): node for node in self.nodes for x in node.outputs}
        self.readers = collections.defaultdict(list)
        for node in self.nodes:
            for tensor in node.arguments.keras_tensors:
                self.readers[id(tensor)].append(node)
        for tensor in model.outputs:
            self.readers[id(tensor)].append(None)

    def before(self, node):
        """Returns the producer of a tensor that only `node` reads, or None."""
        tensors = node.arguments.keras_tensors
        if len(tensors) != 1 or self.after(tensors[0]) is not node:
            return None
        return self.makers[id(tensors[0])]

    def once(self, nodes):
        """Returns whether only these nodes call their operations."""
        called = [node.operation for node in self.nodes]
        return all(called.count(node.operation) == 1 for node in nodes)

    def after(self, tensor):
        """Returns the only node that reads `tensor`, or None."""
        readers = self.readers[id(tensor)]
        return readers[0] if len(readers) == 1 else None
