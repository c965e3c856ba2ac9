"""ZFNet (Zeiler and Fergus, 2013, https://arxiv.org/abs/1311.2901)."""

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
    "ZFNet",
    "Visualizing and Understanding Convolutional Networks",
    "Zeiler and Fergus",
    2013,
    "https://arxiv.org/abs/1311.2901",
)


class Row(NamedTuple):
    """A layer of figure 3."""

    filters: int
    k: int  # "filter size"
    s: int  # "stride"
    padding: int | str  # zeros on each side, with which the map has its size
    pool: str | None  # padding of the "3x3 max pool stride 2" behind it
    norm: bool  # whether the "contrast norm." is there, behind the pooling


# fmt: off
FIGURE_3 = (
    #   filters k  s padding  pool     norm
    Row( 96, 7, 2, 1,       "same",  True),   # 110, pooled to 55
    Row(256, 5, 2, "valid", "same",  True),   # 26, pooled to 13
    Row(384, 3, 1, "same",  None,    False),
    Row(384, 3, 1, "same",  None,    False),
    Row(256, 3, 1, "same",  "valid", False),  # 13, pooled to 6
)
# fmt: on


def _convolutions(row):
    pool = (("max", 3, 2, row.pool),) if row.pool else ()
    return Convolutions(
        row.filters,
        row.k,
        row.s,
        row.padding,
        behind=pool + (NORM,) * row.norm,
    )


NETWORK = Network(
    FIGURE_3,
    _convolutions,
    minimum=53,  # three poolings leave one pixel
)
ZFNet = registry.network(PAPER, FIGURE_3, minimum=NETWORK.minimum)(
    variant(
        "ZFNet",
        build,
        NETWORK,
        """Builds ZFNet: figure 3 of the paper.

        The response normalization is that of AlexNet, the paper names no other.
        """,
        module=__name__,
        omit=(
            "grouped",
            "batch_normalization",
            "batch_norm_momentum",
            "batch_norm_epsilon",
        ),
        name="zfnet",
    )
)
