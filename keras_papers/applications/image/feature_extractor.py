"""Taps inside a classifier, for detection and segmentation heads."""

import itertools
import math
import re

import keras

from keras_papers.inlining import flatten, redraw
from keras_papers.layers._image_axes import image_size

TAP = re.compile(r"stem|stage\d+_(block\d+|pool)")
ENOUGH = 16  # pixels of a map, from which the ratio of two sizes is a stride
PROBE = 256  # pixels given to a model of open size, to see what it halves
STRIDES = (4, 8, 16, 32)


def feature_extractor(model, strides=None, *, layers=None):
    """Returns a model of the feature maps inside a classifier.

    A map of stride 8 has an eighth of the image's height and width. Of the
    maps of one stride the last is taken, behind the last block. Some heads
    are joined elsewhere, to a layer inside a block: `layers` names it.

    Args:
        model: A classifier of this package, also without its top or trained,
            or a functional or sequential model with one inside. Weights are
            shared with it.
        strides: Powers of two, at least one. Defaults to `(4, 8, 16, 32)`, or
            to none if there are `layers`.
        layers: Dict from keys of the output to layers, or a list of layers,
            which are then the keys too. A layer is the name of one, such as
            `"stage3_block1_expand_activation"`, or of a block, whose output
            is taken; `*` stands for the highest number, as in
            `"stage3_block*"`. Defaults to None.

    Returns:
        A functional model whose output is a dict: `"stride4"` to its map, and
        so on. The classifier's layers are its own layers, not a model inside.

    Raises:
        ValueError: If `model` has no map of one of the strides, or no such
            layer.

    Example:
    >>> from keras_papers.applications import MobileNetV2
    >>> model = feature_extractor(MobileNetV2(), strides=(8, 32))
    >>> {name: tensor.shape for name, tensor in model.output.items()}
    {'stride8': (None, 28, 28, 32), 'stride32': (None, 7, 7, 320)}
    >>> model = feature_extractor(
    ...     MobileNetV2(), layers={"c4": "stage6_block1_expand_activation"}
    ... )
    >>> model.output["c4"].shape
    (None, 14, 14, 576)
    """
    images, taps, tensors = [], {}, {}

    def call(layer, *args, **kwargs):
        outputs = layer(*args, **kwargs)
        tap = TAP.match(layer.name)
        if tap:
            images.append(args[0])
            taps[tap.group()] = outputs  # the last layer of a block stays
        tensors[layer.name] = outputs
        return outputs

    drawn = None
    if getattr(model, "inputs", None):
        drawn = redraw(flatten(model), call)
    if not taps:
        raise ValueError(
            "`model` must be a classifier of keras_papers.applications, whose "
            "blocks are called 'stage1_block1' and so on. "
            f"Received: model={model!r}, which has none. Build one with "
            "keras_papers.applications.get."
        )
    outputs = {}
    if strides is not None or layers is None:
        strides = STRIDES if strides is None else strides
        found = _strides(drawn, images[0], taps.values())
        maps = dict(zip(found, taps.values(), strict=True))
        _check_strides(strides, maps, model)
        outputs = {f"stride{stride}": maps[stride] for stride in strides}
    if layers is not None:
        outputs |= {
            key: output_of(layer, {**tensors, **taps}, model)
            for key, layer in _by_key(layers).items()
        }
    return keras.Model(drawn.input, outputs, name=f"{model.name}_features")


def _check_strides(strides, maps, model):
    listed = isinstance(strides, tuple | list)
    if not listed or not strides or any(s not in maps for s in strides):
        raise ValueError(
            "`strides` lists the feature maps to return, at least one. "
            f"Received: strides={strides}. {model.name!r} has maps of strides "
            f"{sorted(maps)}."
        )


def _by_key(layers):
    """Returns `layers` as a dict of names, or raises ValueError."""
    if isinstance(layers, tuple | list):
        layers = {layer: layer for layer in layers}
    if not isinstance(layers, dict) or not layers:
        raise ValueError(
            "`layers` is a dict or a list of names of layers, at least one. "
            f"Received: layers={layers!r}. Pass such as "
            "{'c4': 'stage6_block1_expand_activation'}."
        )
    return layers


def outputs_by_name(model):
    """Returns the outputs of the layers, and blocks, of a flat model.

    A block's is that of its last layer, under the name of the block.
    """
    tensors = {layer.name: layer.output for layer in model.layers}
    blocks = {}
    for name, tensor in tensors.items():
        tap = TAP.match(name)
        if tap:
            blocks[tap.group()] = tensor
    return tensors | blocks


def output_of(layer, tensors, model):
    """Returns the output of a layer or block.

    Args:
        layer: Its name, in which `*` stands for the highest number.
        tensors: Dict of the outputs by names.
        model: The model that has them, for an error.

    Raises:
        ValueError: If the model has no such layer.
    """
    number = re.escape(str(layer)).replace(r"\*", r"(\d+)")
    found = [re.fullmatch(number, name) for name in tensors]
    found = [match for match in found if match]
    if not found:
        raise ValueError(
            "`layers` must name layers or blocks of the model. Received: "
            f"{layer!r}, which {model.name!r} does not have. Choose one of "
            "[layer.name for layer in model.layers]."
        )
    last = max(found, key=lambda match: [int(n) for n in match.groups()])
    return tensors[last.group()]


def _strides(model, images, maps):
    """Returns how often each of `maps` was halved against `images`."""
    sizes = [image_size(x) for x in (images, *maps)]
    if any(None in size for size in sizes):
        probe = keras.Model(model.input, [images, *maps])
        batch, *image = model.inputs[0].shape
        image = [n or PROBE for n in image]
        sizes = [
            image_size(keras.KerasTensor(shape))
            for shape in probe.compute_output_shape((batch or 1, *image))
        ]
    strides, stride = [], 1
    for before, size in itertools.pairwise(sizes):
        stride *= _step(max(before), max(size))
        strides.append(stride)
    return strides


def _step(before, after):
    """Returns the stride between two maps, a power of two, by their sizes.

    A convolution without padding makes a map smaller by some pixels, too. A
    small map that becomes much smaller was halved.

    Example:
    >>> _step(224, 55), _step(149, 147), _step(33, 17), _step(3, 1)
    (4, 1, 2, 2)
    """
    ratio = before / after
    if before > ENOUGH:
        return 2 ** round(math.log2(ratio))
    return 2 if ratio >= 1.5 else 1
