"""Parameters and multiply-adds of a model, layer by layer.

Counted as in the papers of mobile networks: multiply-adds of convolutions and
dense layers, without normalization, activations and pooling.
"""

import math
from typing import NamedTuple

import keras
from keras import layers

from keras_papers.inlining import (
    check_weights_kept,
    functional,
    is_cast_of_floats,
    is_formality,
    is_graph,
)
from keras_papers.layers._input_feeding import InputFeedingDecoder
from keras_papers.layers.axial_attention import AxialAttention
from keras_papers.layers.block import drawing
from keras_papers.layers.column_embedding import ColumnEmbedding
from keras_papers.layers.feature_attention import FeatureAttention
from keras_papers.layers.finite_scalar_quantizer import FiniteScalarQuantizer
from keras_papers.layers.gated_causal_conv1d import GatedCausalConv1D
from keras_papers.layers.gated_masked_conv2d import GatedMaskedConv2D
from keras_papers.layers.luong_attention import LuongAttention
from keras_papers.layers.masked_conv2d import MaskedConv2D
from keras_papers.layers.residual_vector_quantizer import (
    ResidualVectorQuantizer,
)
from keras_papers.layers.temporal_attention import TemporalAttention
from keras_papers.layers.vector_quantizer import VectorQuantizer

CONVOLUTIONS = (
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.DepthwiseConv1D,
    layers.DepthwiseConv2D,
)
TRANSPOSED = (
    layers.Conv1DTranspose,
    layers.Conv2DTranspose,
    layers.Conv3DTranspose,
)
# Layers whose kernels are used at each place of the output.
OF_KERNELS = (
    FeatureAttention,
    GatedCausalConv1D,
    GatedMaskedConv2D,
    MaskedConv2D,
)
# Layers whose kernels are used at each step.
RECURRENT = (layers.GRU, layers.LSTM, layers.SimpleRNN)
# Layers that compare each vector with each code, a product of matrices.
QUANTIZERS = (ResidualVectorQuantizer, VectorQuantizer)
SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
# Layers that the papers do not count.
FREE = (
    layers.Activation,
    layers.Add,
    layers.Average,
    layers.AveragePooling2D,
    layers.BatchNormalization,
    layers.CenterCrop,
    layers.Concatenate,
    layers.Cropping2D,
    layers.Dropout,
    layers.ELU,
    layers.Embedding,
    layers.Flatten,
    layers.GaussianNoise,
    layers.GlobalAveragePooling1D,
    layers.GlobalAveragePooling2D,
    layers.GlobalMaxPooling1D,
    layers.GlobalMaxPooling2D,
    layers.GroupNormalization,
    layers.Identity,
    layers.LayerNormalization,
    layers.LeakyReLU,
    layers.MaxPooling2D,
    layers.Maximum,
    layers.Minimum,
    layers.Multiply,
    layers.Normalization,
    layers.PReLU,
    layers.Permute,
    layers.ReLU,
    layers.Rescaling,
    layers.Reshape,
    layers.Resizing,
    layers.Softmax,
    layers.SpatialDropout2D,
    layers.Subtract,
    layers.UnitNormalization,
    layers.UpSampling2D,
    layers.ZeroPadding2D,
    ColumnEmbedding,
    FiniteScalarQuantizer,
)


class LayerCost(NamedTuple):
    """The cost of one call of a layer."""

    name: str
    parameters: int  # trainable; 0 if the layer was called before
    multiply_adds: int  # for one image, or one example of another kind
    output_shape: tuple


class Cost(NamedTuple):
    """The cost of a model: totals, each layer, and the layers not counted."""

    parameters: int
    multiply_adds: int
    layers: tuple
    unknown: tuple  # names of layers whose multiply-adds are not known

    def __str__(self):
        text = (
            f"{self.parameters:,} parameters, "
            f"{self.multiply_adds / 1e6:,.1f}M multiply-adds"
        )
        if self.unknown:
            text += f", not counting {', '.join(self.unknown)}"
        return text


