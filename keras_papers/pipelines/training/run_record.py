"""What it takes to run a job again: its arguments, and the versions."""

import importlib

from keras_papers import __version__
from keras_papers.pipelines.options import RESULT, RUN

PACKAGES = ("keras", "tensorflow", "ai_edge_litert", "numpy")


def run_record(verb, options):
    """Returns the command line, the arguments and the versions as a dict.

    Args:
        verb: Of `keras-papers`.
        options: The `Options` of the job.
    """
    arguments = options.of_scope(RESULT, RUN)
    return {
        "command": options.command(verb, explicit=arguments),
        "arguments": arguments,
        "versions": versions(),
    }


def versions():
    """Returns the versions of the packages that decide a result."""
    found = {
        name: importlib.import_module(name).__version__ for name in PACKAGES
    }
    return {"keras-papers": __version__, **found}
