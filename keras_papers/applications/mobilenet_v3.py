"""MobileNetV3 (Howard et al., 2019, https://arxiv.org/abs/1905.02244)."""

from typing import NamedTuple

import keras
from keras import layers
from keras.applications import mobilenet_v3

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
from keras_papers.applications.image.output_stride import (
    OutputStride,
    check_output_stride,
)
from keras_papers.applications.image.padding import (
    check_padding,
    published_padding,
)
from keras_papers.applications.image.scaling import (
    check_alpha,
    check_depth,
    check_reduced_tail,
    round_filters,
    unpublished_depth,
    unpublished_tail,
)
from keras_papers.applications.image.stages import deepen, name_blocks
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.applications.pretrained.published import Family, Published
from keras_papers.applications.pretrained.torch_networks import PEERS
from keras_papers.applications.pretrained.weights import check_weights
from keras_papers.applications.variants import variant
from keras_papers.checks import (
    check_fraction,
    check_name,
    plain_numbers,
)
from keras_papers.layers import InvertedResidual
from keras_papers.layers._image_axes import channel_axis

preprocess_input = mobilenet_v3.preprocess_input
decode_predictions = mobilenet_v3.decode_predictions
PAPER = registry.Paper(
    "MobileNetV3",
    "Searching for MobileNetV3",
    "Howard et al.",
    2019,
    "https://arxiv.org/abs/1905.02244",
)


class Row(NamedTuple):
    """The columns of tables 1 and 2 that a bottleneck ("bneck") needs."""

    kernel: int
    exp_size: int  # channels of the expanded map
    out: int  # channels of the output
    se: bool  # whether there is a squeeze-and-excite
    nl: str  # "RE" for ReLU, "HS" for h-swish
    s: int  # stride


# fmt: off
TABLE_1 = (  # MobileNetV3-Large
    #   k  exp  out  SE     NL    s
    Row(3,  16,  16, False, "RE", 1),
    Row(3,  64,  24, False, "RE", 2),
    Row(3,  72,  24, False, "RE", 1),
    Row(5,  72,  40, True,  "RE", 2),
    Row(5, 120,  40, True,  "RE", 1),
    Row(5, 120,  40, True,  "RE", 1),
    Row(3, 240,  80, False, "HS", 2),
    Row(3, 200,  80, False, "HS", 1),
    Row(3, 184,  80, False, "HS", 1),
    Row(3, 184,  80, False, "HS", 1),
    Row(3, 480, 112, True,  "HS", 1),
    Row(3, 672, 112, True,  "HS", 1),
    Row(5, 672, 160, True,  "HS", 2),
    Row(5, 960, 160, True,  "HS", 1),
    Row(5, 960, 160, True,  "HS", 1),
)
TABLE_2 = (  # MobileNetV3-Small
    #   k  exp  out  SE     NL    s
    Row(3,  16,  16, True,  "RE", 2),
    Row(3,  72,  24, False, "RE", 2),
    Row(3,  88,  24, False, "RE", 1),
    Row(5,  96,  40, True,  "HS", 2),
    Row(5, 240,  40, True,  "HS", 1),
    Row(5, 240,  40, True,  "HS", 1),
    Row(5, 120,  48, True,  "HS", 1),
    Row(5, 144,  48, True,  "HS", 1),
    Row(5, 288,  96, True,  "HS", 2),
    Row(5, 576,  96, True,  "HS", 1),
    Row(5, 576,  96, True,  "HS", 1),
)
# fmt: on
STEM = 16  # the convolution before these rows
HEAD_EXPANSION = 6  # 960 = 6 * 160 and 576 = 6 * 96 behind them
SQUEEZE_RATIO = 0.25  # of the expanded map, section 5.3
ACTIVATIONS = {"RE": "relu", "HS": "hard_swish"}
REDUCED_TAILS = ("detection", "segmentation")


def _published(model, ending, md5s):
    """Returns the networks by (alpha, minimalistic); `md5s` in that order."""
    kinds = {
        (1.0, False): f"{model}_224_1.0",
        (0.75, False): f"{model}_224_0.75",
        (1.0, True): f"{model}_minimalistic_224_1.0",
    }
    return {
        variant: Published(
            f"mobilenet_v3/weights_mobilenet_v3_{kind}_float{ending}", md5
        )
        for (variant, kind), md5 in zip(kinds.items(), md5s, strict=True)
    }


