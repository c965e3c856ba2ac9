"""Loads a file of weights into a model, layer by layer.

The file is compared with the model before the first weight is assigned.
Keras' own loader stops in the middle, names objects by their class, and prints
the tensors.
"""

import collections
import os
import re
import warnings

import numpy as np

from keras_papers.applications.pretrained.caller_level import caller_level
from keras_papers.applications.pretrained.published import Published, download
from keras_papers.applications.pretrained.safetensors_file import (
    read_safetensors,
)
from keras_papers.applications.pretrained.torch_names import AUXILIARY
from keras_papers.applications.pretrained.torch_networks import Tag
from keras_papers.applications.pretrained.torch_weights import torch_entries
from keras_papers.applications.pretrained.weights_file import (
    Entry,
    kind_of,
    read_weights_file,
)
from keras_papers.inlining import flatten

# Layers with weights behind the features.
TOP = {"hidden", "hidden1", "hidden2", "logits"}
NUMBERED = re.compile(r"auxiliary\d+_")  # of those that pool


def load_weights(model, source):
    """Assigns the weights of a `Source` to `model`.

    With another number of classes the classifier keeps its fresh weights;
    with another number of input channels the first kernel is adapted. One
    warning reports both.

    Raises:
        ValueError: If the file cannot be fetched or read, or is of another
            architecture; the first layer that differs is named.
    """
    path, entries, in_order = _open(source, flatten(model))
    entries = _after_normalization(model, entries, path)
    pairs, extra = _pair(model, entries, in_order)
    values, changes = [], []
    if source.peer is not None:
        pairs, changes = _without_auxiliary(pairs)
    for layer, entry in pairs:
        arrays, difference = _arrays_for(layer, entry, layer is pairs[0][0])
        if arrays is None:
            raise ValueError(_other_architecture(path, difference, layer.name))
        values.append(arrays)
        changes += [difference] if difference else []
    if extra:
        name = extra[0].origin or extra[0].name
        difference = f"the file has {name!r}, the model does not"
        raise ValueError(_other_architecture(path, difference))
    for (layer, _), arrays in zip(pairs, values, strict=True):
        # A classifier with fresh weights has no arrays.
        for weight, array in zip(_in_file_order(layer), arrays, strict=False):
            weight.assign(array)
    if changes:
        warnings.warn(
            f"Not all of weights={str(path)!r} fit: {'; '.join(changes)}.",
            UserWarning,
            stacklevel=caller_level(),
        )


def _open(source, model):
    """Returns a file's path, its entries, and whether they are in order."""
    if isinstance(source.file, Published | Tag):
        path = download(source.file)
        try:
            return path, *_read(path, source, model)
        except ValueError:
            os.remove(path)  # otherwise the cache would return it every time
            raise
    return source.file, *_read(source.file, source, model)


def _read(path, source, model):
    if source.peer is not None:
        tensors = read_safetensors(path).tensors
        return torch_entries(path, tensors, source.peer, model), False
    return read_weights_file(path)


def _after_normalization(model, entries, path):
    """Returns the entries without that of a layer that normalizes the images.

    EfficientNet of keras.applications begins with a Normalization, whose
    statistics are in the file. Here they are constants of the model.

    Raises:
        ValueError: If the statistics differ from those of the model.
    """
    rest = []
    for entry in entries:
        if "normalization" not in (entry.kind, entry.name[:13].lower()):
            rest.append(entry)
        elif not _normalizes_alike(model, *entry.arrays[:2]):
            mean, variance = (
                np.ravel(array).round(4).tolist() for array in entry.arrays[:2]
            )
            raise ValueError(
                "`weights` must be of a network that normalizes its images "
                "as the model does, by the statistics of ImageNet. "
                f"Received: weights={str(path)!r}, a network that does so by "
                f"mean={mean} and variance={variance} of pixels / 255. Pass "
                "include_preprocessing=False, and put the layers in front "
                "that it had."
            )
    return rest


def _normalizes_alike(model, mean, variance):
    """Returns whether `model` normalizes images by these statistics."""
    found = [one for one in model.layers if one.name == "preprocessing"]
    if not found:
        return True  # the user normalizes the images
    (layer,) = found
    std = 1 / (255 * np.ravel(layer.scale))
    ours = -np.ravel(layer.offset) * std
    # The published files store the standard deviation as the variance, and
    # their networks divide by its root once more after the layer
    # (keras.applications, efficientnet.py).
    mean, *deviations = map(np.ravel, (mean, variance, np.sqrt(variance)))
    if len(ours) < len(mean):  # the average, for images of other channels
        mean, *deviations = map(np.mean, (mean, *deviations))
    return np.allclose(mean, ours, atol=1e-4) and any(
        np.allclose(theirs, std, atol=1e-4) for theirs in deviations
    )


