"""Metadata inside a .tflite file, as Android's task libraries read it.

A second flatbuffer, of the schema "M001", lies in a buffer of the model and
says what its tensors mean; the labels follow the model as a zip member. The
schema is metadata_schema.fbs of tensorflow/tflite-support. No package that
still installs brings code made of it, so its slots are written out here.
"""

import io
import os
import zipfile
from typing import NamedTuple

import numpy as np

from keras_papers.extras import require

ENTRY = "TFLITE_METADATA"
LABELS = "labels.txt"


class Description(NamedTuple):
    """What an app must know of a classifier's file."""

    name: str  # of the model
    labels: tuple = ()  # in the order of the scores
    mean: float = 0.0  # subtracted from a pixel in [0, 255],
    std: float = 1.0  # by which that is divided before a float model takes it


# Slots of the schema's tables, by the order of their fields.
MODEL_NAME, MODEL_SUBGRAPHS, MODEL_PARSER_VERSION = 0, 3, 7
SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS = 2, 3
TENSOR_NAME, TENSOR_DESCRIPTION, TENSOR_CONTENT = 0, 1, 3
TENSOR_PROCESS_UNITS, TENSOR_STATS, TENSOR_FILES = 4, 5, 6
CONTENT_TYPE, CONTENT = 0, 1  # a union takes two slots
UNIT_TYPE, UNIT = 0, 1
MEAN, STD = 0, 1
STATS_MAX, STATS_MIN = 0, 1
COLOR_SPACE = 0
FILE_NAME, FILE_DESCRIPTION, FILE_TYPE = 0, 1, 2
# Numbers of its enums and unions.
FEATURE_PROPERTIES, IMAGE_PROPERTIES = 1, 2
NORMALIZATION_OPTIONS = 1
RGB, GRAYSCALE = 1, 2
TENSOR_AXIS_LABELS = 2


def write(data, description):
    """Returns the bytes of a .tflite file with its description inside.

    Args:
        data: Bytes of a file with one image as input and one output.
        description: A `Description`.
    """
    schema = require("ai_edge_litert.schema_py_generated", "mobile")
    flatbuffers = require("flatbuffers", "mobile")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data))
    graph = model.subgraphs[0]  # more are the bodies of loops
    (image,) = graph.inputs
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(
        _pack(description, graph.tensors[image], schema), np.uint8
    )
    entry.name, entry.buffer = ENTRY, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or ()), entry]
    builder = flatbuffers.Builder(len(data) + 4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    file = io.BytesIO(builder.Output())
    if description.labels:
        # Zip files have their directory at the end, where the runtime does
        # not look.
        file.seek(0, os.SEEK_END)
        with zipfile.ZipFile(file, "a", zipfile.ZIP_STORED) as archive:
            archive.writestr(LABELS, "\n".join(description.labels))
    return file.getvalue()


def read(path):
    """Returns the `Description` inside a .tflite file, or None without one.

    Raises:
        ValueError: If there is one that cannot be read.
    """
    schema = require("ai_edge_litert.schema_py_generated", "mobile")
    with open(path, "rb") as file:
        data = file.read()
    try:
        model = schema.Model.GetRootAs(data)
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


def _read_labels(path, name):
    if not zipfile.is_zipfile(path):
        return ()
    with zipfile.ZipFile(path) as archive:
        if name not in archive.namelist():
            return ()
        return tuple(archive.read(name).decode().splitlines())


class _Scalar(NamedTuple):
    """A number of a width that Python does not tell."""

    kind: str  # as flatbuffers' builder calls it
    value: int


def _byte(value):
    return _Scalar("Int8", value)


def _pack(description, image, schema):
    """Returns the flatbuffer: tables as dicts from slots to values."""
    flatbuffers = require("flatbuffers", "mobile")
    door = {
        TENSOR_NAME: "image",
        TENSOR_DESCRIPTION: "The photo, resized to the size of the input.",
        TENSOR_CONTENT: {
            CONTENT_TYPE: _byte(IMAGE_PROPERTIES),
            CONTENT: {
                COLOR_SPACE: _byte(GRAYSCALE if image.shape[-1] == 1 else RGB)
            },
        },
        TENSOR_STATS: {STATS_MAX: [255.0], STATS_MIN: [0.0]},
    }
    if image.type == schema.TensorType.FLOAT32:
        door[TENSOR_PROCESS_UNITS] = [
            {
                UNIT_TYPE: _byte(NORMALIZATION_OPTIONS),
                UNIT: {MEAN: [description.mean], STD: [description.std]},
            }
        ]
    scores = {
        TENSOR_NAME: "scores",
        TENSOR_DESCRIPTION: "One score for each class.",
        TENSOR_CONTENT: {CONTENT_TYPE: _byte(FEATURE_PROPERTIES), CONTENT: {}},
    }
    if description.labels:
        scores[TENSOR_FILES] = [
            {
                FILE_NAME: LABELS,
                FILE_DESCRIPTION: "Names of the classes, a line for each.",
                FILE_TYPE: _byte(TENSOR_AXIS_LABELS),
            }
        ]
    graph = {SUBGRAPH_INPUTS: [door], SUBGRAPH_OUTPUTS: [scores]}
    builder = flatbuffers.Builder(1024)
    root = _build(
        builder,
        {
            MODEL_NAME: description.name,
            MODEL_SUBGRAPHS: [graph],
            MODEL_PARSER_VERSION: "1.0.0",
        },
    )
    builder.Finish(root, b"M001")
    return bytes(builder.Output())


def _build(builder, value):
    """Writes a string, a list or a table; returns where it stands."""
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, dict):
        # What a table refers to stands in the file before it.
        parts = {
            slot: part
            if isinstance(part, _Scalar)
            else _Scalar("UOffsetTRelative", _build(builder, part))
            for slot, part in value.items()
        }
        builder.StartObject(1 + max(parts, default=-1))
        for slot, part in parts.items():
            getattr(builder, f"Prepend{part.kind}Slot")(slot, part.value, 0)
        return builder.EndObject()
    if isinstance(value[0], float):
        return builder.CreateNumpyVector(np.array(value, np.float32))
    parts = [_build(builder, part) for part in value]
    builder.StartVector(4, len(parts), 4)
    for part in reversed(parts):
        builder.PrependUOffsetTRelative(part)
    return builder.EndVector()


