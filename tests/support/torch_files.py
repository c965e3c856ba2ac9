"""Safetensors files as timm and torchvision save them, without either.

`torch_tensors.json` has the names and the shapes of the tensors of some of
their networks, of timm 1.0.31, torchvision 0.28.0 and, detectors, 0.29.1.
"""

import json
import pathlib

import numpy as np

RECORDED = json.loads(
    pathlib.Path(__file__).with_name("torch_tensors.json").read_text()
)
CODES = {"float32": "F32", "float16": "F16", "float64": "F64", "int64": "I64"}


def draw_tensors(name, seed=0):
    """Draws the tensors of a recorded network, as a dict."""
    generator = np.random.default_rng(seed)
    tensors = {}
    for tensor, shape in RECORDED[name].items():
        values = generator.normal(0, 0.05, shape)
        if tensor.endswith("running_var"):
            values = generator.uniform(0.5, 1.5, shape)
        tensors[tensor] = values.astype("float32")
        if tensor.endswith("running_var"):
            counter = tensor.replace("running_var", "num_batches_tracked")
            tensors[counter] = np.array(7, "int64")
    return tensors


def draw_even_tensors(name, seed=0, gain=1.0):
    """Draws tensors with which the maps of a recorded network stay of a size.

    The outputs for two images then differ, also those of many layers.

    Args:
        name: Of the library and of the network.
        seed: Int. Defaults to 0.
        gain: Float. Of the kernels. Defaults to 1.
    """
    generator = np.random.default_rng(seed)
    tensors = {}
    for tensor, shape in RECORDED[name].items():
        values = generator.normal(0, 0.05, shape)
        if tensor.endswith("running_var"):
            values = generator.uniform(0.5, 1.5, shape)
        elif len(shape) == 4:
            width = gain * np.prod(shape[1:]) ** -0.5
            values = generator.normal(0, width, shape)
        elif tensor.endswith("weight"):
            values = generator.uniform(0.5, 1.5, shape)
        tensors[tensor] = values.astype("float32")
    return tensors


def content_of(tensors, metadata=None, code=None):
    """Returns the bytes of a safetensors file."""
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, tensor in tensors.items():
        part = tensor.tobytes()
        header[name] = {
            "dtype": code or CODES[tensor.dtype.name],
            "shape": tensor.shape,
            "data_offsets": [len(data), len(data) + len(part)],
        }
        data += part
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data
