"""Tables of the metadata schema "M001", written and read by their slots.

The schema is metadata_schema.fbs of tensorflow/tflite-support. No package that
still installs brings code made of it, so its slots are written out here. What
the library asks of detectors and segmenters is in flatbuffers of schemas of
their own, "V001", of which each has its slots in the file of its task.
"""

from typing import NamedTuple

import numpy as np

from keras_papers.extras import require

# Slots of the schema's tables, by the order of their fields.
MODEL_NAME, MODEL_SUBGRAPHS, MODEL_FILES, MODEL_PARSER_VERSION = 0, 3, 6, 7
SUBGRAPH_INPUTS, SUBGRAPH_OUTPUTS, SUBGRAPH_CUSTOM = 2, 3, 9
CUSTOM_NAME, CUSTOM_DATA = 0, 1
TENSOR_NAME, TENSOR_DESCRIPTION, TENSOR_CONTENT = 0, 1, 3
TENSOR_PROCESS_UNITS, TENSOR_STATS, TENSOR_FILES = 4, 5, 6
CONTENT_TYPE, CONTENT = 0, 1  # a union takes two slots
UNIT_TYPE, UNIT = 0, 1
MEAN, STD = 0, 1
STATS_MAX, STATS_MIN = 0, 1
COLOR_SPACE = 0
BOX_INDEX, BOX_TYPE, BOX_COORDINATES = 0, 1, 2
FILE_NAME, FILE_DESCRIPTION, FILE_TYPE = 0, 1, 2
# Numbers of its enums and unions.
FEATURE_PROPERTIES, IMAGE_PROPERTIES, BOX_PROPERTIES = 1, 2, 3
NORMALIZATION_OPTIONS = 1
RGB, GRAYSCALE = 1, 2
BOUNDARIES, RATIO = 1, 0
DESCRIPTIONS, TENSOR_AXIS_LABELS, TENSOR_VALUE_LABELS = 1, 2, 3
METADATA, OPTIONS = b"M001", b"V001"  # identifiers of the two schemas
ALIGNMENT = 16  # bytes, of a flatbuffer that is inside another


class Scalar(NamedTuple):
    """A number of a width that Python does not show."""

    kind: str  # as flatbuffers' builder calls it
    value: float


def byte(value):
    """Returns a number of one byte."""
    return Scalar("Int8", value)


def whole(value):
    """Returns a whole number of four bytes."""
    return Scalar("Int32", value)


def number(value):
    """Returns a float of four bytes."""
    return Scalar("Float32", value)


def pack(table, identifier=METADATA):
    """Returns a flatbuffer of a table, a dict from slots to values."""
    flatbuffers = require("flatbuffers", "mobile")
    builder = flatbuffers.Builder(1024)
    builder.Finish(_build(builder, table), identifier)
    return bytes(builder.Output())


def _build(builder, value):
    """Writes a string, bytes, a list or a table; returns its position."""
    if isinstance(value, str):
        return builder.CreateString(value)
    if isinstance(value, bytes):
        builder.StartVector(1, len(value), ALIGNMENT)
        for each in reversed(value):
            builder.PrependByte(each)
        return builder.EndVector()
    if isinstance(value, dict):
        # What a table refers to is in the file before it.
        fields = {
            slot: field
            if isinstance(field, Scalar)
            else Scalar("UOffsetTRelative", _build(builder, field))
            for slot, field in value.items()
        }
        builder.StartObject(1 + max(fields, default=-1))
        for slot, field in fields.items():
            getattr(builder, f"Prepend{field.kind}Slot")(slot, field.value, 0)
        return builder.EndObject()
    if isinstance(value[0], float):
        return builder.CreateNumpyVector(np.array(value, np.float32))
    if isinstance(value[0], int):
        return builder.CreateNumpyVector(np.array(value, np.uint32))
    elements = [_build(builder, element) for element in value]
    builder.StartVector(4, len(elements), 4)
    for element in reversed(elements):
        builder.PrependUOffsetTRelative(element)
    return builder.EndVector()


class Table:
    """A table of a flatbuffer, read by its slots."""

    def __init__(self, data, position):
        table = require("flatbuffers.table", "mobile").Table
        self._table = table(data, position)

    @classmethod
    def root(cls, data):
        """Returns the outermost table of a flatbuffer."""
        return cls(data, int.from_bytes(data[:4], "little"))

    def _offset(self, slot):
        return self._table.Offset(4 + 2 * slot)

    def byte(self, slot):
        """Returns a number of one byte, 0 where there is none."""
        offset = self._offset(slot)
        return self._table.Bytes[self._table.Pos + offset] if offset else 0

    def whole(self, slot):
        """Returns a whole number of four bytes, 0 where there is none."""
        return self._number("Int32Flags", slot)

    def number(self, slot):
        """Returns a float of four bytes, 0 where there is none."""
        return self._number("Float32Flags", slot)

    def _number(self, flags, slot):
        types = require("flatbuffers.number_types", "mobile")
        offset = self._offset(slot)
        if not offset:
            return 0
        position = self._table.Pos + offset
        return self._table.Get(getattr(types, flags), position)

    def bytes(self, slot):
        """Returns the bytes of a vector, which may be missing."""
        offset = self._offset(slot)
        if not offset:
            return b""
        start = self._table.Vector(offset)
        return bytes(self._table.Bytes[start:][: self._table.VectorLen(offset)])

    def string(self, slot):
        """Returns a string, empty where there is none."""
        offset = self._offset(slot)
        if not offset:
            return ""
        return self._table.String(self._table.Pos + offset).decode()

    def table(self, slot):
        """Returns a table that there must be."""
        position = self._table.Indirect(self._table.Pos + self._offset(slot))
        return Table(self._table.Bytes, position)

    def tables(self, slot):
        """Lists the tables of a vector, which may be missing."""
        offset = self._offset(slot)
        if not offset:
            return []
        start = self._table.Vector(offset)
        return [
            Table(self._table.Bytes, self._table.Indirect(start + 4 * index))
            for index in range(self._table.VectorLen(offset))
        ]

    def floats(self, slot):
        """Lists the numbers of a vector that there must be."""
        types = require("flatbuffers.number_types", "mobile")
        return self._table.GetVectorAsNumpy(
            types.Float32Flags, self._offset(slot)
        ).tolist()
