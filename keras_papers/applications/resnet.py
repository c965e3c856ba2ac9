"""ResNet (He et al., 2015, https://arxiv.org/abs/1512.03385)."""

import functools
from typing import NamedTuple

from keras import layers
from keras.applications import resnet

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
    stem_graph,
)
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
    MINIMUM_SIZE,
    check_bool,
    check_choice,
    check_name,
    plain_numbers,
)
from keras_papers.layers import BasicResidual, BottleneckResidual

preprocess_input = resnet.preprocess_input
decode_predictions = resnet.decode_predictions
EVALUATION = CAFFE  # where the published weights were trained
PAPER = registry.Paper(
    "ResNet",
    "Deep Residual Learning for Image Recognition",
    "He et al.",
    2015,
    "https://arxiv.org/abs/1512.03385",
)


class Row(NamedTuple):
    """A bracket of table 1, the blocks of one stage."""

    conv3x3: int  # channels of the 3 x 3 convolutions
    conv1x1: int  # of the last 1 x 1; 0 is a block of two 3 x 3
    layers: int  # number of blocks
    s: int  # stride of the first of them, which table 1's caption names


# fmt: off
TABLE_1 = {  # by column
    18: (
        #   3x3  1x1 layers s
        Row( 64,    0,  2, 1),
        Row(128,    0,  2, 2),
        Row(256,    0,  2, 2),
        Row(512,    0,  2, 2),
    ),
    34: (
        Row( 64,    0,  3, 1),
        Row(128,    0,  4, 2),
        Row(256,    0,  6, 2),
        Row(512,    0,  3, 2),
    ),
    50: (
        Row( 64,  256,  3, 1),
        Row(128,  512,  4, 2),
        Row(256, 1024,  6, 2),
        Row(512, 2048,  3, 2),
    ),
    101: (
        Row( 64,  256,  3, 1),
        Row(128,  512,  4, 2),
        Row(256, 1024, 23, 2),
        Row(512, 2048,  3, 2),
    ),
    152: (
        Row( 64,  256,  3, 1),
        Row(128,  512,  8, 2),
        Row(256, 1024, 36, 2),
        Row(512, 2048,  3, 2),
    ),
}
SECTION_4_2 = (  # of the networks for CIFAR-10, for n of 1
    Row(16, 0, 1, 1),
    Row(32, 0, 1, 2),
    Row(64, 0, 1, 2),
)
# fmt: on
CIFAR_SIZE = 32
CIFAR_MINIMUM = 8  # two halvings leave 2 x 2


class Network(NamedTuple):
    """What distinguishes the networks."""

    table: tuple
    published: Family
    multiple: int = 1  # of the table's layers, n of section 4.2
    size: int = 224  # of the images
    minimum: int = MINIMUM_SIZE
    classes: int = 1000
    use_bias: bool = False
    shortcut: str = "B"

    @property
    def of_cifar(self):
        """Whether the stem is one convolution of 3 x 3, as in section 4.2."""
        return self.size == CIFAR_SIZE


def _published(layers, md5, md5_no_top):
    path = f"resnet/resnet{layers}_weights_tf_dim_ordering_tf_kernels"
    return Family(
        "alpha of 1.0, version=1, shortcut='B', use_bias=True",
        {(1.0,): Published(path, md5)},
        {(1.0,): Published(f"{path}_notop", md5_no_top)},
    )