def count(model, input_shape=None):
    """Counts the trainable parameters and the multiply-adds of a model.

    A layer of another package can state its own multiply-adds by a method
    `multiply_adds(output_shape)`.

    Args:
        model: A functional or built sequential model with one input.
        input_shape: Shape of one example, without batch axis. Needed if
            the model has an open size. Defaults to the model's own.

    Returns:
        A `Cost`, with one `LayerCost` for each built-in layer: blocks and
        inner models are counted by the layers inside.

    Raises:
        ValueError: If a size is open and `input_shape` does not set it.

    Example:
    >>> from keras_papers import applications
    >>> print(count(applications.MobileNetV3Small()))
    2,542,856 parameters, 56.5M multiply-adds
    """
    model = functional(model)
    rows, unknown, seen = [], [], set()
    for layer, args, outputs in _calls(
        model, _closed_inputs(model, input_shape)
    ):
        cost = _multiply_adds(layer, args, outputs)
        if cost is None:
            unknown.append(layer.name)
        rows.append(
            LayerCost(
                layer.name,
                0 if layer in seen else _parameters(layer),
                cost or 0,
                getattr(outputs, "shape", None),
            )
        )
        seen.add(layer)
    check_weights_kept(
        model, [w for layer in seen for w in getattr(layer, "weights", ())]
    )
    return Cost(
        sum(row.parameters for row in rows),
        sum(row.multiply_adds for row in rows),
        tuple(rows),
        tuple(dict.fromkeys(unknown)),
    )


def _calls(model, *args, **kwargs):
    """Yields `(layer, args, outputs)` of each built-in layer's calls.

    The graph is created once, with all sizes set. `flatten` would create it
    twice, and fails for two layers with the same name.
    """
    with drawing():
        outputs = model.call(*args, **kwargs)
    inputs = keras.tree.flatten((args, kwargs))
    starts = [x for x in inputs if isinstance(x, keras.KerasTensor)]
    for node in _nodes(outputs, starts):
        layer, call, outputs = node.operation, node.arguments, node.outputs
        if is_graph(layer):
            yield from _calls(layer, *call.args, **call.kwargs)
        elif not (
            is_formality(layer) or is_cast_of_floats(layer) or _is_mask(outputs)
        ):
            outputs = outputs[0] if len(outputs) == 1 else outputs
            yield layer, call.args, outputs


def _is_mask(outputs):
    """Returns whether an operation computes which steps are padding."""
    return all(each.dtype == "bool" for each in outputs)


def _nodes(outputs, inputs):
    """Lists the calls between tensors in topological order."""
    starts = dict.fromkeys(map(_node, inputs))
    ordered = dict(starts)
    stack = [_node(x) for x in reversed(keras.tree.flatten(outputs))]
    while stack:
        before = [n for n in stack[-1].parent_nodes if n not in ordered]
        stack += reversed(before)
        if not before:
            ordered[stack.pop()] = None
    return [node for node in ordered if node not in starts]


def _node(tensor):
    layer, index, _ = tensor._keras_history
    return layer._inbound_nodes[index]


def _closed_inputs(model, input_shape):
    shapes = [tuple(x.shape[1:]) for x in model.inputs]
    if input_shape is not None:
        closed = isinstance(input_shape, tuple | list)
        shapes = [tuple(input_shape)] if closed else []
    if len(shapes) != len(model.inputs) or any(None in s for s in shapes):
        raise ValueError(
            "`input_shape` must close every size that the model leaves open, "
            "for multiply-adds grow with the size. "
            f"Received: input_shape={input_shape} for a model of input shape "
            f"{model.input_shape}. Pass the size it will run at, such as "
            "(224, 224, 3)."
        )
    starts = [
        keras.Input(shape, dtype=x.dtype)
        for shape, x in zip(shapes, model.inputs, strict=True)
    ]
    return keras.tree.pack_sequence_as(model.input, starts)


def _parameters(layer):
    weights = getattr(layer, "trainable_weights", ())  # operations have none
    return sum(math.prod(weight.shape) for weight in weights)


