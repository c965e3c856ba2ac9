"""The maps of a classifier that heads of detection and segmentation take."""

import inspect
from typing import NamedTuple

import keras

from keras_papers.applications import registry
from keras_papers.applications.image.feature_extractor import (
    output_of,
    outputs_by_name,
)
from keras_papers.inlining import flatten


class Taps(NamedTuple):
    """The layers that the papers' heads are joined to, by their names.

    `*` stands for the highest number: the last block of a stage. Where strides
    are named, they are those of a network without dilations.
    """

    networks: str  # that have these layers
    stages: int
    head: bool  # whether a convolution follows the last stage
    # Stride 8: LR-ASPP of torchvision, and its auxiliary classifier.
    low: str
    # Stride 8: LR-ASPP of the paper, which takes wider maps inside a block.
    low_inside: str
    # Stride 16: SSDLite's first map, the expansion before the stride.
    c4: str
    # Stride 32: SSDLite's second map.
    c5: str
    # Stride 32 or less: what (R-)ASPP is joined to.
    aspp: str
    auxiliary: str  # what torchvision's auxiliary head is joined to


LAST = "stage{}_block*"
EXPANDED = "stage{}_block1_expand_activation"
FILTERED = "stage{}_block*_depthwise_activation"
POINTWISE = "stage{}_block*_pointwise_activation"
SUM = "stage{}_block*_activation"  # and the ReLU of a residual block
HEAD = "head_activation"
TAPS = (
    Taps(
        "MobileNet",
        5,
        False,
        low=POINTWISE.format(3),
        low_inside=POINTWISE.format(3),
        c4=POINTWISE.format(4),
        c5=POINTWISE.format(5),
        aspp=POINTWISE.format(5),
        auxiliary=POINTWISE.format(3),
    ),
    # Tables 7 of both papers have (R-)ASPP on MobileNetV2's 320 channels.
    Taps(
        "MobileNetV2, MnasNet and EfficientNet",
        7,
        True,
        low=LAST.format(3),
        low_inside=FILTERED.format(3),
        c4=EXPANDED.format(6),
        c5=HEAD,
        aspp=LAST.format(7),
        auxiliary=LAST.format(3),
    ),
    Taps(
        "MobileNetV3Large",
        6,
        True,
        low="stage3_block1",
        low_inside=FILTERED.format(3),
        c4=EXPANDED.format(6),
        c5=HEAD,
        aspp=HEAD,
        auxiliary="stage3_block1",
    ),
    Taps(
        "MobileNetV3Small",
        5,
        True,
        low="stage2_block1",
        low_inside=FILTERED.format(2),
        c4=EXPANDED.format(5),
        c5=HEAD,
        aspp=HEAD,
        auxiliary="stage2_block1",
    ),
    Taps(
        "ResNet",
        4,
        False,
        low=SUM.format(2),
        low_inside=SUM.format(2),
        c4=SUM.format(3),
        c5=SUM.format(4),
        aspp=SUM.format(4),
        auxiliary=SUM.format(3),
    ),
)


def dense_features(backbone, taps, **arguments):
    """Returns a model of the maps that a head takes from a classifier.

    Args:
        backbone: Name of a network, such as `"MobileNetV2"`, or a classifier
            of this package, with or without its top, also trained. Its layers
            are those of the model.
        taps: List of fields of `Taps`, the keys of the output.
        **arguments: Of the network's constructor, for a name.

    Returns:
        A functional model: images to a dict of maps.

    Raises:
        ValueError: If `backbone` is no network with such maps, or cannot be
            built with the arguments.

    Example:
    >>> model = dense_features("MobileNetV2", ["c4", "c5"])
    >>> {name: tensor.shape for name, tensor in model.output.items()}
    {'c4': (None, 14, 14, 576), 'c5': (None, 7, 7, 1280)}
    """
    if isinstance(backbone, str):
        backbone = _built(backbone, arguments)
    elif arguments:
        raise ValueError(
            "`backbone` is built already, and cannot be built with other "
            f"arguments. Received: {', '.join(sorted(arguments))} with a "
            "model. Pass them to the constructor of the backbone."
        )
    if not getattr(backbone, "inputs", None):
        raise ValueError(_refused(backbone))
    flat = flatten(backbone)
    tensors = outputs_by_name(flat)
    row = _fitting(tensors, backbone)
    maps = {tap: output_of(getattr(row, tap), tensors, flat) for tap in taps}
    return keras.Model(flat.input, maps, name=f"{backbone.name}_features")


def _built(name, arguments):
    """Builds the network called `name` without its top."""
    constructor = registry.get(name)
    parameters = inspect.signature(constructor).parameters
    unknown = [argument for argument in arguments if argument not in parameters]
    if unknown:
        raise ValueError(
            "`backbone` must be a network with the arguments that a head "
            f"passes. Received: backbone={name!r}, which has no "
            f"{' and no '.join(unknown)}. Choose one of {_networks()}."
        )
    return constructor(include_top=False, **arguments)


def _fitting(tensors, backbone):
    """Returns the row of `TAPS` of the layers of a network."""
    stages = {name.partition("_")[0] for name in tensors if "_block" in name}
    for row in TAPS:
        if row[1:3] != (len(stages), HEAD in tensors):
            continue
        try:
            for layer in row[3:]:
                output_of(layer, tensors, backbone)
        except ValueError:
            continue
        return row
    raise ValueError(_refused(backbone))


def _refused(backbone):
    return (
        "`backbone` is the name of a network, or a classifier of this "
        "package, that has maps for dense prediction. Received: "
        f"backbone={getattr(backbone, 'name', backbone)!r}. Choose one of "
        f"{_networks()}."
    )


def _networks():
    return ", ".join(row.networks for row in TAPS)
