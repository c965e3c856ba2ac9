"""What is asked of files of integers: no floats inside, few partitions."""

from keras_papers.extras import require

# Operations that XNNPACK leaves to the interpreter, and why.
REASONS = {
    "DEPTHWISE_CONV_2D": "it wants depthwise kernels and maps of one kind",
    "HARD_SWISH": "it has h-swish of floats only; `lowering.lower` replaces "
    "the layers that are written as h-swish",
    "QUANTIZE": "it does not turn uint8 into int8",
    "SOFTMAX": "it has softmax of floats only",
    "WHILE": "it does not run loops; a recurrent layer with unroll=True has "
    "none",
}
OTHERWISE = "it does not have it"
# Of every int8 classifier: pixels at the beginning, scores at the end.
AT_THE_EDGE = {"QUANTIZE": 1, "SOFTMAX": 1}


def float_tensors(data):
    """Lists the names of the tensors of floats, without the output.

    Args:
        data: Bytes of a .tflite file.
    """
    schema = require("ai_edge_litert.schema_py_generated", "mobile")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    floats = (schema.TensorType.FLOAT32, schema.TensorType.FLOAT16)
    return [
        tensor.name.decode()
        for graph in model.subgraphs
        for index, tensor in enumerate(graph.tensors)
        if tensor.type in floats and index not in graph.outputs
    ]


def layer_of(tensors, model):
    """Returns the name of a layer that names of tensors are made of."""
    for tensor in tensors:
        layers = [getattr(layer, "layer", layer) for layer in model.layers]
        names = [layer.name for layer in layers if layer.name in tensor]
        if names:
            return max(names, key=len)
    return tensors[0]


def told_of_pieces(left, quantize):
    """Returns a sentence on what no delegate runs, empty if that is nothing.

    Args:
        left: Dict: name of an operation, of how many are not delegated.
        quantize: How the file was quantized.
    """
    edge = AT_THE_EDGE if quantize == "int8" else {}
    odd = [op for op, number in left.items() if number > edge.get(op, 0)]
    if not odd:
        return ""
    reasons = [f"{left[op]} {op} ({REASONS.get(op, OTHERWISE)})" for op in odd]
    return f"runs in pieces, for XNNPACK leaves out {', '.join(reasons)}."
