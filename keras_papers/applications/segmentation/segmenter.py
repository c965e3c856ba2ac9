"""What the networks for segmentation share: backbone, resizing, logits, model.

Their outputs are logits, for these can be resized: the average of two pixels'
probabilities is not that of any logits.
"""

import math
from typing import Any, NamedTuple

import keras
from keras import layers

from keras_papers.applications.image.classifier import classifier
from keras_papers.applications.image.dense_features import dense_features
from keras_papers.applications.image.image_input import (
    image_input,
    preprocessed,
)
from keras_papers.applications.image.output_stride import OUTPUT_STRIDES
from keras_papers.applications.pretrained.evaluation import efficient_net
from keras_papers.applications.pretrained.published import (
    UNPUBLISHED,
    of_torch,
)
from keras_papers.applications.pretrained.weights import Source, check_weights
from keras_papers.checks import check_choice, check_name, check_positive_int
from keras_papers.layers._image_axes import image_size

SIZE = 512  # of the default images
CLASSES = 21  # of Pascal VOC, with the background
EPSILON = 1e-5  # of the heads' normalizations, in torchvision and in DeepLab
FORMS = ("paper", "torchvision")
OUTPUT_STRIDE = 16  # of the backbone, where none is given
LOGITS_STRIDES = (1, 2, 4, 8)
EVALUATION = efficient_net(224)  # its colors are those of torchvision's files


class Start(NamedTuple):
    """What a head is drawn upon."""

    images: Any  # Keras tensor
    size: tuple  # height and width of the images
    maps: dict  # of the backbone, by the fields of `Taps`
    source: Source
    name: str  # of the backbone

    def finish(self, outputs, name, head):
        """Closes the graph, and loads the weights."""
        name = name or f"{head}_{self.name}"
        return classifier(self.images, outputs, name, self.source)


def check_head(name, classes, filters, form, logits_stride):
    """Raises ValueError unless a head can be drawn with these."""
    check_name(name)
    check_positive_int(
        "classes",
        classes,
        "the number of classes, with the background",
        "Pascal VOC has 21, Cityscapes 19.",
    )
    check_positive_int(
        "filters",
        filters,
        "the number of channels of the head",
        "The papers use 128 and 256.",
    )
    check_choice("form", form, FORMS, "the code that the head is built as")
    if logits_stride not in LOGITS_STRIDES or logits_stride is True:
        raise ValueError(
            "`logits_stride` is how many times smaller than the image the "
            "logits are and must be 1, 2, 4 or 8. Received: "
            f"logits_stride={logits_stride!r}. Metrics need 1; a phone "
            "computes less with 4."
        )


def start(
    backbone,
    taps,
    *,
    head,
    input_shape,
    input_tensor,
    weights,
    options,
    backbone_arguments,
    variant,
):
    """Draws the backbone, or takes one that is built.

    Args:
        backbone: Name of a network, or a built classifier.
        taps: List of the fields of `Taps` that the head takes.
        head: Str. Name of the head's builder.
        input_shape: The constructor's argument.
        input_tensor: Likewise.
        weights: Likewise, of the whole network.
        options: Dict of the constructor's arguments for the backbone.
        backbone_arguments: The constructor's argument.
        variant: Dict of the arguments that distinguish published weights.

    Returns:
        A `Start`.

    Raises:
        ValueError: If an argument is out of its range, or does not fit the
            others.
    """
    if weights == "imagenet":
        raise ValueError(
            "`weights` are those of the whole network, which nobody trained "
            "on ImageNet. Received: weights='imagenet'. Pass "
            "weights_backbone='imagenet'."
        )
    arguments = {
        **options,
        **_checked(backbone_arguments, options),
        "input_shape": input_shape,
        "input_tensor": input_tensor,
    }
    arguments = {k: v for k, v in arguments.items() if v is not None}
    if isinstance(backbone, str):
        images, features, source = _named(
            backbone, taps, head, weights, arguments, variant
        )
    else:
        images, features, source = _built(backbone, taps, weights, arguments)
    size = image_size(images)
    if None in size:
        raise ValueError(
            "`input_shape` must have a height and a width, to which the "
            "logits are resized. Received: images of shape "
            f"{tuple(images.shape[1:])}. Pass both."
        )
    return Start(images, size, features.output, source, backbone_name(backbone))