ARGUMENTS = ("alpha", "minimalistic")
VARIANTS = "alpha=0.75 or 1.0, and 1.0 where minimalistic"
PUBLISHED_LARGE = Family(
    VARIANTS,
    _published(
        "large",
        "",
        (
            "59e551e166be033d707958cf9e29a6a7",
            "765b44a33ad4005b3ac83185abf1d0eb",
            "675e7b876c45c57e9e63e6d90a36599c",
        ),
    ),
    _published(
        "large",
        "_no_top_v2",
        (
            "07fb09a5933dd0c8eaafa16978110389",
            "40af19a13ebea4e2ee0c676887f69a2e",
            "ec5221f64a2f6d1ef965a614bdae7973",
        ),
    ),
    peers=PEERS["MobileNetV3Large"],
    arguments=ARGUMENTS,
)
PUBLISHED_SMALL = Family(
    VARIANTS,
    _published(
        "small",
        "",
        (
            "8768d4c2e7dee89b9d02b2d03d65d862",
            "cb65d4e5be93758266aa0a7f2c6708b7",
            "99cd97fb2fcdad2bf028eb838de69e37",
        ),
    ),
    _published(
        "small",
        "_no_top_v2",
        (
            "d3e8ec802a04aa4fc771ee12a9a9b836",
            "ebdb5cc8e0b497cd13a7c275d475c819",
            "cde8136e733e811080d9fcd8a252f7e4",
        ),
    ),
    peers=PEERS["MobileNetV3Small"],
    arguments=ARGUMENTS,
)
EVALUATION = TF_SLIM  # where the published weights were trained


class Network(NamedTuple):
    """What distinguishes the two networks of the paper."""

    table: tuple
    hidden: int  # channels of the layer before the classifier
    published: Family


# Table 2 prints 1280 for Small too; every published weight has 1024.
LARGE = Network(TABLE_1, 1280, PUBLISHED_LARGE)
SMALL = Network(TABLE_2, 1024, PUBLISHED_SMALL)


