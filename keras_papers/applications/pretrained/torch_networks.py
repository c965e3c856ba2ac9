"""The networks of timm and torchvision that are ours, and their weights.

What differs there is what their weights need: how a map is padded at strides
2, the epsilon of the batch normalizations, and what average poolings count.
"""

import csv
import functools
import pathlib
from typing import NamedTuple

from keras_papers.applications.pretrained import torch_classifier_names as maps
from keras_papers.applications.pretrained import torch_dense_names as dense_maps
from keras_papers.applications.pretrained.evaluation import (
    IMAGENET_COLORS,
    Evaluation,
)

# Of timm; its networks called tf_ have weights that were trained in
# TensorFlow, and its layers pad for these as TensorFlow does.
TORCH = {"padding": "symmetric", "epsilon": 1e-5}
TENSORFLOW = {"padding": "same", "epsilon": 1e-3}
TF_SLIM = {"epsilon": 1e-3}
IN_TORCHVISION = {"library": "torchvision", **TORCH}


class Peer(NamedTuple):
    """A network of timm or torchvision that one of our constructors builds."""

    name: str  # there
    variant: dict  # arguments of ours, as `check_weights` gets them
    names: dict  # of layers, theirs and ours
    epsilon: float  # of the batch normalizations
    padding: str | None = None  # at strides 2, where ours depends on weights
    counts_zeros: bool = False  # in averages, of those around the map
    library: str = "timm"
    pixels: str = "colors"  # a key of `PIXELS`, of weights without a tag

    @property
    def arguments(self):
        """The arguments of ours in words."""
        return ", ".join(f"{k}={v!r}" for k, v in self.variant.items())

    @property
    def alpha(self):
        """The width of ours, 1 of those that have none."""
        return self.variant.get("alpha", 1.0)

    def call(self, ours):
        """Returns the call of our constructor that builds it, as text."""
        return f"{ours}({self.arguments})"

    @property
    def tags(self):
        """Lists the `Tag`s of its published weights."""
        return _tags().get(self.name, []) if self.library == "timm" else []

    @property
    def evaluation(self):
        """Recipe of the weights whose tag is not known."""
        if self.tags:
            return self.tags[0].evaluation
        return Evaluation(0.875, "bilinear", **PIXELS[self.pixels])


class Tag(NamedTuple):
    """Published weights of a network of timm, for the classes of ImageNet."""

    network: str  # of timm
    tag: str
    top1: float | None  # accuracy on ImageNet in percent, where it is known
    top1_size: int | None  # of the images with which it was measured
    evaluation: Evaluation
    size: int  # of the images

    def __str__(self):
        return f"{self.network}.{self.tag}"


PIXELS = {  # mean and standard deviation of pixels in [0, 255]
    "colors": IMAGENET_COLORS,
    "halves": {"mean": (127.5,) * 3, "std": (127.5,) * 3},
    "unit": {"mean": (0.0,) * 3, "std": (255.0,) * 3},
    "ssd": {
        "mean": (0.48235 * 255, 0.45882 * 255, 0.40784 * 255),
        "std": (1.0,) * 3,
    },
}


@functools.cache
def _tags():
    """Returns the rows of timm_tags.csv as lists of `Tag`, by network.

    The recipes are those of timm 1.0.31 (its pretrained_cfg), the accuracies
    those of results-imagenet.csv of its repository. The first tag of a network
    is the one that timm takes by default.
    """
    path = pathlib.Path(__file__).with_name("timm_tags.csv")
    found = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            evaluation = Evaluation(
                float(row["crop"]),
                row["interpolation"],
                **PIXELS[row["pixels"]],
            )
            tag = Tag(
                row["network"],
                row["tag"],
                float(row["top1"]) if row["top1"] else None,
                int(row["top1_size"]) if row["top1_size"] else None,
                evaluation,
                int(row["size"]),
            )
            found.setdefault(tag.network, []).append(tag)
    return found


