"""Search spaces by the short names that `pipelines.tune` takes.

This file imports no KerasTuner and no Keras, so that the command line can
check a name and print its help at once. The facts of the package's own spaces
are therefore repeated here; a test compares them with the classes.
"""

import importlib
from typing import NamedTuple

ORACLES = ("random", "grid", "bayesian")


class SpaceOptions(NamedTuple):
    """The arguments of a search that concern its space."""

    model: str  # name of the network that is scaled or changed
    image_size: int  # height and width that this network takes
    width: float = 1.0  # factor on its channels
    budget_madds: float | None = None  # the most multiply-adds of an image
    budget_latency_ms: float | None = None  # the most milliseconds of one


class SpaceRecord(NamedTuple):
    """What is known of a space before its class is imported."""

    home: str  # module and class: "package.module.Class"
    summary: str  # what the space varies
    default_model: str  # the network that it varies
    options: tuple = SpaceOptions._fields  # that the space takes
    oracles: tuple = ORACLES  # that can propose its points


DEFAULT = "compound"
SPACES = {
    "compound": SpaceRecord(
        "keras_papers.tuner.spaces.compound_scaling.CompoundScaling",
        "depth, width and resolution, scaled together",
        "EfficientNetB0",
    ),
    "width-resolution": SpaceRecord(
        "keras_papers.tuner.spaces.width_and_resolution.WidthAndResolution",
        "width and image size",
        "MobileNet",
    ),
    "mnas": SpaceRecord(
        "keras_papers.tuner.spaces.mnas.MnasSpace",
        "operation, kernel, filters and layers of each block",
        "MnasNetA1",
        oracles=("random", "bayesian"),
    ),
}
CLASSES = {}  # those that this process has imported, by name


def space_class(name):
    """Returns the class that is registered under a name."""
    if name not in CLASSES:
        module = SPACES[name].home.rpartition(".")[0]
        importlib.import_module(module)  # which registers it
    return CLASSES[name]
