"""The operations of a .tflite file, and what each costs."""

import math
from typing import NamedTuple

from keras_papers.extras import require

# Operations with weights, each of which counts once at each place of the map.
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


class Operation(NamedTuple):
    """One operation of a graph."""

    name: str
    parameters: int  # weights and biases
    multiply_adds: int
    output_shape: tuple  # of one image


def list_operations(path):
    """Lists the operations of the main graph, in their order."""
    schema = require("ai_edge_litert.schema_py_generated", "mobile")
    with open(path, "rb") as file:
        model = schema.ModelT.InitFromPackedBuf(file.read())
    graph = model.subgraphs[0]
    names = operation_names(schema)
    found = []
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        output = tuple(map(int, graph.tensors[operator.outputs[0]].shape))
        parameters = adds = 0
        if name in WEIGHTED:
            weights = [
                math.prod(map(int, graph.tensors[index].shape))
                for index in operator.inputs[1:]
                if index >= 0
            ]
            parameters = sum(weights)
            places = math.prod(output[1:-1]) if len(output) == 4 else 1
            adds = weights[0] * places
        found.append(Operation(name, parameters, adds, output[1:]))
    return found


def tensors_of(names, model, graph, schema):
    """Returns the indices of the inputs and outputs of some operations.

    Args:
        names: Names of the operations.
        model: A `ModelT`.
        graph: A `SubGraphT` of it.
        schema: The module of the schema's classes.
    """
    known = operation_names(schema)
    found = set()
    for operator in [] if graph.operators is None else graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        if known[max(code.builtinCode, code.deprecatedBuiltinCode)] in names:
            found |= {*operator.inputs, *operator.outputs}
    return found


def operation_names(schema):
    """Returns the names of the built-in operations by their numbers."""
    return {
        number: name
        for name, number in vars(schema.BuiltinOperator).items()
        if isinstance(number, int)
    }
