"""SSD (Liu et al., 2015, https://arxiv.org/abs/1512.02325)."""

from typing import NamedTuple

import keras
from keras import layers

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
from keras_papers.applications.image.classifier import MOMENTUM, normalization
from keras_papers.applications.image.dense_head import (
    open_graph,
    published,
    start,
)
from keras_papers.applications.image.sequential import (
    Convolutions,
    Network,
    convolution,
)
from keras_papers.applications.image.sequential import build as build_sequential
from keras_papers.applications.pretrained.evaluation import CAFFE, TF_SLIM
from keras_papers.applications.pretrained.published import UNPUBLISHED
from keras_papers.applications.pretrained.torch_source import is_torch_file
from keras_papers.applications.pretrained.torch_tags import is_timm
from keras_papers.checks import plain_numbers
from keras_papers.layers._image_axes import channel_axis, image_size
from keras_papers.suppression_rule import Suppression

PAPER = registry.Paper(
    "SSD",
    "SSD: Single Shot MultiBox Detector",
    "Liu et al.",
    2015,
    "https://arxiv.org/abs/1512.02325",
)
SIZE = 300


class Row(NamedTuple):
    """A map behind the backbone: figure 2 of the paper, from conv8_2 on."""

    squeezed: int  # filters of the convolution of 1 x 1
    filters: int  # of the convolution of 3 x 3
    s: int  # its stride; without one the map is not padded


# fmt: off
FIGURE_2 = (
    #   1x1  3x3  s
    Row(256, 512, 2),
    Row(128, 256, 2),
    Row(128, 256, 1),
    Row(128, 256, 1),
)
# fmt: on
FC, FC_DILATION = 1024, 6  # fc6 and fc7 of VGG, as convolutions
INITIAL_SCALE = 20.0  # of the normalized map of conv4_3, section 3.1
MINIMUM = 257  # pixels from which the last map has a place
RATIOS = ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,))
COUNTS = tuple(2 + 2 * len(ratios) for ratios in RATIOS)
# Section 3.1 has a scale of 0.1 for conv4_3; this is that of section 3.4 for
# COCO, as in torchvision.
SCALES = (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05)
STEPS = (8, 16, 32, 64, 100, 300)  # pixels between places, at 300 pixels
SUPPRESSION = Suppression(0.01, 0.45, 400, 200)  # torchvision's


class MapRow(NamedTuple):
    """A map behind MobileNet, of half the size of the one before."""

    filters: int


# ssd_mobilenet_v1_feature_extractor.py of the Object Detection API.
MOBILENET_MAPS = (MapRow(512), MapRow(256), MapRow(256), MapRow(128))


@registry.network(
    PAPER,
    FIGURE_2,
    size=SIZE,
    task=registry.DETECTION,
    published=published("SSD300VGG16"),
    minimum=MINIMUM,
)
@plain_numbers
@described(ARGUMENTS)
def SSD300VGG16(
    input_shape=None,
    classes=CLASSES,
    weights=None,
    weights_backbone=None,
    input_tensor=None,
    name="ssd300vgg16",
    *,
    score_activation=SOFTMAX,
    suppression=SUPPRESSION,
):
    """Builds SSD300 on VGG-16: figure 2 of the paper.

    Six maps of 38 to 1 places a side predict 8732 boxes.

    Args:
        input_shape: Shape of an image without batch axis, in Keras' data
            format; at least 257 pixels each way. Defaults to 300 x 300 x 3.
        weights_backbone: Weights for VGG-16 alone, as its constructor takes
            them: `"imagenet"`, `"timm"`, `"timm/<tag>"` or a path; its dense
            layers are left out. Defaults to None.
        name: Name of the model.
        suppression: `Suppression` of `predict`. Defaults to that of the
            paper: 200 boxes with scores above 0.01, and overlaps of at most
            0.45.

    Returns:
        A `Detector`: images of pixels in [0, 255] to codes and logits.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if weights cannot be read, or are of another
            architecture.

    Example:
    >>> from keras_papers.shapes_only import shapes_only
    >>> with shapes_only():
    ...     model = SSD300VGG16(classes=20)
    >>> {name: tensor.shape for name, tensor in sorted(model.output.items())}
    {'boxes': (None, 8732, 4), 'scores': (None, 8732, 21)}
    """
    check_head(name, classes, score_activation)
    begun = open_graph(
        weights,
        published("SSD300VGG16"),
        input_shape=input_shape,
        input_tensor=input_tensor,
        size=SIZE,
        minimum=MINIMUM,
        evaluation=CAFFE,
    )
    maps = _vgg_maps(begun, weights_backbone)
    for number, row in enumerate(FIGURE_2, start=1):
        block = f"extra{number}"
        x = convolution(maps[-1], f"{block}_squeeze", row.squeezed, 1)
        # Padded on both sides, as in Caffe and in PyTorch.
        padding = 1 if row.s == 2 else "valid"
        maps.append(convolution(x, block, row.filters, 3, row.s, padding))
    outputs = predictions(
        maps,
        COUNTS,
        classes + (score_activation == SOFTMAX),
        kernel_size=3,
        class_bias=PRIOR if score_activation == SIGMOID else 0.0,
    )
    size, sizes = image_size(begun.images), [image_size(x) for x in maps]
    steps = STEPS if size == (SIZE, SIZE) else None
    boxes = default_boxes(sizes, size, RATIOS, SCALES, steps)
    return finish(
        begun,
        outputs,
        boxes,
        classes,
        name,
        score_activation=score_activation,
        suppression=suppression,
    )


