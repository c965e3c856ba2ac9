"""What a .tflite file computes last."""

from keras_papers.export.operations import operation_names
from keras_papers.extras import require

CONVERSIONS = {"DEQUANTIZE", "QUANTIZE"}  # of the answer's type alone


def last_operation(path):
    """Returns the name of the operation that a file's answer comes from."""
    schema = require("ai_edge_litert.schema_py_generated", "mobile")
    names = operation_names(schema)
    with open(path, "rb") as file:
        model = schema.ModelT.InitFromPackedBuf(file.read())
    graph = model.subgraphs[0]
    (tensor,) = graph.outputs
    while True:
        operators = [op for op in graph.operators if tensor in op.outputs]
        if not operators:
            return ""
        code = model.operatorCodes[operators[0].opcodeIndex]
        name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        if name not in CONVERSIONS:
            return name
        tensor = operators[0].inputs[0]
