"""Metadata inside a .tflite file.

A second flatbuffer, of the schema "M001", is in a buffer of the model and
describes its tensors; the labels follow the model as a zip member, and so do
the schema of a table and the suppression of a detector.
"""

import io
import json
import os
import zipfile

import numpy as np

from keras_papers.export.metadata import (
    image_classification,
    image_segmentation,
    object_detection,
    schema,
    table_rows,
)
from keras_papers.export.metadata.description import Description
from keras_papers.export.metadata.object_detection import SUPPRESSION
from keras_papers.export.metadata.table_rows import SCHEMA
from keras_papers.export.metadata.tensors import LABELS, Tensor
from keras_papers.extras import require

ENTRY = "TFLITE_METADATA"
FLOAT32 = 0  # of the schema's types of tensors
LABELED = (schema.TENSOR_AXIS_LABELS, schema.TENSOR_VALUE_LABELS)
READERS = {  # of what the library asks of some tasks
    object_detection.NAME: object_detection.read_options,
    image_segmentation.NAME: image_segmentation.read_options,
}


def write(data, description, task=image_classification, names=None):
    """Returns the bytes of a .tflite file with its description inside.

    Args:
        data: Bytes of a file.
        description: A `Description`.
        task: Module of this package whose `describe` returns the metadata of
            the inputs and outputs.
        names: Dict from names in the file's signature to those that they
            become. Defaults to None: the names stay.
    """
    tflite = require("ai_edge_litert.schema_py_generated", "mobile")
    flatbuffers = require("flatbuffers", "mobile")
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(data))
    for tensor in _signature(model):
        name = tensor.name.decode()
        tensor.name = (names or {}).get(name, name)
    inputs, outputs = task.describe(description, *_tensors(model))
    graph = {schema.SUBGRAPH_INPUTS: inputs, schema.SUBGRAPH_OUTPUTS: outputs}
    if description.decoding or description.activation:
        graph[schema.SUBGRAPH_CUSTOM] = [task.options(description)]
    table = {
        schema.MODEL_NAME: description.name,
        schema.MODEL_SUBGRAPHS: [graph],
        schema.MODEL_PARSER_VERSION: "1.0.0",
    }
    members, files = {}, []
    if description.labels:
        members[LABELS] = "\n".join(description.labels)
    if description.table is not None:
        members[SCHEMA] = json.dumps(description.table, ensure_ascii=False)
        files.append(table_rows.file())
    if description.suppression is not None:
        members[SUPPRESSION] = object_detection.suppression_text(
            description.suppression
        )
        files.append(object_detection.file())
    if files:
        table[schema.MODEL_FILES] = files
    buffer, entry = tflite.BufferT(), tflite.MetadataT()
    buffer.data = np.frombuffer(schema.pack(table), np.uint8)
    entry.name, entry.buffer = ENTRY, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or ()), entry]
    builder = flatbuffers.Builder(len(data) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    file = io.BytesIO(builder.Output())
    if members:
        # Zip files have their directory at the end, where the runtime does
        # not look.
        file.seek(0, os.SEEK_END)
        with zipfile.ZipFile(file, "a", zipfile.ZIP_STORED) as archive:
            for name, text in members.items():
                archive.writestr(name, text)
    return file.getvalue()


def _tensors(model):
    """Lists the inputs and the outputs of a model as `Tensor`s."""
    graph = model.subgraphs[0]  # more are the bodies of loops
    names = {known.tensorIndex: known.name for known in _signature(model)}

    def tensor(index):
        found = graph.tensors[index]
        name = names.get(index, found.name.decode())
        shape = tuple(map(int, found.shape))
        return Tensor(name, shape, found.type == FLOAT32)

    return list(map(tensor, graph.inputs)), list(map(tensor, graph.outputs))


def _signature(model):
    """Lists the tensors that have names in the signatures of a model."""
    return [
        tensor
        for signature in model.signatureDefs or ()
        for side in (signature.inputs, signature.outputs)
        for tensor in side or ()
    ]


def read(path):
    """Returns the `Description` inside a .tflite file, or None without one.

    Raises:
        ValueError: If there is one that cannot be read.
    """
    tflite = require("ai_edge_litert.schema_py_generated", "mobile")
    with open(path, "rb") as file:
        data = file.read()
    try:
        model = tflite.Model.GetRootAs(data)
        for index in range(model.MetadataLength()):
            if model.Metadata(index).Name() == ENTRY.encode():
                buffer = model.Buffers(model.Metadata(index).Buffer())
                return _unpack(buffer.DataAsNumpy().tobytes(), path)
    except Exception as error:  # of zip files, of offsets that lead nowhere
        raise ValueError(
            "A .tflite file's metadata must be what the task libraries read. "
            f"Received: {str(path)!r} ({type(error).__name__}: {error}). It "
            "may be damaged; make or fetch it again."
        ) from error
    return None


def _unpack(data, path):
    """Reads what `write` or another writes, as a prediction needs it."""
    root = schema.Table.root(data)
    (graph,) = root.tables(schema.MODEL_SUBGRAPHS)
    inputs = graph.tables(schema.SUBGRAPH_INPUTS)
    outputs = graph.tables(schema.SUBGRAPH_OUTPUTS)
    if not inputs or not outputs:
        raise ValueError("it describes no input or no output")
    description = Description(root.string(schema.MODEL_NAME))
    for file in (f for x in outputs for f in x.tables(schema.TENSOR_FILES)):
        if file.byte(schema.FILE_TYPE) in LABELED:
            labels = _read_member(path, file.string(schema.FILE_NAME))
            labels = tuple((labels or "").splitlines())
            description = description._replace(labels=labels)
    for custom in graph.tables(schema.SUBGRAPH_CUSTOM):
        read_options = READERS.get(custom.string(schema.CUSTOM_NAME))
        if read_options:
            options = schema.Table.root(custom.bytes(schema.CUSTOM_DATA))
            description = read_options(description, options)
    for file in root.tables(schema.MODEL_FILES):
        if file.string(schema.FILE_NAME) == SUPPRESSION:
            rule = _read_member(path, SUPPRESSION)
            rule = rule and object_detection.read_suppression(rule)
            description = description._replace(suppression=rule)
        if file.string(schema.FILE_NAME) == SCHEMA:
            # Each column has a normalization of its own.
            table = json.loads(_read_member(path, SCHEMA))
            return description._replace(table=table)
    for unit in (
        u for x in inputs for u in x.tables(schema.TENSOR_PROCESS_UNITS)
    ):
        if unit.byte(schema.UNIT_TYPE) == schema.NORMALIZATION_OPTIONS:
            options = unit.table(schema.UNIT)
            description = description._replace(
                mean=options.floats(schema.MEAN)[0],
                std=options.floats(schema.STD)[0],
            )
    return description


def _read_member(path, name):
    """Returns the text of a zip member, or None without it."""
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        if name not in archive.namelist():
            return None
        return archive.read(name).decode()
