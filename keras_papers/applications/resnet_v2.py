"""ResNetV2 (He et al., 2016, https://arxiv.org/abs/1603.05027)."""

from typing import NamedTuple

from keras import layers
from keras.applications import resnet_v2

from keras_papers.applications import registry
from keras_papers.applications.image.classifier import (
    MOMENTUM,
    check_top,
    classifier,
    normalization,
    pooled,
    predictions,
)
from keras_papers.applications.image.image_input import image_input
from keras_papers.applications.image.residual_stem import (
    EPSILON,
    INITIALIZER,
    norm_graph,
    stem_graph,
)
from keras_papers.applications.image.scaling import (
    check_alpha,
    check_depth,
    round_filters,
    unpublished_depth,
)
from keras_papers.applications.image.stages import deeper
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.applications.pretrained.weights import (
    Family,
    Published,
    check_weights,
)
from keras_papers.applications.variants import variant
from keras_papers.checks import check_name, plain_numbers
from keras_papers.layers import PreactivationResidual

preprocess_input = resnet_v2.preprocess_input
decode_predictions = resnet_v2.decode_predictions
EVALUATION = TF_SLIM  # `preprocess_input` scales as it does
PAPER = registry.Paper(
    "ResNetV2",
    "Identity Mappings in Deep Residual Networks",
    "He et al.",
    2016,
    "https://arxiv.org/abs/1603.05027",
)


class Row(NamedTuple):
    """A bracket of table 1 of the ResNet paper, as its code for V2 has it."""

    conv3x3: int  # channels of the 3 x 3 convolutions
    conv1x1: int  # of the last 1 x 1
    layers: int  # number of blocks
    s: int  # stride of the last of them, as in TF-slim


# fmt: off
TABLE_1 = {  # by column
    50: (
        #   3x3  1x1 layers s
        Row( 64,  256,  3, 2),
        Row(128,  512,  4, 2),
        Row(256, 1024,  6, 2),
        Row(512, 2048,  3, 1),
    ),
    101: (
        Row( 64,  256,  3, 2),
        Row(128,  512,  4, 2),
        Row(256, 1024, 23, 2),
        Row(512, 2048,  3, 1),
    ),
    152: (
        Row( 64,  256,  3, 2),
        Row(128,  512,  8, 2),
        Row(256, 1024, 36, 2),
        Row(512, 2048,  3, 1),
    ),
}
# fmt: on
MD5S = {  # of the published files with top, and without
    50: (
        "3ef43a0b657b3be2300d5770ece849e0",
        "fac2f116257151a9d068a22e544a4917",
    ),
    101: (
        "6343647c601c52e1368623803854d971",
        "c0ed64b8031c3730f411d2eb4eea35b5",
    ),
    152: (
        "a49b44d1979771252814e80f8ec446f9",
        "ed17cf2e0169df9d443503ef94b23b33",
    ),
}


class Network(NamedTuple):
    """What distinguishes the networks."""

    table: tuple
    published: Family


def _network(layers):
    path = f"resnet/resnet{layers}v2_weights_tf_dim_ordering_tf_kernels"
    md5, md5_no_top = MD5S[layers]
    published = Family(
        "alpha of 1.0",
        {(1.0,): Published(path, md5)},
        {(1.0,): Published(f"{path}_notop", md5_no_top)},
    )
    return Network(TABLE_1[layers], published)


NETWORKS = {layers: _network(layers) for layers in TABLE_1}
RESNET50V2 = NETWORKS[50]


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
    include_preprocessing=False,
    batch_norm_momentum=MOMENTUM,
):
    """Builds a ResNetV2.

    Args:
        network: A `Network`.
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), `"imagenet"`, or the path of a file of this
            package or of keras.applications: `.keras`, `.weights.h5` or
            legacy `.h5`. If it has other classes or input channels, the
            classifier is left fresh or the first convolution adapted, and a
            warning says so. Defaults to None.
        input_tensor: Keras tensor to build upon, in place of a new input.
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 32 pixels each way, None for an open size.
            Defaults to 224 x 224 x 3.
        pooling: `"avg"`, `"max"` or None: how a model without top ends.
        classes: Positive int. Units of the classifier. Defaults to 1000.
        classifier_activation: Its activation; None for logits.
        name: Name of the model.
        alpha: Positive float. Factor on the channels, rounded to multiples of
            8. Defaults to 1.
        depth: Positive float. Factor on the blocks of every stage, rounded
            up. Defaults to 1.
        include_preprocessing: Whether the model takes pixels in [0, 255] and
            scales them itself, or takes `preprocess_input`'s [-1, 1].
            Defaults to False.
        batch_norm_momentum: Momentum of the moving statistics. Defaults to
            0.9, with which a short training works (docs/TRAINING.md);
            keras.applications has 0.99.

    Returns:
        A functional model: images to class scores, or to features.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if `weights` are not published for this network, cannot
            be fetched or read, or are of another architecture.

    Example:
    >>> model = build(RESNET50V2, input_shape=(32, 32, 3), alpha=0.25)
    >>> model.output_shape
    (None, 1000)
    """
    check_name(name)
    check_alpha(alpha)
    check_depth(depth)
    check_top(include_top, weights, pooling, classes, classifier_activation)
    images, x = image_input(
        input_shape, input_tensor, include_preprocessing, evaluation=EVALUATION
    )
    source = check_weights(
        weights,
        include_top,
        images,
        network.published,
        alpha=alpha,
        **unpublished_depth(depth),
    )
    norm = {**normalization(batch_norm_momentum), "epsilon": EPSILON}
    options = {**norm, "use_bias": True, "kernel_initializer": INITIALIZER}

    first = round_filters(network.table[0].conv3x3 * alpha)
    x = stem_graph(x, first, normalized=False, **options)
    for stage, row in enumerate(network.table, start=1):
        number = deeper(row.layers, depth)
        for block in range(1, number + 1):
            x = PreactivationResidual(
                round_filters(row.conv1x1 * alpha),
                round_filters(row.conv3x3 * alpha),
                strides=row.s if block == number else 1,
                name=f"stage{stage}_block{block}",
                **options,
            ).draw(x)
    x = norm_graph(x, "head", **norm)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(classes, name="logits")(x)
        x = predictions(x, classifier_activation)
    else:
        x = pooled(x, pooling)
    return classifier(images, x, name, source)


def _constructor(layers):
    network = NETWORKS[layers]
    register = registry.network(
        PAPER, network.table, published=network.published
    )
    return register(
        variant(
            f"ResNet{layers}V2",
            build,
            network,
            f"Builds ResNet-{layers} with pre-activation, as in "
            "keras.applications.",
            module=__name__,
            name=f"resnet{layers}v2",
        )
    )


ResNet50V2 = _constructor(50)
ResNet101V2 = _constructor(101)
ResNet152V2 = _constructor(152)
