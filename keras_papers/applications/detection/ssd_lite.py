"""SSDLite (Sandler et al., 2018, https://arxiv.org/abs/1801.04381)."""

import functools
from typing import NamedTuple

from keras_papers.applications import registry
from keras_papers.applications.described import described
from keras_papers.applications.detection.anchors import (
    default_boxes,
    object_detection_boxes,
)
from keras_papers.applications.detection.detections import (
    SIGMOID,
    SOFTMAX,
)
from keras_papers.applications.detection.pyramid import (
    ARGUMENTS,
    CLASSES,
    MOBILE_KERNELS,
    PRIOR,
    check_head,
    extra_map,
    finish,
    predictions,
)
from keras_papers.applications.heads import constructor
from keras_papers.applications.image.classifier import MOMENTUM, normalization
from keras_papers.applications.image.dense_head import start
from keras_papers.applications.image.padding import check_padding
from keras_papers.applications.image.scaling import (
    check_alpha,
    check_reduced_tail,
)
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.checks import check_choice, plain_numbers
from keras_papers.layers._image_axes import image_size
from keras_papers.suppression_rule import Suppression

PAPER = registry.Paper(
    "SSDLite",
    "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
    "Sandler et al.",
    2018,
    "https://arxiv.org/abs/1801.04381",
)


class Row(NamedTuple):
    """A map behind the backbone, of half the size of the one before."""

    filters: int


# The paper prints no table; these are those of the authors' code
# (ssd_mobilenet_v2_feature_extractor.py of the Object Detection API).
EXTRA_MAPS = (Row(512), Row(256), Row(256), Row(128))
SMALLEST_FILTERS = 16  # of these, with a small alpha
SIZE = 320
# Of torchvision's ssdlite320_mobilenet_v3_large.
SUPPRESSION = Suppression(0.001, 0.55, 300, 300)


class Anchors(NamedTuple):
    """A convention of the anchors, and how many are at a place of each map."""

    boxes: object  # function of the maps' sizes and that of the images
    counts: tuple


def _torchvision_boxes(map_sizes, size):
    return default_boxes(map_sizes, size, [(2, 3)] * len(map_sizes))


ANCHORS = {
    "torchvision": Anchors(_torchvision_boxes, (6,) * 6),
    "object_detection": Anchors(object_detection_boxes, (3,) + (6,) * 5),
}


@plain_numbers
@described(ARGUMENTS)
def SSDLite(
    backbone,
    input_shape=None,
    alpha=1.0,
    classes=CLASSES,
    weights=None,
    weights_backbone=None,
    input_tensor=None,
    name=None,
    *,
    anchors="torchvision",
    reduced_tail=None,
    score_activation=SOFTMAX,
    suppression=SUPPRESSION,
    padding=None,
    batch_norm_momentum=MOMENTUM,
    batch_norm_epsilon=None,
    backbone_arguments=None,
):
    """Builds SSDLite on a backbone: section 6.2 of the paper.

    SSD whose convolutions of 3 x 3 are depthwise separable. Six maps predict:
    one inside the backbone, its last one, and four behind it.

    Args:
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 32 pixels each way. Defaults to 320 x 320 x 3.
        name: Name of the model. Defaults to `ssdlite_{backbone}`.
        anchors: `"torchvision"` (default), six at each place, 3234 in all; or
            `"object_detection"`, as in the papers, three at each place of the
            first map and in another order, 2034 in all.
        reduced_tail: `"detection"` for the smaller ends of the API's
            detectors: half the channels in the last stage of MobileNetV3, as
            the rows "+" of its table 6 and torchvision's weights have, and a
            last convolution of MobileNetV2 that `alpha` makes narrower, too.
            Nobody published weights of ImageNet for these. Defaults to None.
        suppression: `Suppression` of `predict`. Defaults to that of
            torchvision: 300 boxes with scores above 0.001, and overlaps of at
            most 0.55.
        batch_norm_momentum: Momentum of the moving statistics. Defaults to
            0.9, with which a short training works (docs/TRAINING.md);
            torchvision has 0.97.
        batch_norm_epsilon: Positive float. What the batch normalizations add
            to a variance. Defaults to None: what the weights need, and 0.001
            without weights.

    Returns:
        A `Detector`: images of pixels in [0, 255] to codes and logits.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if weights cannot be read, or are of another
            architecture.

    Example:
    >>> from keras_papers.applications.detection.ssd_lite import V3_SMALL
    >>> model = SSDLite(V3_SMALL, (96, 96, 3), alpha=0.25, classes=3)
    >>> {name: tensor.shape for name, tensor in sorted(model.output.items())}
    {'boxes': (None, 312, 4), 'scores': (None, 312, 4)}
    """
    check_head(name, classes, score_activation)
    check_alpha(alpha)
    check_padding(padding, batch_norm_epsilon)
    check_choice(
        "anchors", anchors, tuple(ANCHORS), "the convention of the anchors"
    )
    check_reduced_tail(reduced_tail, ("detection",))
    variant = {"alpha": alpha}
    if reduced_tail is not None:
        variant["reduced_tail"] = reduced_tail
    if anchors != "torchvision":
        variant["anchors"] = anchors
    begun = start(
        "SSDLite",
        backbone,
        ["c4", "c5"],
        weights=weights,
        weights_backbone=weights_backbone,
        input_shape=input_shape,
        input_tensor=input_tensor,
        size=SIZE,
        evaluation=TF_SLIM,
        alpha=alpha,
        reduced_tail=reduced_tail,
        padding=padding,
        batch_norm_momentum=batch_norm_momentum,
        batch_norm_epsilon=batch_norm_epsilon,
        of_head=("padding", "batch_norm_momentum", "batch_norm_epsilon"),
        backbone_arguments=backbone_arguments,
        variant=variant,
    )
    maps = [begun.maps["c4"], begun.maps["c5"]]
    norm = {
        **normalization(batch_norm_momentum, begun.source.epsilon),
        "kernel_initializer": MOBILE_KERNELS,
    }
    for number, row in enumerate(EXTRA_MAPS, start=1):
        filters = max(SMALLEST_FILTERS, int(row.filters * alpha))
        maps.append(
            extra_map(
                maps[-1],
                f"extra{number}",
                filters,
                True,
                begun.source.padding or "same",
                **norm,
            )
        )
    convention = ANCHORS[anchors]
    outputs = predictions(
        maps,
        convention.counts,
        classes + (score_activation == SOFTMAX),
        norm=norm,
        kernel_initializer=MOBILE_KERNELS,
        class_bias=PRIOR if score_activation == SIGMOID else 0.0,
    )
    boxes = convention.boxes([image_size(x) for x in maps], begun.size)
    return finish(
        begun,
        outputs,
        boxes,
        classes,
        name or begun.name,
        score_activation=score_activation,
        suppression=suppression,
    )


V3_SMALL = "MobileNetV3Small"


_constructor = functools.partial(
    constructor,
    SSDLite,
    PAPER,
    EXTRA_MAPS,
    size=SIZE,
    task=registry.DETECTION,
)
SSDLiteMobileNet = _constructor("MobileNet", ("reduced_tail",))
SSDLiteMobileNetV2 = _constructor("MobileNetV2")
SSDLiteMobileNetV3Large = _constructor("MobileNetV3Large")
SSDLiteMobileNetV3Small = _constructor(V3_SMALL)
SSDLiteMnasNetA1 = _constructor("MnasNetA1", ("reduced_tail",))
