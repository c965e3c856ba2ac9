"""Parts of maps that nothing reads, as a recurrent layer's first step has.

The converter quantizes a SPLIT with such a part or leaves it in floats, at
random. A slice for each part that is read is always quantized.
"""

import numpy as np


def slice_parts(model, schema):
    """Writes each SPLIT with a part that nothing reads as slices.

    Args:
        model: A `ModelT`, which is changed.
        schema: The module of the schema's classes.

    Returns:
        Whether there was any.
    """
    split = schema.BuiltinOperator.SPLIT
    codes = [max(c.builtinCode, c.deprecatedBuiltinCode) for c in _codes(model)]
    is_changed = False
    for graph in model.subgraphs:
        read = set(_items(graph.outputs))
        for op in _items(graph.operators):
            read.update(_items(op.inputs))
        operators = []
        for op in _items(graph.operators):
            if codes[op.opcodeIndex] == split and not read.issuperset(
                op.outputs
            ):
                operators += _slices(model, graph, op, read, schema)
                is_changed = True
            else:
                operators.append(op)
        graph.operators = operators
    return is_changed


def _slices(model, graph, split, read, schema):
    """Lists a slice for each output of `split` that is read."""
    axis_tensor, whole = split.inputs
    buffer = model.buffers[graph.tensors[axis_tensor].buffer]
    axis = int(np.asarray(buffer.data, np.uint8).view("int32")[0])
    for place, output in enumerate(split.outputs):
        if output not in read:
            continue
        size = np.array(graph.tensors[output].shape, "int32")
        begin = np.zeros_like(size)
        begin[axis] = place * size[axis]
        op = schema.OperatorT()
        op.opcodeIndex = _code(model, schema)
        op.inputs = [
            whole,
            _constant(model, graph, begin, schema),
            _constant(model, graph, size, schema),
        ]
        op.outputs = [output]
        op.builtinOptionsType = schema.BuiltinOptions.SliceOptions
        op.builtinOptions = schema.SliceOptionsT()
        yield op


def _code(model, schema):
    """Returns the place of SLICE in the list of operations."""
    number = schema.BuiltinOperator.SLICE
    for place, code in enumerate(_codes(model)):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == number:
            return place
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = number
    code.version = 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _constant(model, graph, values, schema):
    buffer, tensor = schema.BufferT(), schema.TensorT()
    buffer.data = values.view(np.uint8)
    tensor.buffer = len(model.buffers)
    tensor.shape = [len(values)]
    tensor.type = schema.TensorType.INT32
    tensor.name = f"part_{tensor.buffer}"
    model.buffers.append(buffer)
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _codes(model):
    return _items(model.operatorCodes)


def _items(vector):
    return [] if vector is None else list(vector)
