"""Inlining of blocks and nested models; quantization and export use it."""

import contextlib
import functools
import re
import warnings

import keras

from keras_papers.layers.block import Block, drawing


def flatten(model):
    """Returns `model` as one graph of built-in layers that shares its weights.

    Every `Block`, and every functional or sequential model inside the model,
    is replaced by the graph of its `call`. The same layers are called, so the
    outputs are identical, also in training mode. Masks and call arguments, such
    as `training=False` of a frozen part, are passed to the layers inside.
    Training one of the two models trains the other.

    Args:
        model: A functional or a built sequential model.

    Returns:
        A functional model without `Block`s and inner graphs, not compiled;
        `model` itself if it has no blocks and inner graphs.

    Raises:
        ValueError: If `model` has no graph to open, opening a block would
            lose weights or a regularizer of the block itself, or two of the
            layers inside have the same name.

    Example:
    >>> from keras_papers.layers import InvertedResidual
    >>> images = keras.Input((8, 8, 4))
    >>> model = keras.Model(images, InvertedResidual(4)(images))
    >>> len(model.layers), len(flatten(model).layers)
    (2, 10)
    """
    flat = functional(model)
    while any(is_graph(op) or is_formality(op) for op in flat.operations):
        with drawing(), _equal_names_explained(model):
            flat = redraw(flat, _call)
    check_weights_kept(model, flat.weights)
    return flat


def functional(model):
    """Returns `model`, or the functional model inside a sequential one.

    Raises:
        ValueError: If `model` is not a graph.
    """
    if not getattr(model, "inputs", None) or not isinstance(model, keras.Model):
        raise ValueError(
            "`model` is opened along its graph and must be a functional or a "
            f"built sequential model. Received: model={model!r}. Give a "
            "sequential model its keras.Input first; write a subclassed one "
            "as keras.Model(inputs, outputs)."
        )
    if isinstance(model, keras.Sequential):
        return keras.Model(*model.inputs, *model.outputs, name=model.name)
    return model


@contextlib.contextmanager
def _equal_names_explained(model):
    try:
        yield
    except ValueError as error:
        twice = re.match('The name "(.+)" is used', str(error))
        if not twice:
            raise
        raise ValueError(
            "`model` is opened into one graph, in which each layer needs a "
            f"name of its own. Received: model {model.name!r}, inside which "
            f"several layers are called {twice[1]!r}. Flatten the inner "
            "models one by one, or rename the layers of one of them before "
            "they are joined, as docs/ARCHITECTURE.md shows."
        ) from error


def check_weights_kept(model, weights):
    """Raises ValueError if a weight of `model` is not among `weights`."""
    lost = {id(weight): weight for weight in model.weights}
    for weight in weights:
        lost.pop(id(weight), None)
    if lost:
        path = next(iter(lost.values())).path
        raise ValueError(
            "`model` must keep its weights in built-in layers, for those are "
            f"what it is opened into. Received: a model with {path!r} in a "
            "block itself. Put the weight into a layer of its own."
        )


@contextlib.contextmanager
def keys_may_differ():
    """Silences Keras where keys of inputs are not the names of their layers.

    A column of a table may have a name that a layer cannot have. Inputs are
    found by the keys.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "When providing `inputs` as a dict")
        yield


@keys_may_differ()
def redraw(model, call, inputs=None):
    """Draws the graph of `model` again from its own layers, not compiled.

    Args:
        model: A functional model.
        call: `call(layer, *args, **kwargs)`, which calls the layer.
        inputs: New input tensors, structured as the model's.
    """
    if model.compiled:
        # Cloning would compile again, from losses that may have no name.
        model = keras.Model(model.input, model.output, name=model.name)
    return keras.models.clone_model(
        model,
        input_tensors=inputs,
        clone_function=lambda layer: layer,
        call_function=call,
    )


def calls(model):
    """Lists the calls of a functional model in topological order."""
    depths = sorted(model._nodes_by_depth, reverse=True)
    return [node for depth in depths for node in model._nodes_by_depth[depth]]


def _call(layer, *args, **kwargs):
    if is_formality(layer):
        return args[0]
    # An inner model adds its layers to the graph if its `call` is used alone.
    opens = isinstance(layer, keras.Model) and is_graph(layer)
    return (layer.call if opens else layer)(*args, **kwargs)


def is_graph(layer):
    """Returns whether a layer can be replaced by the graph inside it."""
    if isinstance(layer, keras.Model):
        return type(layer).call in _graph_calls()
    return isinstance(layer, Block)


def is_formality(operation):
    """Returns whether an operation converts a tensor to its own dtype.

    Keras adds one for every input if a model's `call` is used alone.
    """
    if type(operation).__name__ != "ConvertToTensor":
        return False
    return operation.input.dtype == operation.output.dtype


def is_cast_of_floats(operation):
    """Returns whether an operation casts floats to another float dtype.

    Keras adds one if an inner model takes float32 and gets float16.
    """
    if type(operation).__name__ not in ("Cast", "ConvertToTensor"):
        return False
    ends = operation.input.dtype, operation.output.dtype
    return all(keras.backend.is_float_dtype(dtype) for dtype in ends)


@functools.cache
def _graph_calls():
    x = keras.Input(())
    return {type(keras.Model(x, x)).call, keras.Sequential.call}
