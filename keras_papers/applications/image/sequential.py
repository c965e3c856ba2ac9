"""The builder of AlexNet, ZFNet and VGG: layers one after another."""

from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import layers

from keras_papers.applications.image.classifier import (
    MOMENTUM,
    check_top,
    classifier,
    normalization,
    pooled,
    predictions,
)
from keras_papers.applications.image.image_input import (
    image_input,
    preprocessed,
)
from keras_papers.applications.image.padding import check_epsilon
from keras_papers.applications.image.scaling import (
    check_alpha,
    check_depth,
    round_filters,
    unpublished_depth,
)
from keras_papers.applications.image.stages import deeper
from keras_papers.applications.pretrained.evaluation import CAFFE
from keras_papers.applications.pretrained.published import UNPUBLISHED, Family
from keras_papers.applications.pretrained.weights import check_weights
from keras_papers.checks import (
    MINIMUM_SIZE,
    check_bool,
    check_fraction,
    check_name,
    plain_numbers,
)
from keras_papers.layers import LocalResponseNormalization
from keras_papers.layers._image_axes import channel_axis, image_size

HIDDEN = 4096  # units of the dense layers in all three papers
NORM = "local response normalization"


class Convolutions(NamedTuple):
    """What a row of a table stands for: convolutions of one kind.

    Strides and padding are those of the first. The others, and those that
    `depth` adds, keep the size of the map.
    """

    filters: int
    kernel_size: int
    strides: int = 1
    padding: int | str = "same"  # or the number of zeros on each side
    groups: int = 1
    number: int = 1
    # What is behind them: `NORM`, and a pooling `("max", size, strides,
    # padding)`, which ends the stage.
    behind: tuple = ()


class Network(NamedTuple):
    """What distinguishes the networks."""

    table: tuple
    convolutions: Callable  # returns the `Convolutions` of a row
    minimum: int = MINIMUM_SIZE  # height and width of the smallest images
    published: Family = UNPUBLISHED


@plain_numbers
def build(
    network,
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name=None,
    *,
    alpha=1.0,
    depth=1.0,
    grouped=True,
    response_normalization=True,
    batch_normalization=False,
    dropout=0.5,
    include_preprocessing=False,
    batch_norm_momentum=MOMENTUM,
    batch_norm_epsilon=None,
):
    """Builds a network of convolutions, poolings and dense layers.

    Args:
        network: A `Network`.
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), `"imagenet"` where keras.applications has such
            weights, or the path of a file of this package or of
            keras.applications (`.keras`, `.weights.h5` or legacy `.h5`). VGG
            has `"timm"` and `"timm/<tag>"`, too, and files of timm or
            torchvision (`.safetensors`; docs/WEIGHTS.md); a `.weights.h5`
            saved behind them does not keep their epsilon. If it has other
            classes or input channels, the classifier is left fresh or the
            first convolution adapted, and a warning says so. Defaults to None.
        input_tensor: Keras tensor to build upon, in place of a new input.
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least `network.minimum` pixels each way, None for an
            open size of a model without top. Defaults to 224 x 224 x 3.
        pooling: `"avg"`, `"max"` or None: how a model without top ends.
        classes: Positive int. Units of the classifier. Defaults to 1000.
        classifier_activation: Its activation; None for logits.
        name: Name of the model.
        alpha: Positive float. Factor on the channels and on the units of the
            two hidden layers, rounded to multiples of 8. Defaults to 1.
        depth: Positive float. Factor on the convolutions of each row of the
            table, rounded up; those that it adds have strides 1. Defaults
            to 1.
        grouped: Whether the second, fourth and fifth convolution see half of
            the channels each, as on the paper's two GPUs. Defaults to True.
        response_normalization: Whether maps are normalized as in the paper.
            int8 files compute it in floats. Defaults to True.
        batch_normalization: Whether each convolution is normalized, which the
            paper's are not. Defaults to False.
        dropout: Float in [0, 1). Dropout behind the hidden layers. Defaults
            to 0.5; keras.applications has none.
        include_preprocessing: Whether the model takes pixels in [0, 255] and
            does itself what `preprocess_input` does, or takes its results.
            Defaults to False. Weights of timm and torchvision may need others
            than these: True gives them theirs, and False warns.
        batch_norm_momentum: Momentum of the moving statistics, where
            `batch_normalization` is True. Defaults to 0.9, with which a short
            training works (docs/TRAINING.md).
        batch_norm_epsilon: Positive float. What the batch normalizations add
            to a variance. Defaults to None: what `weights` need, and 0.001
            without weights.

    Returns:
        A functional model: images to class scores, or to features.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if `weights` are not published for this network, cannot
            be fetched or read, or are of another architecture.

    Example:
    >>> from keras_papers.applications.vgg import VGG11_NETWORK
    >>> model = build(VGG11_NETWORK, input_shape=(64, 64, 3), alpha=0.25)
    >>> model.output_shape
    (None, 1000)
    """
    check_name(name)
    check_alpha(alpha)
    check_depth(depth)
    check_bool(
        "grouped", grouped, "whether convolutions see half of the channels"
    )
    check_bool(
        "response_normalization",
        response_normalization,
        "whether maps are normalized by the channels around",
    )
    check_bool(
        "batch_normalization",
        batch_normalization,
        "whether each convolution is normalized",
    )
    check_fraction("dropout", dropout, "a share of features", "0 drops none.")
    check_epsilon(batch_norm_epsilon)
    check_top(include_top, weights, pooling, classes, classifier_activation)
    images = image_input(input_shape, input_tensor, minimum=network.minimum)
    _check_map_of_top(images, include_top)
    source = check_weights(
        weights,
        include_top,
        images,
        network.published,
        evaluation=CAFFE,
        normalizes=include_preprocessing,
        epsilon=batch_norm_epsilon,
        alpha=alpha,
        **({"batch_normalization": True} if batch_normalization else {}),
        **unpublished_depth(depth),
    )
    x = preprocessed(images, source.evaluation)
    norm = normalization(batch_norm_momentum, source.epsilon)

    stage = block = 1
    for row in network.table:
        row = network.convolutions(row)
        for repeat in range(deeper(row.number, depth)):
            first = repeat == 0
            x = convolution(
                x,
                f"stage{stage}_block{block}",
                round_filters(row.filters * alpha),
                row.kernel_size,
                row.strides if first else 1,
                row.padding if first else "same",
                row.groups if grouped else 1,
                norm if batch_normalization else None,
            )
            block += 1
        x = _layers_behind(x, row.behind, stage, response_normalization)
        if any(layer != NORM for layer in row.behind):
            stage, block = stage + 1, 1
    if include_top:
        x = _hidden_layers(x, round_filters(HIDDEN * alpha), dropout)
        x = layers.Dense(classes, name="logits")(x)
        x = predictions(x, classifier_activation)
    else:
        x = pooled(x, pooling)
    return classifier(images, x, name, source)