def backbone_name(backbone):
    """Returns the part of a model's name that says what it is built on."""
    return backbone.lower() if isinstance(backbone, str) else backbone.name


def _checked(backbone_arguments, options):
    """Returns the further arguments of a backbone as a dict."""
    further = {} if backbone_arguments is None else backbone_arguments
    known = {*options, "input_shape", "input_tensor", "include_preprocessing"}
    if not isinstance(further, dict) or known & {*further}:
        raise ValueError(
            "`backbone_arguments` is a dict of arguments of the backbone that "
            "the network does not have itself. Received: backbone_arguments="
            f"{backbone_arguments!r}. Pass {', '.join(sorted(known))} as the "
            "network's own, of which `weights_backbone` is the weights."
        )
    return further


def _named(backbone, taps, head, weights, arguments, variant):
    """Draws a backbone by its name, as the weights need it."""
    stride = arguments.setdefault("output_stride", OUTPUT_STRIDE)
    images = image_input(
        arguments.pop("input_shape", None),
        arguments.pop("input_tensor", None),
        SIZE,
    )
    source = check_weights(
        weights,
        True,
        images,
        published(head, backbone),
        evaluation=EVALUATION,
        padding=arguments.get("padding"),
        output_stride=stride,
        **variant,
    )
    if source.padding:
        arguments["padding"] = source.padding
    if source.epsilon:
        arguments["batch_norm_epsilon"] = source.epsilon
    # The weights know how images are normalized; without any, the backbone.
    alone = source.peer is None
    x = images if alone else preprocessed(images, source.evaluation)
    features = dense_features(
        backbone,
        taps,
        input_tensor=x,
        include_preprocessing=alone,
        **arguments,
    )
    return images, features, source


def _built(backbone, taps, weights, arguments):
    """Takes a classifier that is built already."""
    features = dense_features(backbone, taps)
    given = [
        name
        for name, value in arguments.items()
        if name != "batch_norm_momentum" and (name, value) != ("alpha", 1.0)
    ]
    if given:
        names = {"weights": "weights_backbone"}
        words = ", ".join(names.get(name, name) for name in given)
        raise ValueError(
            "`backbone` is a model, which cannot be built with other "
            f"arguments. Received: {words}. Pass them to its constructor."
        )
    images = features.inputs[0]
    return images, features, check_weights(weights, True, images, UNPUBLISHED)


def published(head, backbone):
    """Returns the `Family` of a head on a backbone."""
    try:
        return of_torch(f"{head}{backbone}")
    except KeyError:
        return UNPUBLISHED


def stride_of(start, tensor):
    """Returns how many times smaller than the image a map is, from its size."""
    image, size = max(start.size), max(image_size(tensor))
    return min(OUTPUT_STRIDES, key=lambda s: abs(math.ceil(image / s) - size))


def resized(x, size, name, **kwargs):
    """Returns a larger map, by bilinear interpolation.

    Keras' Resizing counts as called in training, and the layers called after
    it too, where a model is called without an argument. Behind one of these,
    there is neither a normalization nor a dropout.
    """
    factors = [new / old for new, old in zip(size, image_size(x), strict=True)]
    if all(factor.is_integer() for factor in factors):
        return layers.UpSampling2D(
            tuple(map(int, factors)),
            interpolation="bilinear",
            name=name,
            **kwargs,
        )(x)
    return layers.Resizing(*size, name=name, **kwargs)(x)


def pixel_logits(x, size, logits_stride, name="predictions"):
    """Returns logits for the pixels of an image, in full precision.

    Args:
        x: Keras tensor of the logits of a map.
        size: Height and width of the image.
        logits_stride: The constructor's argument.
        name: Str. Key of the output. Defaults to `"predictions"`.
    """
    wanted = tuple(-(-n // logits_stride) for n in size)
    dtype = keras.config.dtype_policy().variable_dtype
    if image_size(x) == wanted:
        return layers.Activation("linear", dtype=dtype, name=name)(x)
    return resized(x, wanted, name, dtype=dtype)
