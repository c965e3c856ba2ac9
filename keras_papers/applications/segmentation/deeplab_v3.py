"""DeepLabv3 (Chen et al., 2017, https://arxiv.org/abs/1706.05587)."""

import functools
from typing import NamedTuple

import keras
from keras import layers

from keras_papers.applications import registry
from keras_papers.applications.described import described
from keras_papers.applications.image.classifier import (
    MOMENTUM,
    conv_norm_graph,
    normalization,
)
from keras_papers.applications.segmentation.pyramid import pyramid
from keras_papers.applications.segmentation.segmenter import (
    ARGUMENTS,
    CLASSES,
    EPSILON,
    check_head,
    constructor,
    finish,
    pixel_logits,
    start,
    stride_of,
)
from keras_papers.checks import check_bool, check_positive_int, plain_numbers
from keras_papers.layers._image_axes import channel_axis

PAPER = registry.Paper(
    "DeepLabv3",
    "Rethinking Atrous Convolution for Semantic Image Segmentation",
    "Chen et al.",
    2017,
    "https://arxiv.org/abs/1706.05587",
)


class Row(NamedTuple):
    """A branch of figure 5 (a), at an output stride of 16."""

    kernel: int
    rate: int
    filters: int


FIGURE_5 = (Row(1, 1, 256), Row(3, 6, 256), Row(3, 12, 256), Row(3, 18, 256))
RATES_STRIDE = 16  # of the map that has these rates; another scales them
# Of the losses of a network with an auxiliary head, as torchvision trains it.
LOSS_WEIGHTS = {"predictions": 1.0, "auxiliary": 0.5}
AUXILIARY_SHARE = 4  # of the channels of its map, one is left
AUXILIARY_DROPOUT = 0.1


class Form(NamedTuple):
    """Where two published codes of the head differ."""

    rates: tuple  # None are those of figure 5
    dropout: float
    decoder: bool  # whether a convolution of 3 x 3 is before the logits


FORMS = {
    "paper": Form(None, 0.1, False),
    "torchvision": Form((12, 24, 36), 0.5, True),  # at each output stride
}
V3_SMALL = "MobileNetV3Small"


@plain_numbers
@described(ARGUMENTS)
def DeepLabV3(
    backbone,
    input_shape=None,
    alpha=1.0,
    classes=CLASSES,
    weights=None,
    weights_backbone=None,
    input_tensor=None,
    name=None,
    *,
    form="paper",
    filters=256,
    rates=None,
    auxiliary=False,
    output_stride=None,
    reduced_tail=None,
    logits_stride=1,
    padding=None,
    batch_norm_momentum=MOMENTUM,
    backbone_arguments=None,
):
    """Builds DeepLabv3 on a backbone: section 3.3 of the paper.

    Convolutions of several dilations see the last map at several scales, and
    its average the whole image.

    Args:
        name: Name of the model. Defaults to `deeplabv3_{backbone}`.
        form: `"paper"` (default): figure 5, with the dropout of the authors'
            code; `"torchvision"`: rates of 12, 24 and 36, a dropout of 0.5,
            and a convolution of 3 x 3 before the logits.
        filters: Positive int. Channels of each branch. Defaults to 256.
        rates: Tuple of positive ints: the dilations of the branches of 3 x 3.
            Defaults to None, those of `form`: the paper's are 6, 12 and 18 at
            an output stride of 16, and twice as large at 8.
        auxiliary: Whether the model has the auxiliary head of torchvision on a
            map inside the backbone. It then returns a dict, `"predictions"`
            and `"auxiliary"`; `LOSS_WEIGHTS` of the module are the weights of
            their losses. Defaults to False.

    Returns:
        A functional model: images of pixels in [0, 255] to logits, of shape
        `(batch, height, width, classes)`.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if weights cannot be read, or are of another
            architecture.

    Example:
    >>> from keras_papers.applications.segmentation.deeplab_v3 import V3_SMALL
    >>> model = DeepLabV3(V3_SMALL, (64, 64, 3), classes=3, auxiliary=True)
    >>> sorted(model.output)
    ['auxiliary', 'predictions']
    """
    check_head(name, classes, filters, form, logits_stride)
    check_bool("auxiliary", auxiliary, "whether there is an auxiliary head")
    _check_rates(rates)
    how = FORMS[form]
    rates = how.rates if rates is None else tuple(rates)
    begun = start(
        "DeepLabV3",
        backbone,
        ["aspp", *["auxiliary"] * auxiliary],
        input_shape=input_shape,
        input_tensor=input_tensor,
        weights=weights,
        weights_backbone=weights_backbone,
        alpha=alpha,
        output_stride=output_stride,
        reduced_tail=reduced_tail,
        padding=padding,
        batch_norm_momentum=batch_norm_momentum,
        backbone_arguments=backbone_arguments,
        variant={
            "alpha": alpha,
            "form": form,
            "rates": rates,
        },
    )
    norm = normalization(batch_norm_momentum, EPSILON)
    x = begun.maps["aspp"]
    if rates is None:
        rates = _papers_rates(stride_of(begun, x))
    x = pyramid(x, filters, rates, how.dropout, **norm)
    if how.decoder:
        x = conv_norm_graph(x, "decoder", filters, 3, 1, "relu", **norm)
    x = layers.Conv2D(classes, 1, name="logits")(x)
    x = pixel_logits(x, begun.size, logits_stride)
    if auxiliary:
        other = _auxiliary_logits(begun.maps["auxiliary"], classes, norm)
        other = pixel_logits(other, begun.size, logits_stride, "auxiliary")
        x = {"predictions": x, "auxiliary": other}
    return finish(begun, x, name)


