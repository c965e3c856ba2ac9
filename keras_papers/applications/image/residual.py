"""The builder of ResNet and ResNetV2: stages of blocks with shortcuts."""

from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import layers

from keras_papers.applications.image.classifier import (
    MOMENTUM,
    check_top,
    classifier,
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
from keras_papers.applications.image.padding import check_epsilon
from keras_papers.applications.image.scaling import (
    check_alpha,
    check_depth,
    round_filters,
    unpublished_depth,
)
from keras_papers.applications.image.stages import deeper
from keras_papers.applications.pretrained.evaluation import Evaluation
from keras_papers.applications.pretrained.published import UNPUBLISHED, Family
from keras_papers.applications.pretrained.weights import check_weights
from keras_papers.checks import (
    MINIMUM_SIZE,
    check_bool,
    check_choice,
    check_name,
    plain_numbers,
)
from keras_papers.layers._image_axes import channel_axis
from keras_papers.layers._shortcut_block import HE_NORMAL

EPSILON = 1.001e-5  # of the normalizations of the published weights
CIFAR_SIZE = 32


class Row(NamedTuple):
    """A bracket of table 1 of the ResNet paper, the blocks of one stage."""

    conv3x3: int  # channels of the 3 x 3 convolutions
    conv1x1: int  # of the last 1 x 1; 0 is a block of two 3 x 3
    layers: int  # number of blocks
    s: int  # stride of the first of them, in ResNetV2 of the last


class Network(NamedTuple):
    """What distinguishes the networks."""

    table: tuple
    block: Callable  # makes a block of a row
    evaluation: Evaluation
    published: Family = UNPUBLISHED
    preactivation: bool = False  # whether a block begins with normalization
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
    output_stride=32,
    dilation_start="behind",
    batch_norm_momentum=MOMENTUM,
    batch_norm_epsilon=None,
):
    """Builds a residual network.

    Args:
        network: A `Network`.
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), `"imagenet"` where keras.applications has such
            weights, `"timm"` or `"timm/<tag>"` where timm has (in ResNet with
            `version=1.5` and `use_bias=False`), or the path of a file of this
            package, of keras.applications (`.keras`, `.weights.h5` or legacy
            `.h5`), or of timm or torchvision (`.safetensors`;
            docs/WEIGHTS.md); a `.weights.h5` saved behind these does not keep
            their epsilon. If it has other classes or input channels, the
            classifier is left fresh or the first convolution adapted, and a
            warning says so. Defaults to None.
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
            plain network without shortcuts, which learns less the deeper it
            is (docs/BENCHMARKS.md has it for 20 and 56 layers). Defaults to
            `network.shortcut`.
        use_bias: Whether convolutions have biases, which the normalizations
            behind them make superfluous; the published weights have them.
            Defaults to `network.use_bias`.
        include_preprocessing: Whether the model takes pixels in [0, 255] and
            does itself what `preprocess_input` does, or takes its results.
            Defaults to False. Weights of timm and torchvision may need others
            than these: True gives them theirs, and False warns.
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
            to a variance. Defaults to None: what `weights` need, and that of
            keras.applications without weights.

    Returns:
        A functional model: images to class scores, or to features.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if `weights` are not published for this network, cannot
            be fetched or read, or are of another architecture.

    Example:
    >>> from keras_papers.applications.resnet import RESNET18
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
    check_epsilon(batch_norm_epsilon)
    check_output_stride(output_stride, dilation_start)
    check_top(include_top, weights, pooling, classes, classifier_activation)
    images = image_input(
        input_shape, input_tensor, network.size, network.minimum
    )
    source = check_weights(
        weights,
        include_top,
        images,
        network.published,
        evaluation=network.evaluation,
        normalizes=include_preprocessing,
        epsilon=batch_norm_epsilon,
        alpha=alpha,
        **_unpublished(
            version=(version, 1),
            shortcut=(shortcut, "B"),
            use_bias=(use_bias, True),
        ),
        **unpublished_depth(depth),
    )
    x = preprocessed(images, source.evaluation)
    norm = normalization(batch_norm_momentum, source.epsilon or EPSILON)
    options = {
        "version": version,
        "shortcut": shortcut,
        "use_bias": use_bias,
        **norm,
    }

    x = _stem(x, network, alpha, use_bias, norm)
    strides = OutputStride(output_stride, dilation_start, stride=4)
    for stage, row in enumerate(network.table, start=1):
        number = deeper(row.layers * network.multiple, depth)
        strided = number if network.preactivation else 1
        for block in range(1, number + 1):
            x = network.block(
                row,
                alpha,
                step=strides.step(row.s if block == strided else 1),
                name=f"stage{stage}_block{block}",
                **options,
            ).draw(x)
    if network.preactivation:
        x = _normalized(x, "head", norm)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(classes, name="logits")(x)
        x = predictions(x, classifier_activation)
    else:
        x = pooled(x, pooling)
    return classifier(images, x, name, source)


def _stem(x, network, alpha, use_bias, norm):
    """Draws the first convolution, and the pooling behind it."""
    of_cifar = network.of_cifar
    if not of_cifar:
        x = layers.ZeroPadding2D(3, name="stem_pad")(x)
    x = layers.Conv2D(
        round_filters(network.table[0].conv3x3 * alpha),
        3 if of_cifar else 7,
        1 if of_cifar else 2,
        "same" if of_cifar else "valid",
        use_bias=use_bias,
        kernel_initializer=HE_NORMAL,
        name="stem",
    )(x)
    if not network.preactivation:
        x = _normalized(x, "stem", norm)
    if of_cifar:
        return x
    x = layers.ZeroPadding2D(1, name="stage1_pool_pad")(x)
    return layers.MaxPooling2D(3, 2, name="stage1_pool")(x)


def _normalized(x, name, norm):
    """Draws a batch normalization and a ReLU."""
    x = layers.BatchNormalization(
        axis=channel_axis(keras.config.image_data_format()),
        name=f"{name}_norm",
        **norm,
    )(x)
    return layers.Activation("relu", name=f"{name}_activation")(x)


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
