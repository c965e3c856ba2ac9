"""Weights of a classifier, from a file or as published for keras.applications.

A file is read whole and held against the model layer by layer before the
first weight is set: Keras' own loader stops in the middle, names objects by
their class, and prints the tensors.
"""

import collections
import os
import warnings
from typing import NamedTuple

import keras
import numpy as np

from keras_papers.applications.pretrained.weights_file import (
    Entry,
    kind_of,
    read_weights_file,
)
from keras_papers.checks import check_weights_path
from keras_papers.inlining import flatten
from keras_papers.layers._image_axes import image_size

TOP = {"hidden", "logits"}  # layers that a model without top does not have
HOST = "https://storage.googleapis.com"


class Published(NamedTuple):
    """One network whose ImageNet weights can be downloaded."""

    path: str  # in the folder, without the ending
    md5: str | None = None
    folder: str = "tensorflow/keras-applications"  # on the host


class Family(NamedTuple):
    """The published networks of one constructor."""

    variants: str  # as a sentence names them
    with_top: dict  # what tells the networks apart: `Published`
    no_top: dict
    sizes: tuple = ()  # of images, where each has weights of its own

    def has_width(self, alpha):
        """Returns whether weights of a network of width `alpha` exist."""
        return any(variant[0] == alpha for variant in self.with_top)


def check_weights(weights, include_top, images, family, **variant):
    """Returns where the weights lie: None, a path, or a `Published` file.

    Args:
        weights: The constructor's argument.
        include_top: The constructor's argument.
        images: Keras tensor of the model's images.
        family: The `Family` of the constructor.
        **variant: What tells the family's networks apart, but for the size of
            the images. Arguments that no published network has are named
            where they are not their default.
    """
    if weights is None:
        return None
    if weights == "imagenet":
        published = family.with_top if include_top else family.no_top
        if family.sizes:
            variant["size"] = _published_size(images, include_top, family.sizes)
        key = tuple(variant.values())
        if key not in published:
            received = ", ".join(f"{k}={v!r}" for k, v in variant.items())
            raise ValueError(
                "`weights='imagenet'` exists for the published variants only: "
                f"{family.variants}. Received: {received}. Build one of "
                "these, or train from weights=None."
            )
        return published[key]
    check_weights_path(weights)
    return weights


def _published_size(images, include_top, sizes):
    """Returns the image size whose published weights a model takes.

    Without its top a model takes those of 224 at any size that has none.
    """
    rows, columns = image_size(images)
    if rows == columns and (include_top or rows in sizes):
        return rows
    return (rows, columns) if include_top else 224


def load_weights(model, source):
    """Sets the weights of `model` from a path or a `Published` file.

    Another number of classes leaves the classifier as it is, another number
    of input channels adapts the first kernel; one warning tells both.

    Raises:
        ValueError: If the file cannot be fetched or read, or holds another
            architecture; the first layer that differs is named.
    """
    path, entries, in_order = _open(source)
    entries = _after_normalization(model, entries, path)
    layers, found, extra = _match(model, entries, in_order)
    values, changes = [], []
    for layer, entry in zip(layers, found, strict=True):
        arrays, change = _fit(layer, entry)
        if arrays is None:
            raise ValueError(_other_architecture(path, change, layer.name))
        values.append(arrays)
        changes += [change] if change else []
    if extra:
        difference = f"the file has {extra[0].name!r}, the model does not"
        raise ValueError(_other_architecture(path, difference))
    for layer, arrays in zip(layers, values, strict=True):
        for weight, array in zip(_in_file_order(layer), arrays, strict=False):
            weight.assign(array)
    if changes:
        warnings.warn(
            f"Not all of weights={str(path)!r} fit: {'; '.join(changes)}.",
            UserWarning,
            stacklevel=4,  # who called the constructor
        )


def _open(source):
    """Returns the path of the file, its entries, and whether order counts."""
    if not isinstance(source, Published):
        return source, *read_weights_file(source)
    path = _download(source)
    try:
        return path, *read_weights_file(path)
    except ValueError:
        os.remove(path)  # or the cache would give it again and again
        raise


def _download(published):
    file = {
        "origin": f"{HOST}/{published.folder}/{published.path}.h5",
        "cache_subdir": "models",
    }
    try:
        return keras.utils.get_file(**file, file_hash=published.md5)
    except Exception as error:  # get_file raises bare ones
        if isinstance(error, ValueError):
            # The hash is another, and the file lies in the cache: this call
            # fetches nothing and tells where.
            os.remove(keras.utils.get_file(**file))
        raise ValueError(
            "`weights='imagenet'` is fetched from the host of "
            f"keras.applications. Received: {file['origin']}, which could not "
            f"be fetched whole ({error}). Try again, or pass the path of a "
            "file that was fetched elsewhere."
        ) from error


