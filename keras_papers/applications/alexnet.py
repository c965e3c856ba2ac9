"""AlexNet (Krizhevsky et al., 2012, https://doi.org/10.1145/3065386)."""

from typing import NamedTuple

from keras.applications import vgg16

from keras_papers.applications import registry
from keras_papers.applications.image.sequential import (
    NORM,
    Convolutions,
    Network,
    build,
)
from keras_papers.applications.pretrained.evaluation import CAFFE
from keras_papers.applications.variants import variant

preprocess_input = vgg16.preprocess_input
decode_predictions = vgg16.decode_predictions
EVALUATION = CAFFE
PAPER = registry.Paper(
    "AlexNet",
    "ImageNet Classification with Deep Convolutional Neural Networks",
    "Krizhevsky et al.",
    2012,
    "https://doi.org/10.1145/3065386",
)


class Row(NamedTuple):
    """A convolution of section 3.5."""

    filters: int
    k: int  # height and width of the kernel
    s: int  # stride
    groups: int  # 2 where a GPU sees the channels of its own only
    ends: bool  # whether a max-pooling of 3 x 3 and strides 2 follows
    norm: bool  # whether a response normalization does, before it


# fmt: off
SECTION_3_5 = (
    #   filters k  s groups ends norm
    Row( 96, 11, 4, 1, True,  True),
    Row(256,  5, 1, 2, True,  True),
    Row(384,  3, 1, 1, False, False),
    Row(384,  3, 1, 2, False, False),
    Row(256,  3, 1, 2, True,  False),
)
# fmt: on


def _convolutions(row):
    return Convolutions(
        row.filters,
        row.k,
        row.s,
        "same" if row.s == 1 else 2,
        row.groups,
        behind=(NORM,) * row.norm + (("max", 3, 2),) * row.ends,
    )


NETWORK = Network(
    SECTION_3_5,
    _convolutions,
    minimum=63,  # three poolings leave one pixel
)
AlexNet = registry.network(PAPER, SECTION_3_5, minimum=NETWORK.minimum)(
    variant(
        "AlexNet",
        build,
        NETWORK,
        """Builds AlexNet: section 3.5 of the paper.

        The paper's 224 x 224 pixels do not give its 55 x 55 of the first
        convolution; they are padded by 2 on each side, as in torchvision.
        """,
        module=__name__,
        omit=(
            "batch_normalization",
            "batch_norm_momentum",
            "batch_norm_epsilon",
        ),
        name="alexnet",
    )
)