def _widths(name, widths, names, others=None, **needs):
    """Lists the peers of widths; timm writes them in percent."""
    return [
        Peer(
            name.format(f"{round(100 * alpha):03}"),
            {"alpha": alpha, **(others or {})},
            names,
            **needs,
        )
        for alpha in widths
    ]


def _v3(kind, names, torch_widths):
    whole, minimal = {"minimalistic": False}, {"minimalistic": True}
    name = f"mobilenetv3_{kind}_"
    return (
        *_widths(f"{name}{{}}", torch_widths, names, whole, **TORCH),
        *_widths(f"tf_{name}{{}}", (0.75, 1.0), names, whole, **TENSORFLOW),
        *_widths(
            f"tf_{name}minimal_{{}}", (1.0,), names, minimal, **TENSORFLOW
        ),
        Peer(
            f"mobilenet_v3_{kind}",
            {"alpha": 1.0} | whole,
            maps.TORCHVISION_V3,
            **IN_TORCHVISION | {"epsilon": 1e-3},
        ),
    )


def _efficient_net(kind):
    whole = {"alpha": 1.0}
    own = 1e-3 if kind >= 5 else 1e-5
    return (
        Peer(f"efficientnet_b{kind}", whole, maps.MBCONV, **TORCH),
        Peer(f"tf_efficientnet_b{kind}", whole, maps.MBCONV, **TENSORFLOW),
        Peer(
            f"efficientnet_b{kind}",
            whole,
            maps.TORCHVISION_EFFICIENTNET,
            **IN_TORCHVISION | {"epsilon": own},
        ),
    )


def _lite(kind):
    whole, names = {"alpha": 1.0}, maps.MBCONV
    return (
        Peer(f"efficientnet_lite{kind}", whole, names, **TORCH),
        Peer(f"tf_efficientnet_lite{kind}", whole, names, **TENSORFLOW),
    )


def _resnet(layers):
    variant = {"alpha": 1.0, "version": 1.5, "use_bias": False}
    if layers < 50:  # there is one version of its blocks
        del variant["version"]
    return (Peer(f"resnet{layers}", variant, maps.RESNET, epsilon=1e-5),)


def _vgg(layers):
    plain = {"alpha": 1.0}
    normalized = plain | {"batch_normalization": True}
    both = []
    for name, variant in (("", plain), ("_bn", normalized)):
        name = f"vgg{layers}{name}"
        torchvision = {"library": "torchvision", "epsilon": 1e-5}
        names = maps.TORCHVISION_VGG
        both += [
            Peer(name, variant, maps.VGG, epsilon=1e-5),
            Peer(name, variant, names, **torchvision),
        ]
    return tuple(both)


def _segmentation(name, names, epsilon, **variant):
    """Returns torchvision's network, which has one form for each head."""
    needs = IN_TORCHVISION | {"epsilon": epsilon}
    if "resnet" in name:  # padded in one way
        needs["padding"] = None
    variant = {"alpha": 1.0, "form": "torchvision", **variant}
    return (Peer(name, variant, names, **needs),)


