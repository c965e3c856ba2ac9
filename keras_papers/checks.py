"""Checks of arguments, with errors that say what to do.

Every message has three parts: the argument and its meaning, what was
received, and what to do about it.
"""

import collections.abc
import difflib
import functools
import math
import numbers
import os
import zipfile
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
MINIMUM_SIZE = 32  # pixels of an image's side: five halvings leave one
PICKLES = (b"\2", b"\3", b"\4", b"\5")  # second bytes of pickled files
MOST_LISTED = 20  # choices that an error names
MOST_CLUSTERS = 256  # different weights of a kernel that count as clusters


def plain_numbers(function: Callable[P, R]) -> Callable[P, R]:
    """Decorates a function: NumPy's numbers are converted to Python's.

    Some of Keras' layers do not accept NumPy's integers, and names and JSON
    files are made from the arguments. An array of one axis becomes a tuple.
    """

    @functools.wraps(function)
    def with_plain_numbers(*args, **kwargs):
        return function(
            *map(plain, args),
            **{name: plain(value) for name, value in kwargs.items()},
        )

    return with_plain_numbers


def plain(value):
    """Returns Python's number for NumPy's, and any other value unchanged."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(plain, value))  # a row of a table
    if type(value) in (tuple, list):
        return type(value)(map(plain, value))
    if type(value).__module__ != "numpy" or not hasattr(value, "ndim"):
        return value
    if value.ndim == 1 and value.dtype.kind in "iu":
        return tuple(value.tolist())
    if value.ndim:
        return value
    if value.dtype.kind == "f":
        return float(str(value))  # 0.35, not 0.3499999940395355 in float32
    return value.item()


def check_positive_int(name, value, meaning, advice):
    """Raises ValueError unless `value` is an integer of at least 1."""
    is_int = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not is_int or value < 1:
        raise ValueError(
            f"`{name}` is {meaning} and must be an integer of at least 1. "
            f"Received: {name}={value!r}. {advice}"
        )


def check_fraction(name, value, meaning, advice):
    """Raises ValueError unless `value` is a number in [0, 1)."""
    if not isinstance(value, numbers.Real) or not 0 <= value < 1:
        raise ValueError(
            f"`{name}` is {meaning} and must lie in [0, 1). "
            f"Received: {name}={value!r}. {advice}"
        )


def check_number(name, value, meaning, advice):
    """Raises ValueError unless `value` is a finite number."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise ValueError(
            f"`{name}` is {meaning} and must be a finite number. Received: "
            f"{name}={value!r}. {advice}"
        )


def check_positive(name, value, meaning, advice):
    """Raises ValueError unless `value` is a finite number above 0."""
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value <= 0:
        raise ValueError(
            f"`{name}` is {meaning} and must be a finite number above 0. "
            f"Received: {name}={value!r}. {advice}"
        )


def check_box_weights(value):
    """Raises ValueError unless the codes of boxes can be multiplied by it."""
    weights = list(value) if hasattr(value, "__iter__") else []
    are_positive = all(
        isinstance(weight, numbers.Real) and 0 < weight < math.inf
        for weight in weights
    )
    if len(weights) != 4 or not are_positive:
        raise ValueError(
            "`box_weights` are four positive numbers. Received: "
            f"box_weights={value!r}. Try (10, 10, 5, 5)."
        )


def check_names(argument, given, known, what="input of the model", needed=None):
    """Raises ValueError unless names are known, and those needed are there.

    Args:
        argument: What the names were passed in.
        given: The names, as keys of a dict or of another mapping.
        known: All names; None if further ones may be there.
        what: What each of them is.
        needed: The names that must be there. Defaults to None: all.
    """
    needed = known if needed is None else needed
    free = [name for name in known or () if name not in needed]
    rule = [f"must name each {what} once: {_quoted(needed)}"] * bool(needed)
    rule += [f"may name {_quoted(free)}"] * bool(free)
    rule = f"`{argument}` {', and '.join(rule)}."
    if not isinstance(given, collections.abc.Mapping):
        raise ValueError(
            f"{rule} Received: {argument} of type {type(given).__name__}. Pass "
            "a dict."
        )
    missing = [name for name in needed if name not in given]
    unknown = [name for name in given if known and name not in known]
    if not missing and not unknown:
        return
    found = []
    if missing:
        found.append(
            f"no {_quoted(missing)}, but {_quoted(given) or 'nothing'}"
        )
    for name in unknown:
        nearest = difflib.get_close_matches(str(name), missing or known, 1)
        offered = f" (did you mean {nearest[0]!r}?)" if nearest else ""
        found.append(f"unknown {name!r}{offered}")
    raise ValueError(
        f"{rule} Received: {'; '.join(found)}. Add, rename or remove what "
        "differs."
    )


def _quoted(names):
    return ", ".join(map(repr, names))


def check_name(name):
    """Raises ValueError unless `name` is None or a valid name of a model."""
    if name is not None and (not isinstance(name, str) or "/" in name):
        raise ValueError(
            "`name` is the name of the model, a string without '/', which "
            f"stands between the parts of a weight's path. Received: "
            f"name={name!r}. Use '_' in its place."
        )


