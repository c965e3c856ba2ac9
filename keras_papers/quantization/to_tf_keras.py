"""Keras 3 models written in tf_keras, which is what TF-MOT takes.

The flat graph is walked from its inputs on. Each layer is converted once,
called on tf_keras' tensors as often as it was, and given its weights.
"""

import inspect
import re

import keras
import numpy as np

from keras_papers.inlining import calls, flatten, functional, is_graph
from keras_papers.precision import in_float32
from keras_papers.quantization.layer_converters import (
    CONVERTERS,
    FROZEN,
    described,
    frozen_normalization,
    without_converter,
)
from keras_papers.quantization.legacy import check_keras_3, load_tf_keras
from keras_papers.quantization.operation_converters import OPERATIONS

# What tf_keras opens as the scope of a layer's name.
NAME = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")


def to_tf_keras(model):
    """Writes `model` in tf_keras: the same answers, weights of its own.

    Blocks and inner models are opened first, as `flatten` does. The layers
    keep their names, their `trainable`, their seeds and their regularizers;
    a layer that was called twice is shared there too. Initializers are left
    behind, for the weights are copied. The result is not compiled.

    Everything computes in float32 there: of a model in mixed precision, whose
    weights are float32 already, the answers become more exact. A
    normalization that was called with `training=False`, itself or as part of
    an inner model, keeps its statistics while the result is fitted, and a
    dropout inside such a model drops nothing. (Keras 3.15 replaces the
    keyword in `fit`.)

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
    >>> copy = to_tf_keras(model)
    >>> copy.output_shape, copy.count_params() == model.count_params()
    ((None, 10), True)
    """
    check_keras_3(model)
    return write(model, names_in_inference(model))


def write(model, in_inference):
    """Does what `to_tf_keras` does.

    Args:
        model: Functional or built sequential model.
        in_inference: Names of the layers inside that never drop, as
            `names_in_inference` finds them.
    """
    tf_keras = load_tf_keras()
    flat = flatten(in_float32(model))
    tensors = {id(x): _input_like(x) for x in flat.inputs}
    copies = {}
    frozen = _frozen_normalizations(flat)
    for node in calls(flat):
        if node.is_input:
            continue
        operation = node.operation
        if operation in frozen and operation not in copies:
            copies[operation] = frozen_normalization(operation)
        elif operation not in copies:
            copies[operation] = _convert(operation)
        args, kwargs = node.arguments.fill_in(tensors)
        kwargs = _keywords(
            operation, copies[operation], kwargs, operation.name in in_inference
        )
        outputs = keras.tree.flatten(copies[operation](*args, **kwargs))
        _check_outputs(node, outputs)
        for x, y in zip(node.outputs, outputs, strict=True):
            tensors[id(x)] = y

    def drawn(x):
        return tensors[id(x)]

    written = tf_keras.Model(
        keras.tree.map_structure(drawn, flat.input),
        keras.tree.map_structure(drawn, flat.output),
        name=model.name,
    )
    for layer, copy in copies.items():
        if isinstance(copy, tf_keras.layers.Layer):
            _copy_weights(layer, copy)
    if not model.trainable:
        written.trainable = False
    return written


def names_in_inference(model):
    """Returns the names of the layers in parts called with training=False.

    A flat graph does not show it: Keras writes the default of a Dropout, which
    is False, into the graph, as if the user had passed it.
    """
    names = set()
    for node in calls(functional(model)):
        part = node.operation
        if not is_graph(part):
            continue
        if node.arguments.kwargs.get("training") is False:
            names |= {layer.name for layer in part._flatten_layers()}
        elif isinstance(part, keras.Model):
            names |= names_in_inference(part)
    return names


def _frozen_normalizations(flat):
    """Returns the batch normalizations that are never called to train."""
    trains = {}
    for node in calls(flat):
        if type(node.operation) is keras.layers.BatchNormalization:
            frozen = node.arguments.kwargs.get("training") is False
            trains[node.operation] = trains.get(node.operation) or not frozen
    return {layer for layer, trained in trains.items() if not trained}


def _keywords(operation, copy, kwargs, in_inference):
    """Returns the call keywords that a layer of tf_keras is given.

    Of `training` it is False, for layers that do something else in training;
    a wrapper around another would take it for its own, and not measure ranges
    or find masks. It is left out where it is the default, as of a Dropout;
    tf_keras would take it for the user's, and never drop. True is left out,
    too: Keras 3 replaces it in `predict` and `evaluate`, tf_keras does not.
    """
    kwargs = dict(kwargs)
    if kwargs.pop("training", None) is not False:
        return kwargs
    called = getattr(copy, "call", copy)  # a converter may return a function
    takes = "training" in inspect.signature(called).parameters
    if not takes or type(copy).__name__ == FROZEN:
        return kwargs
    default = inspect.signature(operation.call).parameters["training"].default
    if default is not False or in_inference:
        kwargs["training"] = False
    return kwargs


def _input_like(x):
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
            f"Received: {described(operation)}. Rename it."
        )
    if isinstance(operation, keras.layers.Layer):
        converter = CONVERTERS.get(type(operation))
    else:
        converter = OPERATIONS.get(type(operation).__name__)
    if converter is None:
        raise ValueError(without_converter(operation))
    copy = converter(operation)
    if not callable(copy) or isinstance(copy, keras.layers.Layer):
        raise ValueError(
            "A converter must return a layer of tf_keras, or another callable "
            f"on tensors. Received: {copy!r} for {described(operation)}. "
            "Return for example tf_keras.layers.ReLU(name=layer.name)."
        )
    return copy


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
        f"Received: {described(node.operation)}, which gives {found} there "
        f"and {expected} in Keras 3. Correct its converter, or put layers in "
        "its place that agree."
    )


def _described_tensor(shape, dtype):
    return tuple(shape), "float32" if "float" in dtype else dtype


def weight_name(weight):
    """Returns what a weight of tf_keras is called in its layer."""
    return re.split("[/:]", weight.name)[-2]


def _copy_weights(layer, copy):
    """Gives `copy` the values of the weights of `layer`, its Keras 3 layer."""
    weights = getattr(layer, "weights", [])  # operations have none
    ours = {weight.name: weight for weight in weights}
    names = [weight_name(weight) for weight in copy.weights]
    if len(ours) == len(weights) and set(ours) == set(names):
        weights = [ours[name] for name in names]
    shapes = [tuple(weight.shape) for weight in weights]
    their_shapes = [tuple(weight.shape) for weight in copy.weights]
    if shapes != their_shapes:
        raise ValueError(
            "A layer must have the same weights in tf_keras. "
            f"Received: {described(layer)} with weights of the shapes "
            f"{shapes}, in tf_keras {their_shapes}. Correct its converter; "
            "convert a model before it is quantized or given LoRA weights."
        )
    # Copied for sure: TensorFlow may hand out and take over the same memory.
    copy.set_weights(
        [
            np.array(
                keras.ops.convert_to_numpy(weight), into.dtype.as_numpy_dtype
            )
            for weight, into in zip(weights, copy.weights, strict=True)
        ]
    )
