"""Safetensors files, read with NumPy.

Eight bytes with the length of a header, the header in JSON, and the tensors
one after the other (https://github.com/huggingface/safetensors).
"""

import json
import os
from typing import NamedTuple

import numpy as np

ENDING = ".safetensors"
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4"}
OTHERS = {  # first bytes of other files, what they are, and what to do
    b"\x89HDF": ("an HDF5 file", "Call it .weights.h5, or .h5 if it is legacy"),
    b"PK": ("a zip archive, as .keras files are", "Call it .keras if it is"),
    b"<": ("a page of HTML", "Fetch the file that the page shows"),
    b"version https://git-lfs": (
        "a pointer of Git LFS in place of the tensors",
        "Fetch the file itself, as git lfs pull does",
    ),
}
LENGTH = 8  # bytes of the number in front of the header
LONGEST = 100_000_000  # bytes of a header, the format's own limit


class SafetensorsFile(NamedTuple):
    """The tensors of a file by name, and its metadata."""

    tensors: dict  # NumPy arrays, which are read where they are used
    metadata: dict  # of text


def read_safetensors(path):
    """Returns the `SafetensorsFile` at `path`.

    Raises:
        ValueError: If the file is not of this format, is cut off, or has
            no tensors, or some of a type that weights do not have.
    """
    try:
        return _read(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        what, remedy = _other_kind(path)
        if what:
            raise ValueError(
                "`weights` must be a safetensors file. Received: "
                f"weights={os.fspath(path)!r}, which is {what}. {remedy}."
            ) from error
        raise ValueError(
            "`weights` must be a safetensors file that is whole. Received: "
            f"weights={os.fspath(path)!r}, which cannot be read as one "
            f"({error}). The file may be cut off; save or fetch it again."
        ) from error


def _other_kind(path):
    """Returns what a file is that is none of safetensors, and the remedy."""
    try:
        with open(path, "rb") as file:
            start = file.read(max(map(len, OTHERS)))
    except OSError:
        return None, None
    for first, about in OTHERS.items():
        if start.startswith(first):
            return about
    return None, None


def _read(path):
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(LENGTH), "little")
        if not 2 <= length <= min(LONGEST, size - LENGTH):
            raise ValueError(
                f"its header would have {length} bytes, the file has {size}"
            )
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise ValueError("its header is not a JSON object")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise ValueError("the metadata in its header is not a JSON object")
    if not header:
        raise ValueError("it has no tensor")
    start = LENGTH + length
    data = np.memmap(path, np.uint8, "r") if size > start else np.zeros(size)
    tensors = {}
    for name, entry in header.items():
        if not _is_entry(entry):
            raise ValueError(
                f"its header has no type, shape and place of tensor {name!r}"
            )
        first, end = (start + offset for offset in entry["data_offsets"])
        if end > size:
            raise ValueError(
                f"tensor {name!r} ends at byte {end}, the file at {size}"
            )
        tensors[name] = _array(name, entry, data[first:end])
    return SafetensorsFile(tensors, metadata)


def _is_entry(entry):
    """Returns whether an item of the header describes a tensor."""
    if not isinstance(entry, dict) or not isinstance(entry.get("dtype"), str):
        return False
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    if not isinstance(shape, list) or not isinstance(offsets, list):
        return False
    numbers = [*shape, *offsets]
    return len(offsets) == 2 and all(
        isinstance(number, int) and number >= 0 for number in numbers
    )


def _array(name, entry, data):
    """Returns the tensor of a part of the file."""
    dtype, shape = entry["dtype"], tuple(entry["shape"])
    if dtype == "BF16":  # the upper half of a float32, which NumPy lacks
        halves = data.view("<u2").astype(np.uint32)
        return (halves << 16).view(np.float32).reshape(shape)
    if dtype not in DTYPES:
        raise ValueError(
            f"tensor {name!r} is of type {dtype}, not of "
            f"{', '.join([*DTYPES, 'BF16'])}"
        )
    return data.view(DTYPES[dtype]).reshape(shape)
