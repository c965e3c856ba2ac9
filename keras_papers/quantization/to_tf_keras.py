"""Keras 3 models written anew in tf_keras, which is what TF-MOT takes.

The flat graph is walked from its inputs on. Each layer is converted once,
called on tf_keras' tensors as often as it was, and given its weights.
"""

import functools
import inspect
import math
import re

import keras
import numpy as np
from keras import layers

from keras_papers.extras import require
from keras_papers.inlining import calls, flatten
from keras_papers.lowering import mirrored_hard_sigmoid
from keras_papers.quantization.legacy import load_tf_keras

CONVERTERS = {}  # layer class: converter; `register_converter` adds to it
# What tf_keras opens as the scope of a layer's name.
NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")


def to_tf_keras(model):
    """Writes `model` anew in tf_keras: the same answers, weights of its own.

    Blocks and inner models are opened first, as `flatten` does. The layers
    keep their names, their `trainable`, their seeds and their regularizers;
    a layer that was called twice is shared there too. Initializers are left
    behind, for the weights are copied. The result is not compiled.

    Everything computes in float32 there: of a model in mixed precision, whose
    weights are float32 already, the answers become more exact. And where a
    normalization was called with `training=False`, it keeps its statistics
    while the twin is fitted, too; Keras 3 replaces the keyword in `fit`.

    Args:
        model: Functional or built sequential model, of any backend. It stays
            as it is.

    Returns:
        A functional model of tf_keras.

    Raises:
        ValueError: If `model` has no graph to open, or a layer of it has no
            converter (see `register_converter`) or an option that tf_keras
            lacks.
        MissingExtraError: If the extra `quantization` is not installed.

    Example:
    >>> from keras_papers import applications
    >>> model = applications.MobileNetV3Small((32, 32, 3), classes=10)
    >>> twin = to_tf_keras(model)
    >>> twin.output_shape, twin.count_params() == model.count_params()
    ((None, 10), True)
    """
    tf_keras = load_tf_keras()
    flat = flatten(model)
    tensors = {id(x): _door(x) for x in flat.inputs}
    twins = {}
    for node in calls(flat):
        if node.is_input:
            continue
        operation = node.operation
        if operation not in twins:
            twins[operation] = _convert(operation)
        args, kwargs = node.arguments.fill_in(tensors)
        kwargs = _given(operation, kwargs)
        outputs = keras.tree.flatten(twins[operation](*args, **kwargs))
        _check_outputs(node, outputs)
        for x, y in zip(node.outputs, outputs, strict=True):
            tensors[id(x)] = y

    def drawn(x):
        return tensors[id(x)]

    twin = tf_keras.Model(
        keras.tree.map_structure(drawn, flat.input),
        keras.tree.map_structure(drawn, flat.output),
        name=model.name,
    )
    for layer, copy in twins.items():
        if isinstance(copy, tf_keras.layers.Layer):
            _copy_weights(layer, copy)
    if not model.trainable:
        twin.trainable = False
    return twin


def register_converter(layer_class):
    """Registers how a layer class is written in tf_keras; a decorator.

    The function takes the layer and returns a layer of tf_keras under the
    layer's name, which is given the weights, in their order. It may return
    another callable on tensors, which then sets any weights itself. A
    converter for a class that has one replaces it. A subclass needs its own.

    Args:
        layer_class: Subclass of `keras.layers.Layer`.

    Raises:
        ValueError: If `layer_class` is none.

    Example:
    >>> class Doubled(keras.layers.Layer):
    ...     def call(self, inputs):
    ...         return 2 * inputs
    >>> @register_converter(Doubled)
    ... def doubled(layer):
    ...     import tf_keras
    ...     return tf_keras.layers.Rescaling(2.0, name=layer.name)
    >>> inputs = keras.Input((4,))
    >>> twin = to_tf_keras(keras.Model(inputs, Doubled(name="twice")(inputs)))
    >>> twin.layers[1].name, float(twin(np.ones((1, 4)))[0, 0])
    ('twice', 2.0)
    """
    is_class = isinstance(layer_class, type)
    if not is_class or not issubclass(layer_class, keras.layers.Layer):
        raise ValueError(
            "`layer_class` is the class whose layers the function converts, "
            "a subclass of keras.layers.Layer. "
            f"Received: layer_class={layer_class!r}. Write "
            "@register_converter(YourLayer) above the function."
        )

    def register(converter):
        CONVERTERS[layer_class] = converter
        return converter

    return register


