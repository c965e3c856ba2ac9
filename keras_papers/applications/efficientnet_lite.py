"""EfficientNet-Lite (Liu, 2020, https://github.com/tensorflow/tpu).

EfficientNet without what is slow or inexact in integers: no
squeeze-and-excite, ReLU6 in place of swish, and no scaling of stem, head, and
the depth of the first and the last row. See models/official/efficientnet/lite
there.
"""

from keras_papers.applications.efficientnet import (
    ARGUMENTS,
    TABLE_1,
    Network,
    Scaling,
    build,
)
from keras_papers.applications.image.classifier import MOMENTUM
from keras_papers.applications.mnasnet import ROWS
from keras_papers.applications.pretrained.evaluation import efficient_net_lite
from keras_papers.applications.pretrained.weights import Family

WITHOUT_SE = tuple(row._replace(se=0) for row in TABLE_1)
# fmt: off
SCALINGS = {
    #            width depth size  dropout
    "0": Scaling(1.0, 1.0, 224, 0.2),
    "1": Scaling(1.0, 1.1, 240, 0.2),
    "2": Scaling(1.1, 1.2, 260, 0.3),
    "3": Scaling(1.2, 1.4, 280, 0.3),
    "4": Scaling(1.4, 1.8, 300, 0.3),
}
# fmt: on
WEIGHTS = """None (random), or the path of a file of ours: `.keras` or
            `.weights.h5`; none are published for Keras."""
UNPUBLISHED = Family("none for Keras", {}, {})
NETWORKS = {
    variant: Network(
        WITHOUT_SE,
        scaling,
        efficient_net_lite,
        UNPUBLISHED,
        activation="relu6",
        fixed_ends=True,
    )
    for variant, scaling in SCALINGS.items()
}


def EfficientNetLite0(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="efficientnetlite0",
    *,
    alpha=1.0,
    depth=1.0,
    dropout=0.2,
    stochastic_depth=0.2,
    include_preprocessing=True,
    batch_norm_momentum=MOMENTUM,
    rows=None,
):
    """Builds EfficientNet-Lite0, as wide and as deep as B0, or `rows`.

    {arguments}

    Example:
    >>> model = EfficientNetLite0(input_shape=(96, 96, 3), classes=10)
    >>> model.output_shape
    (None, 10)
    """
    return build(
        NETWORKS["0"],
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name,
        alpha,
        depth,
        dropout,
        stochastic_depth,
        include_preprocessing,
        batch_norm_momentum,
        rows,
    )


def EfficientNetLite1(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="efficientnetlite1",
    *,
    alpha=1.0,
    depth=1.0,
    dropout=0.2,
    stochastic_depth=0.2,
    include_preprocessing=True,
    batch_norm_momentum=MOMENTUM,
):
    """Builds EfficientNet-Lite1: 1.0 times as wide as Lite0, 1.1 times as deep.

    {arguments}

    Example:
    >>> model = EfficientNetLite1(classes=10, alpha=0.25)
    >>> model.output_shape
    (None, 10)
    """
    return build(
        NETWORKS["1"],
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name,
        alpha,
        depth,
        dropout,
        stochastic_depth,
        include_preprocessing,
        batch_norm_momentum,
    )


def EfficientNetLite2(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="efficientnetlite2",
    *,
    alpha=1.0,
    depth=1.0,
    dropout=0.3,
    stochastic_depth=0.2,
    include_preprocessing=True,
    batch_norm_momentum=MOMENTUM,
):
    """Builds EfficientNet-Lite2: 1.1 times as wide as Lite0, 1.2 times as deep.

    {arguments}

    Example:
    >>> model = EfficientNetLite2(classes=10, alpha=0.25)
    >>> model.output_shape
    (None, 10)
    """
    return build(
        NETWORKS["2"],
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name,
        alpha,
        depth,
        dropout,
        stochastic_depth,
        include_preprocessing,
        batch_norm_momentum,
    )


def EfficientNetLite3(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="efficientnetlite3",
    *,
    alpha=1.0,
    depth=1.0,
    dropout=0.3,
    stochastic_depth=0.2,
    include_preprocessing=True,
    batch_norm_momentum=MOMENTUM,
):
    """Builds EfficientNet-Lite3: 1.2 times as wide as Lite0, 1.4 times as deep.

    {arguments}

    Example:
    >>> model = EfficientNetLite3(classes=10, alpha=0.25)
    >>> model.output_shape
    (None, 10)
    """
    return build(
        NETWORKS["3"],
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name,
        alpha,
        depth,
        dropout,
        stochastic_depth,
        include_preprocessing,
        batch_norm_momentum,
    )


def EfficientNetLite4(
    include_top=True,
    weights=None,
    input_tensor=None,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
    name="efficientnetlite4",
    *,
    alpha=1.0,
    depth=1.0,
    dropout=0.3,
    stochastic_depth=0.2,
    include_preprocessing=True,
    batch_norm_momentum=MOMENTUM,
):
    """Builds EfficientNet-Lite4: 1.4 times as wide as Lite0, 1.8 times as deep.

    {arguments}

    Example:
    >>> model = EfficientNetLite4(classes=10, alpha=0.25)
    >>> model.output_shape
    (None, 10)
    """
    return build(
        NETWORKS["4"],
        include_top,
        weights,
        input_tensor,
        input_shape,
        pooling,
        classes,
        classifier_activation,
        name,
        alpha,
        depth,
        dropout,
        stochastic_depth,
        include_preprocessing,
        batch_norm_momentum,
    )


for _variant, _constructor in (
    ("0", EfficientNetLite0),
    ("1", EfficientNetLite1),
    ("2", EfficientNetLite2),
    ("3", EfficientNetLite3),
    ("4", EfficientNetLite4),
):
    _constructor.__doc__ = _constructor.__doc__.replace(
        "{arguments}",
        ARGUMENTS.format(
            weights=WEIGHTS,
            size=SCALINGS[_variant].size,
            normalized="as (pixel - 127) / 128",
            rows=ROWS if _variant == "0" else "",
        ),
    )