def _pair(model, entries, in_order):
    """Pairs each layer that has weights with its entry in the file.

    A file of this package has the same layer names as the model. Files of
    keras.applications have other names: a legacy file is matched by the order
    of the layers, a file of Keras 3 by the order within each class.

    Args:
        model: The model to load.
        entries: List of the file's `Entry`.
        in_order: Whether they are in the order of the layers, as in a legacy
            file.

    Returns:
        A list of pairs of a layer and its `Entry`, which has no arrays where
        the file has none for the layer; and a list of the entries without a
        layer. Those of the classifier are not among the latter: a model
        without top loads the file of a model with one.
    """
    layers = [layer for layer in flatten(model).layers if layer.weights]
    entries = sorted(entries, key=lambda entry: entry.number)
    by_name = bool((_names(entries) & _names(layers)) - TOP)
    if by_name:
        layer_keys = [layer.name for layer in layers]
        entry_keys = [entry.name for entry in entries]
    elif in_order:
        layer_keys, entry_keys = range(len(layers)), range(len(entries))
    else:
        layer_keys = _numbered(kind_of(layer) for layer in layers)
        entry_keys = _numbered(entry.kind for entry in entries)
    unpaired = dict(zip(entry_keys, entries, strict=True))
    pairs = [
        (layer, unpaired.pop(key, Entry("nothing", [])))
        for layer, key in zip(layers, layer_keys, strict=True)
    ]
    extra = [entry for entry in unpaired.values() if not _is_top(entry.name)]
    if not by_name and not TOP & _names(layers):
        # Under another name a layer of the classifier is known by its two
        # arrays, kernel and bias: no other layer has both.
        extra = [entry for entry in extra if len(entry.arrays) != 2]
    return pairs, extra


def _is_top(name):
    """Returns whether a layer called `name` is of a classifier."""
    return name in TOP or AUXILIARY.match(name) is not None


def _without_auxiliary(pairs):
    """Returns pairs without those of classifiers inside, and what changes.

    torchvision's pool windows of other sizes, for which ours would compute
    wrong scores from the same weights.
    """
    rest = [pair for pair in pairs if not NUMBERED.match(pair[0].name)]
    if len(rest) == len(pairs):
        return rest, []
    return rest, [
        "the auxiliary classifiers were left fresh, for those of torchvision "
        "pool other windows"
    ]


def _names(items):
    return {item.name for item in items}


def _numbered(kinds):
    """Yields `(kind, number)`: how many of the same kind came before.

    Example:
    >>> list(_numbered(["conv2d", "dense", "conv2d"]))
    [('conv2d', 0), ('dense', 0), ('conv2d', 1)]
    """
    seen = collections.Counter()
    for kind in kinds:
        yield kind, seen[kind]
        seen[kind] += 1


def _arrays_for(layer, entry, is_first):
    """Returns the arrays to assign to `layer`, and how the file differs.

    Only the kernel of the first layer is adapted to other input channels.

    Returns:
        The arrays, or None if the layer cannot take the entry: no array
        leaves the layer as it is. And the difference in words, or None if
        there is none.
    """
    wanted = [tuple(weight.shape) for weight in _in_file_order(layer)]
    if wanted == entry.shapes:
        return entry.arrays, None
    is_last = layer.name.endswith("logits")
    if is_last and _differ_only_in(-1, wanted, entry.shapes):
        classes, in_file = wanted[0][-1], entry.shapes[0][-1]
        return [], (
            f"layer {layer.name!r} was left fresh, for the file has {in_file} "
            f"classes and the model {classes}"
        )
    kernels, bias = (wanted[:1], entry.shapes[:1]), wanted[1:]
    if is_first and _differ_only_in(-2, *kernels) and bias == entry.shapes[1:]:
        channels, in_file = wanted[0][-2], entry.shapes[0][-2]
        kernel = _with_channels(entry.arrays[0], channels)
        return [kernel, *entry.arrays[1:]], (
            f"layer {layer.name!r} was adapted, for the file has {in_file} "
            f"input channels and the model {channels}"
        )
    return None, (
        f"layer {layer.name!r} has weights of shapes {wanted}, the file has "
        + (
            f"{entry.shapes} as {entry.origin or entry.name!r}"
            if entry.arrays
            else "none"
        )
    )


def _in_file_order(layer):
    return layer.trainable_weights + layer.non_trainable_weights


def _differ_only_in(axis, shapes, others):
    """Returns whether two lists of shapes are equal except at one axis.

    Example:
    >>> _differ_only_in(-1, [(3, 3, 8, 10), (10,)], [(3, 3, 8, 5), (5,)])
    True
    """

    def without_axis(shape):
        return shape[:axis] + shape[axis:][1:]

    return [*map(without_axis, shapes)] == [*map(without_axis, others)]


def _with_channels(kernel, channels):
    """Returns the first kernel for another number of input channels.

    As timm does it: one channel takes the sum over the file's channels, since
    the three channels of a gray image are equal. More channels repeat those
    of the file in turn, scaled so that their sum stays about the same.
    """
    in_file = kernel.shape[-2]
    if channels == 1:
        return kernel.sum(axis=-2, keepdims=True)
    repeated = kernel[..., np.arange(channels) % in_file, :]
    return repeated * (in_file / channels)


def _other_architecture(path, difference, layer=None):
    advice = "Build the model that the file was saved from"
    if layer in TOP:
        advice += ", or leave the top out with include_top=False"
    return (
        "`weights` must be a file of the same architecture. "
        f"Received: weights={str(path)!r}; the first difference is that "
        f"{difference}. {advice}."
    )
