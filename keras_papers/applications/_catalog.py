"""The classifiers by name."""

import fnmatch

from keras_papers.applications.mobilenet import MobileNet
from keras_papers.applications.mobilenet_v2 import MobileNetV2
from keras_papers.applications.mobilenet_v3 import (
    MobileNetV3Large,
    MobileNetV3Small,
)
from keras_papers.argument_checks import check_choice

CONSTRUCTORS = {
    constructor.__name__: constructor
    for constructor in (
        MobileNet,
        MobileNetV2,
        MobileNetV3Large,
        MobileNetV3Small,
    )
}


def list_models(pattern="*"):
    """Lists the names of the classifiers, in alphabetical order.

    Args:
        pattern: Shell pattern that a name must match. Defaults to all.

    Returns:
        A list of strings; `get` takes each of them.

    Example:
    >>> list_models("*V3*")
    ['MobileNetV3Large', 'MobileNetV3Small']
    """
    return sorted(fnmatch.filter(CONSTRUCTORS, pattern))


def get(name):
    """Returns the constructor called `name`.

    Args:
        name: One of `list_models()`.

    Returns:
        A function, such as `keras_papers.applications.MobileNet`.

    Raises:
        ValueError: If there is no such model; the nearest name is offered.

    Example:
    >>> get("MobileNetV2")(alpha=0.35).name
    'mobilenetv2_0.35_224'
    """
    check_choice("model", name, list_models(), "the name of a classifier")
    return CONSTRUCTORS[name]
