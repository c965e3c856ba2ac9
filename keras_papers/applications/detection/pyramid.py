"""What SSD and SSDLite share: more maps, predictions, the end."""

import keras
from keras import layers

from keras_papers.applications.detection.detections import SIGMOID, SOFTMAX
from keras_papers.applications.detection.detector import Detector
from keras_papers.applications.image import dense_head
from keras_papers.applications.image.classifier import (
    conv_norm_graph,
    draw_all,
)
from keras_papers.applications.pretrained.loading import load_weights
from keras_papers.checks import check_choice, check_name, check_positive_int
from keras_papers.layers._conv_norm import spatial_conv_norm

CLASSES = 90  # numbers of COCO's 80 classes, as its files count them
PRIOR = -4.6  # bias of the class logits of sigmoids: scores begin at 0.01
# Of the object detection API and of torchvision. As a config, for an object
# would draw the same numbers for each kernel of the same shape.
MOBILE_KERNELS = {"class_name": "RandomNormal", "config": {"stddev": 0.03}}


# Descriptions of arguments that all detectors have.
ARGUMENTS = dense_head.ARGUMENTS | {
    "input_shape": (
        "Shape of an image without batch axis, in Keras' data format; at least "
        "32 pixels each way. Defaults to 300 x 300 x 3."
    ),
    "alpha": (
        "Positive float. Width multiplier of the backbone and of the maps "
        "behind it."
    ),
    "classes": (
        "Positive int. Number of classes, without background. Defaults to 90, "
        "COCO's numbers."
    ),
    "weights": (
        "None (random), or the path of a file of this package or of "
        "torchvision (`.safetensors`). Of other classes, their logits are left "
        "fresh, and a warning says so. Defaults to None."
    ),
    "score_activation": (
        '`"softmax"` (default), with hard negatives; or `"sigmoid"`, without a '
        "column of the background, with the focal loss."
    ),
}


def check_head(name, classes, score_activation):
    """Raises ValueError unless a head can be drawn with these."""
    check_name(name)
    check_positive_int(
        "classes",
        classes,
        "the number of classes, without background",
        "Pascal VOC has 20, COCO 80 in 90 numbers.",
    )
    check_choice(
        "score_activation",
        score_activation,
        (SOFTMAX, SIGMOID),
        "how logits become scores",
    )


def depthwise_norm(x, name, strides=1, padding="same", **norm):
    """Draws a depthwise convolution, its normalization and a ReLU6."""
    return draw_all(
        x,
        spatial_conv_norm,
        name,
        layers.DepthwiseConv2D,
        kernel_size=3,
        strides=strides,
        padding=padding,
        activation="relu6",
        data_format=keras.config.image_data_format(),
        **norm,
    )


def extra_map(x, name, filters, lite, padding, **norm):
    """Draws a map of half the size, behind the backbone.

    Args:
        x: Keras tensor of the map before it.
        name: Name of the block.
        filters: Channels of the map; the convolution before has half.
        lite: Whether the convolution of 3 x 3 is a depthwise one, and one of
            1 x 1 follows.
        padding: How the map is padded at strides 2.
        **norm: Arguments of the normalizations, and initializers.
    """
    x = conv_norm_graph(x, f"{name}_squeeze", filters // 2, 1, 1, **norm)
    if not lite:
        return conv_norm_graph(
            x, f"{name}_conv", filters, 3, 2, padding=padding, **norm
        )
    x = depthwise_norm(x, f"{name}_depthwise", 2, padding, **norm)
    return conv_norm_graph(x, f"{name}_project", filters, 1, 1, **norm)


def predictions(
    maps,
    counts,
    columns,
    kernel_size=1,
    *,
    norm=None,
    kernel_initializer="glorot_uniform",
    class_bias=0.0,
):
    """Draws the codes and logits of the anchors of all maps.

    Args:
        maps: List of Keras tensors.
        counts: List of ints: anchors at a place of each map.
        columns: Logits of an anchor.
        kernel_size: Of the convolutions. Defaults to 1.
        norm: Arguments of the normalization of a depthwise convolution of
            3 x 3 before them. Defaults to None: there is none.
        kernel_initializer: Initializer of the convolutions.
        class_bias: Float. First bias of the logits. Defaults to 0.

    Returns:
        A dict of `"boxes"` `(batch, anchors, 4)` and `"scores"` `(batch,
        anchors, columns)`.
    """
    kinds = {
        "boxes": (4, "codes", "zeros"),
        # The name of what is left fresh with weights of other classes.
        "scores": (
            columns,
            "logits",
            keras.initializers.Constant(class_bias),
        ),
    }
    outputs = {}
    for kind, (size, last, bias) in kinds.items():
        parts = []
        for number, (x, count) in enumerate(
            zip(maps, counts, strict=True), start=1
        ):
            name = f"map{number}_{kind}"
            if norm is not None:
                x = depthwise_norm(x, f"{name}_depthwise", **norm)
            x = layers.Conv2D(
                count * size,
                kernel_size,
                padding="same",
                kernel_initializer=kernel_initializer,
                bias_initializer=bias,
                name=f"{name}_{last}",
            )(x)
            if keras.config.image_data_format() == "channels_first":
                x = layers.Permute((2, 3, 1), name=f"{name}_permute")(x)
            x = layers.Reshape((-1, size), name=f"{name}_reshape")(x)
            parts.append(x)
        outputs[kind] = layers.Concatenate(axis=1, name=kind)(parts)
    return outputs


def finish(start, outputs, anchors, classes, name, **settings):
    """Closes the graph as a `Detector`, and loads the weights."""
    inputs = keras.utils.get_source_inputs(start.images)
    model = Detector(
        inputs[0] if len(inputs) == 1 else inputs,
        outputs,
        anchors,
        classes,
        name=name,
        **settings,
    )
    if start.source.file is not None:
        load_weights(model, start.source)
    return model
