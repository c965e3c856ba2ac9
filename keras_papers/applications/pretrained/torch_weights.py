"""Tensors of timm's and torchvision's networks, as entries of our layers."""

import re

import keras
import numpy as np

from keras_papers.applications.pretrained.torch_names import our_names
from keras_papers.applications.pretrained.weights_file import Entry

COUNTER = "num_batches_tracked"  # of torch's normalizations; not a weight
BLOCK = re.compile(r"(stage(\d+)_block(\d+))_")
ORDER = ("weight", "bias", "running_mean", "running_var")  # as in Keras


def torch_entries(path, tensors, peer, model):
    """Returns the tensors of a file as entries of our layers.

    Args:
        path: Of the file, for errors.
        tensors: Dict of NumPy arrays by their names in it.
        peer: The `Peer` that it is of.
        model: A flat model of ours.

    Raises:
        ValueError: If there is a tensor that is not of the network.
    """
    layers = {layer.name: layer for layer in model.layers if layer.weights}
    kinds = layer_kinds(tensors)
    names = our_names(peer.names, kinds, _blocks(layers))
    entries = []
    for theirs in kinds:
        if names[theirs] is None:
            raise ValueError(
                f"`weights` must be of {peer.library}'s {peer.name}. Received: "
                f"weights={path!r}, which has "
                f"{first_tensor(theirs, tensors)!r}; the network has no such "
                "tensor. Pass the file of that network."
            )
        arrays = [
            tensors[f"{theirs}.{part}"]
            for part in ORDER
            if f"{theirs}.{part}" in tensors
        ]
        if theirs.endswith("."):  # a tensor by itself
            arrays = [tensors[theirs[:-1]]]
        layer = layers.get(names[theirs])
        if layer is not None and arrays:
            arrays[0] = _in_our_layout(arrays[0], layer, model)
        entries.append(Entry(names[theirs], arrays, origin=theirs))
    return entries


def _blocks(layers):
    """Lists the names of the blocks of a model in their order."""
    found = {}
    for name in layers:
        match = BLOCK.match(name)
        if match:
            found[match[1]] = int(match[2]), int(match[3])
    return sorted(found, key=found.get)


def layer_kinds(tensors):
    """Returns the kinds of layers of a file by their names.

    A tensor that is no part of a layer has its own name and a dot, which no
    layer has.
    """
    kinds = {}
    for name, tensor in tensors.items():
        layer, part = layer_of(name)
        if part == COUNTER:
            continue
        kinds.setdefault(layer, "")
        if part == "running_mean":
            kinds[layer] = "norm"
        elif part == "weight" and tensor.ndim == 4:
            depthwise = tensor.shape[1] == 1 < tensor.shape[0]
            kinds[layer] = "depthwise" if depthwise else "conv"
    return dict(sorted(kinds.items(), key=_place))


def layer_of(name):
    """Returns the layer that a tensor is of, and which part it is."""
    layer, _, part = name.rpartition(".")
    if layer and part in (*ORDER, COUNTER):
        return layer, part
    return f"{name}.", ""


def _place(item):
    """Returns a layer's place in a file, whose numbers are counted."""
    parts = re.split(r"(\d+)", item[0])
    return [
        (part.isdecimal(), int(part) if part.isdecimal() else part)
        for part in parts
        if part
    ]


def first_tensor(layer, tensors):
    if layer.endswith("."):  # a tensor by itself
        return layer[:-1]
    return next(name for name in tensors if name.startswith(f"{layer}."))


class AnyBlocks:
    """Stands for the blocks of a model that is not built yet."""

    def __len__(self):
        return 10**6

    def __getitem__(self, number):
        return f"stage0_block{number}"


def _in_our_layout(kernel, layer, model):
    """Returns a kernel of PyTorch with the axes of a layer of Keras.

    PyTorch's have the channels of the output first, then those of the input,
    height and width.
    """
    kind = keras.layers
    if isinstance(layer, kind.DepthwiseConv2D) and kernel.ndim == 1:
        return kernel[None, None, :, None]  # a factor for each channel
    if isinstance(layer, kind.DepthwiseConv2D) and kernel.ndim == 4:
        return kernel.transpose(2, 3, 0, 1)
    if isinstance(layer, kind.Conv2D) and kernel.ndim == 4:
        return kernel.transpose(2, 3, 1, 0)
    if isinstance(layer, kind.Conv2D) and kernel.ndim == 2:
        return kernel.T[None, None]
    if isinstance(layer, kind.Dense) and kernel.ndim in (2, 4):
        return _dense(kernel, layer, model)
    return kernel


def _dense(kernel, layer, model):
    """Returns the kernel of a dense layer.

    That behind a flattened map has a row for each pixel of each channel, in
    PyTorch the channels first. timm has a convolution over the map in its
    place.
    """
    producer = layer.input._keras_history.operation
    if isinstance(producer, keras.layers.Flatten) and kernel.ndim == 2:
        shape = list(producer.input.shape[1:])
        if producer.data_format == "channels_last":
            shape = [shape[-1], *shape[:-1]]
        if np.prod(shape) != kernel.shape[1]:
            return kernel.T
        kernel = kernel.reshape(-1, *shape)
    if kernel.ndim == 4:
        return kernel.transpose(2, 3, 1, 0).reshape(-1, kernel.shape[0])
    return kernel.T
