"""AlexNet (Krizhevsky et al., 2012, https://doi.org/10.1145/3065386)."""

from typing import NamedTuple

from keras import layers
from keras.applications import vgg16

from keras_papers.applications import registry
from keras_papers.applications.image.biased_layers import (
    check_map_of_top,
    convolution,
    hidden_layers,
)
from keras_papers.applications.image.classifier import (
    check_top,
    classifier,
    pooled,
    predictions,
)
from keras_papers.applications.image.image_input import image_input
from keras_papers.applications.image.scaling import (
    check_alpha,
    check_depth,
    round_filters,
)
from keras_papers.applications.image.stages import deeper
from keras_papers.applications.pretrained.evaluation import CAFFE
from keras_papers.applications.pretrained.weights import Family, check_weights
from keras_papers.checks import (
    check_bool,
    check_fraction,
    check_name,
    plain_numbers,
)
from keras_papers.layers import LocalResponseNormalization

preprocess_input = vgg16.preprocess_input
decode_predictions = vgg16.decode_predictions
EVALUATION = CAFFE
PAPER = registry.Paper(
    "AlexNet",
    "ImageNet Classification with Deep Convolutional Neural Networks",
    "Krizhevsky et al.",
    2012,
    "https://doi.org/10.1145/3065386",
)


class Row(NamedTuple):
    """A convolution of section 3.5."""

    filters: int
    k: int  # height and width of the kernel
    s: int  # stride
    groups: int  # 2 where a GPU sees the channels of its own only
    ends: bool  # whether a max-pooling of 3 x 3 and strides 2 follows
    norm: bool  # whether a response normalization does, before it


# fmt: off
SECTION_3_5 = (
    #   filters k  s groups ends norm
    Row( 96, 11, 4, 1, True,  True),
    Row(256,  5, 1, 2, True,  True),
    Row(384,  3, 1, 1, False, False),
    Row(384,  3, 1, 2, False, False),
    Row(256,  3, 1, 2, True,  False),
)
# fmt: on
HIDDEN = 4096  # units of the first two fully-connected layers
MINIMUM = 63  # three poolings leave one pixel
PUBLISHED = Family("none for Keras", {}, {})


@registry.network(PAPER, SECTION_3_5, minimum=MINIMUM)
@plain_numbers
def AlexNet(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="alexnet",
    *,
    alpha=1.0,
    depth=1.0,
    grouped=True,
    response_normalization=True,
    dropout=0.5,
    include_preprocessing=False,
):
    """Builds AlexNet: section 3.5 of the paper.

    The paper's 224 x 224 pixels do not give its 55 x 55 of the first
    convolution; they are padded by 2 on each side, as in torchvision.

    Args:
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), or the path of a file of this package: `.keras`
            or `.weights.h5`. If it has other classes or input channels, the
            classifier is left fresh or the first convolution adapted, and a
            warning says so. Defaults to None; none are published for Keras.
        input_tensor: Keras tensor to build upon, in place of a new input.
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 63 pixels each way, None for an open size of a
            model without top. Defaults to 224 x 224 x 3.
        pooling: `"avg"`, `"max"` or None: how a model without top ends.
        classes: Positive int. Units of the classifier. Defaults to 1000.
        classifier_activation: Its activation; None for logits.
        name: Name of the model. Defaults to `"alexnet"`.
        alpha: Positive float. Factor on the channels and on the units of the
            two hidden layers, rounded to multiples of 8. Defaults to 1.
        depth: Positive float. Factor on the convolutions, each of which is
            followed by more of its kind at strides 1, rounded up. Defaults
            to 1.
        grouped: Whether the second, fourth and fifth convolution see half of
            the channels each, as on the paper's two GPUs. Defaults to True.
        response_normalization: Whether maps are normalized as in the paper.
            int8 files have no integers for it, and are made of a model
            without. Defaults to True.
        dropout: Float in [0, 1). Dropout behind the hidden layers. Defaults
            to 0.5.
        include_preprocessing: Whether the model takes pixels in [0, 255] and
            does itself what `preprocess_input` does, or takes its results.
            Defaults to False.

    Returns:
        A functional model: images to class scores, or to features.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if `weights` cannot be read, or are of another
            architecture.

    Example:
    >>> model = AlexNet(input_shape=(63, 63, 3), classes=10, alpha=0.25)
    >>> model.output_shape
    (None, 10)
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
    check_fraction("dropout", dropout, "a share of features", "0 drops none.")
    check_top(include_top, weights, pooling, classes, classifier_activation)
    images, x = image_input(
        input_shape,
        input_tensor,
        include_preprocessing,
        evaluation=EVALUATION,
        minimum=MINIMUM,
    )
    check_map_of_top(images, include_top)
    source = check_weights(weights, include_top, images, PUBLISHED, alpha=alpha)

    stage = block = 1
    for row in SECTION_3_5:
        for repeat in range(deeper(1, depth)):
            strides = row.s if repeat == 0 else 1
            x = convolution(
                x,
                f"stage{stage}_block{block}",
                round_filters(row.filters * alpha),
                row.k,
                strides,
                padding="same" if strides == 1 else 2,
                groups=row.groups if grouped else 1,
            )
            block += 1
        if row.norm and response_normalization:
            x = LocalResponseNormalization(name=f"stage{stage}_norm")(x)
        if row.ends:
            x = layers.MaxPooling2D(3, 2, name=f"stage{stage}_pool")(x)
            stage, block = stage + 1, 1
    if include_top:
        x = hidden_layers(x, round_filters(HIDDEN * alpha), dropout)
        x = layers.Dense(classes, name="logits")(x)
        x = predictions(x, classifier_activation)
    else:
        x = pooled(x, pooling)
    return classifier(images, x, name, source)
