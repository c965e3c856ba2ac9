"""What the networks for segmentation share: backbone, resizing, logits, model.

Their outputs are logits, for these can be resized: the average of two pixels'
probabilities is not that of any logits.
"""

import math

import keras
from keras import layers

from keras_papers.applications import heads, registry
from keras_papers.applications.image import dense_head
from keras_papers.applications.image.classifier import classifier
from keras_papers.applications.image.output_stride import OUTPUT_STRIDES
from keras_papers.applications.image.scaling import check_reduced_tail
from keras_papers.applications.pretrained.evaluation import efficient_net
from keras_papers.checks import check_choice, check_name, check_positive_int
from keras_papers.layers._image_axes import image_size

SIZE = 512  # of the default images
CLASSES = 21  # of Pascal VOC, with the background
EPSILON = 1e-5  # of the heads' normalizations, in torchvision and in DeepLab
FORMS = ("paper", "torchvision")
OUTPUT_STRIDE = 16  # of the backbone, where none is given
LOGITS_STRIDES = (1, 2, 4, 8)
EVALUATION = efficient_net(224)  # its colors are those of torchvision's files


# Descriptions of arguments that all networks for segmentation have.
ARGUMENTS = dense_head.ARGUMENTS | {
    "input_shape": (
        "Shape of an image without batch axis, in Keras' data format; at least "
        "32 pixels each way. Defaults to 512 x 512 x 3."
    ),
    "alpha": "Positive float. Width multiplier of the backbone.",
    "classes": (
        "Positive int. Number of classes, with the background if there is one. "
        "Defaults to 21, those of Pascal VOC."
    ),
    "weights": (
        "None (random), or the path of a file of this package or of "
        "torchvision (`.safetensors`), for which `form` must be "
        '`"torchvision"`. Of other classes, their logits are left fresh, and a '
        "warning says so. Defaults to None."
    ),
    "output_stride": (
        "32, 16 or 8. How many times smaller than the image the last map is, "
        "by dilations in the backbone. Defaults to None: 16, or that of a "
        "backbone that is built."
    ),
    "reduced_tail": (
        '`"segmentation"` for "RF2" of table 7 of MobileNetV3\'s paper: half '
        "the channels in the last stages, for which nobody published weights "
        "of ImageNet. Defaults to None."
    ),
    "logits_stride": (
        "1 (default), 2, 4 or 8. How many times smaller than the image the "
        "logits are; 1 has one for each pixel."
    ),
}


def check_head(name, classes, filters, form, logits_stride):
    """Raises ValueError unless a head can be drawn with these."""
    check_name(name)
    check_positive_int(
        "classes",
        classes,
        "the number of classes, with the background",
        "Pascal VOC has 21, Cityscapes 19.",
    )
    check_positive_int(
        "filters",
        filters,
        "the number of channels of the head",
        "The papers use 128 and 256.",
    )
    check_choice("form", form, FORMS, "the code that the head is built as")
    if logits_stride not in LOGITS_STRIDES or logits_stride is True:
        raise ValueError(
            "`logits_stride` is how many times smaller than the image the "
            "logits are and must be 1, 2, 4 or 8. Received: "
            f"logits_stride={logits_stride!r}. Metrics need 1; a phone "
            "computes less with 4."
        )


def start(
    head, backbone, taps, *, output_stride, reduced_tail, variant, **arguments
):
    """Draws the backbone of a network for segmentation, or takes one.

    Args:
        head: Str. Name of the head's builder.
        backbone: Name of a network, or a built classifier.
        taps: List of the fields of `Taps` that the head takes.
        output_stride: The constructor's argument.
        reduced_tail: Likewise.
        variant: Dict of the arguments that distinguish published weights.
        **arguments: The constructor's other arguments, as `dense_head.start`
            has them.

    Returns:
        A `Start`.

    Raises:
        ValueError: If an argument is out of its range, or does not fit the
            others.
    """
    check_reduced_tail(reduced_tail, ("segmentation",))
    if output_stride is None and isinstance(backbone, str):
        output_stride = OUTPUT_STRIDE
    return dense_head.start(
        head,
        backbone,
        taps,
        size=SIZE,
        evaluation=EVALUATION,
        output_stride=output_stride,
        reduced_tail=reduced_tail,
        variant={"output_stride": output_stride, **variant},
        of_head=("batch_norm_momentum",),
        **arguments,
    )


def finish(start, outputs, name):
    """Closes the graph, and loads the weights."""
    return classifier(start.images, outputs, name or start.name, start.source)


def constructor(build, paper, table, backbone, omit=(), **defaults):
    """Returns a head's constructor on a backbone, and registers it."""
    return heads.constructor(
        build,
        paper,
        table,
        backbone,
        omit,
        size=SIZE,
        task=registry.SEGMENTATION,
        **defaults,
    )


def stride_of(start, tensor):
    """Returns how many times smaller than the image a map is, from its size."""
    image, size = max(start.size), max(image_size(tensor))
    return min(OUTPUT_STRIDES, key=lambda s: abs(math.ceil(image / s) - size))


def resized(x, size, name, **kwargs):
    """Returns a larger map, by bilinear interpolation.

    Keras' Resizing counts as called in training, and the layers called after
    it too, where a model is called without an argument. Behind one of these,
    there is neither a normalization nor a dropout.
    """
    factors = [new / old for new, old in zip(size, image_size(x), strict=True)]
    if all(factor.is_integer() for factor in factors):
        return layers.UpSampling2D(
            tuple(map(int, factors)),
            interpolation="bilinear",
            name=name,
            **kwargs,
        )(x)
    return layers.Resizing(*size, name=name, **kwargs)(x)


def pixel_logits(x, size, logits_stride, name="predictions"):
    """Returns logits for the pixels of an image, in full precision.

    Args:
        x: Keras tensor of the logits of a map.
        size: Height and width of the image.
        logits_stride: The constructor's argument.
        name: Str. Key of the output. Defaults to `"predictions"`.
    """
    wanted = tuple(-(-n // logits_stride) for n in size)
    dtype = keras.config.dtype_policy().variable_dtype
    if image_size(x) == wanted:
        return layers.Activation("linear", dtype=dtype, name=name)(x)
    return resized(x, wanted, name, dtype=dtype)
