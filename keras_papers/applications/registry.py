"""The classifiers by name."""

import fnmatch

from keras_papers.applications import (
    efficientnet,
    efficientnet_lite,
    mnasnet,
    mobilenet,
    mobilenet_v2,
    mobilenet_v3,
)
from keras_papers.applications.efficientnet import (
    EfficientNetB0,
    EfficientNetB1,
    EfficientNetB2,
    EfficientNetB3,
    EfficientNetB4,
    EfficientNetB5,
    EfficientNetB6,
    EfficientNetB7,
)
from keras_papers.applications.efficientnet_lite import (
    EfficientNetLite0,
    EfficientNetLite1,
    EfficientNetLite2,
    EfficientNetLite3,
    EfficientNetLite4,
)
from keras_papers.applications.mnasnet import (
    MnasNetA1,
    MnasNetB1,
    MnasNetSmall,
)
from keras_papers.applications.mobilenet import MobileNet
from keras_papers.applications.mobilenet_v2 import MobileNetV2
from keras_papers.applications.mobilenet_v3 import (
    MobileNetV3Large,
    MobileNetV3Small,
)
from keras_papers.checks import check_choice

CONSTRUCTORS = {
    constructor.__name__: constructor
    for constructor in (
        EfficientNetB0,
        EfficientNetB1,
        EfficientNetB2,
        EfficientNetB3,
        EfficientNetB4,
        EfficientNetB5,
        EfficientNetB6,
        EfficientNetB7,
        EfficientNetLite0,
        EfficientNetLite1,
        EfficientNetLite2,
        EfficientNetLite3,
        EfficientNetLite4,
        MnasNetA1,
        MnasNetB1,
        MnasNetSmall,
        MobileNet,
        MobileNetV2,
        MobileNetV3Large,
        MobileNetV3Small,
    )
}
TABLES = {
    **{
        f"EfficientNet{variant}": network.table
        for variant, network in efficientnet.NETWORKS.items()
    },
    **{
        f"EfficientNetLite{variant}": network.table
        for variant, network in efficientnet_lite.NETWORKS.items()
    },
    "MnasNetA1": mnasnet.FIGURE_7,
    "MnasNetB1": mnasnet.B1,
    "MnasNetSmall": mnasnet.SMALL,
    "MobileNet": mobilenet.TABLE_1,
    "MobileNetV2": mobilenet_v2.TABLE_2,
    "MobileNetV3Large": mobilenet_v3.TABLE_1,
    "MobileNetV3Small": mobilenet_v3.TABLE_2,
}
PUBLISHED = {  # files of weights, by the model's name
    **{
        f"EfficientNet{variant}": network.published
        for variant, network in efficientnet.NETWORKS.items()
    },
    "MobileNet": mobilenet.PUBLISHED,
    "MobileNetV2": mobilenet_v2.PUBLISHED,
    "MobileNetV3Large": mobilenet_v3.PUBLISHED_LARGE,
    "MobileNetV3Small": mobilenet_v3.PUBLISHED_SMALL,
}
SIZES = {  # of the images, where they are not of 224 pixels
    **{
        f"EfficientNet{variant}": scaling.size
        for variant, scaling in efficientnet.SCALINGS.items()
    },
    **{
        f"EfficientNetLite{variant}": scaling.size
        for variant, scaling in efficientnet_lite.SCALINGS.items()
    },
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


def table(name):
    """Returns the paper's table that the model called `name` is built from.

    Args:
        name: One of `list_models()`.

    Returns:
        A tuple of rows, whose fields are the columns as the paper heads them.

    Raises:
        ValueError: If there is no such model; the nearest name is offered.

    Example:
    >>> table("MobileNetV2")[1]
    Row(t=6, c=24, n=2, s=2)
    """
    get(name)
    return TABLES[name]


def has_imagenet(name, alpha):
    """Tells whether weights of ImageNet are published for a width."""
    family = PUBLISHED.get(name)
    return family is not None and any(
        key[0] == alpha for key in family.with_top
    )


def default_size(name):
    """Returns the height and width of the images that a model takes."""
    get(name)
    return SIZES.get(name, 224)
