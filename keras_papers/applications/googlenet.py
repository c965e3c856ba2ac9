"""GoogLeNet (Szegedy et al., 2014, https://arxiv.org/abs/1409.4842)."""

import functools
from typing import NamedTuple

from keras import layers
from keras.applications import inception_v3

from keras_papers.applications import registry
from keras_papers.applications.image.classifier import MOMENTUM
from keras_papers.applications.image.inception import (
    Network,
    build,
    max_pool,
)
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.applications.pretrained.published import of_torch
from keras_papers.checks import MINIMUM_SIZE, check_bool, plain_numbers
from keras_papers.layers import LocalResponseNormalization

preprocess_input = inception_v3.preprocess_input
decode_predictions = inception_v3.decode_predictions
PAPER = registry.Paper(
    "GoogLeNet",
    "Going Deeper with Convolutions",
    "Szegedy et al.",
    2014,
    "https://arxiv.org/abs/1409.4842",
)


class Row(NamedTuple):
    """A line of table 1: the filters of an inception module."""

    type: str
    conv1: int  # "#1x1"
    reduce3: int  # "#3x3 reduce"
    conv3: int  # "#3x3"
    reduce5: int  # "#5x5 reduce"
    conv5: int  # "#5x5"
    pool_proj: int

    n, s = 1, 1  # each line is one module, and keeps the size of the map

    @property
    def stage(self):
        """Number of the stage: those of one map; 3a is in the second."""
        return int(self.type[0]) - 1


# fmt: off
TABLE_1 = (
    #   type  1x1 reduce 3x3 reduce 5x5 pool proj
    Row("3a",  64,  96, 128, 16,  32,  32),
    Row("3b", 128, 128, 192, 32,  96,  64),
    Row("4a", 192,  96, 208, 16,  48,  64),
    Row("4b", 160, 112, 224, 24,  64,  64),
    Row("4c", 128, 128, 256, 24,  64,  64),
    Row("4d", 112, 144, 288, 32,  64,  64),
    Row("4e", 256, 160, 320, 32, 128, 128),
    Row("5a", 256, 160, 320, 32, 128, 128),
    Row("5b", 384, 192, 384, 48, 128, 128),
)
# fmt: on
# Section 5: losses "weighted by 0.3".
LOSS_WEIGHTS = {"predictions": 1.0, "auxiliary1": 0.3, "auxiliary2": 0.3}
EVALUATION = TF_SLIM
PUBLISHED = of_torch("GoogLeNet")


def _branches(kernel, row):
    """Lists figure 2 (b) with the filters of a row."""
    return [
        [(row.conv1, 1)],
        [(row.reduce3, 1), (row.conv3, 3)],
        [(row.reduce5, 1), (row.conv5, kernel)],
        [("max", 3), (row.pool_proj, 1)],
    ]


def _stem(normalizes_responses, x, drawing):
    """Draws the first lines of table 1, with the normalizations of figure 3."""
    x = drawing.stem(x, 64, 7, "symmetric")
    x = max_pool(x, "stage1_pool", drawing.pool_padding)
    if normalizes_responses:
        x = LocalResponseNormalization(name="stage1_lrn")(x)
    x = drawing.chain(x, "stage1_block1", (64, 1), (192, 3))
    if normalizes_responses:
        x = LocalResponseNormalization(name="stage2_lrn")(x)
    return max_pool(x, "stage2_pool", drawing.pool_padding)


def _auxiliary_head(x, name, drawing):
    """Draws a classifier of section 5 up to its dropout of 70 %."""
    x = layers.AveragePooling2D(5, 3, name=f"{name}_pool")(x)
    x = drawing.chain(x, name, (128, 1))
    x = layers.Flatten(name=f"{name}_flatten")(x)
    units = drawing.filters(1024)
    x = layers.Dense(units, "relu", name=f"{name}_hidden")(x)
    return layers.Dropout(0.7, name=f"{name}_dropout")(x)


def _variant(kernels_5x5, batch_normalization):
    """Returns the arguments that differ from those of the paper."""
    variant = {"batch_normalization": True} if batch_normalization else {}
    return variant if kernels_5x5 else variant | {"kernels_5x5": False}


