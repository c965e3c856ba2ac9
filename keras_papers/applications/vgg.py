"""VGG (Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556)."""

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
    MOMENTUM,
    check_top,
    classifier,
    normalization,
    pooled,
    predictions,
)
from keras_papers.applications.image.image_input import image_input
from keras_papers.applications.image.scaling import (
    check_alpha,
    check_depth,
    round_filters,
    unpublished_depth,
)
from keras_papers.applications.image.stages import deeper
from keras_papers.applications.pretrained.evaluation import CAFFE
from keras_papers.applications.pretrained.weights import (
    Family,
    Published,
    check_weights,
)
from keras_papers.applications.variants import variant
from keras_papers.checks import (
    check_bool,
    check_fraction,
    check_name,
    plain_numbers,
)

preprocess_input = vgg16.preprocess_input
decode_predictions = vgg16.decode_predictions
EVALUATION = CAFFE  # where the published weights were trained
PAPER = registry.Paper(
    "VGG",
    "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    "Simonyan and Zisserman",
    2014,
    "https://arxiv.org/abs/1409.1556",
)


class Row(NamedTuple):
    """The lines of table 1 between two poolings, 3 x 3 convolutions all."""

    filters: int  # the number in "conv3-64"
    layers: int  # lines


# fmt: off
TABLE_1 = {  # by column
    "A": (Row(64, 1), Row(128, 1), Row(256, 2), Row(512, 2), Row(512, 2)),
    "B": (Row(64, 2), Row(128, 2), Row(256, 2), Row(512, 2), Row(512, 2)),
    "D": (Row(64, 2), Row(128, 2), Row(256, 3), Row(512, 3), Row(512, 3)),
    "E": (Row(64, 2), Row(128, 2), Row(256, 4), Row(512, 4), Row(512, 4)),
}
# fmt: on
HIDDEN = 4096  # units of the lines "FC-4096"


class Network(NamedTuple):
    """What distinguishes the networks."""

    table: tuple
    published: Family


def _published(layers, md5, md5_no_top):
    path = f"vgg{layers}/vgg{layers}_weights_tf_dim_ordering_tf_kernels"
    return Family(
        "alpha of 1.0, without batch normalization",
        {(1.0,): Published(path, md5)},
        {(1.0,): Published(f"{path}_notop", md5_no_top)},
    )


NONE = Family("none for Keras", {}, {})
NETWORKS = {
    11: Network(TABLE_1["A"], NONE),
    13: Network(TABLE_1["B"], NONE),
    16: Network(
        TABLE_1["D"],
        _published(
            16,
            "64373286793e3c8b2b4e3219cbf3544b",
            "6d6bbae143d832006294945121d1f1fc",
        ),
    ),
    19: Network(
        TABLE_1["E"],
        _published(
            19,
            "cbe5617147190e668d6c5d5026f83318",
            "253f8cb515780f3b799900260a226db6",
        ),
    ),
}
VGG11_NETWORK = NETWORKS[11]


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
    batch_normalization=False,
    dropout=0.5,
    include_preprocessing=False,
    batch_norm_momentum=MOMENTUM,
):
    """Builds a VGG network.

    Args:
        network: A `Network`.
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), `"imagenet"` (VGG16 and VGG19), or the path of
            a file of this package or of keras.applications: `.keras`,
            `.weights.h5` or legacy `.h5`. If it has other classes or input
            channels, the classifier is left fresh or the first convolution
            adapted, and a warning says so. Defaults to None.
        input_tensor: Keras tensor to build upon, in place of a new input.
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 32 pixels each way, None for an open size of a
            model without top. Defaults to 224 x 224 x 3.
        pooling: `"avg"`, `"max"` or None: how a model without top ends.
        classes: Positive int. Units of the classifier. Defaults to 1000.
        classifier_activation: Its activation; None for logits.
        name: Name of the model.
        alpha: Positive float. Factor on the channels and on the units of the
            two hidden layers, rounded to multiples of 8. Defaults to 1.
        depth: Positive float. Factor on the convolutions between two
            poolings, rounded up. Defaults to 1.
        batch_normalization: Whether each convolution is normalized, which the
            paper's are not. Defaults to False.
        dropout: Float in [0, 1). Dropout behind the hidden layers. Defaults
            to 0.5; keras.applications has none.
        include_preprocessing: Whether the model takes pixels in [0, 255] and
            does itself what `preprocess_input` does, or takes its results.
            Defaults to False.
        batch_norm_momentum: Momentum of the moving statistics, where
            `batch_normalization` is True. Defaults to 0.9, with which a short
            training works (docs/TRAINING.md).

    Returns:
        A functional model: images to class scores, or to features.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if `weights` are not published for this network, cannot
            be fetched or read, or are of another architecture.

    Example:
    >>> model = build(VGG11_NETWORK, input_shape=(32, 32, 3), alpha=0.25)
    >>> model.output_shape
    (None, 1000)
    """
    check_name(name)
    check_alpha(alpha)
    check_depth(depth)
    check_bool(
        "batch_normalization",
        batch_normalization,
        "whether each convolution is normalized",
    )
    check_fraction("dropout", dropout, "a share of features", "0 drops none.")
    check_top(include_top, weights, pooling, classes, classifier_activation)
    images, x = image_input(
        input_shape, input_tensor, include_preprocessing, evaluation=EVALUATION
    )
    check_map_of_top(images, include_top)
    unpublished = {"batch_normalization": True} if batch_normalization else {}
    source = check_weights(
        weights,
        include_top,
        images,
        network.published,
        alpha=alpha,
        **unpublished,
        **unpublished_depth(depth),
    )
    norm = normalization(batch_norm_momentum)

    for stage, row in enumerate(network.table, start=1):
        for block in range(deeper(row.layers, depth)):
            x = convolution(
                x,
                f"stage{stage}_block{block + 1}",
                round_filters(row.filters * alpha),
                kernel_size=3,
                norm=norm if batch_normalization else None,
            )
        x = layers.MaxPooling2D(name=f"stage{stage}_pool")(x)
    if include_top:
        x = hidden_layers(x, round_filters(HIDDEN * alpha), dropout)
        x = layers.Dense(classes, name="logits")(x)
        x = predictions(x, classifier_activation)
    else:
        x = pooled(x, pooling)
    return classifier(images, x, name, source)


def _constructor(layers, column):
    network = NETWORKS[layers]
    register = registry.network(
        PAPER, network.table, published=network.published
    )
    return register(
        variant(
            f"VGG{layers}",
            build,
            network,
            f"Builds VGG-{layers}: column {column} of table 1 of the paper.",
            module=__name__,
            name=f"vgg{layers}",
        )
    )


VGG11 = _constructor(11, "A")
VGG13 = _constructor(13, "B")
VGG16 = _constructor(16, "D")
VGG19 = _constructor(19, "E")