def convolution(
    x,
    name,
    filters,
    kernel_size,
    strides=1,
    padding="same",
    groups=1,
    norm=None,
):
    """Draws a convolution with bias, and a ReLU.

    Args:
        x: Keras tensor of the map.
        name: Name of the block. The layers are `{name}_conv` and so on.
        filters: Channels of the output.
        kernel_size: Height and width of the kernel.
        strides: Of the convolution. Defaults to 1.
        padding: `"same"`, `"valid"`, or the number of zeros on each side.
        groups: Number of parts of the channels, each of which is convolved by
            itself. Defaults to 1.
        norm: Arguments of a batch normalization before the ReLU. Defaults to
            None: there is none.
    """
    if isinstance(padding, int):
        x = layers.ZeroPadding2D(padding, name=f"{name}_pad")(x)
        padding = "valid"
    x = layers.Conv2D(
        filters,
        kernel_size,
        strides,
        padding,
        groups=groups,
        name=f"{name}_conv",
    )(x)
    if norm is not None:
        axis = channel_axis(keras.config.image_data_format())
        x = layers.BatchNormalization(axis=axis, name=f"{name}_norm", **norm)(x)
    return layers.Activation("relu", name=f"{name}_activation")(x)


def _layers_behind(x, behind, stage, response_normalization):
    """Draws what is behind the convolutions of a row."""
    for layer in behind:
        if layer != NORM:
            x = layers.MaxPooling2D(*layer[1:], name=f"stage{stage}_pool")(x)
        elif response_normalization:
            x = LocalResponseNormalization(name=f"stage{stage}_norm")(x)
    return x


def _check_map_of_top(images, include_top):
    """Raises ValueError if a top of dense layers gets a map of open size."""
    if include_top and None in image_size(images):
        raise ValueError(
            "`input_shape` must have a height and a width for a model with "
            "top, whose first dense layer has weights for each place of the "
            f"last map. Received: images of shape {tuple(images.shape[1:])}. "
            "Pass both, or include_top=False."
        )


def _hidden_layers(x, units, dropout):
    """Draws two dense layers with ReLU and dropout on a flattened map."""
    x = layers.Flatten(name="flatten")(x)
    for name in ("hidden1", "hidden2"):
        x = layers.Dense(units, name=name)(x)
        x = layers.Activation("relu", name=f"{name}_activation")(x)
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return x
