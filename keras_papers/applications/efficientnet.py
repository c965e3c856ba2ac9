"""EfficientNet (Tan and Le, 2019, https://arxiv.org/abs/1905.11946)."""

from collections.abc import Callable
from typing import NamedTuple

from keras import layers
from keras.applications import efficientnet

from keras_papers.applications import registry
from keras_papers.applications.image.classifier import (
    MOMENTUM,
    check_top,
    classifier,
    conv_norm_graph,
    normalization,
    pooled,
    predictions,
)
from keras_papers.applications.image.image_input import (
    image_input,
    preprocessed,
)
from keras_papers.applications.image.initializers import CONVOLUTION, DENSE
from keras_papers.applications.image.output_stride import (
    OutputStride,
    check_output_stride,
)
from keras_papers.applications.image.padding import (
    check_padding,
    published_padding,
)
from keras_papers.applications.image.rows import (
    Row,
    check_rows,
    row_graph,
    unpublished_rows,
)
from keras_papers.applications.image.scaling import (
    check_alpha,
    check_depth,
    round_filters,
    unpublished_depth,
)
from keras_papers.applications.image.stages import deeper
from keras_papers.applications.pretrained.evaluation import efficient_net
from keras_papers.applications.pretrained.published import Family, Published
from keras_papers.applications.pretrained.torch_networks import PEERS
from keras_papers.applications.pretrained.weights import check_weights
from keras_papers.applications.variants import variant
from keras_papers.checks import (
    check_fraction,
    check_name,
    plain_numbers,
)

preprocess_input = efficientnet.preprocess_input
decode_predictions = efficientnet.decode_predictions
PAPER = registry.Paper(
    "EfficientNet",
    "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    "Tan and Le",
    2019,
    "https://arxiv.org/abs/1905.11946",
)

# Found in the space of MnasNet, whose rows these are: resolutions are written
# as strides; SE and skip are those of the code, for the paper has neither.
# fmt: off
TABLE_1 = (
    #   t  k  SE    skip  channels layers s
    Row(1, 3, 0.25, True,       16,     1, 1),
    Row(6, 3, 0.25, True,       24,     2, 2),
    Row(6, 5, 0.25, True,       40,     2, 2),
    Row(6, 3, 0.25, True,       80,     3, 2),
    Row(6, 5, 0.25, True,      112,     3, 1),
    Row(6, 5, 0.25, True,      192,     4, 2),
    Row(6, 3, 0.25, True,      320,     1, 1),
)
# fmt: on
STEM, HEAD = 32, 1280  # the convolutions before and after these rows


class Scaling(NamedTuple):
    """What distinguishes the networks, as in the authors' code."""

    width: float
    depth: float
    size: int  # of the images
    dropout: float  # before the classifier


# Made by hand after equation 3: no phi gives them all.
# fmt: off
SCALINGS = {
    #            width depth size  dropout
    "B0": Scaling(1.0, 1.0, 224, 0.2),
    "B1": Scaling(1.0, 1.1, 240, 0.2),
    "B2": Scaling(1.1, 1.2, 260, 0.3),
    "B3": Scaling(1.2, 1.4, 300, 0.3),
    "B4": Scaling(1.4, 1.8, 380, 0.4),
    "B5": Scaling(1.6, 2.2, 456, 0.4),
    "B6": Scaling(1.8, 2.6, 528, 0.5),
    "B7": Scaling(2.0, 3.1, 600, 0.5),
}
MD5S = {  # of the published files with top, and without
    "B0": ("902e53a9f72be733fc0bcb005b3ebbac",
           "50bc09e76180e00e4465e1a485ddc09d"),
    "B1": ("1d254153d4ab51201f1646940f018540",
           "74c4e6b3e1f6a1eea24c589628592432"),
    "B2": ("b15cce36ff4dcbd00b6dd88e7857a6ad",
           "111f8e2ac8aa800a7a99e3239f7bfb39"),
    "B3": ("ffd1fdc53d0ce67064dc6a9c7960ede0",
           "af6d107764bb5b1abb91932881670226"),
    "B4": ("18c95ad55216b8f92d7e70b3a046e2fc",
           "ebc24e6d6c33eaebbd558eafbeedf1ba"),
    "B5": ("ace28f2a6363774853a83a0b21b9421a",
           "38879255a25d3c92d5e44e04ae6cec6f"),
    "B6": ("165f6e37dce68623721b423839de8be5",
           "9ecce42647a20130c1f39a5d4cb75743"),
    "B7": ("8c03f828fec3ef71311cd463b6759d99",
           "cbcfe4450ddf6f3ad90b1b398090fe4a"),
}
# fmt: on