NONE = Family("none for Keras", {}, {})
MD5S = {  # of the published files with top, and without
    50: (
        "2cb95161c43110f7111970584f804107",
        "4d473c1dd8becc155b73f8504c6f6626",
    ),
    101: (
        "f1aeb4b969a6efcfb50fad2f0c20cfc5",
        "88cf7a10940856eca736dc7b7e228a21",
    ),
    152: (
        "100835be76be38e30d865e96f2aaae62",
        "ee4c566cf9a93f14d82f913c2dc6dd0c",
    ),
}
NETWORKS = {
    layers: Network(table, NONE)
    if layers not in MD5S
    else Network(table, _published(layers, *MD5S[layers]), use_bias=True)
    for layers, table in TABLE_1.items()
}
NETWORKS |= {
    6 * n + 2: Network(
        SECTION_4_2,
        NONE,
        n,
        CIFAR_SIZE,
        CIFAR_MINIMUM,
        classes=10,
        shortcut="A",
    )
    for n in (3, 5, 7, 9, 18)
}
RESNET18 = NETWORKS[18]


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
    version=1,
    shortcut="B",
    use_bias=False,
    include_preprocessing=False,
    batch_norm_momentum=MOMENTUM,
):
    """Builds a ResNet.

    Args:
        network: A `Network`.
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), `"imagenet"` (ResNet50, 101 and 152), or the
            path of a file of this package or of keras.applications: `.keras`,
            `.weights.h5` or legacy `.h5`. If it has other classes or input
            channels, the classifier is left fresh or the first convolution
            adapted, and a warning says so. Defaults to None.
        input_tensor: Keras tensor to build upon, in place of a new input.
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least `network.minimum` pixels each way, None for an
            open size. Defaults to `network.size` pixels each way and 3
            channels.
        pooling: `"avg"`, `"max"` or None: how a model without top ends.
        classes: Positive int. Units of the classifier. Defaults to
            `network.classes`.
        classifier_activation: Its activation; None for logits.
        name: Name of the model.
        alpha: Positive float. Factor on the channels, rounded to multiples of
            8. Defaults to 1.
        depth: Positive float. Factor on the blocks of every stage, rounded
            up. Defaults to 1.
        version: 1 or 1.5. Where the strides of a bottleneck are: 1 (default),
            in its first convolution, as in the paper and in
            keras.applications; 1.5, in that of 3 x 3, as in torchvision.
        shortcut: Option of section 4.1 for the shortcuts: `"A"`, identities,
            with channels of zeros where the channels increase; `"B"`,
            convolutions there; `"C"`, convolutions everywhere. None is the
            plain network without shortcuts. Defaults to
            `network.shortcut`.
        use_bias: Whether convolutions have biases, which the normalizations
            behind them make superfluous; the published weights have them.
            Defaults to `network.use_bias`.
        include_preprocessing: Whether the model takes pixels in [0, 255] and
            does itself what `preprocess_input` does, or takes its results.
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
    >>> model = build(RESNET18, input_shape=(32, 32, 3), classes=10, alpha=0.25)
    >>> model.output_shape
    (None, 10)
    """
    check_name(name)
    check_alpha(alpha)
    check_depth(depth)
    _check_version(version)
    check_choice(
        "shortcut", shortcut, ("A", "B", "C", None), "the kind of shortcuts"
    )
    check_bool("use_bias", use_bias, "whether convolutions have biases")
    check_top(include_top, weights, pooling, classes, classifier_activation)
    images, x = image_input(
        input_shape,
        input_tensor,
        include_preprocessing,
        network.size,
        EVALUATION,
        network.minimum,
    )
    source = check_weights(
        weights,
        include_top,
        images,
        network.published,
        alpha=alpha,
        **_unpublished(
            version=(version, 1),
            shortcut=(shortcut, "B"),
            use_bias=(use_bias, True),
        ),
        **unpublished_depth(depth),
    )
    options = {
        **normalization(batch_norm_momentum),
        "epsilon": EPSILON,
        "use_bias": use_bias,
        "kernel_initializer": INITIALIZER,
    }

    first = round_filters(network.table[0].conv3x3 * alpha)
    x = stem_graph(x, first, of_cifar=network.of_cifar, **options)
    for stage, row in enumerate(network.table, start=1):
        for block in range(deeper(row.layers * network.multiple, depth)):
            x = _block(row, alpha, version)(
                strides=row.s if block == 0 else 1,
                shortcut=shortcut,
                name=f"stage{stage}_block{block + 1}",
                **options,
            ).draw(x)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(classes, name="logits")(x)
        x = predictions(x, classifier_activation)
    else:
        x = pooled(x, pooling)
    return classifier(images, x, name, source)


def _block(row, alpha, version):
    """Returns a function of the other arguments of a row's block."""
    conv3x3 = round_filters(row.conv3x3 * alpha)
    if not row.conv1x1:
        return functools.partial(BasicResidual, conv3x3)
    return functools.partial(
        BottleneckResidual,
        round_filters(row.conv1x1 * alpha),
        conv3x3,
        strided_conv="conv1" if version == 1 else "conv2",
    )


def _check_version(version):
    if isinstance(version, bool) or version not in (1, 1.5):
        raise ValueError(
            "`version` is where the strides of a bottleneck are and must be 1, "
            "in its first convolution, or 1.5, in that of 3 x 3. Received: "
            f"version={version!r}. The published weights are of version 1."
        )


def _unpublished(**values):
    """Returns the options that differ from the published, as a dict."""
    return {
        name: value
        for name, (value, published) in values.items()
        if value != published
    }


def _constructor(layers, summary, omit=()):
    network = NETWORKS[layers]
    register = registry.network(
        PAPER,
        network.table,
        size=network.size,
        published=network.published,
        minimum=network.minimum,
    )
    return register(
        variant(
            f"ResNet{layers}",
            build,
            network,
            f"Builds ResNet-{layers}: {summary} of the paper.",
            module=__name__,
            omit=omit,
            name=f"resnet{layers}",
            classes=network.classes,
            shortcut=network.shortcut,
            use_bias=network.use_bias,
        )
    )


def _cifar(layers):
    n = NETWORKS[layers].multiple
    summary = f"the network of section 4.2 for CIFAR-10, with n = {n},"
    return _constructor(layers, summary, ("version",))


ResNet18 = _constructor(18, "a column of table 1", ("version",))
ResNet34 = _constructor(34, "a column of table 1", ("version",))
ResNet50 = _constructor(50, "a column of table 1")
ResNet101 = _constructor(101, "a column of table 1")
ResNet152 = _constructor(152, "a column of table 1")
ResNet20 = _cifar(20)
ResNet32 = _cifar(32)
ResNet44 = _cifar(44)
ResNet56 = _cifar(56)
ResNet110 = _cifar(110)
