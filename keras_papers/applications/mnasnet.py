"""MnasNet (Tan et al., 2019, https://arxiv.org/abs/1807.11626)."""

import functools
import numbers
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
from keras import layers
from keras.applications import efficientnet, imagenet_utils

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
    MINIMUM_SIZE,
    image_input,
)
from keras_papers.applications.image.initializers import CONVOLUTION, DENSE
from keras_papers.applications.image.padding import published_padding
from keras_papers.applications.image.scaling import (
    check_alpha,
    check_depth,
    round_filters,
    unpublished_depth,
)
from keras_papers.applications.image.stages import deeper
from keras_papers.applications.pretrained.evaluation import efficient_net
from keras_papers.applications.pretrained.weights import Family, check_weights
from keras_papers.applications.variants import variant
from keras_papers.checks import (
    check_fraction,
    check_name,
    plain_numbers,
)
from keras_papers.layers import ConvNormActivation, InvertedResidual
from keras_papers.layers._image_axes import channel_axis, image_size

preprocess_input = efficientnet.preprocess_input
decode_predictions = imagenet_utils.decode_predictions
SIZE = 224
EVALUATION = efficient_net(SIZE)  # the authors trained both alike
PAPER = registry.Paper(
    "MnasNet",
    "MnasNet: Platform-Aware Neural Architecture Search for Mobile",
    "Tan et al.",
    2019,
    "https://arxiv.org/abs/1807.11626",
)


class Row(NamedTuple):
    """A line of figure 7: one block of the factorized hierarchical space.

    Example:
    >>> small_kernels = [row._replace(k=3) for row in FIGURE_7]
    >>> model = MnasNetA1(classes=10, alpha=0.5, rows=small_kernels)
    >>> model.count_params() < MnasNetA1(classes=10, alpha=0.5).count_params()
    True
    """

    expansion: int  # the number behind MBConv; 1 is SepConv, 0 is Conv
    k: int  # kernel of the depthwise convolution, or of the plain one
    se: float  # squeeze ratio, of the channels that enter; 0 is none
    skip: bool | str  # whether a layer adds its input, or "pool", its maximum
    filters: int
    layers: int
    s: int  # stride of the first of them

    @property
    def operation(self):
        """The figure's name for it."""
        plain = {0: "Conv", 1: "SepConv"}
        return plain.get(self.expansion, f"MBConv{self.expansion}")

    def squeeze_units(self, channels):
        """Returns the bottleneck of a block that `channels` enter, or None."""
        return max(1, int(channels * self.se)) if self.se else None


# fmt: off
FIGURE_7 = (  # MnasNet-A1
    #   t  k  SE    skip  filters layers s
    Row(1, 3, 0,    False,     16,     1, 1),
    Row(6, 3, 0,    True,      24,     2, 2),
    Row(3, 5, 0.25, True,      40,     3, 2),
    Row(6, 3, 0,    True,      80,     4, 2),
    Row(6, 3, 0.25, True,     112,     2, 1),
    Row(6, 5, 0.25, True,     160,     3, 2),
    Row(6, 3, 0,    True,     320,     1, 1),
)
B1 = (  # found without squeeze-and-excite; the rows are those of the code
    Row(1, 3, 0,    False,     16,     1, 1),
    Row(3, 3, 0,    True,      24,     3, 2),
    Row(3, 5, 0,    True,      40,     3, 2),
    Row(6, 5, 0,    True,      80,     3, 2),
    Row(6, 3, 0,    True,      96,     2, 1),
    Row(6, 5, 0,    True,     192,     4, 2),
    Row(6, 3, 0,    False,    320,     1, 1),
)
SMALL = (  # of the code, too; MobileNetV3's paper compares it as "Mnas-small"
    Row(1, 3, 0,    True,       8,     1, 1),
    Row(3, 3, 0,    True,      16,     1, 2),
    Row(6, 3, 0,    True,      16,     2, 2),
    Row(6, 5, 0.25, True,      32,     4, 2),
    Row(6, 3, 0.25, True,      32,     3, 1),
    Row(6, 5, 0.25, True,      88,     3, 2),
    Row(6, 3, 0,    True,     144,     1, 1),
)
# fmt: on
HEAD = 1280  # the convolution behind these rows, whatever the width
PUBLISHED = Family("none for Keras", {}, {})


