"""The last operations of a detector's file, which are always of floats.

A converter would give the shares of a softmax 256 levels, and so many boxes the
same score. They are written behind the graph that it made, after the numbers
have become floats, and are the same whatever the graph computes in.
"""

import numpy as np

from keras_papers.export.flatbuffer_graph import (
    add_constant,
    add_tensor,
    operator,
)
from keras_papers.export.metadata.object_detection import (
    CATEGORY,
    COUNT,
    LOCATION,
    SCORE,
)
from keras_papers.extras import require

POST_PROCESS = "TFLite_Detection_PostProcess"
PREFIX = "detections/"  # of the names of the tensors that are written here
LEAST = float(np.finfo("float32").tiny)  # above 0
CODES, SHARES = f"{PREFIX}codes", f"{PREFIX}shares"  # that boxes are chosen of


def append_detections(data, task, outputs, anchors, num_classes):
    """Returns the bytes of a file that answers as the task library takes it.

    Args:
        data: Bytes of a file that answers codes and logits.
        task: An `ObjectDetection`.
        outputs: Names of these two outputs in the file's signature.
        anchors: Array `(anchors, 4)`, (x_center, y_center, width, height),
            shares of the image.
        num_classes: How many classes there are, without the background.
    """
    schema = require("ai_edge_litert.schema_py_generated", "mobile")
    flatbuffers = require("flatbuffers", "mobile")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    (signature,) = model.signatureDefs
    places = {
        known.name.decode(): known.tensorIndex for known in signature.outputs
    }
    tail = _Tail(model, schema)
    location = tail.swap_axes(places[outputs[0]])
    score = places[outputs[1]]
    if task.score_activation == "softmax":
        score = tail.softmax(score)
    if not task.choose_boxes:
        if task.background:
            score = tail.without_background(score)
        found = {LOCATION: location, SCORE: score}
    else:
        if task.score_activation == "sigmoid":
            score = tail.sigmoid(score)
        found = tail.choose(location, score, anchors, num_classes, task)
    signature.outputs = [_known(*pair, schema) for pair in found.items()]
    tail.graph.outputs = list(found.values())
    builder = flatbuffers.Builder(len(data) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def tensors_of_detections(graph):
    """Returns the indices of the float tensors behind the graph proper.

    Args:
        graph: A `SubGraphT`.
    """
    operators = [] if graph.operators is None else graph.operators
    return {
        index
        for op in operators
        if _is_written_here(graph, op)
        for index in (*op.inputs, *op.outputs)
    }


def _is_written_here(graph, op):
    name = graph.tensors[op.outputs[0]].name
    return name is not None and name.startswith(PREFIX.encode())


def _known(name, index, schema):
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, index
    return entry


class _Tail:
    """Operations at the end of a graph."""

    def __init__(self, model, schema):
        self.model, self.schema = model, schema
        self.graph = model.subgraphs[0]

    def _shape(self, index):
        return tuple(map(int, self.graph.tensors[index].shape))

    def _constant(self, values, name):
        return add_constant(
            self.model, self.graph, values, f"{PREFIX}{name}", self.schema
        )

    def _append(self, kind, inputs, outputs, options=None, version=1):
        """Appends an operation; returns the indices of its outputs.

        Args:
            kind: Its name.
            inputs: Indices of tensors.
            outputs: Dict from names to shapes.
            options: As `operator` takes them.
            version: As `operator` takes it.
        """
        made = [
            add_tensor(self.graph, shape, name, self.schema)
            for name, shape in outputs.items()
        ]
        op = operator(
            self.model, kind, inputs, made, self.schema, options, version
        )
        self.graph.operators = [*self.graph.operators, op]
        return made

    def swap_axes(self, codes):
        """Turns (x, y, width, height) into (y, x, height, width).

        By a product with ones and zeros, which is exact and is delegated, as
        a GATHER is not.
        """
        swapped = np.eye(4, dtype="float32")[[1, 0, 3, 2]]
        options = self.schema.FullyConnectedOptionsT()
        options.keepNumDims = True
        (made,) = self._append(
            "FULLY_CONNECTED",
            [codes, self._constant(swapped, "axes"), -1],
            {CODES: self._shape(codes)},
            options,
            version=6,  # the first with no bias
        )
        return made

    def softmax(self, logits):
        options = self.schema.SoftmaxOptionsT()
        options.beta = 1.0
        shape = {SHARES: self._shape(logits)}
        return self._append("SOFTMAX", [logits], shape, options)[0]

    def sigmoid(self, logits):
        shape = {SHARES: self._shape(logits)}
        return self._append("LOGISTIC", [logits], shape)[0]

    def without_background(self, scores):
        one, rows, columns = self._shape(scores)
        size = (one, rows, columns - 1)
        limits = [
            self._constant(np.array((0, 0, 1), "int32"), "first"),
            self._constant(np.array(size, "int32"), "size"),
        ]
        options = self.schema.SliceOptionsT()
        (made,) = self._append(
            "SLICE", [scores, *limits], {f"{PREFIX}{SCORE}": size}, options
        )
        return made

    def choose(self, location, score, anchors, num_classes, task):
        """Appends the operation that decodes and suppresses.

        Returns:
            Dict from the names of its outputs to their indices.
        """
        most = task.rule.max_detections
        outputs = {
            LOCATION: (1, most, 4),
            CATEGORY: (1, most),
            SCORE: (1, most),
            COUNT: (1,),
        }
        swapped = np.ascontiguousarray(anchors[:, [1, 0, 3, 2]], "float32")
        made = self._append(
            POST_PROCESS,
            [location, score, self._constant(swapped, "anchors")],
            {f"{PREFIX}{name}": shape for name, shape in outputs.items()},
            _options_of(task, num_classes),
        )
        return dict(zip(outputs, made, strict=True))


def _options_of(task, num_classes):
    """Returns the options of the operation, as a flexbuffer."""
    flexbuffers = require("flatbuffers.flexbuffers", "mobile")
    chosen = task.rule
    builder = flexbuffers.Builder()
    with builder.Map():
        builder.Int("max_detections", chosen.max_detections)
        builder.Int("max_classes_per_detection", 1)
        builder.Int("detections_per_class", chosen.max_detections)
        builder.Int("num_classes", num_classes)
        builder.Bool("use_regular_nms", chosen.per_class)
        builder.Float("nms_score_threshold", chosen.score_threshold)
        # It refuses 0, at which any overlap is too much.
        iou_threshold = max(chosen.iou_threshold, LEAST)
        builder.Float("nms_iou_threshold", iou_threshold)
        for name, weight in zip("xywh", task.box_weights, strict=True):
            builder.Float(f"{name}_scale", float(weight))
    return bytes(builder.Finish())