def check_seed(seed):
    """Raises ValueError unless every random generator starts from `seed`."""
    if not isinstance(seed, numbers.Integral) or not 0 <= seed < 2**32:
        raise ValueError(
            "`seed` starts every random generator and must be an integer from "
            f"0 to {2**32 - 1}. Received: seed={seed!r}. Try 0."
        )


def check_alpha(alpha):
    """Raises ValueError unless `alpha` can multiply a table's channels."""
    check_positive(
        "alpha",
        alpha,
        "the factor on the channels of every layer",
        "The papers use 0.25 to 1.4; 1.0 is the table as printed.",
    )


def names_weights(weights):
    """Returns whether `weights` is a name of published weights, not a path."""
    return isinstance(weights, str) and (
        weights in ("imagenet", "timm") or weights.startswith("timm/")
    )


def unpublished_weights(weights, network, there=()):
    """Returns the error on a name of weights that a network does not have.

    Args:
        weights: The name.
        network: The name of the network.
        there: List of what can be passed instead. Defaults to nothing.
    """
    host = "keras.applications" if weights == "imagenet" else "timm"
    instead = f"Pass {' or '.join(there)}, or leave" if there else "Leave"
    return ValueError(
        f"`weights={weights!r}` is of weights that {host} publishes, which "
        f"has none of {network}. Received: weights={weights!r}. {instead} "
        "`weights` out: `keras-papers list --weights` prints all there are."
    )


def check_weights_path(weights):
    """Raises ValueError unless `weights` is a file of weights."""
    path = str(weights) if isinstance(weights, str | os.PathLike) else ""
    is_file = os.path.isfile(path)
    if is_file and _is_pickled(path):
        raise ValueError(
            "`weights` must not be a pickled file of PyTorch, because opening "
            f"one runs the code in it. Received: weights={path!r}. Convert it "
            "where PyTorch is installed: from safetensors.torch import "
            f"save_file; save_file(torch.load({path!r}, weights_only=True), "
            "'model.safetensors')."
        )
    if not is_file or not path.endswith((".keras", ".h5", ".safetensors")):
        what = "a file of another kind" if is_file else "which is no file"
        raise ValueError(
            "`weights` must be None (random), 'imagenet', 'timm', "
            "'timm/<tag>' or the path of a .weights.h5, .keras, legacy .h5 or "
            f".safetensors file. Received: weights={weights!r}, {what}. Check "
            "the path."
        )


def _is_pickled(path):
    """Returns whether a file is one of PyTorch, whatever its ending is."""
    if path.endswith((".pth", ".pt", ".bin", ".ckpt")):
        return True
    try:
        with open(path, "rb") as file:
            start = file.read(8)
        if start[:2] == b"PK" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
            return any(name.endswith("data.pkl") for name in names)
    except (OSError, zipfile.BadZipFile):
        return False  # what reads the file names it, and what is wrong
    # The number of bytes that a safetensors file begins with ends in zeros.
    return start[:1] == b"\x80" and start[1:2] in PICKLES and any(start[3:])


def check_choice(name, value, choices, meaning):
    """Raises ValueError unless `value` is one of `choices`; offers the nearest.

    The suggestion ignores case, the check does not.
    """
    if isinstance(value, str | None) and value in choices:
        return
    listed = ", ".join(map(repr, choices))
    if len(choices) > MOST_LISTED:
        listed = f"{len(choices):,}"
    raise ValueError(
        f"`{name}` is {meaning} and must be one of {listed}. "
        f"Received: {name}={value!r}. {offer_nearest(value, choices)}"
    )


def check_bool(name, value, meaning):
    """Raises ValueError unless `value` is True or False."""
    if not isinstance(value, bool):
        raise ValueError(
            f"`{name}` is {meaning}. Received: {name}={value!r}. Pass True or "
            "False."
        )


def check_table(name, value, kind, example):
    """Raises ValueError unless an architecture is of a kind of `NamedTuple`."""
    if not isinstance(value, kind):
        raise ValueError(
            f"`{name}` is the layers of the network, a {kind.__name__} of "
            f"{kind.__module__}. Received: {name}={value!r}. Try {example}."
        )


def offer_nearest(value, choices):
    """Returns a sentence that offers the choice spelled most like `value`."""
    near = nearest(value, choices)
    if near is None:
        return "Choose one of these."
    return f"Did you mean {near!r}?"


def nearest(value, choices):
    """Returns the choice that is spelled most like `value`, or None.

    The shortest of those that begin with it, if it has two letters or more.

    Example:
    >>> nearest("a1", ["a1h_in1k", "a1_in1k", "ra_in1k"])
    'a1_in1k'
    """
    spelled = {str(choice).lower(): choice for choice in choices}
    text = str(value).lower()
    near = sorted((c for c in spelled if c.startswith(text)), key=len)
    if not near or len(text) < 2:
        near = difflib.get_close_matches(text, spelled, 1, 0.5)
    return spelled[near[0]] if near else None
