"""How operations of Keras 3 on tensors are written in tf_keras.

They are what keras.ops and operators draw in a graph. Their classes are not
public, and are known by their names.
"""

import math

import keras
import numpy as np

from keras_papers.inlining import is_cast_of_floats
from keras_papers.quantization.layer_converters import (
    activation,
    described,
    without_converter,
)
from keras_papers.quantization.legacy import load_tf_keras


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
                    f"{described(operation)}. Reshape one of them first."
                )
            if layer_name is None:
                raise ValueError(without_converter(operation))
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
            f"{constant.path!r} in {described(operation)}. Write a layer "
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
    raise ValueError(without_converter(operation))


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
                f"known sizes. Received: {described(operation)} from "
                f"{tuple(x.shape)} to {operation.output.shape}. Fix the sizes "
                "in keras.Input, or call a layer in its place."
            )
        return _named(operation, "Reshape", after)(x)

    return call


def _cast(operation):
    """Converts between types of floats, which are all float32 there."""
    if not is_cast_of_floats(operation):
        raise ValueError(without_converter(operation))
    return lambda x: x


def _transpose(operation):
    axes = operation.axes
    if axes is None or axes[0] != 0:
        raise ValueError(without_converter(operation))
    return _named(operation, "Permute", tuple(axes[1:]))


def _function(name):
    """Makes the converter of an activation that is called as a function."""

    def convert(operation):
        if name == "relu6":
            return _named(operation, "ReLU", 6.0)
        function = getattr(keras.activations, name)
        return _named(operation, "Activation", activation(operation, function))

    return convert


OPERATIONS = {
    "Add": _merge("Add"),
    "Cast": _cast,
    "Concatenate": lambda operation: _named(
        operation, "Concatenate", axis=operation.axis
    ),
    "ConvertToTensor": _cast,
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
