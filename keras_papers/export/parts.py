"""Parts of maps that nothing reads, as a recurrent layer's first step has.

The converter quantizes a SPLIT with such a part or leaves it in floats, at
random. A slice for each part that is read is always quantized.
"""

import numpy as np

from keras_papers.export.flatbuffer_graph import add_constant, operator


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
        limits = [
            add_constant(
                model, graph, values, f"part_{len(graph.tensors)}", schema
            )
            for values in (begin, size)
        ]
        options = schema.SliceOptionsT()
        yield operator(
            model, "SLICE", [whole, *limits], [output], schema, options
        )


def _codes(model):
    return _items(model.operatorCodes)


def _items(vector):
    return [] if vector is None else list(vector)