def _unpack(data, path):
    """Reads what `_pack` or another writes, as a prediction needs it."""
    root = _Reader(data, int.from_bytes(data[:4], "little"))
    (graph,) = root.tables(MODEL_SUBGRAPHS)
    (door,) = graph.tables(SUBGRAPH_INPUTS)
    (scores,) = graph.tables(SUBGRAPH_OUTPUTS)
    labels = ()
    for file in scores.tables(TENSOR_FILES):
        if file.byte(FILE_TYPE) == TENSOR_AXIS_LABELS:
            labels = _read_labels(path, file.string(FILE_NAME))
    description = Description(root.string(MODEL_NAME), labels)
    for unit in door.tables(TENSOR_PROCESS_UNITS):
        if unit.byte(UNIT_TYPE) == NORMALIZATION_OPTIONS:
            options = unit.table(UNIT)
            description = description._replace(
                mean=options.floats(MEAN)[0], std=options.floats(STD)[0]
            )
    return description


class _Reader:
    """A table of a flatbuffer: its fields by their slots."""

    def __init__(self, data, position):
        table = require("flatbuffers.table", "mobile").Table
        self.inside = table(data, position)

    def _offset(self, slot):
        return self.inside.Offset(4 + 2 * slot)

    def byte(self, slot):
        offset = self._offset(slot)
        return self.inside.Bytes[self.inside.Pos + offset] if offset else 0

    def string(self, slot):
        offset = self._offset(slot)
        if not offset:
            return ""
        return self.inside.String(self.inside.Pos + offset).decode()

    def table(self, slot):
        position = self.inside.Indirect(self.inside.Pos + self._offset(slot))
        return _Reader(self.inside.Bytes, position)

    def tables(self, slot):
        offset = self._offset(slot)
        if not offset:
            return []
        start = self.inside.Vector(offset)
        return [
            _Reader(self.inside.Bytes, self.inside.Indirect(start + 4 * index))
            for index in range(self.inside.VectorLen(offset))
        ]

    def floats(self, slot):
        types = require("flatbuffers.number_types", "mobile")
        return self.inside.GetVectorAsNumpy(
            types.Float32Flags, self._offset(slot)
        ).tolist()
