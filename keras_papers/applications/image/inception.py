"""The builder of the Inception networks: what their five papers share."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from keras import layers

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
from keras_papers.applications.image.scaling import (
    check_alpha,
    check_depth,
    round_filters,
    unpublished_depth,
)
from keras_papers.applications.image.stages import deeper
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.applications.pretrained.published import UNPUBLISHED, Family
from keras_papers.applications.pretrained.weights import check_weights
from keras_papers.checks import (
    check_bool,
    check_fraction,
    check_name,
    plain_numbers,
)
from keras_papers.layers import Inception, InceptionResidual
from keras_papers.layers._image_axes import image_size


class Network(NamedTuple):
    """What distinguishes the networks.

    A row of the table has the fields `stage`, `n` and `s`: the stage of its
    modules, their number, and the strides of each. Modules with a field
    `scale` that is not None are residual.
    """

    table: tuple
    stem: Callable  # draws the graph up to the first row
    branches: Callable  # of the modules of a row
    auxiliary: tuple = ()  # rows, by index, behind which a classifier is
    auxiliary_head: Callable | None = None  # draws the features of one
    auxiliary_size: int | None = None  # of the smallest images for one
    size: int = 299  # of the default images
    minimum: int = 75  # height and width of the smallest images
    published: Family = UNPUBLISHED
    head: int | None = None  # filters of a convolution behind the rows
    pools: Mapping = {}  # size of a pooling in front of a stage
    variant: Mapping = {}  # arguments of `check_weights` that distinguish it

    @property
    def record(self):
        """Further arguments of its record in the registry."""
        names = ("size", "published", "minimum")
        return {name: getattr(self, name) for name in names}


class Drawing(NamedTuple):
    """Draws modules into the graph of a network."""

    alpha: float
    norm: dict  # further arguments of each module
    average_zeros: bool = False  # whether averages count those around the map
    pool_padding: str = "same"  # of the maximum poolings that halve a map

    def module(self, x, name, branches, scale=None, **arguments):
        """Draws a module; its channels are multiplied by `alpha`."""
        block = Inception
        if scale is not None:
            block, arguments["residual_scale"] = InceptionResidual, scale
        branches = _scaled(branches, self.alpha)
        if self.average_zeros:
            branches = [[_with_zeros(step) for step in one] for one in branches]
        return block(branches, name=name, **arguments, **self.norm).draw(x)

    def stem(self, x, filters, kernel_size, padding):
        """Draws the first convolution, of strides 2, which `weights` adapts."""
        filters = self.filters(filters)
        return conv_norm_graph(
            x, "stem", filters, kernel_size, 2, "relu", padding, **self.norm
        )

    def filters(self, number):
        """Returns a number of filters times `alpha`."""
        return _scaled_step((number,), self.alpha)[0]

    def chain(self, x, name, *steps):
        """Draws a module of one branch."""
        return self.module(x, name, [steps])


def _scaled(branches, alpha):
    """Multiplies the filters of branches, which 1 leaves as they are."""
    if alpha == 1:
        return branches
    return [[_scaled_step(step, alpha) for step in one] for one in branches]


def _scaled_step(step, alpha):
    first, *rest = step
    if isinstance(first, list | tuple):
        return _scaled(step, alpha)
    if isinstance(first, str):
        return step
    return (round_filters(first * alpha), *rest)


def _with_zeros(step):
    """Returns a step, with the padding of an average that counts zeros."""
    return (*step, 1, "symmetric") if step[0] == "average" else step


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
    auxiliary=False,
    include_preprocessing=False,
    batch_norm_momentum=MOMENTUM,
    batch_norm_scale=True,
    average_zeros=None,
    normalize=True,
):
    """Builds an Inception network.

    Args:
        network: A `Network`.
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), `"imagenet"` where keras.applications has such
            weights, `"timm"` or `"timm/<tag>"` (with gammas), or the path of a
            file of this package, of keras.applications (`.keras`, `.weights.h5`
            or legacy `.h5`), or of timm or torchvision (`.safetensors`;
            docs/WEIGHTS.md); a `.weights.h5` saved behind these does not keep
            what they need. If it has other classes or input channels, the
            classifier is left fresh or the first convolution adapted, and a
            warning says so. Defaults to None.
        input_tensor: Keras tensor to build upon, in place of a new input.
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least `network.minimum` pixels each way, None for an
            open size. Defaults to `network.size` pixels each way and 3
            channels.
        pooling: `"avg"`, `"max"` or None: how a model without top ends.
        classes: Positive int. Units of the classifier. Defaults to 1000.
        classifier_activation: Its activation; None for logits.
        name: Name of the model.
        alpha: Positive float. Factor on the channels of every convolution,
            rounded to a multiple of 8. Defaults to 1.
        depth: Positive float. Factor on the modules of each row of the table,
            rounded up; those that halve the map are not repeated. Defaults
            to 1.
        dropout: Float in [0, 1). Dropout before the classifier.
        auxiliary: Whether the model has the paper's auxiliary classifiers,
            which need images of at least `network.auxiliary_size` pixels. It
            then returns a dict: `"predictions"`, `"auxiliary1"` and so on.
            `LOSS_WEIGHTS` of the module are the weights of their losses.
            Defaults to False.
        include_preprocessing: Whether the model takes pixels in [0, 255] and
            scales them itself, or takes `preprocess_input`'s [-1, 1].
            Defaults to False. Weights of timm and torchvision may need others
            than these: True gives them theirs, and False warns.
        batch_norm_momentum: Momentum of the moving statistics. Defaults to
            0.9, with which a short training works (docs/TRAINING.md).
        batch_norm_scale: Whether the batch normalizations have a factor,
            gamma, as in timm and torchvision. keras.applications has none.
        average_zeros: Whether the average poolings of 3 x 3 count the zeros
            around the map, as in the Inception-v3 of PyTorch. Defaults to
            None: what `weights` need, and False without weights.
        normalize: Whether there are batch normalizations.

    Returns:
        A functional model: images to class scores, or to features.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if `weights` are not published for this network, cannot
            be fetched or read, or are of another architecture.

    Example:
    >>> from keras_papers.applications.inception_v3 import NETWORK
    >>> model = build(NETWORK, input_shape=(96, 96, 3), alpha=0.25, depth=0.1)
    >>> model.output_shape
    (None, 1000)
    """
    check_name(name)
    check_alpha(alpha)
    check_depth(depth)
    check_fraction("dropout", dropout, "a share of features", "0 drops none.")
    check_top(include_top, weights, pooling, classes, classifier_activation)
    check_bool("batch_norm_scale", batch_norm_scale, "whether there are gammas")
    if average_zeros is not None:
        check_bool(
            "average_zeros", average_zeros, "whether averages count zeros"
        )
    images = image_input(
        input_shape, input_tensor, network.size, network.minimum
    )
    _check_auxiliary(auxiliary, include_top, images, network.auxiliary_size)
    source = check_weights(
        weights,
        include_top,
        images,
        network.published,
        evaluation=TF_SLIM,
        normalizes=include_preprocessing,
        counts_zeros=average_zeros,
        alpha=alpha,
        **unpublished_depth(depth),
        **({"auxiliary": True} if auxiliary else {}),
        **_scale(network, batch_norm_scale),
        **network.variant,
    )
    x = preprocessed(images, source.evaluation)
    norm = {"norm_scale": batch_norm_scale, "normalize": normalize}
    norm |= normalization(batch_norm_momentum, source.epsilon)
    drawing = Drawing(alpha, norm, source.counts_zeros, _pool_padding(source))

    x = network.stem(x, drawing)
    blocks, ends = 0, []
    stage = network.table[0].stage
    for row in network.table:
        if row.stage != stage:
            stage, blocks = row.stage, 0
            if stage in network.pools:
                size = network.pools[stage]
                padding = drawing.pool_padding
                x = max_pool(x, f"stage{stage}_pool", padding, size)
        for _ in range(deeper(row.n, depth) if row.s == 1 else 1):
            blocks += 1
            x = drawing.module(
                x,
                f"stage{stage}_block{blocks}",
                network.branches(row),
                **_residual(row),
            )
        ends.append(x)
    if network.head:
        x = drawing.chain(x, "head", (network.head, 1))
    if not include_top:
        return classifier(images, pooled(x, pooling), name, source)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, name="logits")(x)
    scores = predictions(x, classifier_activation)
    if auxiliary:
        scores = {"predictions": scores}
        for number, index in enumerate(network.auxiliary, start=1):
            head = f"auxiliary{number}"
            x = network.auxiliary_head(ends[index], head, drawing)
            x = layers.Dense(classes, name=f"{head}_logits")(x)
            scores[head] = predictions(x, classifier_activation, head)
    return classifier(images, scores, name, source)


def _scale(network, batch_norm_scale):
    """Returns the difference to the published networks, as a dict.

    Those of keras.applications have no gammas, those of PyTorch have.
    """
    published = not network.published.with_top
    if batch_norm_scale == published:
        return {}
    return {"batch_norm_scale": batch_norm_scale}


def _residual(row):
    """Returns the arguments that make a module of `row` residual."""
    if getattr(row, "scale", None) is None:
        return {}
    return {"scale": row.scale, "output_activation": row.activation}


def _check_auxiliary(auxiliary, include_top, images, smallest):
    check_bool(
        "auxiliary", auxiliary, "whether there are auxiliary classifiers"
    )
    if auxiliary and not include_top:
        raise ValueError(
            "`auxiliary` adds classifiers, which a model without top has not. "
            f"Received: auxiliary=True and include_top={include_top}. Leave "
            "one of them out."
        )
    size = image_size(images)
    if auxiliary and any(side is None or side < smallest for side in size):
        raise ValueError(
            "`auxiliary` adds classifiers, whose weights are of the size of "
            f"the images and which need at least {smallest} x {smallest} "
            f"pixels. Received: auxiliary=True and images of {size}. Pass "
            "a larger `input_shape`, or leave `auxiliary` out."
        )


def _pool_padding(source):
    """Returns how poolings pad: those of PyTorch begin with the map."""
    return "same" if source.peer is None else "behind"


def max_pool(x, name, padding="same", size=3):
    """Draws the maximum pooling that halves a map.

    Args:
        x: Keras tensor of the map, without negative values.
        name: Name of the layer.
        padding: `"same"`, `"valid"` or `"behind"`: only the last window may
            end outside the map. On even maps that is `"same"`.
        size: Height and width of a window. Defaults to 3.
    """
    if padding == "behind":
        padding = "same"
        if any(side is None or side % 2 for side in image_size(x)):
            zeros = layers.ZeroPadding2D(((0, 1), (0, 1)), name=f"{name}_pad")
            x, padding = zeros(x), "valid"
    return layers.MaxPooling2D(size, 2, padding, name=name)(x)


def stem_of_v3(x, drawing):
    """Draws the convolutions of Inception-v3 in front of its modules.

    Table 1 of its paper, as the authors coded it; Inception-ResNet-v2 has
    the same.
    """
    x = drawing.stem(x, 32, 3, "valid")
    x = drawing.chain(x, "stage1_block1", (32, 3, 1, "valid"), (64, 3))
    x = max_pool(x, "stage2_pool", "valid")
    x = drawing.chain(x, "stage2_block1", (80, 1), (192, 3, 1, "valid"))
    return max_pool(x, "stage3_pool", "valid")


def whole_map_head(x, name, drawing):
    """Draws an auxiliary classifier of Inception v3, v4 or ResNet-v2.

    As in the authors' code (tf-slim), whose last convolution has the size of
    the map: 5 x 5 with images of 299 pixels.
    """
    x = layers.AveragePooling2D(5, 3, name=f"{name}_pool")(x)
    size = tuple(min(5, side) for side in image_size(x))
    x = drawing.chain(x, name, (128, 1), (768, size, 1, "valid"))
    return layers.GlobalAveragePooling2D(name=f"{name}_features")(x)
