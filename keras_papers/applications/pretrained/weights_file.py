"""Weights files, read whole: `.weights.h5`, `.keras` and legacy `.h5`."""

import io
import itertools
import re
import zipfile
from typing import NamedTuple

import h5py
import numpy as np

# The second convolution of a model is stored under layers/conv2d_1/vars.
LAYER = re.compile(r"layers/(?P<kind>[^/]+?)(_(?P<number>\d+))?/vars")


class Entry(NamedTuple):
    """The weights of one layer in a file."""

    name: str
    arrays: list
    kind: str = ""  # class of the layer as `kind_of` writes it; "" is unknown
    number: int = 0  # index of the layer among those of its class
    origin: str = ""  # name in the file, if `name` is of this package instead

    @property
    def shapes(self):
        """Lists the shapes of the arrays."""
        return [array.shape for array in self.arrays]


def kind_of(layer):
    """Returns the class of a layer as in `Entry.kind`."""
    return type(layer).__name__.lower()


def read_weights_file(path):
    """Reads the entries of all layers with weights.

    Returns:
        A list of `Entry`, and whether they are in the order of the model's
        layers, which only a legacy file keeps.

    Raises:
        ValueError: If the file cannot be read.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                data = io.BytesIO(archive.read("model.weights.h5"))
            with h5py.File(data) as file:
                return _read_groups(file), False
        with h5py.File(path) as file:
            legacy = file["model_weights"] if "model_weights" in file else file
            names = _read_names(legacy, "layer_names")
            if names:
                return _read_legacy(legacy, names), True
            return _read_groups(file), False
    except Exception as error:  # h5py raises many kinds for a damaged file
        raise ValueError(
            "`weights` must be a .weights.h5, .keras or legacy .h5 file. "
            f"Received: weights={str(path)!r}, which cannot be read as one "
            f"({error}). The file may be cut off; save or fetch it again."
        ) from error


def _read_groups(file):
    entries = []

    def visit(path, group):
        # State of optimizers and of dropouts is in the file, too.
        of_layer = path.startswith("layers/") and "seed_generator" not in path
        if of_layer and path.endswith("/vars") and len(group):
            found = LAYER.fullmatch(path)  # None for a layer inside a block
            kind, number = found.group("kind", "number") if found else ("", 0)
            entries.append(
                Entry(
                    # Files of the first versions of Keras 3 have no names.
                    _text(group.attrs.get("name", path)),
                    [np.asarray(group[key]) for key in sorted(group, key=int)],
                    kind.replace("_", ""),
                    int(number or 0),
                )
            )

    file.visititems(visit)
    return entries


def _read_legacy(group, names):
    entries = []
    for name in names:
        weights = _read_names(group[name], "weight_names")
        if weights:
            arrays = [np.asarray(group[name][weight]) for weight in weights]
            entries.append(Entry(name, arrays))
    return entries


def _read_names(group, attribute):
    """Reads a list of names, which large models split into numbered parts."""
    names = list(group.attrs.get(attribute, []))
    for part in itertools.count():
        if f"{attribute}{part}" not in group.attrs:
            return [_text(name) for name in names]
        names += list(group.attrs[f"{attribute}{part}"])


def _text(name):
    return name.decode() if isinstance(name, bytes) else name