def _given(operation, kwargs):
    """Returns the call keywords but for a `training` that is the default.

    Keras 3 writes that into the graph, as False for a Dropout, and replaces
    it in `fit`; tf_keras would take it for the user's, and never drop.
    """
    parameters = inspect.signature(operation.call).parameters
    if "training" not in parameters:
        return kwargs
    default = parameters["training"].default
    return {
        key: value
        for key, value in kwargs.items()
        if key != "training" or value is not default
    }


def _door(x):
    layer = x._keras_history.operation
    if x.sparse or getattr(layer, "optional", False):
        raise ValueError(
            "`model` must take dense inputs, none of them optional. "
            f"Received: input {layer.name!r}. Draw the model on another "
            "keras.Input."
        )
    return load_tf_keras().Input(
        batch_shape=x.shape, dtype=x.dtype, name=layer.name
    )


def _convert(operation):
    if not NAME.fullmatch(operation.name):
        raise ValueError(
            "Layers of `model` must have names that TensorFlow takes for a "
            "scope: plain letters, digits and '_.-', and no '_' in front. "
            f"Received: {_described(operation)}. Rename it."
        )
    if isinstance(operation, keras.layers.Layer):
        converter = CONVERTERS.get(type(operation))
    else:
        converter = OPERATIONS.get(type(operation).__name__)
    if converter is None:
        raise ValueError(_without_converter(operation))
    twin = converter(operation)
    if not callable(twin) or isinstance(twin, keras.layers.Layer):
        raise ValueError(
            "A converter must return a layer of tf_keras, or another callable "
            f"on tensors. Received: {twin!r} for {_described(operation)}. "
            "Return for example tf_keras.layers.ReLU(name=layer.name)."
        )
    return twin


def _described(operation):
    return f"{type(operation).__name__} {operation.name!r}"


def _without_converter(operation):
    start = (
        "`model` is written anew in tf_keras, layer by layer. "
        f"Received: {_described(operation)}, "
    )
    if isinstance(operation, keras.layers.Lambda):
        return start + (
            "whose function is code for Keras 3. Write it as a layer of its "
            "own, and register a converter of that."
        )
    if isinstance(operation, keras.layers.Layer):
        return start + (
            "a class that has no converter. Put @keras_papers.quantization."
            f"register_converter({type(operation).__name__}) above a function "
            "that takes the layer and returns one of tf_keras."
        )
    return start + (
        "an operation on tensors that has no layer there. Call a layer in its "
        "place, or write one around it and register a converter of that."
    )


def _check_outputs(node, outputs):
    """Raises ValueError unless the tensors are what they were in Keras 3."""
    expected = [_described_tensor(x.shape, x.dtype) for x in node.outputs]
    found = [_described_tensor(y.shape, y.dtype.name) for y in outputs]
    # An open size may be known to one of the two only.
    if len(expected) == len(found) and all(
        kind == their_kind
        and len(shape) == len(their_shape)
        and all(
            None in pair or pair[0] == pair[1]
            for pair in zip(shape, their_shape, strict=True)
        )
        for (shape, kind), (their_shape, their_kind) in zip(
            expected, found, strict=True
        )
    ):
        return
    raise ValueError(
        "A layer must give the same shape and dtype in tf_keras. "
        f"Received: {_described(node.operation)}, which gives {found} there "
        f"and {expected} in Keras 3. Correct its converter, or put layers in "
        "its place that agree."
    )


def _described_tensor(shape, dtype):
    return tuple(shape), "float32" if "float" in dtype else dtype


def weight_name(weight):
    """Returns what a weight of tf_keras is called in its layer."""
    return re.split("[/:]", weight.name)[-2]


