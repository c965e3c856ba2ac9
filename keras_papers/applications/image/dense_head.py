"""What heads of detection and segmentation are drawn upon.

A backbone, by its name or built already, its images and its weights.
"""

from typing import Any, NamedTuple

from keras_papers.applications.image.dense_features import dense_features
from keras_papers.applications.image.image_input import (
    image_input,
    preprocessed,
)
from keras_papers.applications.pretrained.published import (
    UNPUBLISHED,
    of_torch,
)
from keras_papers.applications.pretrained.torch_networks import PEERS
from keras_papers.applications.pretrained.weights import Source, check_weights
from keras_papers.checks import MINIMUM_SIZE
from keras_papers.layers._image_axes import image_size

# Descriptions of arguments that all heads have, for `described`.
ARGUMENTS = {
    "backbone": (
        'Name of a network, such as `"MobileNetV3Small"`, or a classifier of '
        "this package, with or without its top. Of a model, the arguments "
        "that would build it must be left out."
    ),
    "weights_backbone": (
        "Weights for the backbone alone, as its constructor takes them: "
        '`"imagenet"`, `"timm"`, `"timm/<tag>"` or a path. Defaults to None.'
    ),
    "input_tensor": ("Keras tensor to build upon, in place of a new input."),
    "padding": (
        'How maps are padded at strides 2: `"same"`, as in TensorFlow, or '
        '`"symmetric"`, as in PyTorch. Defaults to None: what the weights '
        "need."
    ),
    "batch_norm_momentum": (
        "Momentum of the moving statistics. Defaults to 0.9, with which a "
        "short training works (docs/TRAINING.md)."
    ),
    "backbone_arguments": (
        "Dict of other arguments of the backbone's constructor. Defaults to "
        "None."
    ),
}


class Images(NamedTuple):
    """Where the graph of a network begins."""

    images: Any  # Keras tensor of the model's input
    x: Any  # Keras tensor of the backbone's input
    source: Source

    @property
    def backbone_arguments(self):
        """Arguments of the backbone, as the weights need them."""
        arguments = {
            "input_tensor": self.x,
            # The weights know how images are normalized; without any, the
            # backbone does.
            "include_preprocessing": self.x is self.images,
            "padding": self.source.padding,
            "batch_norm_epsilon": self.source.epsilon,
        }
        return {k: v for k, v in arguments.items() if v is not None}


class Start(NamedTuple):
    """What a head is drawn upon."""

    images: Any  # Keras tensor of the model's input
    source: Source
    maps: dict  # of the backbone, by the fields of `Taps`
    name: str  # of the model, where none is given

    @property
    def size(self):
        """Height and width of the images."""
        return image_size(self.images)


def published(name):
    """Returns the `Family` of the published weights of a constructor."""
    return of_torch(name) if name in PEERS else UNPUBLISHED


def open_graph(
    weights,
    family,
    *,
    input_shape,
    input_tensor,
    size,
    minimum=MINIMUM_SIZE,
    **recipe,
):
    """Opens the graph of a network.

    Args:
        weights: The constructor's argument, of the whole network.
        family: The `Family` of its published weights.
        input_shape: The constructor's argument.
        input_tensor: Likewise.
        size: Height and width of the default images.
        minimum: Smallest height, and width, of images. Defaults to 32.
        **recipe: Further arguments of `check_weights`.

    Returns:
        `Images`.

    Raises:
        ValueError: If an argument is out of its range.
    """
    images = image_input(input_shape, input_tensor, size, minimum)
    source = _source(weights, images, family, recipe)
    if source.peer is None:
        return Images(images, images, source)
    return Images(images, preprocessed(images, source.evaluation), source)


def start(
    head,
    backbone,
    taps,
    *,
    weights,
    weights_backbone,
    input_shape,
    input_tensor,
    size,
    evaluation,
    variant,
    backbone_arguments,
    of_head=(),
    **options,
):
    """Draws the backbone, or takes one that is built.

    Args:
        head: Str. Name of the head's builder.
        backbone: Name of a network, or a built classifier.
        taps: List of the fields of `Taps` that the head takes.
        weights: The constructor's argument, of the whole network.
        weights_backbone: The constructor's argument.
        input_shape: Likewise.
        input_tensor: Likewise.
        size: Height and width of the default images.
        evaluation: Recipe of the published weights.
        variant: Dict of the arguments that distinguish published weights.
        backbone_arguments: The constructor's argument.
        of_head: Names of those of `options` that the head takes, too, also
            upon a model.
        **options: The constructor's other arguments for the backbone.

    Returns:
        A `Start`.

    Raises:
        ValueError: If an argument is out of its range, or does not fit the
            others.
    """
    options["weights"] = weights_backbone
    arguments = {**options, **_checked(backbone_arguments, options)}
    recipe = {
        "evaluation": evaluation,
        "padding": arguments.pop("padding", None),
        "epsilon": arguments.pop("batch_norm_epsilon", None),
        **variant,
    }
    if isinstance(backbone, str):
        begun = open_graph(
            weights,
            published(f"{head}{backbone}"),
            input_shape=input_shape,
            input_tensor=input_tensor,
            size=size,
            **recipe,
        )
        images, source = begun.images, begun.source
        arguments = {k: v for k, v in arguments.items() if v is not None}
        arguments |= begun.backbone_arguments
        features = dense_features(backbone, taps, **arguments)
        label = backbone.lower()
    else:
        features = dense_features(backbone, taps)
        _check_built(
            {
                **{k: v for k, v in options.items() if k not in of_head},
                **(backbone_arguments or {}),
                "input_shape": input_shape,
                "input_tensor": input_tensor,
            }
        )
        images = features.inputs[0]
        source = _source(weights, images, UNPUBLISHED, recipe)
        label = backbone.name
    return Start(images, source, features.output, f"{head.lower()}_{label}")


def _source(weights, images, family, recipe):
    """Returns the `Source` of the weights of a whole network."""
    if weights == "imagenet":
        raise ValueError(
            "`weights` are those of the whole network, which nobody trained "
            "on ImageNet. Received: weights='imagenet'. Pass "
            "weights_backbone='imagenet'."
        )
    if None in image_size(images):
        raise ValueError(
            "`input_shape` must have a height and a width, on which the head "
            "depends. Received: images of shape "
            f"{tuple(images.shape[1:])}. Pass both."
        )
    return check_weights(weights, True, images, family, **recipe)


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


def _check_built(arguments):
    """Raises ValueError if a model is to be built with other arguments."""
    given = [
        "weights_backbone" if name == "weights" else name
        for name, value in arguments.items()
        if value is not None and (name, value) != ("alpha", 1.0)
    ]
    if given:
        raise ValueError(
            "`backbone` is a model, which cannot be built with other "
            f"arguments. Received: {', '.join(given)}. Pass them to its "
            "constructor."
        )