def _papers_rates(stride):
    """Returns the rates of figure 5 for a map of another stride."""
    return tuple(
        max(1, row.rate * RATES_STRIDE // stride)
        for row in FIGURE_5
        if row.kernel > 1
    )


def _auxiliary_logits(x, classes, norm):
    """Draws torchvision's head for a map inside the backbone."""
    channels = x.shape[channel_axis(keras.config.image_data_format())]
    x = conv_norm_graph(
        x,
        "auxiliary_conv",
        max(1, channels // AUXILIARY_SHARE),
        3,
        1,
        "relu",
        **norm,
    )
    x = layers.Dropout(AUXILIARY_DROPOUT, name="auxiliary_dropout")(x)
    return layers.Conv2D(classes, 1, name="auxiliary_logits")(x)


def _check_rates(rates):
    if rates is None:
        return
    if not isinstance(rates, tuple | list) or not rates:
        raise ValueError(
            "`rates` lists the dilations of the branches of 3 x 3, at least "
            f"one. Received: rates={rates!r}. The paper has (6, 12, 18)."
        )
    for rate in rates:
        check_positive_int(
            "rates",
            rate,
            "the dilations of the branches, each of which",
            "The paper has (6, 12, 18).",
        )


_constructor = functools.partial(constructor, DeepLabV3, PAPER, FIGURE_5)


def _of_resnet(layers):
    """Makes the constructor on a ResNet as torchvision and timm have it."""
    return _constructor(
        f"ResNet{layers}",
        ("reduced_tail", "padding"),
        backbone_arguments={"version": 1.5, "use_bias": False},
    )


DeepLabV3MobileNet = _constructor("MobileNet", ("reduced_tail",))
DeepLabV3MobileNetV2 = _constructor("MobileNetV2")
DeepLabV3MobileNetV3Large = _constructor("MobileNetV3Large")
DeepLabV3MobileNetV3Small = _constructor("MobileNetV3Small")
DeepLabV3MnasNetA1 = _constructor("MnasNetA1", ("reduced_tail",))
DeepLabV3ResNet50 = _of_resnet(50)
DeepLabV3ResNet101 = _of_resnet(101)