def _multiply_adds(layer, args, outputs):
    """Returns the multiply-adds of one call, or None if they are not known."""
    if isinstance(layer, SEPARABLE):
        depthwise = math.prod(layer.depthwise_kernel.shape)
        pointwise = math.prod(layer.pointwise_kernel.shape)
        return (depthwise + pointwise) * _positions(layer, outputs.shape)
    if isinstance(layer, TRANSPOSED):
        return math.prod(layer.kernel.shape) * _positions(layer, args[0].shape)
    if isinstance(layer, CONVOLUTIONS):
        return math.prod(layer.kernel.shape) * _positions(layer, outputs.shape)
    if isinstance(layer, layers.Dense):
        return math.prod(layer.kernel.shape) * math.prod(outputs.shape[1:-1])
    if isinstance(layer, OF_KERNELS):
        return _sizes(layer, "kernel") * _places(layer, outputs)
    if isinstance(layer, AxialAttention):
        # Besides the projections, scores and averages along the axis.
        attended = 2 * outputs.shape[layer.axis] * outputs.shape[-1]
        return (_sizes(layer, "kernel") + attended) * _places(layer, outputs)
    if isinstance(layer, TemporalAttention):
        return _sizes(layer, "kernel") * args[0].shape[-1]
    if isinstance(layer, LuongAttention):
        return _of_luong_attention(layer, *args[0])
    if isinstance(layer, InputFeedingDecoder):
        # Of each step; the target states are of the shape of the outputs.
        cell = layer.cell
        of_cells = [*cell.cells, cell.combine]
        return args[0][0].shape[1] * sum(
            _sizes(part, "kernel", "recurrent_kernel") for part in of_cells
        ) + _of_luong_attention(cell.attention, outputs, args[0][1])
    if _is_recurrent(layer):
        kernels = _sizes(layer, "kernel", "recurrent_kernel")
        return kernels * args[0].shape[1]
    if isinstance(layer, layers.MultiHeadAttention):
        return _of_heads(layer, outputs, *args[:3])
    if isinstance(layer, QUANTIZERS):
        parts = _sizes(layer, "kernel", "embeddings")
        return parts * _places(layer, outputs)
    if isinstance(layer, FREE):
        return 0
    stated = getattr(layer, "multiply_adds", None)
    return stated(outputs.shape) if callable(stated) else None


def _of_luong_attention(layer, target, source):
    """Returns the multiply-adds of projections, scores and averages."""
    pairs = target.shape[1] * source.shape[1]
    scores = pairs * source.shape[-1]
    if layer.score == "concat":
        scores = pairs * _sizes(layer, "v")
    return (
        target.shape[1] * _sizes(layer, "kernel", "target_kernel")
        + source.shape[1] * _sizes(layer, "source_kernel")
        + scores
        + pairs * source.shape[-1]
    )


def _is_recurrent(layer):
    """Returns whether a layer is one of `RECURRENT`, or two of them."""
    if isinstance(layer, layers.Bidirectional):
        layer = layer.forward_layer
    return isinstance(layer, RECURRENT)


def _of_heads(layer, outputs, query, value, key=None):
    """Returns those of attention: projections, scores and averages."""
    key = value if key is None else key
    queries, values = (math.prod(x.shape[1:-1]) for x in (query, value))
    width = layer.num_heads * layer.key_dim
    averaged = layer.num_heads * (layer.value_dim or layer.key_dim)
    return (
        queries * (query.shape[-1] * width + averaged * outputs.shape[-1])
        + values * (key.shape[-1] * width + value.shape[-1] * averaged)
        + queries * values * (width + averaged)
    )


def _sizes(layer, *names):
    """Returns the number of all weights of these names, masked ones too."""
    return sum(math.prod(w.shape) for w in layer.weights if w.name in names)


def _places(layer, outputs):
    """Returns the number of places of the first output of a layer."""
    shape = keras.tree.flatten(outputs)[0].shape
    if getattr(layer, "data_format", None) == "channels_first":
        return math.prod(shape[2:])
    return math.prod(shape[1:-1])


def _positions(layer, shape):
    """Returns the number of positions of the kernel on a map."""
    if layer.data_format == "channels_first":
        return math.prod(shape[2:])
    return math.prod(shape[1:-1])