class Network(NamedTuple):
    """What distinguishes the networks of the authors' code."""

    table: tuple
    stem: int  # channels of the convolution before the rows
    dropout: float  # before the classifier


A1_NETWORK = Network(FIGURE_7, 32, 0.2)
B1_NETWORK = Network(B1, 32, 0.2)
SMALL_NETWORK = Network(SMALL, 8, 0.0)


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
    include_preprocessing=True,
    batch_norm_momentum=MOMENTUM,
    rows=None,
):
    """Builds a MnasNet.

    Args:
        network: A `Network`.
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), or the path of a file of this package: `.keras`
            or `.weights.h5`. If it has other classes or input channels, the
            classifier is left fresh or the first convolution adapted, and a
            warning says so. Defaults to None; none are published for Keras.
        input_tensor: Keras tensor to build upon, in place of a new input.
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 32 pixels each way, None for an open size.
            Defaults to 224 x 224 x 3.
        pooling: `"avg"`, `"max"` or None: how a model without top ends.
        classes: Positive int. Units of the classifier. Defaults to 1000.
        classifier_activation: Its activation; None for logits.
        name: Name of the model.
        alpha: Positive float. Factor on the channels, but for those of the
            last convolution. Defaults to 1.
        depth: Positive float. Factor on the blocks of every stage, rounded
            up. Defaults to 1.
        dropout: Float in [0, 1). Dropout before the classifier.
            Defaults to `network.dropout`.
        include_preprocessing: Whether the model takes pixels in [0, 255] and
            normalizes them itself, by the mean and the standard deviation of
            ImageNet's colors, or takes them normalized. Defaults to True.
        batch_norm_momentum: Momentum of the moving statistics. Defaults to
            0.9, with which a short training works (docs/TRAINING.md); the
            authors' code has 0.99.
        rows: List of `mnasnet.Row`, or of lists of their values: the table
            to build from, such as a search found. Defaults to None, the
            paper's.

    Returns:
        A functional model: images to class scores, or to features.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if `weights` cannot be read, or are of another
            architecture.

    Example:
    >>> model = build(A1_NETWORK, classes=10, alpha=0.5)
    >>> model.output_shape
    (None, 10)
    """
    check_name(name)
    check_alpha(alpha)
    check_depth(depth)
    check_fraction("dropout", dropout, "a share of features", "0 drops none.")
    check_top(include_top, weights, pooling, classes, classifier_activation)
    images, x = image_input(
        input_shape, input_tensor, include_preprocessing, SIZE, EVALUATION
    )
    table = network.table if rows is None else check_rows(rows, images)
    source = check_weights(
        weights,
        include_top,
        images,
        PUBLISHED,
        alpha=alpha,
        **unpublished_depth(depth),
        **unpublished_rows(table, network.table),
    )
    norm = normalization(batch_norm_momentum)
    norm["kernel_initializer"] = CONVOLUTION
    stem = round_filters(network.stem * alpha)
    x = conv_norm_graph(x, "stem", stem, 3, 2, "relu", **norm)
    for stage, row in enumerate(table, start=1):
        for block in range(deeper(row.layers, depth)):
            x = row_graph(
                x,
                row,
                filters=round_filters(row.filters * alpha),
                strides=row.s if block == 0 else 1,
                activation="relu",
                name=f"stage{stage}_block{block + 1}",
                **norm,
            )
    x = conv_norm_graph(x, "head", HEAD, 1, 1, "relu", **norm)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Dense(classes, kernel_initializer=DENSE, name="logits")(x)
        x = predictions(x, classifier_activation)
    else:
        x = pooled(x, pooling)
    return classifier(images, x, name, source)


def _constructor(kind, network, summary, omit=("rows",)):
    register = registry.network(PAPER, network.table, size=SIZE)
    return register(
        variant(
            f"MnasNet{kind}",
            build,
            network,
            f"Builds MnasNet-{kind}{summary}, at width `alpha`.",
            module=__name__,
            omit=omit,
            name=f"mnasnet{kind.lower()}",
            dropout=network.dropout,
        )
    )


MnasNetA1 = _constructor(
    "A1", A1_NETWORK, ": figure 7 of the paper, or `rows`", omit=()
)
MnasNetB1 = _constructor("B1", B1_NETWORK, ", without squeeze-and-excite")
MnasNetSmall = _constructor("Small", SMALL_NETWORK, ", for very small budgets")