RATES = (12, 24, 36)  # of torchvision at each output stride
WITH_GAMMA = {"alpha": 1.0, "batch_norm_scale": True}
PEERS = {  # by our constructor; the first of a variant is the default
    "MobileNet": (
        *_widths("mobilenetv1_{}", (1.0, 1.25), maps.SEPARABLE, **TORCH),
    ),
    "MobileNetV2": (
        *_widths(
            "mobilenetv2_{}",
            (0.35, 0.5, 0.75, 1.0, 1.4),
            maps.MBCONV,
            **TORCH,
        ),
        Peer(
            "mobilenet_v2",
            {"alpha": 1.0},
            maps.TORCHVISION_V2,
            **IN_TORCHVISION,
        ),
    ),
    "MobileNetV3Large": _v3("large", maps.V3_LARGE, (0.75, 1.0)),
    "MobileNetV3Small": _v3("small", maps.V3_SMALL, (0.5, 0.75, 1.0)),
    "MnasNetA1": (
        *_widths("semnasnet_{}", (0.5, 0.75, 1.0, 1.4), maps.MBCONV, **TORCH),
    ),
    "MnasNetB1": (
        *_widths("mnasnet_{}", (0.5, 0.75, 1.0, 1.4), maps.MBCONV, **TORCH),
        *(
            Peer(
                f"mnasnet{alpha}".replace(".", "_"),
                {"alpha": alpha},
                maps.TORCHVISION_MNASNET,
                **IN_TORCHVISION,
            )
            for alpha in (0.5, 0.75, 1.0, 1.3)
        ),
    ),
    "MnasNetSmall": (
        Peer("mnasnet_small", {"alpha": 1.0}, maps.MBCONV, **TORCH),
    ),
    **{f"EfficientNetB{kind}": _efficient_net(kind) for kind in range(8)},
    **{f"EfficientNetLite{kind}": _lite(kind) for kind in range(5)},
    **{f"ResNet{layers}": _resnet(layers) for layers in (18, 34, 50, 101, 152)},
    **{f"VGG{layers}": _vgg(layers) for layers in (11, 13, 16, 19)},
    "LRASPPMobileNetV3Large": _segmentation(
        "lraspp_mobilenet_v3_large",
        dense_maps.LRASPP,
        1e-3,
        output_stride=16,
    ),
    "DeepLabV3MobileNetV3Large": _segmentation(
        "deeplabv3_mobilenet_v3_large",
        dense_maps.DEEPLAB_V3,
        1e-3,
        rates=RATES,
        output_stride=16,
    ),
    **{
        f"DeepLabV3ResNet{layers}": _segmentation(
            f"deeplabv3_resnet{layers}",
            dense_maps.DEEPLAB_RESNET,
            1e-5,
            rates=RATES,
            output_stride=8,
        )
        for layers in (50, 101)
    },
    "InceptionV3": (
        Peer(
            "inception_v3",
            WITH_GAMMA,
            maps.INCEPTION_V3,
            counts_zeros=True,
            **TF_SLIM,
        ),
    ),
    "InceptionV4": (
        Peer(
            "inception_v4",
            {"alpha": 1.0},
            maps.INCEPTION_V4,
            **TF_SLIM,
        ),
    ),
    "InceptionResNetV2": (
        Peer(
            "inception_resnet_v2",
            WITH_GAMMA,
            maps.INCEPTION_RESNET_V2,
            **TF_SLIM,
        ),
    ),
    "GoogLeNet": (
        Peer(
            "googlenet",
            {
                "alpha": 1.0,
                "batch_normalization": True,
                "kernels_5x5": False,
            },
            maps.GOOGLENET,
            library="torchvision",
            pixels="halves",
            **TF_SLIM,
        ),
    ),
    "SSD300VGG16": (
        Peer(
            "ssd300_vgg16",
            {},
            dense_maps.TORCHVISION_SSD300,
            epsilon=1e-5,
            library="torchvision",
            pixels="ssd",
        ),
    ),
    "SSDLiteMobileNetV3Large": (
        Peer(
            "ssdlite320_mobilenet_v3_large",
            {"alpha": 1.0, "reduced_tail": "detection"},
            dense_maps.TORCHVISION_SSDLITE_V3,
            pixels="halves",
            **IN_TORCHVISION | TF_SLIM,
        ),
    ),
}


def networks_of(name):
    """Returns our constructors of a network of timm, such as `resnet18`."""
    return [
        ours
        for ours, peers in PEERS.items()
        if any(peer.name == name for peer in peers)
    ]


def calls_of(name):
    """Returns our calls that build a network of timm, as text.

    Example:
    >>> calls_of("mobilenetv3_small_075")
    ['MobileNetV3Small(alpha=0.75, minimalistic=False)']
    """
    calls = [
        peer.call(ours)
        for ours, peers in PEERS.items()
        for peer in peers
        if peer.name == name
    ]
    return list(dict.fromkeys(calls))
