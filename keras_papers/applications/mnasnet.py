"""MnasNet (Tan et al., 2019, https://arxiv.org/abs/1807.11626)."""

from typing import NamedTuple

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
    image_input,
    preprocessed,
)
from keras_papers.applications.image.initializers import CONVOLUTION, DENSE
from keras_papers.applications.image.output_stride import (
    OutputStride,
    check_output_stride,
)
from keras_papers.applications.image.padding import check_padding
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
from keras_papers.applications.pretrained.published import Family, of_torch
from keras_papers.applications.pretrained.weights import check_weights
from keras_papers.applications.variants import variant
from keras_papers.checks import (
    check_fraction,
    check_name,
    plain_numbers,
)

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


class Network(NamedTuple):
    """What distinguishes the networks of the authors' code."""

    table: tuple
    stem: int  # channels of the convolution before the rows
    dropout: float  # before the classifier
    published: Family


A1_NETWORK = Network(FIGURE_7, 32, 0.2, of_torch("MnasNetA1"))
B1_NETWORK = Network(B1, 32, 0.2, of_torch("MnasNetB1"))
SMALL_NETWORK = Network(SMALL, 8, 0.0, of_torch("MnasNetSmall"))


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
    padding=None,
    output_stride=32,
    dilation_start="behind",
    batch_norm_momentum=MOMENTUM,
    batch_norm_epsilon=None,
    rows=None,
):
    """Builds a MnasNet.

    Args:
        network: A `Network`.
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), `"timm"` or `"timm/<tag>"`, or the path of a
            file of this package, of keras.applications (`.keras`, `.weights.h5`
            or legacy `.h5`), or of timm or torchvision (`.safetensors`;
            docs/WEIGHTS.md); a `.weights.h5` saved behind these does not keep
            their padding and epsilon. If it has other classes or input
            channels, the classifier is left fresh or the first convolution
            adapted, and a warning says so. Defaults to None.
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
            authors' code has 0.99.
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
    check_padding(padding, batch_norm_epsilon)
    check_output_stride(output_stride, dilation_start)
    check_top(include_top, weights, pooling, classes, classifier_activation)
    images = image_input(input_shape, input_tensor, SIZE)
    table = network.table if rows is None else check_rows(rows, images)
    source = check_weights(
        weights,
        include_top,
        images,
        network.published,
        evaluation=EVALUATION if include_preprocessing else None,
        padding=padding,
        epsilon=batch_norm_epsilon,
        alpha=alpha,
        **unpublished_depth(depth),
        **unpublished_rows(table, network.table),
    )
    x = preprocessed(images, source.evaluation)
    norm = normalization(batch_norm_momentum, source.epsilon)
    norm["kernel_initializer"] = CONVOLUTION
    stem = round_filters(network.stem * alpha)
    x = conv_norm_graph(
        x, "stem", stem, 3, 2, "relu", source.padding or "same", **norm
    )
    strides = OutputStride(output_stride, dilation_start)
    for stage, row in enumerate(table, start=1):
        for block in range(deeper(row.layers, depth)):
            step = strides.step(row.s if block == 0 else 1)
            x = row_graph(
                x,
                row._replace(skip=False) if step.replaced else row,
                filters=round_filters(row.filters * alpha),
                strides=step.strides,
                dilation_rate=step.dilation_rate,
                activation="relu",
                padding=source.padding,
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
    register = registry.network(
        PAPER, network.table, size=SIZE, published=network.published
    )
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