def _copy_weights(layer, twin):
    """Gives `twin` the values of the weights of `layer`, its Keras 3 layer."""
    weights = getattr(layer, "weights", [])  # operations have none
    ours = {weight.name: weight for weight in weights}
    names = [weight_name(weight) for weight in twin.weights]
    if len(ours) == len(weights) and set(ours) == set(names):
        weights = [ours[name] for name in names]
    shapes = [tuple(weight.shape) for weight in weights]
    their_shapes = [tuple(weight.shape) for weight in twin.weights]
    if shapes != their_shapes:
        raise ValueError(
            "A layer must have the same weights in tf_keras. "
            f"Received: {_described(layer)} with weights of the shapes "
            f"{shapes}, in tf_keras {their_shapes}. Correct its converter; "
            "convert a model before it is quantized or given LoRA weights."
        )
    # Copied for sure: TensorFlow may hand out and take over the same memory.
    twin.set_weights(
        [
            np.array(
                keras.ops.convert_to_numpy(weight), copy.dtype.as_numpy_dtype
            )
            for weight, copy in zip(weights, twin.weights, strict=True)
        ]
    )


ANY = object()


def _same(**lacking):
    """Makes the converter of a layer that tf_keras has by the same name.

    Args:
        **lacking: Options that tf_keras lacks, as `_rebuild` takes them.
    """

    def convert(layer):
        return _rebuild(layer, type(layer).__name__, lacking)

    return convert


def _rebuild(layer, name, lacking=None, **options):
    """Makes the layer of tf_keras called `name` from the config of `layer`.

    Args:
        layer: Layer of Keras 3.
        name: Of a class in tf_keras.layers.
        lacking: Options that tf_keras lacks, and the value at which it needs
            none; `ANY` where none is needed.
        **options: What to set in place of the layer's own.
    """
    config = {
        key: _portable(value)
        for key, value in layer.get_config().items()
        if not key.endswith("_initializer")
    }
    for key, value in (lacking or {}).items():
        if value is ANY or config.get(key) == value:
            config.pop(key, None)
    if "activation" in config:
        config["activation"] = _activation(layer, layer.activation)
    config.update(options, dtype="float32")
    try:
        return getattr(load_tf_keras().layers, name).from_config(config)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "Layers of `model` can have those options only that tf_keras "
            f"has, too. Received: {_described(layer)}, of which tf_keras "
            f"says: {error}. Do without the option, or register a converter "
            "of your own."
        ) from error


def _portable(value):
    """Returns a nested object's config as tf_keras writes it."""
    if isinstance(value, dict) and "class_name" in value:
        return {key: value[key] for key in ("class_name", "config")}
    return value


# Activations of both, of one meaning. Not among them: `hard_sigmoid`, which
# is 0.2 x + 0.5 in tf_keras.
SAME_ACTIVATIONS = {
    "elu": "elu",
    "exponential": "exponential",
    "gelu": "gelu",
    "linear": "linear",
    "mish": "mish",
    "relu": "relu",
    "selu": "selu",
    "sigmoid": "sigmoid",
    "silu": "swish",
    "softmax": "softmax",
    "softplus": "softplus",
    "softsign": "softsign",
    "tanh": "tanh",
}


@functools.cache
def _written_activations():
    """Returns the activations that tf_keras lacks, by their Keras 3 names.

    Registered there, so that a model that has them can be saved and cloned.
    """
    tensorflow = require("tensorflow", "quantization")
    register = load_tf_keras().saving.register_keras_serializable(
        "keras_papers"
    )

    @register
    def relu6(x):
        return tensorflow.nn.relu6(x)

    @register
    def hard_sigmoid(x):
        return tensorflow.nn.relu6(x + 3.0) / 6.0

    @register
    def hard_swish(x):
        return x * (tensorflow.nn.relu6(x + 3.0) / 6.0)

    @register
    def leaky_relu(x):
        return tensorflow.nn.leaky_relu(x, 0.2)

    @register
    def log_softmax(x):
        return tensorflow.nn.log_softmax(x)

    @register
    def mirrored_hard_sigmoid(x):
        return 1.0 - tensorflow.nn.relu6(3.0 - x) / 6.0

    return {
        "mirrored_hard_sigmoid": mirrored_hard_sigmoid,
        "relu6": relu6,
        "hard_sigmoid": hard_sigmoid,
        "hard_silu": hard_swish,
        "leaky_relu": leaky_relu,
        "log_softmax": log_softmax,
    }