class Network(NamedTuple):
    """What distinguishes the networks of this family and of its Lite one."""

    table: tuple
    scaling: Scaling
    evaluation: Callable  # of the image size
    published: Family
    activation: str
    fixed_ends: bool  # whether stem, head, first and last row are not scaled


def _network(kind):
    file, folder = f"efficientnet{kind.lower()}", "keras-applications"
    md5, md5_no_top = MD5S[kind]
    published = Family(
        "alpha=1.0, by the paper's table",
        {(1.0,): Published(file, md5, folder)},
        {(1.0,): Published(f"{file}_notop", md5_no_top, folder)},
        peers=PEERS[f"EfficientNet{kind}"],
    )
    return Network(
        TABLE_1,
        SCALINGS[kind],
        efficient_net,
        published,
        activation="silu",
        fixed_ends=False,
    )


NETWORKS = {kind: _network(kind) for kind in SCALINGS}
B0 = NETWORKS["B0"]


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
    dropout=0.2,
    stochastic_depth=0.2,
    include_preprocessing=True,
    padding=None,
    output_stride=32,
    dilation_start="behind",
    batch_norm_momentum=MOMENTUM,
    batch_norm_epsilon=None,
    rows=None,
):
    """Builds an EfficientNet, or an EfficientNet-Lite.

    Args:
        network: A `Network`.
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), `"imagenet"` (EfficientNet-B0 to B7), `"timm"`
            or `"timm/<tag>"`, or the path of a file of this package, of
            keras.applications (`.keras`, `.weights.h5` or legacy `.h5`), or of
            timm or torchvision (`.safetensors`; docs/WEIGHTS.md); a
            `.weights.h5` saved behind these does not keep their padding and
            epsilon. If it has other classes or input channels, the classifier
            is left fresh or the first convolution adapted, and a warning says
            so. Defaults to None.
        input_tensor: Keras tensor to build upon, in place of a new input.
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 32 pixels each way, None for an open size.
            Defaults to `network.scaling.size` pixels each way and 3 channels.
        pooling: `"avg"`, `"max"` or None: how a model without top ends.
        classes: Positive int. Units of the classifier. Defaults to 1000.
        classifier_activation: Its activation; None for logits.
        name: Name of the model.
        alpha: Positive float. A further factor on the channels. Defaults
            to 1.
        depth: Positive float. A further factor on the blocks of every stage,
            rounded up. Defaults to 1.
        dropout: Float in [0, 1). Dropout before the classifier. Defaults to
            `network.scaling.dropout`.
        stochastic_depth: Float in [0, 1). Probability with which a training
            step drops an image's residual branch: 0 in the first block, and
            rising evenly towards this behind the last. Defaults to 0.2.
        include_preprocessing: Whether the model takes pixels in [0, 255] and
            normalizes them itself, EfficientNet by the mean and the standard
            deviation of ImageNet's colors and Lite as (pixel - 127) / 128, or
            takes them normalized. Defaults to True.
        padding: How maps are padded at strides 2: `"same"`, as in
            TensorFlow, or `"symmetric"`, as in PyTorch. Defaults to None:
            what `weights` need, and as keras.applications without weights.
        output_stride: 32 (default), 16 or 8. How many times smaller than the
            image the last map is. Strides beyond it become 1, and the
            convolutions behind them are dilated, with the same weights.
        dilation_start: Where dilations begin: `"behind"` (default), behind the
            convolution that had the stride, as in DeepLab; `"strided"`, in it,
            as in torchvision's MobileNetV3.
        batch_norm_momentum: Momentum of the moving statistics. Defaults to
            0.9, with which a short training works (docs/TRAINING.md); the
            paper and keras.applications have 0.99.
        batch_norm_epsilon: Positive float. What the batch normalizations add
            to a variance. Defaults to None: what `weights` need, and 0.001
            without weights.
        rows: List of `mnasnet.Row`, or of lists of their values: the table
            to build from, such as a search found. Defaults to None, the
            paper's.

    Returns:
        A functional model: images to class scores, or to features.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if `weights` are not published for this network, cannot
            be fetched or read, or are of another architecture.

    Example:
    >>> model = build(B0, input_shape=(96, 96, 3), classes=10, alpha=0.25)
    >>> model.output_shape
    (None, 10)
    """
    check_name(name)
    check_alpha(alpha)
    check_depth(depth)
    check_fraction("dropout", dropout, "a share of features", "0 drops none.")
    check_fraction(
        "stochastic_depth",
        stochastic_depth,
        "the probability of dropping the last residual branch",
        "0 drops none.",
    )
    check_padding(padding, batch_norm_epsilon)
    check_output_stride(output_stride, dilation_start)
    check_top(include_top, weights, pooling, classes, classifier_activation)
    scaling = network.scaling
    images = image_input(input_shape, input_tensor, scaling.size)
    evaluation = network.evaluation(scaling.size)
    table = network.table if rows is None else check_rows(rows, images)
    source = check_weights(
        weights,
        include_top,
        images,
        network.published,
        evaluation=evaluation if include_preprocessing else None,
        padding=padding,
        epsilon=batch_norm_epsilon,
        alpha=alpha,
        **unpublished_depth(depth),
        **unpublished_rows(table, network.table),
    )
    x = preprocessed(images, source.evaluation)
    norm = normalization(batch_norm_momentum, source.epsilon)
    norm["kernel_initializer"] = CONVOLUTION
    width = scaling.width * alpha
    ends = alpha if network.fixed_ends else width

    x = conv_norm_graph(
        x,
        "stem",
        round_filters(STEM * ends),
        3,
        2,
        network.activation,
        published_padding(x, "same", source.padding),
        **norm,
    )
    blocks = list(_blocks(network, table, depth))
    strides = OutputStride(output_stride, dilation_start)
    for index, (block, row, first) in enumerate(blocks):
        step = strides.step(first)
        x = row_graph(
            x,
            row._replace(skip=False) if step.replaced else row,
            filters=round_filters(row.filters * width),
            strides=step.strides,
            dilation_rate=step.dilation_rate,
            activation=network.activation,
            squeeze_activation=network.activation,
            stochastic_depth=stochastic_depth * index / len(blocks),
            padding=source.padding,
            name=block,
            **norm,
        )
    x = conv_norm_graph(
        x, "head", round_filters(HEAD * ends), 1, 1, network.activation, **norm
    )
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Dense(classes, kernel_initializer=DENSE, name="logits")(x)
        x = predictions(x, classifier_activation)
    else:
        x = pooled(x, pooling)
    return classifier(images, x, name, source)


