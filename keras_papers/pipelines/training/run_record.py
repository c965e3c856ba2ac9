"""What it takes to run a job again: its arguments, and the versions."""

import importlib
import os
import shlex

from keras_papers import __version__

PACKAGES = ("keras", "tensorflow", "ai_edge_litert", "numpy")
# How a job is watched, and what it may replace, do not change its result.
LEFT_OUT = ("verbose", "overwrite")


def run_record(verb, arguments):
    """Returns the command line, the arguments and the versions as a dict.

    Args:
        verb: Of `keras-papers`.
        arguments: Dict of the arguments of its function.

    Example:
    >>> record = run_record("train", {"data": "photos", "epochs": 2})
    >>> record["command"]
    'keras-papers train photos --epochs=2'
    """
    plain = {
        name: _plain(value)
        for name, value in arguments.items()
        if name not in LEFT_OUT
    }
    return {
        "command": _command_line(verb, plain),
        "arguments": plain,
        "versions": versions(),
    }


def versions():
    """Returns the versions of the packages that decide a result."""
    found = {
        name: importlib.import_module(name).__version__ for name in PACKAGES
    }
    return {"keras-papers": __version__, **found}


def _command_line(verb, arguments):
    words = ["keras-papers", verb]
    if arguments.get("data") is not None:
        words.append(arguments["data"])
    for name, value in arguments.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            words.append(option)
        elif name == "data" or value is None or value is False:
            continue  # by identity: zero is a value, and equals False
        else:
            words.append(f"{option}={value}")
    return shlex.join(words)


def _plain(value):
    """Returns a value as JSON holds it; numbers may be NumPy's."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.item() if hasattr(value, "item") else value