def _after_normalization(model, entries, path):
    """Returns the entries without that of a Normalization of the images.

    EfficientNet of keras.applications has one in front, with the statistics
    in the file; ours are constants of the model.
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
    """Tells whether `model` does to its images what a Normalization did."""
    found = [one for one in model.layers if one.name == "preprocessing"]
    if not found:
        return True  # it is left to the user
    (layer,) = found
    std = 1 / (255 * np.ravel(layer.scale))
    ours = -np.ravel(layer.offset) * std
    # The published networks have the deviation for the variance, and divide
    # by its root once more behind (keras.applications, efficientnet.py).
    mean, *deviations = map(np.ravel, (mean, variance, np.sqrt(variance)))
    if len(ours) < len(mean):  # as for an image of other channels
        mean, *deviations = map(np.mean, (mean, *deviations))
    return np.allclose(mean, ours, atol=1e-4) and any(
        np.allclose(theirs, std, atol=1e-4) for theirs in deviations
    )


def _match(model, entries, in_order):
    """Returns the layers, the entry of each, and the entries that remain.

    Files of ours have the names of ours, those of keras.applications have
    the order, or in Keras 3 the order within each class. A model without top
    takes the file of one with top; that rest is no rest.
    """
    layers = [layer for layer in flatten(model).layers if layer.weights]
    is_ours = bool(_names(entries) & _names(layers) - TOP)
    entries = sorted(entries, key=lambda entry: entry.number)
    ours = _keys(layers, map(kind_of, layers), is_ours, in_order)
    kinds = [entry.kind for entry in entries]
    theirs = _keys(entries, kinds, is_ours, in_order)
    left = dict(zip(theirs, entries, strict=True))
    found = [left.pop(key, Entry("nothing", [])) for key in ours]
    extra = [entry for entry in left.values() if entry.name not in TOP]
    if not is_ours and not TOP & _names(layers):
        # A convolution or dense layer with a bias, and no other layer, is
        # what a top is made of.
        extra = [entry for entry in extra if len(entry.arrays) != 2]
    return layers, found, extra


def _keys(named, kinds, is_ours, in_order):
    """Returns what a layer and its entry have in common, for each in turn."""
    if is_ours:
        return [one.name for one in named]
    return range(len(named)) if in_order else _numbered(kinds)


def _names(named):
    return {one.name for one in named}


def _numbered(kinds):
    """Yields each kind with how many of it came before."""
    seen = collections.Counter()
    for kind in kinds:
        yield kind, seen[kind]
        seen[kind] += 1


def _fit(layer, entry):
    """Returns the arrays that `layer` takes, and how the file differs, if so.

    None in place of arrays is a difference that cannot be bridged.
    """
    wanted = [tuple(weight.shape) for weight in _in_file_order(layer)]
    if wanted == entry.shapes:
        return entry.arrays, None
    if layer.name == "logits" and _differ_only_in(-1, wanted, entry.shapes):
        classes, there = wanted[0][-1], entry.shapes[0][-1]
        return [], (
            f"layer {layer.name!r} was left fresh, for the file has {there} "
            f"classes and the model {classes}"
        )
    if layer.name == "stem" and _differ_only_in(-2, wanted, entry.shapes):
        channels, there = wanted[0][-2], entry.shapes[0][-2]
        return [_adapt(entry.arrays[0], channels)], (
            f"layer {layer.name!r} was adapted, for the file has {there} "
            f"input channels and the model {channels}"
        )
    return None, (
        f"layer {layer.name!r} has weights of shapes {wanted}, the file has "
        + (f"{entry.shapes} as {entry.name!r}" if entry.arrays else "none")
    )


def _in_file_order(layer):
    return layer.trainable_weights + layer.non_trainable_weights


def _differ_only_in(axis, shapes, others):
    """Tells whether shapes are equal but for one axis, counted from behind."""
    shapes, others = (
        [shape[:axis] + shape[axis:][1:] for shape in listed]
        for listed in (shapes, others)
    )
    return shapes == others


def _adapt(kernel, channels):
    """Returns the first kernel for another number of input channels.

    As timm does: one channel takes the sum, for a gray image has three equal
    ones; more take the file's in turn, scaled to what three would add up to.
    """
    there = kernel.shape[-2]
    if channels == 1:
        return kernel.sum(axis=-2, keepdims=True)
    again = kernel[..., np.arange(channels) % there, :]
    return again * (there / channels)


def _other_architecture(path, difference, layer=None):
    advice = "Build the model that the file was saved from"
    if layer in TOP:
        advice += ", or leave the top out with include_top=False"
    return (
        "`weights` must be a file of the same architecture. "
        f"Received: weights={str(path)!r}; the first difference is that "
        f"{difference}. {advice}."
    )
