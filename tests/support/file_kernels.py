"""The kernels of a .tflite file, as they are stored."""

import importlib


def kernels_of_file(path):
    """Lists the kernels of convolutions and of dense layers, as arrays.

    Those of an int8 file are integers. Depthwise kernels are not among them.
    """
    interpreter = importlib.import_module("ai_edge_litert.interpreter")
    runner = interpreter.Interpreter(
        str(path),
        experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_REF,
    )
    runner.allocate_tensors()
    return [
        runner.get_tensor(int(operation["inputs"][1]))
        for operation in runner._get_ops_details()
        if operation["op_name"] in ("CONV_2D", "FULLY_CONNECTED")
    ]
