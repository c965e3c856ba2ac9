"""Weights of a classifier, from a file or as published for keras.applications.

A file is read whole and held against the model layer by layer before the
first weight is set: Keras' own loader stops in the middle, names objects by
their class, and prints the tensors.
"""

import io
import os
import zipfile
from typing import NamedTuple

import h5py
import keras
import numpy as np

from keras_papers.applications._image_input import image_size
from keras_papers.inlining import flatten

TOP = {"hidden", "logits"}  # layers that a model without top does not have
HOST = "https://storage.googleapis.com/tensorflow/keras-applications"


class Published(NamedTuple):
    """One network whose ImageNet weights can be downloaded."""

    path: str  # on the host, without the ending
    md5: str | None = None


class Family(NamedTuple):
    """The published networks of one constructor."""

    variants: str  # as a sentence names them
    with_top: dict  # arguments of the constructor: `Published`
    no_top: dict


def check_weights(weights, include_top, classes, family, **variant):
    """Returns where the weights lie: None, a path, or a `Published` file.

    Args:
        weights: The constructor's argument.
        include_top: The constructor's argument.
        classes: The constructor's argument.
        family: The `Family` of the constructor.
        **variant: What tells the family's networks apart. Arguments that no
            published network has are named where they are not their default.
    """
    if weights is None:
        return None
    if weights == "imagenet":
        published = family.with_top if include_top else family.no_top
        key = tuple(variant.values())
        if key not in published:
            received = ", ".join(f"{k}={v!r}" for k, v in variant.items())
            raise ValueError(
                "`weights='imagenet'` exists for the published variants only: "
                f"{family.variants}. Received: {received}. Build one of "
                "these, or train from weights=None."
            )
        if include_top and classes != 1000:
            raise ValueError(
                "`classes` of weights='imagenet' with its top is 1000. "
                f"Received: classes={classes!r}. Pass include_top=False and "
                "add a layer for your own classes."
            )
        return published[key]
    if not isinstance(weights, str | os.PathLike) or not os.path.isfile(
        weights
    ):
        raise ValueError(
            "`weights` must be None (random), 'imagenet' or the path of a "
            ".weights.h5, .keras or legacy .h5 file. "
            f"Received: weights={weights!r}, which is no file. Check the path."
        )
    return weights


def published_size(images, include_top, sizes):
    """Returns the image size whose published weights a model takes.

    Without its top a model takes those of 224 at any size that has none.
    """
    rows, columns = image_size(images)
    if include_top or (rows == columns and rows in sizes):
        return rows
    return 224


def load_weights(model, source):
    """Sets the weights of `model` from a path or a `Published` file.

    Raises:
        ValueError: If the file is no weights file, or holds another
            architecture; the first layer that differs is named.
    """
    if isinstance(source, Published):
        source = keras.utils.get_file(
            origin=f"{HOST}/{source.path}.h5",
            cache_subdir="models",
            file_hash=source.md5,
        )
    entries, ordered = _read(source)
    layers = [layer for layer in flatten(model).layers if layer.weights]
    blocks = [layer for layer in model.layers if layer.weights]
    if ordered and len(entries) == len(blocks):
        layers = blocks  # a legacy file of a model that was not flattened
    found, extra = _match(layers, entries, ordered)
    for layer, (name, arrays) in zip(layers, found, strict=True):
        wanted = [tuple(weight.shape) for weight in _in_file_order(layer)]
        shapes = [array.shape for array in arrays]
        if wanted != shapes:
            raise ValueError(
                _other_architecture(
                    source,
                    f"layer {layer.name!r} has weights of shapes {wanted}, "
                    f"the file has {shapes or 'none'} as {name!r}",
                    layer is layers[-1],
                )
            )
    if extra:
        raise ValueError(
            _other_architecture(
                source, f"the file has {extra[0]!r}, the model does not", False
            )
        )
    for layer, (_, arrays) in zip(layers, found, strict=True):
        for weight, array in zip(_in_file_order(layer), arrays, strict=True):
            weight.assign(array)


def _in_file_order(layer):
    return layer.trainable_weights + layer.non_trainable_weights


def _match(layers, entries, ordered):
    """Returns what the file has for each of `layers`, and names of the rest.

    A model without top takes the file of one with top; that rest is no rest.
    """
    if ordered:
        missing = [("nothing", [])] * (len(layers) - len(entries))
        found = (entries + missing)[: len(layers)]
        extra = [name for name, _ in entries[len(layers) :]]
    else:
        by_name = dict(entries)
        found = [(layer.name, by_name.get(layer.name, [])) for layer in layers]
        extra = by_name.keys() - {layer.name for layer in layers}
        extra = sorted(extra - TOP)
    if not any(layer.name in TOP for layer in layers) and ordered:
        extra = []
    return found, extra


def _other_architecture(source, difference, is_top):
    advice = "Build the model that the file was saved from"
    if is_top:
        advice = "Pass the file's number of classes, or include_top=False"
    return (
        "`weights` must be a file of the same architecture. "
        f"Received: weights={str(source)!r}; the first difference is that "
        f"{difference}. {advice}."
    )


def _read(path):
    """Reads (layer name, arrays) of every layer, and whether order counts."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                data = io.BytesIO(archive.read("model.weights.h5"))
            with h5py.File(data) as file:
                return _read_by_name(file), False
        with h5py.File(path) as file:
            legacy = file["model_weights"] if "model_weights" in file else file
            if "layer_names" in legacy.attrs:
                return _read_in_order(legacy), True
            return _read_by_name(file), False
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(
            "`weights` must be a .weights.h5, .keras or legacy .h5 file. "
            f"Received: weights={str(path)!r}, which cannot be read as one "
            f"({error}). The file may be cut off; save or fetch it again."
        ) from error


def _read_by_name(file):
    entries = []

    def visit(path, group):
        # Optimizers and dropouts keep state in the file that is no weight.
        mine = path.startswith("layers/") and "seed_generator" not in path
        if mine and "name" in group.attrs and len(group):
            arrays = [np.asarray(group[key]) for key in sorted(group, key=int)]
            entries.append((_text(group.attrs["name"]), arrays))

    file.visititems(visit)
    return entries


def _read_in_order(group):
    entries = []
    for name in group.attrs["layer_names"]:
        layer = group[_text(name)]
        arrays = [np.asarray(layer[key]) for key in layer.attrs["weight_names"]]
        if arrays:
            entries.append((_text(name), arrays))
    return entries


def _text(name):
    return name.decode() if isinstance(name, bytes) else name