def _activation(layer, function):
    """Returns the function of tf_keras for a function of keras.activations."""
    name = getattr(function, "__name__", "")
    known = {**SAME_ACTIVATIONS, **_written_activations()}
    # One of a user's may have the same name.
    theirs = getattr(keras.activations, name, None)
    if function in (theirs, mirrored_hard_sigmoid) and name in known:
        return load_tf_keras().activations.get(known[name])
    raise ValueError(
        "Activations of `model` must be known in tf_keras: "
        f"{', '.join(known)}. Received: activation={function!r} in "
        f"{_described(layer)}. Put a layer of its own in its place, and "
        "register a converter of that."
    )


def _activation_layer(layer):
    if layer.activation is keras.activations.relu6:
        # The layer that TF-MOT knows.
        return _rebuild(layer, "ReLU", {"activation": ANY}, max_value=6.0)
    return _rebuild(layer, "Activation")


def _batch_normalization(layer):
    # The fused one multiplies the moving variance by n / (n - 1), which on
    # the last maps of a small batch is much, and raises an epsilon below
    # 1e-5 without a word.
    return _rebuild(layer, "BatchNormalization", fused=False)


def _leaky_relu(layer):
    lacking = {"negative_slope": ANY}
    return _rebuild(layer, "LeakyReLU", lacking, alpha=layer.negative_slope)


def _normalization(layer):
    kept = sorted(axis % len(layer.mean.shape) for axis in layer.axis)
    mean, variance = (
        np.reshape(
            keras.ops.convert_to_numpy(statistic),
            [statistic.shape[axis] for axis in kept],
        )
        for statistic in (layer.mean, layer.variance)
    )
    twin = _rebuild(layer, "Normalization", mean=mean, variance=variance)
    # As a plain callable: the statistics are constants, whatever the weights.
    return lambda x: twin(x)


CONVERTERS |= dict.fromkeys(
    (
        layers.Add,
        layers.AlphaDropout,
        layers.Average,
        layers.AveragePooling1D,
        layers.AveragePooling2D,
        layers.Concatenate,
        layers.Conv1D,
        layers.Conv1DTranspose,
        layers.Conv2D,
        layers.Conv2DTranspose,
        layers.Cropping1D,
        layers.Cropping2D,
        layers.DepthwiseConv1D,
        layers.DepthwiseConv2D,
        layers.Dot,
        layers.Dropout,
        layers.ELU,
        layers.Flatten,
        layers.GaussianDropout,
        layers.GaussianNoise,
        layers.GlobalAveragePooling1D,
        layers.GlobalAveragePooling2D,
        layers.GlobalMaxPooling1D,
        layers.GlobalMaxPooling2D,
        layers.Identity,
        layers.MaxPooling1D,
        layers.MaxPooling2D,
        layers.Maximum,
        layers.Minimum,
        layers.Multiply,
        layers.PReLU,
        layers.Permute,
        layers.ReLU,
        layers.RepeatVector,
        layers.Rescaling,
        layers.Reshape,
        layers.SeparableConv1D,
        layers.SeparableConv2D,
        layers.Softmax,
        layers.SpatialDropout1D,
        layers.SpatialDropout2D,
        layers.Subtract,
        layers.UpSampling1D,
        layers.UpSampling2D,
        layers.ZeroPadding2D,
    ),
    _same(),
)
CONVERTERS |= {
    layers.Activation: _activation_layer,
    layers.BatchNormalization: _batch_normalization,
    layers.Dense: _same(quantization_config=None),
    layers.Embedding: _same(quantization_config=None),
    layers.LayerNormalization: _same(rms_scaling=False),
    layers.LeakyReLU: _leaky_relu,
    layers.Normalization: _normalization,
    layers.Resizing: _same(
        antialias=False,
        data_format="channels_last",
        fill_mode=ANY,  # of the padding, which is left out
        fill_value=ANY,
        pad_to_aspect_ratio=False,
    ),
    layers.ZeroPadding1D: _same(data_format="channels_last"),
}