def _blocks(network, table, depth):
    """Yields name, row and strides of each block, the depth being scaled."""
    for stage, row in enumerate(table, start=1):
        scaled = not network.fixed_ends or 1 < stage < len(table)
        own = network.scaling.depth if scaled else 1.0
        number = deeper(row.layers, own * depth)
        for block in range(1, number + 1):
            yield f"stage{stage}_block{block}", row, row.s if block == 1 else 1


def constructor(name, network, paper, summary, module, omit=("rows",)):
    """Returns the constructor of a `Network` and registers it."""
    register = registry.network(
        paper,
        network.table,
        size=network.scaling.size,
        published=network.published,
    )
    return register(
        variant(
            name,
            build,
            network,
            summary,
            module=module,
            omit=omit,
            name=name.lower(),
            dropout=network.scaling.dropout,
        )
    )


def _constructor(kind, summary=None, **omit):
    network = NETWORKS[kind]
    summary = summary or (
        f"{network.scaling.width} times as wide as B0, "
        f"{network.scaling.depth} times as deep"
    )
    return constructor(
        f"EfficientNet{kind}",
        network,
        PAPER,
        f"Builds EfficientNet-{kind}: {summary}.",
        __name__,
        **omit,
    )


EfficientNetB0 = _constructor("B0", "table 1 of the paper, or `rows`", omit=())
EfficientNetB1 = _constructor("B1")
EfficientNetB2 = _constructor("B2")
EfficientNetB3 = _constructor("B3")
EfficientNetB4 = _constructor("B4")
EfficientNetB5 = _constructor("B5")
EfficientNetB6 = _constructor("B6")
EfficientNetB7 = _constructor("B7")