@plain_numbers
def build(
    network,
    input_shape=None,
    alpha=1.0,
    minimalistic=False,
    include_top=True,
    weights=None,
    input_tensor=None,
    classes=1000,
    pooling=None,
    dropout_rate=0.2,
    classifier_activation="softmax",
    include_preprocessing=True,
    name=None,
    *,
    depth=1.0,
    padding=None,
    output_stride=32,
    dilation_start="strided",
    reduced_tail=None,
    batch_norm_momentum=MOMENTUM,
    batch_norm_epsilon=None,
):
    """Builds a MobileNetV3.

    Args:
        network: A `Network`.
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 32 pixels each way, None for an open size.
            Defaults to 224 x 224 x 3.
        alpha: Positive float. Width multiplier. Below 1 it leaves the hidden
            layer of the classifier as it is.
        minimalistic: Whether to do without squeeze-and-excite, h-swish and
            5x5 kernels, for hardware that is slow on them.
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), `"imagenet"`, `"timm"` or `"timm/<tag>"`, or the
            path of a file of this package, of keras.applications (`.keras`,
            `.weights.h5` or legacy `.h5`), or of timm or torchvision
            (`.safetensors`; docs/WEIGHTS.md); a `.weights.h5` saved behind
            these does not keep their padding and epsilon. If it has other
            classes or input channels, the classifier is left fresh or the
            first convolution adapted, and a warning says so. Defaults to None.
        input_tensor: Keras tensor to build upon, in place of a new input.
        classes: Positive int. Units of the classifier. Defaults to 1000.
        pooling: `"avg"`, `"max"` or None: how a model without top ends.
        dropout_rate: Float in [0, 1). Dropout before the classifier.
        classifier_activation: Its activation; None for logits.
        include_preprocessing: Whether the model takes pixels in [0, 255] and
            scales them itself, or takes them in [-1, 1]. Defaults to True.
        name: Name of the model.
        depth: Positive float. Factor on the blocks of every stage, rounded
            up. Defaults to 1.
        padding: How maps are padded at strides 2: `"same"`, as in
            TensorFlow, or `"symmetric"`, as in PyTorch. Defaults to None:
            what `weights` need, and as keras.applications without weights.
        output_stride: 32 (default), 16 or 8. How many times smaller than the
            image the last map is. Strides beyond it become 1, and the
            convolutions behind them are dilated, with the same weights.
        dilation_start: Where dilations begin: `"strided"` (default), in the
            convolution that had the stride, as in torchvision; `"behind"`,
            behind it, as in DeepLab.
        reduced_tail: `"detection"` for half the channels in the last stage, as
            the networks "+" of table 6 have; `"segmentation"` for half of its
            first expansion too, as those "RF2" of table 7 have. Defaults to
            None.
        batch_norm_momentum: Momentum of the moving statistics. Defaults to
            0.9, with which a short training works (docs/TRAINING.md); the
            paper has 0.99 (section 6.1), keras.applications 0.999.
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
    >>> model = build(SMALL, (96, 96, 1), alpha=0.75, classes=10)
    >>> model.output_shape
    (None, 10)
    """
    check_name(name)
    check_alpha(alpha)
    check_depth(depth)
    check_fraction(
        "dropout_rate", dropout_rate, "a share of features", "0 drops none."
    )
    check_padding(padding, batch_norm_epsilon)
    check_output_stride(output_stride, dilation_start)
    check_reduced_tail(reduced_tail, REDUCED_TAILS)
    check_top(include_top, weights, pooling, classes, classifier_activation)
    images = image_input(input_shape, input_tensor)
    source = check_weights(
        weights,
        include_top,
        images,
        network.published,
        evaluation=EVALUATION if include_preprocessing else None,
        padding=padding,
        epsilon=batch_norm_epsilon,
        alpha=alpha,
        minimalistic=minimalistic,
        **unpublished_tail(reduced_tail),
        **unpublished_depth(depth),
    )
    x = preprocessed(images, source.evaluation)
    norm = normalization(batch_norm_momentum, source.epsilon)
    swish = "relu" if minimalistic else ACTIVATIONS["HS"]
    axis = channel_axis(keras.config.image_data_format())

    x = conv_norm_graph(
        x, "stem", STEM, 3, 2, swish, source.padding or "same", **norm
    )
    before = STEM  # the paper's channels; x has them scaled and rounded
    strides = OutputStride(output_stride, dilation_start)
    table = deepen(network.table, depth, "out")
    for block, row in name_blocks(table, "out"):
        if reduced_tail and row.out == table[-1].out:
            row = _reduced(row, reduced_tail)
        step = strides.step(row.s)
        channels, expansion = x.shape[axis], row.exp_size / before
        expanded = round_filters(channels * expansion)
        squeeze = row.se and not minimalistic
        x = InvertedResidual(
            filters=round_filters(row.out * alpha),
            expansion=expansion,
            expanded_filters=None if expansion == 1 else expanded,
            kernel_size=3 if minimalistic else row.kernel,
            strides=step.strides,
            activation="relu" if minimalistic else ACTIVATIONS[row.nl],
            squeeze_units=round_filters(expanded * SQUEEZE_RATIO)
            if squeeze
            else None,
            shortcut=not step.replaced,
            padding=published_padding(x, "same", source.padding),
            dilation_rate=step.dilation_rate,
            name=block,
            **norm,
        ).draw(x)
        before = row.out
    head = round_filters(x.shape[axis] * HEAD_EXPANSION)
    x = conv_norm_graph(x, "head", head, 1, 1, swish, **norm)
    if include_top:
        x = layers.GlobalAveragePooling2D(keepdims=True, name="pool")(x)
        hidden = round_filters(network.hidden * max(1, alpha))
        x = layers.Conv2D(hidden, 1, name="hidden")(x)
        x = layers.Activation(swish, name="hidden_activation")(x)
        x = layers.Dropout(dropout_rate, name="dropout")(x)
        x = layers.Conv2D(classes, 1, name="logits")(x)
        x = layers.Flatten(name="flatten")(x)
        x = predictions(x, classifier_activation)
    else:
        x = pooled(x, pooling)
    return classifier(images, x, name, source)


def _reduced(row, reduced_tail):
    """Returns a row of the last stage with half the channels.

    The code of the paper has them in two ways: V3_LARGE_DETECTION of
    mobilenet_v3.py in slim, and feature_extractor.py of DeepLab.
    """
    keeps_expansion = row.s == 2 and reduced_tail == "detection"
    return row._replace(
        exp_size=row.exp_size if keeps_expansion else row.exp_size // 2,
        out=row.out // 2,
    )


def _constructor(kind, network, table):
    register = registry.network(
        PAPER, network.table, published=network.published
    )
    name = f"MobileNetV3{kind}"
    return register(
        variant(
            name,
            build,
            network,
            f"Builds MobileNetV3-{kind}: {table} of the paper, width `alpha`.",
            module=__name__,
            name=name,
        )
    )


MobileNetV3Large = _constructor("Large", LARGE, "table 1")
MobileNetV3Small = _constructor("Small", SMALL, "table 2")
