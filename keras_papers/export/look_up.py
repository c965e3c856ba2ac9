"""The look-up of the nearest code, which stays in floats in int8 files.

An encoder with codes ends with a score for each code, and a TOPK_V2 that finds
the largest. The 256 levels of an int8 tensor do not separate near codes: of 128
codes of digits, 52 % were then those of the Keras model, and 94 % where the
scores are floats (benchmarks/bench_look_up.py).
"""

from keras_papers.export.operations import operation_names
from keras_papers.extras import require


def names_of_scores(data):
    """Returns the names of the tensors that look-ups choose from.

    Args:
        data: Bytes of a .tflite model.
    """
    schema = require("ai_edge_litert.schema_py_generated", "mobile")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    return {
        graph.tensors[index].name.decode()
        for graph in model.subgraphs
        for scores, _ in _look_ups(model, graph, schema)
        for index in scores.outputs
    }


def tensors_of_look_ups(model, graph, schema):
    """Returns the indices of the tensors of look-ups.

    Args:
        model: A `ModelT`.
        graph: A `SubGraphT` of it.
        schema: The module of the schema's classes.
    """
    return {
        index
        for operations in _look_ups(model, graph, schema)
        for operation in operations
        for index in (*operation.inputs, *operation.outputs)
    }


def _look_ups(model, graph, schema):
    """Yields the operation that computes scores, and the one that chooses."""
    names = operation_names(schema)
    operators = [] if graph.operators is None else graph.operators
    makers = {index: op for op in operators for index in op.outputs}
    for op in operators:
        code = model.operatorCodes[op.opcodeIndex]
        name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        if name == "TOPK_V2" and op.inputs[0] in makers:
            yield makers[op.inputs[0]], op
