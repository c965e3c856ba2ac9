"""Checks on int8 files: floats where expected only, few partitions."""

from keras_papers.export.detection_outputs import (
    POST_PROCESS,
    tensors_of_detections,
)
from keras_papers.export.look_up import tensors_of_look_ups
from keras_papers.export.operations import tensors_of
from keras_papers.extras import require

# Operations that XNNPACK leaves to the interpreter, and why.
REASONS = {
    "AVERAGE_POOL_2D": "it averages windows of floats only",
    "DEPTHWISE_CONV_2D": "it wants depthwise kernels and maps of one kind",
    "LOCAL_RESPONSE_NORMALIZATION": "it does not have it, and .tflite files "
    "have it in floats only; response_normalization=False builds a network "
    "without",
    "HARD_SWISH": "it has h-swish of floats only; `lowering.lower` replaces "
    "the layers that are written as h-swish",
    "QUANTIZE": "it does not turn uint8 into int8",
    "SOFTMAX": "it has softmax of floats only",
    "WHILE": "it does not run loops; a recurrent layer with unroll=True has "
    "none",
}
# Operations that .tflite files have in floats only, and stay so in int8 files.
OF_FLOATS = ("LOCAL_RESPONSE_NORMALIZATION",)
OTHERWISE = "it does not have it"
CHOICE = ("TOPK_V2", "STRIDED_SLICE")  # of a code, by its score
# A lookup of ids; that of Keras counts negative ones from the end.
LOOKUP = ("ADD", "CAST", "GATHER", "LESS", "SELECT", "SELECT_V2")


def float_tensors(data):
    """Lists the names of the float tensors between inputs and outputs.

    Those of the look-up of codes, of `OF_FLOATS` and of the last operations
    of detectors are not among them.

    Args:
        data: Bytes of a .tflite file.
    """
    schema = require("ai_edge_litert.schema_py_generated", "mobile")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    floats = (schema.TensorType.FLOAT32, schema.TensorType.FLOAT16)
    found = []
    for graph in model.subgraphs:
        expected = tensors_of_look_ups(model, graph, schema)
        expected |= {*graph.inputs, *graph.outputs}
        expected |= tensors_of(OF_FLOATS, model, graph, schema)
        expected |= tensors_of_detections(graph)
        found += [
            tensor.name.decode()
            for index, tensor in enumerate(graph.tensors)
            if tensor.type in floats and index not in expected
        ]
    return found


def layer_of(tensors, model):
    """Returns the name of a layer that names of tensors are made of."""
    for tensor in tensors:
        layers = [getattr(layer, "layer", layer) for layer in model.layers]
        names = [layer.name for layer in layers if layer.name in tensor]
        if names:
            return max(names, key=len)
    return tensors[0]


def partitions_warning(left, quantize, inputs, outputs):
    """Returns a sentence on what no delegate runs, empty if that is nothing.

    Ids are looked up, codes and boxes are chosen without the delegate, and an
    int8 file turns its inputs into int8 and computes the softmax of its outputs
    without it.

    Args:
        left: Dict: name of an operation, of how many are not delegated.
        quantize: How the file was quantized.
        inputs: How many inputs the file has.
        outputs: How many outputs it has.
    """
    expected = dict.fromkeys(LOOKUP, left.get("GATHER", 0))
    if quantize == "int8":
        expected |= {"QUANTIZE": inputs, "SOFTMAX": outputs}
    expected[POST_PROCESS] = 1  # of a detector that chooses its boxes
    if "TOPK_V2" in left:
        expected |= dict.fromkeys(CHOICE, outputs)
    odd = [op for op, number in left.items() if number > expected.get(op, 0)]
    if not odd:
        return ""
    reasons = [f"{left[op]} {op} ({REASONS.get(op, OTHERWISE)})" for op in odd]
    return (
        "runs in several partitions, for XNNPACK leaves out "
        f"{', '.join(reasons)}."
    )
