"""Ranges of int8 maps, widened where XNNPACK would refuse an operation.

TFLiteConverter measures the range of each map on images, writes them into the
float model, and quantizes that. In between they can be changed. XNNPACK has
kernels only where the steps of an operation's inputs and of its output are
not too far apart. They are in untrained networks, whose maps fade from layer
to layer, and around maps that are zero for all images; the file then falls
into many partitions, or does not run. A step that is widened here was finer
than a thousandth of that of the map which it is added to, or was no step.
Where all operations have kernels, nothing is changed.
"""

import numpy as np

from keras_papers.export.parts import slice_parts
from keras_papers.extras import require

LEVELS = 255  # steps of a range
FLOAT32 = 0  # of the schema's types of tensors
# What XNNPACK takes of (step of the inputs) / (step of the output), from its
# checks of each operation, a little inside of these.
MARGIN = 1.1
SUMS = {"ADD": (2**-10, 2**8), "SUB": (2**-10, 2**8)}
PRODUCTS = {"MUL": (2**-16, 2**8)}
AVERAGES = {
    "AVERAGE_POOL_2D": (2**-8, 2**7),
    "LEAKY_RELU": (2**-8, 2**7),
    "MEAN": (2**-8, 2**7),
}
# A kernel's step may grow until its bias has 32 bits, hence less than 2**8.
KERNELS = {
    "CONV_2D": (0, 2**6),
    "DEPTHWISE_CONV_2D": (0, 2**6),
    "FULLY_CONNECTED": (0, 2**6),
}
# Operations that move numbers; their inputs and outputs have one range.
MOVES = {
    "CONCATENATION",
    "EXPAND_DIMS",
    "GATHER",
    "MAX_POOL_2D",
    "PACK",
    "PAD",
    "RESHAPE",
    "REVERSE_V2",
    "SLICE",
    "SPLIT",
    "SQUEEZE",
    "STRIDED_SLICE",
    "TRANSPOSE",
    "UNPACK",
}
ROUNDS = 100  # a range that is widened may ask for others; few ever do


def widen_ranges(data, takes_image=True):
    """Returns a calibrated model with ranges for which XNNPACK has kernels.

    Args:
        data: Bytes of a float .tflite model that holds the measured ranges.
        takes_image: Whether the input is pixels, whose range is fixed.
    """
    schema = require("ai_edge_litert.schema_py_generated", "mobile")
    flatbuffers = require("flatbuffers", "mobile")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    names = {
        number: name
        for name, number in vars(schema.BuiltinOperator).items()
        if isinstance(number, int)
    }
    is_changed = slice_parts(model, schema)
    for graph in model.subgraphs:
        ranges = _Ranges(model, graph, takes_image)
        operators = [
            (_name(model.operatorCodes[op.opcodeIndex], names), op)
            for op in _items(graph.operators)
        ]
        for _ in range(ROUNDS):
            if not ranges.fit(operators):
                break
        is_changed |= bool(ranges.widened)
    if not is_changed:
        return data
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _name(code, names):
    return names[max(code.builtinCode, code.deprecatedBuiltinCode)]


def _items(vector):
    return [] if vector is None else list(vector)


class _Ranges:
    """The ranges of a graph's maps, in the model itself."""

    def __init__(self, model, graph, takes_image):
        self.model, self.graph = model, graph
        self.fixed = set(_items(graph.inputs) if takes_image else ())
        self.constants = {}  # the limits of kernels and the like
        self.widened = set()

    def fit(self, operators):
        """Widens what does not fit; returns whether there was anything."""
        before = {i: self.step(i) for i in self.widened}
        self._enliven()
        for name, op in operators:
            inputs = [i for i in _items(op.inputs) if self.step(i)]
            outputs = [i for i in _items(op.outputs) if self.step(i)]
            if not inputs or not outputs:
                continue
            if name in MOVES:
                self._move([*inputs, *outputs])
            elif name in PRODUCTS:
                self._bound(inputs, inputs[:2], outputs[0], PRODUCTS[name])
            elif name in KERNELS:
                both = _items(op.inputs)[:2]
                if inputs[:2] == both:  # no kernel of zeros
                    self._bound([], both, outputs[0], KERNELS[name])
            elif name in SUMS or name in AVERAGES:
                bounds = (SUMS | AVERAGES)[name]
                for index in inputs[:2]:
                    self._bound([index], [index], outputs[0], bounds)
        return before != {i: self.step(i) for i in self.widened}

    def _bound(self, growing, factors, output, bounds):
        """Widens the output, or one of `growing`, until the ratio fits."""
        low, high = bounds
        ratio = np.prod([self.step(i) for i in factors]) / self.step(output)
        if ratio >= high:
            self._widen(output, ratio / high * MARGIN)
        elif ratio < low:
            maps = [i for i in growing if self._is_free(i)]
            if maps:
                finest = min(maps, key=self.step)
                self._widen(finest, low / ratio * MARGIN)

    def _move(self, tensors):
        """Gives numbers that are moved one range, if one was widened."""
        if self.widened.isdisjoint(tensors):
            return
        free = set(filter(self._is_free, tensors))
        lows, highs = zip(*map(self._measured, free), strict=True)
        for index in free:
            held = self.graph.tensors[index].quantization
            held.min = np.array([min(lows)], "float32")
            held.max = np.array([max(highs)], "float32")
        self.widened |= free

    def _enliven(self):
        """Gives maps that are zero for all images the range [0, 1].

        Or all of their numbers would be cut to zero on the phone, too, in
        steps of which a sum of 32 bits is soon full.
        """
        for index, tensor in enumerate(self.graph.tensors):
            if self._is_free(index) and self.step(index) == 0:
                tensor.quantization.max = np.ones(1, "float32")
                self.widened.add(index)

    def _widen(self, index, factor):
        if factor > 1 and self._is_free(index):
            held = self.graph.tensors[index].quantization
            held.min = np.float32(factor) * np.asarray(held.min)
            held.max = np.float32(factor) * np.asarray(held.max)
            self.widened.add(index)

    def _is_free(self, index):
        """Returns whether a range was measured: no constants, no pixels."""
        return index not in self.fixed and self._measured(index) is not None

    def _measured(self, index):
        held = self.graph.tensors[index].quantization
        if held is None or held.min is None or held.max is None:
            return None
        return float(np.min(held.min)), float(np.max(held.max))

    def step(self, index):
        """Returns the step that a tensor will have, None if it has none."""
        if index < 0:
            return None
        limits = self._measured(index)
        if limits is None:
            if index not in self.constants:
                self.constants[index] = self._limits(index)
            limits = self.constants[index]
        if limits is None:
            return None
        low, high = min(limits[0], 0.0), max(limits[1], 0.0)
        return (high - low) / LEVELS

    def _limits(self, index):
        tensor = self.graph.tensors[index]
        data = self.model.buffers[tensor.buffer].data
        if tensor.type != FLOAT32 or data is None or not len(data):
            return None
        values = np.asarray(data, np.uint8).view("float32")
        return float(values.min()), float(values.max())
