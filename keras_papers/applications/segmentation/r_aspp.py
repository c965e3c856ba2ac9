"""R-ASPP (Sandler et al., 2018, https://arxiv.org/abs/1801.04381)."""

from typing import NamedTuple

from keras import layers

from keras_papers.applications import registry
from keras_papers.applications.image.classifier import (
    MOMENTUM,
    normalization,
)
from keras_papers.applications.segmentation.pyramid import pyramid
from keras_papers.applications.segmentation.segmenter import (
    CLASSES,
    EPSILON,
    SIZE,
    check_head,
    pixel_logits,
    start,
)
from keras_papers.applications.variants import variant
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
        backbone: Name of a network, such as `"MobileNetV3Small"`, or a
            classifier of this package, with or without its top. Of a model,
            the arguments that would build it must be left out.
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 32 pixels each way. Defaults to 512 x 512 x 3.
        alpha: Positive float. Width multiplier of the backbone.
        classes: Positive int. Number of classes, with the background if there
            is one. Defaults to 21, those of Pascal VOC.
        weights: None (random), or the path of a file of this package. Of other
            classes, their logits are left fresh, and a warning says so.
            Defaults to None.
        weights_backbone: Weights for the backbone alone, as its constructor
            takes them: `"imagenet"`, `"timm"`, `"timm/<tag>"` or a path.
            Defaults to None.
        input_tensor: Keras tensor to build upon, in place of a new input.
        name: Name of the model. Defaults to `raspp_{backbone}`.
        filters: Positive int. Channels of the head. Defaults to 256.
        dropout: Float in [0, 1). Dropout before the logits. Defaults to 0.1,
            as in DeepLab's code.
        output_stride: 32, 16 or 8. How many times smaller than the image the
            last map is, by dilations in the backbone. Defaults to None: 16, or
            that of a backbone that is built.
        reduced_tail: `"segmentation"` for "RF2" of table 7 of MobileNetV3's
            paper: half the channels in the last stages, for which nobody
            published weights of ImageNet. Defaults to None.
        logits_stride: 1 (default), 2, 4 or 8. How many times smaller than the
            image the logits are; 1 has one for each pixel.
        padding: How maps are padded at strides 2, as in the backbone's
            constructor. Defaults to None: what the weights need.
        batch_norm_momentum: Momentum of the moving statistics. Defaults to
            0.9, with which a short training works (docs/TRAINING.md).
        backbone_arguments: Dict of other arguments of the backbone's
            constructor. Defaults to None.

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
        backbone,
        ["aspp"],
        head="RASPP",
        input_shape=input_shape,
        input_tensor=input_tensor,
        weights=weights,
        options={
            "alpha": alpha,
            "weights": weights_backbone,
            "output_stride": output_stride,
            "reduced_tail": reduced_tail,
            "padding": padding,
            "batch_norm_momentum": batch_norm_momentum,
        },
        backbone_arguments=backbone_arguments,
        variant={"alpha": alpha},
    )
    norm = normalization(batch_norm_momentum, EPSILON)
    x = pyramid(begun.maps["aspp"], filters, (), dropout, **norm)
    x = layers.Conv2D(classes, 1, name="logits")(x)
    x = pixel_logits(x, begun.size, logits_stride)
    return begun.finish(x, name, "raspp")


def _constructor(backbone, omit=()):
    name = f"RASPP{backbone}"
    register = registry.network(
        PAPER, TABLE_7, size=SIZE, task=registry.SEGMENTATION
    )
    return register(
        variant(
            name,
            RASPP,
            backbone,
            f"Builds reduced ASPP on {backbone}: section 6.3 of the paper.",
            module=__name__,
            omit=("backbone_arguments", *omit),
            name=name.lower(),
        )
    )


RASPPMobileNet = _constructor("MobileNet", ("reduced_tail",))
RASPPMobileNetV2 = _constructor("MobileNetV2")
RASPPMobileNetV3Large = _constructor("MobileNetV3Large")
RASPPMobileNetV3Small = _constructor("MobileNetV3Small")