# What keras.ops and operators draw. Its classes are not public: by name.


def _merge(layer_name):
    """Makes the converter of an operation on two tensors."""

    def convert(operation):
        def call(a, b):
            if _is_constant(a) or _is_constant(b):
                scale, offset = _affine(operation, a, b)
                x = b if _is_constant(a) else a
                return _named(operation, "Rescaling", scale, offset)(x)
            if len(a.shape) != len(b.shape):
                raise ValueError(
                    "Tensors of several ranks are joined otherwise in "
                    "tf_keras. Received: shapes "
                    f"{tuple(a.shape)} and {tuple(b.shape)} in "
                    f"{_described(operation)}. Reshape one of them first."
                )
            if layer_name is None:
                raise ValueError(_without_converter(operation))
            return _named(operation, layer_name)([a, b])

        return call

    return convert


def _is_constant(x):
    return not hasattr(x, "_keras_history")  # as the tensors of a graph


def _affine(operation, a, b):
    """Returns (scale, offset) of an operation on a tensor and a constant.

    As Rescaling, for TF-MOT takes layers only.
    """
    first = _is_constant(a)
    constant = a if first else b
    if isinstance(constant, keras.Variable):
        raise ValueError(
            "A weight must be in a layer. Received: variable "
            f"{constant.path!r} in {_described(operation)}. Write a layer "
            "that holds it, and register a converter of that."
        )
    c = np.asarray(keras.ops.convert_to_numpy(constant), "float32").tolist()
    negative = np.negative(c).tolist()
    kind = type(operation).__name__
    if kind == "Add":
        return 1.0, c
    if kind == "Multiply":
        return c, 0.0
    if kind == "Subtract":
        return (-1.0, c) if first else (1.0, negative)
    if kind in ("Divide", "TrueDivide") and not first:
        return np.divide(1.0, c).tolist(), 0.0
    raise ValueError(_without_converter(operation))


def _named(operation, layer_name, *args, **options):
    """Makes the layer of tf_keras that stands for an operation."""
    layer_class = getattr(load_tf_keras().layers, layer_name)
    return layer_class(*args, name=operation.name, dtype="float32", **options)


def _reshape(operation):
    def call(x):
        before, after = x.shape[1:], operation.output.shape[1:]
        known = None not in (*before, *after)
        if not known or math.prod(before) != math.prod(after):
            raise ValueError(
                "A tensor can be reshaped within its examples only, and to "
                f"known sizes. Received: {_described(operation)} from "
                f"{tuple(x.shape)} to {operation.output.shape}. Fix the sizes "
                "in keras.Input, or call a layer in its place."
            )
        return _named(operation, "Reshape", after)(x)

    return call


def _transpose(operation):
    axes = operation.axes
    if axes is None or axes[0] != 0:
        raise ValueError(_without_converter(operation))
    return _named(operation, "Permute", tuple(axes[1:]))


def _function(name):
    """Makes the converter of an activation that is called as a function."""

    def convert(operation):
        if name == "relu6":
            return _named(operation, "ReLU", 6.0)
        function = getattr(keras.activations, name)
        return _named(operation, "Activation", _activation(operation, function))

    return convert


OPERATIONS = {
    "Add": _merge("Add"),
    "Concatenate": lambda operation: _named(
        operation, "Concatenate", axis=operation.axis
    ),
    "Divide": _merge(None),
    "ExpandDims": _reshape,
    "HardSigmoid": _function("hard_sigmoid"),
    "HardSilu": _function("hard_silu"),
    "Maximum": _merge("Maximum"),
    "Minimum": _merge("Minimum"),
    "Multiply": _merge("Multiply"),
    "ReLU": lambda operation: _named(
        operation,
        "ReLU",
        operation.max_value,
        operation.negative_slope,
        operation.threshold,
    ),
    "Relu": _function("relu"),
    "Relu6": _function("relu6"),
    "Reshape": _reshape,
    "Sigmoid": _function("sigmoid"),
    "Silu": _function("silu"),
    "Squeeze": _reshape,
    "Subtract": _merge("Subtract"),
    "Tanh": _function("tanh"),
    "Transpose": _transpose,
    "TrueDivide": _merge(None),
}