def _vgg_maps(begun, weights_backbone):
    """Draws VGG-16 as SSD changes it, to its first two maps."""
    record = registry.get_record("VGG16")
    network = Network(record.table, _convolutions, published=record.published)
    vgg = build_sequential(
        network,
        include_top=False,
        weights=weights_backbone,
        input_tensor=begun.x,
        include_preprocessing=begun.x is begun.images,
    )
    fourth, fifth = (
        vgg.get_layer(f"stage{stage}_block3_activation").output
        for stage in (4, 5)
    )
    axis = channel_axis(keras.config.image_data_format())
    x = layers.UnitNormalization(axis=axis, name="scaled_unit")(fourth)
    # A factor for each channel.
    x = layers.DepthwiseConv2D(
        1,
        use_bias=False,
        depthwise_initializer=keras.initializers.Constant(INITIAL_SCALE),
        name="scaled",
    )(x)
    maps = [x]
    x = layers.MaxPooling2D(3, 1, "same", name="stage5_pool")(fifth)
    x = layers.Conv2D(
        FC, 3, padding="same", dilation_rate=FC_DILATION, name="fc6_conv"
    )(x)
    x = layers.Activation("relu", name="fc6_activation")(x)
    return [*maps, convolution(x, "fc7", FC, 1)]


def _convolutions(row):
    """Returns a row of VGG, whose poolings here keep the last odd row."""
    return Convolutions(
        row.filters, 3, number=row.layers, behind=(("max", 2, 2, "same"),)
    )


def _padding_of(weights_backbone):
    """Returns an argument of the backbone, unless its weights have it.

    Maps of 75 places have 38 behind a stride, as in TensorFlow; those of
    keras.applications would have 37.
    """
    torch = weights_backbone is not None and (
        is_timm(weights_backbone) or is_torch_file(weights_backbone)
    )
    return {} if torch else {"padding": "same"}


@registry.network(
    PAPER,
    MOBILENET_MAPS,
    size=SIZE,
    task=registry.DETECTION,
    published=UNPUBLISHED,
)
@plain_numbers
@described(ARGUMENTS)
def SSD300MobileNet(
    input_shape=None,
    alpha=1.0,
    classes=CLASSES,
    weights=None,
    weights_backbone=None,
    input_tensor=None,
    name="ssd300mobilenet",
    *,
    score_activation=SOFTMAX,
    suppression=SUPPRESSION,
    batch_norm_momentum=MOMENTUM,
):
    """Builds SSD300 on MobileNet: table 13 of MobileNet's paper.

    The network of TensorFlow's Object Detection API: maps behind the backbone
    by full convolutions, predictions by convolutions of 1 x 1, 1917 anchors.

    Args:
        weights: None (random), or the path of a file of this package.
            Defaults to None.
        weights_backbone: Weights for MobileNet alone, as its constructor
            takes them: `"imagenet"`, `"timm"`, `"timm/<tag>"` or a path.
            Defaults to None.
        name: Name of the model.
        suppression: `Suppression` of `predict`. Defaults to 200 boxes
            with scores above 0.01, and overlaps of at most 0.45.

    Returns:
        A `Detector`: images of pixels in [0, 255] to codes and logits.

    Raises:
        ValueError: If an argument is out of its range or does not fit the
            others, or if weights cannot be read, or are of another
            architecture.

    Example:
    >>> model = SSD300MobileNet(alpha=0.25, classes=20)
    >>> {name: tensor.shape for name, tensor in sorted(model.output.items())}
    {'boxes': (None, 1917, 4), 'scores': (None, 1917, 21)}
    """
    check_head(name, classes, score_activation)
    begun = start(
        "SSD300",
        "MobileNet",
        ["c4", "c5"],
        weights=weights,
        weights_backbone=weights_backbone,
        input_shape=input_shape,
        input_tensor=input_tensor,
        size=SIZE,
        evaluation=TF_SLIM,
        alpha=alpha,
        batch_norm_momentum=batch_norm_momentum,
        backbone_arguments=_padding_of(weights_backbone),
        variant={"alpha": alpha},
    )
    maps = [begun.maps["c4"], begun.maps["c5"]]
    norm = normalization(batch_norm_momentum)
    norm["kernel_initializer"] = MOBILE_KERNELS
    for number, row in enumerate(MOBILENET_MAPS, start=1):
        filters = max(16, int(row.filters * alpha))
        block = f"extra{number}"
        maps.append(extra_map(maps[-1], block, filters, False, "same", **norm))
    outputs = predictions(
        maps,
        (3, *(6,) * 5),
        classes + (score_activation == SOFTMAX),
        kernel_initializer=MOBILE_KERNELS,
        class_bias=PRIOR if score_activation == SIGMOID else 0.0,
    )
    boxes = object_detection_boxes([image_size(x) for x in maps], begun.size)
    return finish(
        begun,
        outputs,
        boxes,
        classes,
        name,
        score_activation=score_activation,
        suppression=suppression,
    )
