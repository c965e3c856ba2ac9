"""Tensors and operations that are added to the graph of a .tflite model."""

import numpy as np

TYPES = {"float32": "FLOAT32", "int32": "INT32"}


def add_constant(model, graph, values, name, schema):
    """Adds a tensor of known values; returns its index.

    Args:
        model: A `ModelT`, which is changed.
        graph: A `SubGraphT` of it.
        values: Array of float32 or int32.
        name: Name of the tensor.
        schema: The module of the schema's classes.
    """
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.ascontiguousarray(values), np.uint8)
    model.buffers.append(buffer)
    index = add_tensor(graph, values.shape, name, schema, values.dtype.name)
    graph.tensors[index].buffer = len(model.buffers) - 1
    return index


def add_tensor(graph, shape, name, schema, dtype="float32"):
    """Adds a tensor that is computed; returns its index."""
    tensor = schema.TensorT()
    tensor.shape = list(shape)
    tensor.type = getattr(schema.TensorType, TYPES[dtype])
    tensor.name = name
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def operator(model, kind, inputs, outputs, schema, options=None, version=1):
    """Returns an `OperatorT`, which is not in a graph yet.

    Args:
        model: A `ModelT`; the operation is added to its list.
        kind: Name of a built-in operation; any other is a custom one.
        inputs: Indices of tensors.
        outputs: Indices of tensors.
        schema: The module of the schema's classes.
        options: What the schema has as the operation's options, such as a
            `SliceOptionsT`; or the bytes of a custom one's.
        version: Least version of the operation in the runtime.
    """
    op = schema.OperatorT()
    op.opcodeIndex = _code(model, kind, version, schema)
    op.inputs, op.outputs = list(inputs), list(outputs)
    if isinstance(options, bytes):
        op.customOptions = np.frombuffer(options, np.uint8)
    elif options is not None:
        op.builtinOptions = options
        kind = type(options).__name__.removesuffix("T")
        op.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
    return op


def _code(model, kind, version, schema):
    """Returns the place of an operation in the list of operations."""
    number = getattr(schema.BuiltinOperator, kind, None)
    custom = kind if number is None else None
    number = schema.BuiltinOperator.CUSTOM if custom else number
    for place, code in enumerate(model.operatorCodes):
        is_same = max(code.builtinCode, code.deprecatedBuiltinCode) == number
        if is_same and not custom and code.version >= version:
            return place
    code = schema.OperatorCodeT()
    code.builtinCode = number
    code.deprecatedBuiltinCode = min(number, 127)  # a byte, in old files
    code.customCode = custom
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1
