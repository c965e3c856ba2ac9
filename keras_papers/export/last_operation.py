"""What a .tflite file computes last."""

from keras_papers.export.operations import operation_names
from keras_papers.extras import require

CONVERSIONS = {"DEQUANTIZE", "QUANTIZE"}  # of the answer's type alone
# Operations after which scores are still scores.
RESIZES = {"RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"}


def last_operation(path):
    """Returns the name of the operation that a file's answer comes from."""
    with open(path, "rb") as file:
        return last_of_bytes(file.read())


def last_of_bytes(data, passed=frozenset()):
    """Returns the same of the bytes of a file.

    Args:
        data: The bytes.
        passed: Names of operations that do not count.
    """
    schema = require("ai_edge_litert.schema_py_generated", "mobile")
    names = operation_names(schema)
    model = schema.ModelT.InitFromPackedBuf(data)
    graph = model.subgraphs[0]
    (tensor,) = graph.outputs
    while True:
        operators = [op for op in graph.operators if tensor in op.outputs]
        if not operators:
            return ""
        code = model.operatorCodes[operators[0].opcodeIndex]
        name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        if name not in CONVERSIONS | passed:
            return name
        tensor = operators[0].inputs[0]