def row_graph(x, row, **arguments):
    """Returns the output of a layer of a `Row`, drawn into the graph.

    Args:
        x: Keras tensor of its input.
        row: The `Row`.
        **arguments: Further arguments of its block.
    """
    block = ConvNormActivation
    if row.expansion:
        block = functools.partial(InvertedResidual, expansion=row.expansion)
    axis = channel_axis(keras.config.image_data_format())
    return block(
        kernel_size=row.k,
        squeeze_units=row.squeeze_units(x.shape[axis]),
        gate_activation="sigmoid",
        shortcut=row.skip,
        padding=published_padding(x, odd_maps="same"),
        **arguments,
    ).draw(x)


def _count(value, least=1):
    is_int = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return is_int and value >= least


def _skip(value):
    is_pool = isinstance(value, str) and value == "pool"
    return is_pool or isinstance(value, bool | np.bool_)


class Column(NamedTuple):
    """What a value of a row is, what it must be, and how it is made plain."""

    meaning: str
    wanted: str
    is_so: Callable
    plain: Callable = int


COUNT = "an integer of at least 1"
COLUMNS = {
    "expansion": Column(
        "the factor on the inner channels",
        "an integer of at least 0, which is a plain convolution",
        lambda expansion: _count(expansion, least=0),
    ),
    "k": Column(
        "the kernel",
        "an odd integer of at least 1",
        lambda k: _count(k) and k % 2 == 1,
    ),
    "se": Column(
        "the squeeze ratio",
        "a number in [0, 1)",
        lambda se: isinstance(se, numbers.Real) and 0 <= se < 1,
        float,
    ),
    "skip": Column(
        "the kind of shortcuts",
        "True, False or 'pool'",
        _skip,
        lambda skip: "pool" if skip == "pool" else bool(skip),
    ),
    "filters": Column("the number of output channels", COUNT, _count),
    "layers": Column("the number of blocks", COUNT, _count),
    "s": Column("the stride", "1 or 2", lambda s: _count(s) and s <= 2),
}


def check_rows(rows, images):
    """Returns `rows` as a table, if a network of `images` can be built of it.

    Args:
        rows: The constructor's argument, unless it is None.
        images: Keras tensor of the model's images.

    Returns:
        A tuple of `Row`, of plain Python numbers.

    Raises:
        ValueError: If there is no row or one of them is not of this space,
            or if images of an open size could be halved to nothing.
    """
    if not isinstance(rows, list | tuple) or not rows:
        raise ValueError(
            "`rows` is the table to build from and must be a list of at least "
            f"one row. Received: rows={rows!r}. Start from mnasnet.FIGURE_7."
        )
    table = tuple(
        _check_row(row, stage) for stage, row in enumerate(rows, start=1)
    )
    halvings = 1 + sum(row.s == 2 for row in table)
    if 2**halvings > MINIMUM_SIZE and None in image_size(images):
        raise ValueError(
            "`rows` may halve images of an open size four times behind the "
            f"stem, for they may have {MINIMUM_SIZE} pixels. Received: rows "
            f"with s=2 in {halvings - 1} of them. Pass a whole `input_shape`, "
            "or s=1."
        )
    return table


def _check_row(row, stage):
    name, fields = f"rows[{stage - 1}]", Row._fields
    if not isinstance(row, list | tuple) or len(row) != len(fields):
        raise ValueError(
            f"`{name}` is stage {stage} of the table and must be a "
            f"mnasnet.Row, or a list of its {len(fields)} values: "
            f"{', '.join(fields)}. Received: {name}={row!r}. Start from a row "
            "of mnasnet.FIGURE_7."
        )
    for field, value in zip(fields, row, strict=True):
        column = COLUMNS[field]
        if not column.is_so(value):
            raise ValueError(
                f"`{name}.{field}` is {column.meaning} of stage {stage} and "
                f"must be {column.wanted}. Received: {name}.{field}={value!r}. "
                "Compare the rows of mnasnet.FIGURE_7."
            )
    columns = zip(COLUMNS.values(), row, strict=True)
    return Row(*(column.plain(value) for column, value in columns))


def unpublished_rows(table, published):
    """Returns the first difference to the published table, as a dict."""
    pairs = zip(table, published, strict=False)
    for index, (row, theirs) in enumerate(pairs):
        if row != theirs:
            return {f"rows[{index}]": row}
    return {} if len(table) == len(published) else {"len(rows)": len(table)}
