"""SSDLite (Sandler et al., 2018, https://arxiv.org/abs/1801.04381)."""

from typing import NamedTuple

from keras_papers.applications import registry
from keras_papers.applications.detection.anchors import (
    default_boxes,
    object_detection_boxes,
)
from keras_papers.applications.detection.detections import (
    SIGMOID,
    SOFTMAX,
    Postprocessing,
)
from keras_papers.applications.detection.pyramid import (
    CLASSES,
    MOBILE_KERNELS,
    PRIOR,
    extra_map,
    finish,
    predictions,
    published,
    start,
)
from keras_papers.applications.image.classifier import MOMENTUM, normalization
from keras_papers.applications.image.dense_features import dense_features
from keras_papers.applications.image.padding import check_padding
from keras_papers.applications.image.scaling import check_alpha
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.applications.variants import variant
from keras_papers.checks import check_choice, plain_numbers
from keras_papers.layers._image_axes import image_size

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
POSTPROCESSING = Postprocessing(0.001, 0.55, 300, 300)


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
    postprocessing=POSTPROCESSING,
    padding=None,
    batch_norm_momentum=MOMENTUM,
    batch_norm_epsilon=None,
    backbone_arguments=None,
):
    """Builds SSDLite on a backbone: section 6.2 of the paper.

    SSD whose convolutions of 3 x 3 are depthwise separable. Six maps predict:
    one inside the backbone, its last one, and four behind it.

    Args:
        backbone: Name of a network, such as `"MobileNetV3Small"`, or a
            classifier of this package, with or without its top. Of a model,
            the arguments that would build it must be left out.
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 32 pixels each way. Defaults to 320 x 320 x 3.
        alpha: Positive float. Width multiplier of the backbone and of the
            maps behind it.
        classes: Positive int. Number of classes, without background. Defaults
            to 90, COCO's numbers.
        weights: None (random), or the path of a file of this package or of
            torchvision (`.safetensors`). Of other classes, their logits are
            left fresh, and a warning says so. Defaults to None.
        weights_backbone: Weights for the backbone alone, as its constructor
            takes them: `"imagenet"`, `"timm"`, `"timm/<tag>"` or a path.
            Defaults to None.
        input_tensor: Keras tensor to build upon, in place of a new input.
        name: Name of the model. Defaults to `ssdlite_{backbone}`.
        anchors: `"torchvision"` (default), six at each place, 3234 in all; or
            `"object_detection"`, as in the papers, three at each place of the
            first map and in another order, 2034 in all.
        reduced_tail: `"detection"` for half the channels in the last stage of
            MobileNetV3, as the rows "+" of its table 6 and torchvision's
            weights have, for which nobody published weights of ImageNet.
            Defaults to None.
        score_activation: `"softmax"` (default), with hard negatives; or
            `"sigmoid"`, without a column of the background, with the focal
            loss, as in the API.
        postprocessing: `Postprocessing` of `predict`. Defaults to that of
            torchvision: 300 boxes with scores above 0.001, and overlaps of at
            most 0.55.
        padding: How maps are padded at strides 2: `"same"`, as in
            TensorFlow, or `"symmetric"`, as in PyTorch. Defaults to None:
            what the weights need.
        batch_norm_momentum: Momentum of the moving statistics. Defaults to
            0.9, with which a short training works (docs/TRAINING.md);
            torchvision has 0.97.
        batch_norm_epsilon: Positive float. What the batch normalizations add
            to a variance. Defaults to None: what the weights need, and 0.001
            without weights.
        backbone_arguments: Dict of other arguments of the backbone's
            constructor. Defaults to None.

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
    check_alpha(alpha)
    check_padding(padding, batch_norm_epsilon)
    check_choice(
        "anchors", anchors, tuple(ANCHORS), "the convention of the anchors"
    )
    variant_ = {"alpha": alpha}
    if reduced_tail is not None:
        variant_["reduced_tail"] = reduced_tail
    if anchors != "torchvision":
        variant_["anchors"] = anchors
    is_named = isinstance(backbone, str)
    if not is_named:
        _check_built(
            input_shape=input_shape,
            alpha=None if alpha == 1 else alpha,
            weights_backbone=weights_backbone,
            input_tensor=input_tensor,
            reduced_tail=reduced_tail,
            backbone_arguments=backbone_arguments,
        )
    begun = start(
        weights,
        published(f"SSDLite{backbone}" if is_named else ""),
        input_shape=input_shape if is_named else backbone.input_shape[1:],
        input_tensor=input_tensor if is_named else backbone.inputs[0],
        classes=classes,
        score_activation=score_activation,
        name=name,
        size=SIZE,
        minimum=32,
        evaluation=TF_SLIM,
        padding=padding,
        epsilon=batch_norm_epsilon,
        variant=variant_,
    )
    if is_named:
        arguments = {
            **begun.backbone_arguments,
            "alpha": alpha,
            "weights": weights_backbone,
            "batch_norm_momentum": batch_norm_momentum,
            **({} if reduced_tail is None else {"reduced_tail": reduced_tail}),
            **(backbone_arguments or {}),
        }
        features = dense_features(backbone, ["c4", "c5"], **arguments)
    else:
        features = dense_features(backbone, ["c4", "c5"])
    maps = [features.output["c4"], features.output["c5"]]
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
    size = image_size(begun.images)
    boxes = convention.boxes([image_size(x) for x in maps], size)
    label = backbone.lower() if is_named else backbone.name
    return finish(
        begun,
        outputs,
        boxes,
        classes,
        name or f"ssdlite_{label}",
        score_activation=score_activation,
        postprocessing=postprocessing,
    )


def _check_built(**arguments):
    """Raises ValueError if a model is to be built with other arguments."""
    given = [name for name, value in arguments.items() if value is not None]
    if given:
        raise ValueError(
            "`backbone` is a model, which cannot be built with other "
            f"arguments. Received: {', '.join(given)}. Pass them to its "
            "constructor."
        )


V3_SMALL = "MobileNetV3Small"


def _constructor(backbone, omit=()):
    name = f"SSDLite{backbone}"
    register = registry.network(
        PAPER,
        EXTRA_MAPS,
        size=SIZE,
        task=registry.DETECTION,
        published=published(name),
    )
    return register(
        variant(
            name,
            SSDLite,
            backbone,
            f"Builds SSDLite on {backbone}: section 6.2 of the paper.",
            module=__name__,
            omit=("backbone_arguments", *omit),
            name=name.lower(),
        )
    )


SSDLiteMobileNet = _constructor("MobileNet", ("reduced_tail",))
SSDLiteMobileNetV2 = _constructor("MobileNetV2", ("reduced_tail",))
SSDLiteMobileNetV3Large = _constructor("MobileNetV3Large")
SSDLiteMobileNetV3Small = _constructor(V3_SMALL)
SSDLiteMnasNetA1 = _constructor("MnasNetA1", ("reduced_tail",))
