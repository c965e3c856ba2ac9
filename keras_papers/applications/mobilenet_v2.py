"""MobileNetV2 (Sandler et al., 2018, https://arxiv.org/abs/1801.04381)."""

from typing import NamedTuple

from keras import layers
from keras.applications import mobilenet_v2

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
from keras_papers.applications.image.stages import deeper
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.applications.pretrained.published import Family, Published
from keras_papers.applications.pretrained.torch_networks import PEERS
from keras_papers.applications.pretrained.weights import check_weights
from keras_papers.checks import check_name, plain_numbers
from keras_papers.layers import InvertedResidual
from keras_papers.layers._image_axes import image_size

preprocess_input = mobilenet_v2.preprocess_input
decode_predictions = mobilenet_v2.decode_predictions
PAPER = registry.Paper(
    "MobileNetV2",
    "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
    "Sandler et al.",
    2018,
    "https://arxiv.org/abs/1801.04381",
)


class Row(NamedTuple):
    """Table 2's columns: expansion, channels, repeats, first stride."""

    t: int
    c: int
    n: int
    s: int


# fmt: off
TABLE_2 = (
    #   t    c  n  s
    Row(1,  16, 1, 1),
    Row(6,  24, 2, 2),
    Row(6,  32, 3, 2),
    Row(6,  64, 4, 2),
    Row(6,  96, 3, 1),
    Row(6, 160, 3, 2),
    Row(6, 320, 1, 1),
)
# fmt: on
STEM, HEAD = 32, 1280  # the convolutions before and after these rows
# "RF2" in table 7 of MobileNetV3's paper has half the channels in stages.
# Detectors of the Object Detection API scale the last convolution, too.
REDUCED_TAILS = ("segmentation", "detection")
REDUCED_STAGES = (6, 7)
SIZES = (96, 128, 160, 192, 224)  # of the published networks


def _published(ending):
    file = "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels"
    return {
        (alpha, size): Published(f"{file}_{alpha}_{size}{ending}")
        for alpha in (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
        for size in SIZES
    }


PUBLISHED = Family(
    "alpha=0.35, 0.5, 0.75, 1.0, 1.3 or 1.4, at 96, 128, 160, 192 or 224 "
    "pixels",
    _published(""),
    _published("_no_top"),
    SIZES,
    PEERS["MobileNetV2"],
)
EVALUATION = TF_SLIM  # where the published weights were trained


@registry.network(PAPER, TABLE_2, published=PUBLISHED)
@plain_numbers
def MobileNetV2(
    input_shape=None,
    alpha=1.0,
    include_top=True,
    weights=None,
    input_tensor=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name=None,
    *,
    depth=1.0,
    include_preprocessing=False,
    padding=None,
    output_stride=32,
    dilation_start="behind",
    reduced_tail=None,
    batch_norm_momentum=MOMENTUM,
    batch_norm_epsilon=None,
):
    """Builds MobileNetV2: table 2 of the paper at width `alpha`.

    Args:
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 32 pixels each way, None for an open size.
            Defaults to 224 x 224 x 3.
        alpha: Positive float. Width multiplier of section 4. Below 1 it
            leaves the last convolution at 1280 channels.
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
        name: Name of the model. Defaults to `mobilenetv2_{alpha}_{rows}`.
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
        reduced_tail: `"segmentation"` for half the channels in the stages 6
            and 7, "RF2" of MobileNetV3's paper; `"detection"` for a last
            convolution that has fewer channels than 1280 where `alpha` is
            below 1. Defaults to None.
        batch_norm_momentum: Momentum of the moving statistics. Defaults to
            0.9, with which a short training works (docs/TRAINING.md);
            keras.applications has 0.999.
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
    >>> model = MobileNetV2((96, 96, 3), alpha=0.35, classes=10)
    >>> model.output_shape
    (None, 10)
    """
    check_name(name)
    check_alpha(alpha)
    check_depth(depth)
    check_padding(padding, batch_norm_epsilon)
    check_output_stride(output_stride, dilation_start)
    check_reduced_tail(reduced_tail, REDUCED_TAILS)
    check_top(include_top, weights, pooling, classes, classifier_activation)
    images = image_input(input_shape, input_tensor)
    rows = image_size(images)[0]
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
        **unpublished_tail(reduced_tail),
        **unpublished_depth(depth),
    )
    x = preprocessed(images, source.evaluation)
    norm = normalization(batch_norm_momentum, source.epsilon)

    x = conv_norm_graph(
        x,
        "stem",
        round_filters(STEM * alpha),
        3,
        2,
        padding=source.padding or "same",
        **norm,
    )
    strides = OutputStride(output_stride, dilation_start)
    for stage, row in enumerate(TABLE_2, start=1):
        channels = row.c
        if reduced_tail == "segmentation" and stage in REDUCED_STAGES:
            channels //= 2
        for repeat in range(deeper(row.n, depth)):
            step = strides.step(row.s if repeat == 0 else 1)
            x = InvertedResidual(
                filters=round_filters(int(channels * alpha)),
                expansion=row.t,
                strides=step.strides,
                shortcut=not step.replaced,
                padding=published_padding(x, "same", source.padding),
                dilation_rate=step.dilation_rate,
                name=f"stage{stage}_block{repeat + 1}",
                **norm,
            ).draw(x)
    head = HEAD * (alpha if reduced_tail == "detection" else max(1, alpha))
    x = conv_norm_graph(x, "head", round_filters(head), 1, 1, **norm)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(classes, name="logits")(x)
        x = predictions(x, classifier_activation)
    else:
        x = pooled(x, pooling)
    name = name or f"mobilenetv2_{alpha:0.2f}_{rows}"
    return classifier(images, x, name, source)
