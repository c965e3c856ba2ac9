"""MobileNet (Howard et al., 2017, https://arxiv.org/abs/1704.04861)."""

from typing import NamedTuple

from keras import layers
from keras.applications import mobilenet

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
    unpublished_depth,
)
from keras_papers.applications.image.stages import deepen, name_blocks
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.applications.pretrained.published import Family, Published
from keras_papers.applications.pretrained.torch_networks import PEERS
from keras_papers.applications.pretrained.weights import check_weights
from keras_papers.checks import (
    check_fraction,
    check_name,
    check_positive,
    plain_numbers,
)
from keras_papers.layers import DepthwiseSeparable
from keras_papers.layers._image_axes import image_size

preprocess_input = mobilenet.preprocess_input
decode_predictions = mobilenet.decode_predictions
PAPER = registry.Paper(
    "MobileNet",
    "MobileNets: Efficient Convolutional Neural Networks for Mobile "
    "Vision Applications",
    "Howard et al.",
    2017,
    "https://arxiv.org/abs/1704.04861",
)


class Row(NamedTuple):
    """Table 1's columns, a depthwise and a pointwise line in one row."""

    s: int  # stride of the depthwise line ("Type / Stride")
    filters: int  # last number of the pointwise line's "Filter Shape"


# fmt: off
TABLE_1 = (
    #   s  filters
    Row(1,   64),
    Row(2,  128),
    Row(1,  128),
    Row(2,  256),
    Row(1,  256),
    Row(2,  512),
    Row(1,  512),  # "5x" in the table: this row and the next four
    Row(1,  512),
    Row(1,  512),
    Row(1,  512),
    Row(1,  512),
    Row(2, 1024),
    Row(1, 1024),  # printed as stride 2, which its 7 x 7 output contradicts
)
# fmt: on
STEM = 32  # the first line, a full convolution
TABLE_5_SHALLOW = TABLE_1[:6] + TABLE_1[11:]  # without "14 x 14 x 512"
SIZES = (128, 160, 192, 224)  # of the published networks, as in table 7


def _published(ending):
    texts = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
    return {
        (alpha, size): Published(
            f"mobilenet/mobilenet_{text}_{size}_tf{ending}"
        )
        for alpha, text in texts.items()
        for size in SIZES
    }


PUBLISHED = Family(
    "alpha=0.25, 0.5, 0.75 or 1.0, at 128, 160, 192 or 224 pixels",
    _published(""),
    _published("_no_top"),
    SIZES,
    PEERS["MobileNet"],
)
EVALUATION = TF_SLIM  # where the published weights were trained