def _network(kernels_5x5, batch_normalization):
    return Network(
        TABLE_1,
        functools.partial(_stem, not batch_normalization),
        functools.partial(_branches, 5 if kernels_5x5 else 3),
        auxiliary=(2, 5),  # behind 4a and 4d
        auxiliary_head=_auxiliary_head,
        auxiliary_size=65,
        size=224,
        minimum=MINIMUM_SIZE,
        pools={3: 3, 4: 3 if kernels_5x5 else 2},
        published=PUBLISHED,
        variant=_variant(kernels_5x5, batch_normalization),
    )


@registry.network(PAPER, TABLE_1, published=PUBLISHED)
@plain_numbers
def GoogLeNet(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="googlenet",
    *,
    alpha=1.0,
    depth=1.0,
    dropout=0.4,
    auxiliary=False,
    batch_normalization=False,
    kernels_5x5=True,
    include_preprocessing=False,
    batch_norm_momentum=MOMENTUM,
):
    """Builds GoogLeNet: table 1 of the paper.

    Args:
        include_top: Whether to end with the classifier. Defaults to True.
        weights: None (random), or the path of a file of this package or of
            torchvision (`.safetensors`; docs/WEIGHTS.md), whose poolings begin
            with the map and whose auxiliary classifiers are left out. If it
            has other classes or input channels, the classifier is left fresh
            or the first convolution adapted, and a warning says so. Defaults
            to None.
        input_tensor: Keras tensor to build upon, in place of a new input.
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 32 pixels each way, None for an open size.
            Defaults to 224 x 224 x 3.
        pooling: `"avg"`, `"max"` or None: how a model without top ends.
        classes: Positive int. Units of the classifier. Defaults to 1000.
        classifier_activation: Its activation; None for logits.
        name: Name of the model. Defaults to `"googlenet"`.
        alpha: Positive float. Factor on the channels of every convolution,
            rounded to a multiple of 8. Defaults to 1.
        depth: Positive float. Factor on each of the nine modules, rounded up.
            Defaults to 1.
        dropout: Float in [0, 1). Dropout before the classifier. Defaults to
            the paper's 0.4.
        auxiliary: Whether the model has the two auxiliary classifiers of
            section 5, which need images of at least 65 pixels. It then
            returns a dict: `"predictions"`, `"auxiliary1"` and
            `"auxiliary2"`. `LOSS_WEIGHTS` of the module are the weights of
            their losses. Defaults to False.
        batch_normalization: Whether batch normalizations replace the biases
            and the local response normalizations, as in torchvision and
            tf-slim. Defaults to False.
        kernels_5x5: Whether the third branch of a module has the paper's
            kernels of 5 x 5. False gives those of 3 x 3 of torchvision and
            tf-slim, whose last pooling has 2 x 2 pixels. Defaults to True.
        include_preprocessing: Whether the model takes pixels in [0, 255] and
            scales them itself, or takes `preprocess_input`'s [-1, 1].
            Defaults to False. Weights of timm and torchvision may need others
            than these: True gives them theirs, and False warns.
        batch_norm_momentum: Momentum of the moving statistics. Defaults to
            0.9, with which a short training works (docs/TRAINING.md).

    Returns:
        A functional model: images to class scores, or to features.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if `weights` cannot be read or are of another
            architecture.

    Example:
    >>> model = GoogLeNet(input_shape=(65, 65, 3), alpha=0.25, auxiliary=True)
    >>> sorted(model.output)
    ['auxiliary1', 'auxiliary2', 'predictions']
    """
    check_bool(
        "batch_normalization",
        batch_normalization,
        "whether each convolution is followed by a batch normalization",
    )
    check_bool("kernels_5x5", kernels_5x5, "whether there are kernels of 5 x 5")
    return build(
        _network(kernels_5x5, batch_normalization),
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name,
        alpha=alpha,
        depth=depth,
        dropout=dropout,
        auxiliary=auxiliary,
        include_preprocessing=include_preprocessing,
        batch_norm_momentum=batch_norm_momentum,
        normalize=batch_normalization,
    )
