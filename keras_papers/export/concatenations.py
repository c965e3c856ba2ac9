"""Concatenations of many maps, written as several of few.

XNNPACK joins five tensors at most, and leaves an operation of more, such as
that of a detector's six maps, to the interpreter.
"""

import copy

from keras_papers.export.flatbuffer_graph import operator
from keras_papers.export.operations import operation_names
from keras_papers.extras import require

MOST = 5  # inputs


def split_concatenations(data):
    """Returns the bytes of an equal file, whose concatenations have few inputs.

    Args:
        data: Bytes of a .tflite file.
    """
    schema = require("ai_edge_litert.schema_py_generated", "mobile")
    flatbuffers = require("flatbuffers", "mobile")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    names = operation_names(schema)
    is_changed = False
    for graph in model.subgraphs:
        operators = []
        for op in [] if graph.operators is None else graph.operators:
            code = model.operatorCodes[op.opcodeIndex]
            name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
            while name == "CONCATENATION" and len(op.inputs) > MOST:
                operators += _join_first(model, graph, op, schema)
                is_changed = True
            operators.append(op)
        graph.operators = operators
    if not is_changed:
        return data
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _join_first(model, graph, op, schema):
    """Yields operations that join inputs of `op` by fives, for it to join."""
    inputs, joined = list(map(int, op.inputs)), []
    axis = op.builtinOptions.axis
    for start in range(0, len(inputs), MOST):
        few = inputs[start : start + MOST]
        if len(few) == 1:
            joined += few
            continue
        # Its numbers are in the range of the whole.
        part = copy.copy(graph.tensors[op.outputs[0]])
        part.name = part.name + f"_part{start}".encode()
        part.shape = list(map(int, part.shape))
        part.shape[axis] = sum(
            int(graph.tensors[index].shape[axis]) for index in few
        )
        part.shapeSignature = None
        graph.tensors.append(part)
        joined.append(len(graph.tensors) - 1)
        options = copy.copy(op.builtinOptions)
        yield operator(
            model, "CONCATENATION", few, joined[-1:], schema, options
        )
    op.inputs = joined