@registry.network(PAPER, TABLE_1, published=PUBLISHED)
@plain_numbers
def MobileNet(
    input_shape=None,
    alpha=1.0,
    depth_multiplier=1,
    dropout=0.001,
    include_top=True,
    weights=None,
    input_tensor=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name=None,
    *,
    resolution_multiplier=1.0,
    shallow=False,
    full_convolution=False,
    depth=1.0,
    include_preprocessing=False,
    padding=None,
    output_stride=32,
    dilation_start="behind",
    batch_norm_momentum=MOMENTUM,
    batch_norm_epsilon=None,
):
    """Builds MobileNet: table 1 of the paper at width `alpha`.

    Args:
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 32 pixels each way, None for an open size.
            Defaults to 224 x 224 x 3, times `resolution_multiplier`.
        alpha: Positive float. Width multiplier of section 3.3.
        depth_multiplier: Positive int. Depthwise filters per channel.
        dropout: Float in [0, 1). Dropout before the classifier.
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), `"imagenet"`, `"timm"` or `"timm/<tag>"`, or the
            path of a file of this package, of keras.applications (`.keras`,
            `.weights.h5` or legacy `.h5`), or of timm or torchvision
            (`.safetensors`; docs/WEIGHTS.md); a `.weights.h5` saved behind
            these does not keep their padding and epsilon. If it has other
            classes or input channels, the classifier is left fresh or the
            first convolution adapted, and a warning says so. Defaults to None.
        input_tensor: Keras tensor to build upon, in place of a new input.
        pooling: `"avg"`, `"max"` or None: how a model without top ends.
        classes: Positive int. Units of the classifier. Defaults to 1000.
        classifier_activation: Its activation; None for logits.
        name: Name of the model. Defaults to `mobilenet_{alpha}_{rows}`.
        resolution_multiplier: Positive float, rho of section 3.4, on the
            default input of 224: 192 / 224, 160 / 224 and 128 / 224 in
            table 7. Stays 1 where an input is given.
        shallow: Whether to leave out the five rows of 14 x 14 x 512, the
            shallow net of table 5. Defaults to False.
        full_convolution: Whether each row is one 3x3 convolution over all
            channels, the "Conv MobileNet" of table 4. Defaults to False.
        depth: Positive float. Factor on the blocks of every stage, rounded
            up. Defaults to 1.
        include_preprocessing: Whether the model takes pixels in [0, 255] and
            scales them itself, or takes `preprocess_input`'s [-1, 1].
            Defaults to False. Weights of timm and torchvision may need others
            than these: True gives them theirs, and False warns.
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
            0.9, with which a short training works (docs/TRAINING.md);
            keras.applications has 0.99.
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
    >>> model = MobileNet(alpha=0.25, resolution_multiplier=128 / 224)
    >>> model.input_shape, model.output_shape
    ((None, 128, 128, 3), (None, 1000))
    """
    check_name(name)
    check_alpha(alpha)
    check_depth(depth)
    check_fraction("dropout", dropout, "a share of features", "0 drops none.")
    check_padding(padding, batch_norm_epsilon)
    check_output_stride(output_stride, dilation_start)
    check_top(include_top, weights, pooling, classes, classifier_activation)
    images = image_input(
        input_shape,
        input_tensor,
        _scaled_size(resolution_multiplier, input_shape, input_tensor),
    )
    if full_convolution and depth_multiplier != 1:
        raise ValueError(
            "`depth_multiplier` counts depthwise filters, of which a model "
            "with full_convolution=True has none. Received: "
            f"depth_multiplier={depth_multiplier}. Leave it at 1."
        )
    rows = image_size(images)[0]
    unpublished = {
        "depth_multiplier": depth_multiplier != 1 and depth_multiplier,
        "shallow": shallow,
        "full_convolution": full_convolution,
    }
    source = check_weights(
        weights,
        include_top,
        images,
        PUBLISHED,
        evaluation=EVALUATION,
        normalizes=include_preprocessing,
        padding=padding,
        epsilon=batch_norm_epsilon,
        alpha=alpha,
        **{name: value for name, value in unpublished.items() if value},
        **unpublished_depth(depth),
    )
    x = preprocessed(images, source.evaluation)
    norm = normalization(batch_norm_momentum, source.epsilon)

    x = conv_norm_graph(
        x,
        "stem",
        _scaled(STEM, alpha),
        3,
        2,
        padding=source.padding or "same",
        **norm,
    )
    strides = OutputStride(output_stride, dilation_start)
    table = TABLE_5_SHALLOW if shallow else TABLE_1
    table = deepen(table, depth, "filters")
    for block, row in name_blocks(table, "filters"):
        filters = _scaled(row.filters, alpha)
        step = strides.step(row.s)
        if full_convolution:
            x = conv_norm_graph(
                x,
                block,
                filters,
                3,
                step.strides,
                padding=source.padding or "same",
                dilation_rate=step.dilation_rate,
                **norm,
            )
            continue
        x = DepthwiseSeparable(
            filters=filters,
            strides=step.strides,
            depth_multiplier=depth_multiplier,
            padding=published_padding(x, "even", source.padding),
            dilation_rate=step.dilation_rate,
            name=block,
            **norm,
        ).draw(x)
    if include_top:
        x = layers.GlobalAveragePooling2D(keepdims=True, name="pool")(x)
        x = layers.Dropout(dropout, name="dropout")(x)
        x = layers.Conv2D(classes, 1, name="logits")(x)
        x = layers.Flatten(name="flatten")(x)
        x = predictions(x, classifier_activation)
    else:
        x = pooled(x, pooling)
    name = name or f"mobilenet_{alpha:0.2f}_{rows}"
    return classifier(images, x, name, source)


def _scaled(filters, alpha):
    return max(1, int(filters * alpha))  # not rounded to 8 in this family


def _scaled_size(resolution_multiplier, input_shape, input_tensor):
    check_positive(
        "resolution_multiplier",
        resolution_multiplier,
        "the factor on the default input of 224 pixels",
        "Table 7 uses 1, 192 / 224, 160 / 224 and 128 / 224.",
    )
    given = input_shape is not None or input_tensor is not None
    if given and resolution_multiplier != 1:
        raise ValueError(
            "`resolution_multiplier` scales the default input and cannot "
            "scale one that is given. Received: "
            f"resolution_multiplier={resolution_multiplier} and an input. "
            "Pass one of the two."
        )
    return round(224 * resolution_multiplier)
