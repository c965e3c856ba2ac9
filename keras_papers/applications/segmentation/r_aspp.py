"""R-ASPP (Sandler et al., 2018, https://arxiv.org/abs/1801.04381)."""

import functools
from typing import NamedTuple

from keras import layers

from keras_papers.applications import registry
from keras_papers.applications.described import described
from keras_papers.applications.image.classifier import (
    MOMENTUM,
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
)
from keras_papers.checks import check_fraction, plain_numbers

PAPER = registry.Paper(
    "R-ASPP",
    "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
    "Sandler et al.",
    2018,
    "https://arxiv.org/abs/1801.04381",
)


class Row(NamedTuple):
    """A row of table 7: a network for Pascal VOC."""

    network: str
    os: int  # output stride
    aspp: bool
    mf: bool  # evaluated at several scales, and flipped
    miou: float
    params: str
    madds: str


# fmt: off
TABLE_7 = (
    #   Network   OS  ASPP    MF    mIOU   Params   MAdds
    Row("MNet V1", 16, True,  False, 75.29, "11.15M", "14.25B"),
    Row("MNet V1",  8, True,  True,  78.56, "11.15M", "941.9B"),
    Row("MNet V2*", 16, True,  False, 75.70, "4.52M",  "5.8B"),
    Row("MNet V2*", 8, True,  True,  78.42, "4.52M",  "387B"),
    Row("MNet V2*", 16, False, False, 75.32, "2.11M",  "2.75B"),
    Row("MNet V2*", 8, False, True,  77.33, "2.11M",  "152.6B"),
    Row("ResNet-101", 16, True,  False, 80.49, "58.16M", "81.0B"),
    Row("ResNet-101", 8, True,  True,  82.70, "58.16M", "4870.6B"),
)
# fmt: on
V3_SMALL = "MobileNetV3Small"


@plain_numbers
@described(ARGUMENTS)
def RASPP(
    backbone,
    input_shape=None,
    alpha=1.0,
    classes=CLASSES,
    weights=None,
    weights_backbone=None,
    input_tensor=None,
    name=None,
    *,
    filters=256,
    dropout=0.1,
    output_stride=None,
    reduced_tail=None,
    logits_stride=1,
    padding=None,
    batch_norm_momentum=MOMENTUM,
    backbone_arguments=None,
):
    """Builds reduced ASPP on a backbone: section 6.3 of the paper.

    Of DeepLabv3's pyramid two branches are left: a convolution of 1 x 1, and
    the average of the whole map. MobileNetV2 has it behind its 320 channels.

    Args:
        weights: None (random), or the path of a file of this package. Of other
            classes, their logits are left fresh, and a warning says so.
            Defaults to None.
        name: Name of the model. Defaults to `raspp_{backbone}`.
        filters: Positive int. Channels of the head. Defaults to 256.
        dropout: Float in [0, 1). Dropout before the logits. Defaults to 0.1,
            as in DeepLab's code.

    Returns:
        A functional model: images of pixels in [0, 255] to logits, of shape
        `(batch, height, width, classes)`.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if weights cannot be read, or are of another
            architecture.

    Example:
    >>> from keras_papers.applications.segmentation.r_aspp import V3_SMALL
    >>> model = RASPP(V3_SMALL, (64, 64, 3), classes=3, logits_stride=4)
    >>> model.output_shape
    (None, 16, 16, 3)
    """
    check_head(name, classes, filters, "paper", logits_stride)
    check_fraction("dropout", dropout, "a share of features", "0 drops none.")
    begun = start(
        "RASPP",
        backbone,
        ["aspp"],
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
        variant={"alpha": alpha},
    )
    norm = normalization(batch_norm_momentum, EPSILON)
    x = pyramid(begun.maps["aspp"], filters, (), dropout, **norm)
    x = layers.Conv2D(classes, 1, name="logits")(x)
    x = pixel_logits(x, begun.size, logits_stride)
    return finish(begun, x, name)


_constructor = functools.partial(constructor, RASPP, PAPER, TABLE_7)
RASPPMobileNet = _constructor("MobileNet", ("reduced_tail",))
RASPPMobileNetV2 = _constructor("MobileNetV2")
RASPPMobileNetV3Large = _constructor("MobileNetV3Large")
RASPPMobileNetV3Small = _constructor("MobileNetV3Small")
