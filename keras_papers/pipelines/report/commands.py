"""Calls of the functions of this package, as commands for a shell."""

import inspect
import os
import shlex

from keras_papers.pixels.normalization import PIXELS

HERE = ("verbose", "overwrite")  # what belongs to one call only


def command_of(verb, function, given, **changes):
    """Returns the command that calls a function again, with changes.

    What has its default value is left out.

    Args:
        verb: Of `keras-papers`.
        function: What the verb calls.
        given: Dict of the arguments of a call.
        **changes: Other values of some of them.

    Example:
    >>> from keras_papers import pipelines
    >>> given = {"data": "my photos", "epochs": 9, "output": "out", "seed": 0}
    >>> command_of("train", pipelines.train, given, class_weights=True)
    "keras-papers train 'my photos' --epochs 9 --output out --class-weights"
    """
    defaults = inspect.signature(function).parameters
    words = ["keras-papers", verb]
    values = {**given, **changes}
    data = values.pop("data", None)
    if data is not None:
        words.append(os.fspath(data))
    for name, value in values.items():
        is_default = value in (None, "none", defaults[name].default)
        if name in HERE or is_default:
            continue
        words.append(f"--{name.replace('_', '-')}")
        if str(value) != "True":  # NumPy's, too
            words.append(str(value))
    return shlex.join(words)


def quantize_command(model, data, seed, mode, normalization=None, **options):
    """Returns the command that makes integers of a .keras file.

    Args:
        model: Path of the .keras file.
        data: Folder of pictures, or None.
        seed: As of `quantize`, as are the others.
        mode: `"int8"` or `"qat"`.
        normalization: `(mean, std)`, or None.
        **options: Others that differ from their defaults.
    """
    words = ["keras-papers", "quantize", os.fspath(model)]
    words += [] if data is None else [os.fspath(data)]
    words += ["--mode", mode]
    words += ["--seed", str(seed)] if seed else []
    for name, value in options.items():
        words.append(f"--{name.replace('_', '-')}")
        if str(value) != "True":
            words.append(str(value))
    if normalization is not None:
        mean, std = normalization
        ends = ((pixel - mean) / std for pixel in PIXELS)
        words += ["--input-range", *(f"{end:.12g}" for end in ends)]
    return shlex.join(words)


def beside(output):
    """Returns the name of another folder for another try."""
    return f"{os.fspath(output).rstrip(os.sep)}_2"
