"""LR-ASPP (Howard et al., 2019, https://arxiv.org/abs/1905.02244)."""

import functools
from typing import NamedTuple

from keras import layers

from keras_papers.applications import registry
from keras_papers.applications.described import described
from keras_papers.applications.image.classifier import (
    MOMENTUM,
    conv_norm_graph,
    normalization,
)
from keras_papers.applications.segmentation.segmenter import (
    ARGUMENTS,
    CLASSES,
    EPSILON,
    check_head,
    constructor,
    finish,
    pixel_logits,
    resized,
    start,
)
from keras_papers.checks import check_positive_int, plain_numbers
from keras_papers.layers._image_axes import image_size

PAPER = registry.Paper(
    "LR-ASPP",
    "Searching for MobileNetV3",
    "Howard et al.",
    2019,
    "https://arxiv.org/abs/1905.02244",
)


class Row(NamedTuple):
    """A row of table 7: a network for Cityscapes."""

    n: int
    backbone: str
    rf2: bool  # "Reduce the Filters in the last block by a factor of 2"
    sh: str  # segmentation head
    f: int  # filters of the head
    miou: float
    params: str


# fmt: off
TABLE_7 = (
    #    N  backbone          RF2   SH      F   mIOU   params
    Row( 1, "V2",           False, "R",   256, 72.84, "2.11M"),
    Row( 2, "V2",           True,  "R",   256, 72.56, "1.15M"),
    Row( 3, "V2",           True,  "LR",  256, 72.97, "1.02M"),
    Row( 4, "V2",           True,  "LR",  128, 72.74, "0.98M"),
    Row( 5, "V3",           False, "R",   256, 72.64, "3.60M"),
    Row( 6, "V3",           True,  "R",   256, 71.91, "1.76M"),
    Row( 7, "V3",           True,  "LR",  256, 72.37, "1.63M"),
    Row( 8, "V3",           True,  "LR",  128, 72.36, "1.51M"),
    Row( 9, "V2 0.5",       True,  "LR",  128, 68.57, "0.28M"),
    Row(10, "V2 0.35",      True,  "LR",  128, 66.83, "0.16M"),
    Row(11, "V3-Small",     True,  "LR",  128, 68.38, "0.47M"),
)
# fmt: on
POOL_STRIDES = (16, 20)  # of figure 10, whose pooling is 49 x 49


class Form(NamedTuple):
    """Where two published codes of the head differ."""

    low: str  # field of `Taps`, the map of stride 8
    gate_bias: bool
    gate_activation: str


FORMS = {
    # tensorflow/models, research/deeplab: the flags of the released networks.
    "paper": Form("low_inside", True, "hard_sigmoid"),
    "torchvision": Form("low", False, "sigmoid"),
}
V3_SMALL = "MobileNetV3Small"


@plain_numbers
@described(ARGUMENTS)
def LRASPP(
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
    filters=128,
    pool_size=None,
    output_stride=None,
    reduced_tail=None,
    logits_stride=1,
    padding=None,
    batch_norm_momentum=MOMENTUM,
    backbone_arguments=None,
):
    """Builds Lite R-ASPP on a backbone: figure 10 of the paper.

    A gate of the image's averages scales the last map; its logits, at an
    eighth of the image's size, are added to those of a map of this size from
    inside the backbone.

    Args:
        name: Name of the model. Defaults to `lraspp_{backbone}`.
        form: `"paper"` (default): the authors' code in DeepLab, whose map of
            stride 8 is inside a block, and whose gate has a bias and a hard
            sigmoid; `"torchvision"`: the output of a block, a sigmoid.
        filters: Positive int. F of table 7, the channels of the head.
            Defaults to 128.
        pool_size: Positive int. Height and width of the windows that the gate
            averages, at strides of 16 and 20; 49 in figure 10, for images of
            1024 x 2048. Defaults to None: the gate averages the whole map.

    Returns:
        A functional model: images of pixels in [0, 255] to logits, of shape
        `(batch, height, width, classes)`.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if weights cannot be read, or are of another
            architecture.

    Example:
    >>> from keras_papers.applications.segmentation.lr_aspp import V3_SMALL
    >>> model = LRASPP(V3_SMALL, (64, 64, 3), classes=3)
    >>> model.output_shape
    (None, 64, 64, 3)
    """
    check_head(name, classes, filters, form, logits_stride)
    how = FORMS[form]
    begun = start(
        "LRASPP",
        backbone,
        [how.low, "aspp"],
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
        variant={"alpha": alpha, "form": form},
    )
    low, last = begun.maps[how.low], begun.maps["aspp"]
    norm = normalization(batch_norm_momentum, EPSILON)
    x = conv_norm_graph(last, "aspp", filters, 1, 1, "relu", **norm)
    gate = _average(last, pool_size)
    gate = layers.Conv2D(filters, 1, use_bias=how.gate_bias, name="gate")(gate)
    gate = layers.Activation(how.gate_activation, name="gate_activation")(gate)
    if pool_size is not None:
        gate = resized(gate, image_size(x), "gate_resize")
    x = layers.Multiply(name="gated")([x, gate])
    # Figure 10 resizes before the convolution; of 1 x 1, it gives the same
    # behind it, where there are fewer channels to resize.
    x = layers.Conv2D(classes, 1, name="high_logits")(x)
    x = resized(x, image_size(low), "high_logits_resize")
    low = layers.Conv2D(classes, 1, name="low_logits")(low)
    x = layers.Add(name="logits")([low, x])
    x = pixel_logits(x, begun.size, logits_stride)
    return finish(begun, x, name)


def _average(x, pool_size):
    """Draws the average of a map, or those of its windows."""
    if pool_size is None:
        return layers.GlobalAveragePooling2D(keepdims=True, name="gate_pool")(x)
    check_positive_int(
        "pool_size",
        pool_size,
        "the height and width of the windows that the gate averages",
        "Figure 10 has 49; None averages the whole map.",
    )
    size = tuple(min(pool_size, side) for side in image_size(x))
    return layers.AveragePooling2D(size, POOL_STRIDES, name="gate_pool")(x)


_constructor = functools.partial(constructor, LRASPP, PAPER, TABLE_7)
LRASPPMobileNet = _constructor("MobileNet", ("reduced_tail",))
LRASPPMobileNetV2 = _constructor("MobileNetV2")
LRASPPMobileNetV3Large = _constructor("MobileNetV3Large")
LRASPPMobileNetV3Small = _constructor("MobileNetV3Small")
LRASPPMnasNetA1 = _constructor("MnasNetA1", ("reduced_tail",))
