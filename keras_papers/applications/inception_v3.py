"""InceptionV3 (Szegedy et al., 2015, https://arxiv.org/abs/1512.00567)."""

from typing import NamedTuple

from keras.applications import inception_v3

from keras_papers.applications import registry
from keras_papers.applications.image.inception import (
    Network,
    build,
    stem_of_v3,
    whole_map_head,
)
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.applications.pretrained.published import Family, Published
from keras_papers.applications.pretrained.torch_networks import PEERS
from keras_papers.applications.variants import variant

preprocess_input = inception_v3.preprocess_input
decode_predictions = inception_v3.decode_predictions
PAPER = registry.Paper(
    "InceptionV3",
    "Rethinking the Inception Architecture for Computer Vision",
    "Szegedy et al.",
    2015,
    "https://arxiv.org/abs/1512.00567",
)


class Row(NamedTuple):
    """A line of table 1: modules of one figure, at one size of the map."""

    stage: int
    figure: str  # of the paper, that shows the module
    width: int  # what distinguishes the modules of one figure
    n: int
    s: int


# The widths, which the paper does not give, are those of the authors' code.
# fmt: off
TABLE_1 = (
    #   stage figure width n  s
    Row(3, "5",       32, 1, 1),
    Row(3, "5",       64, 2, 1),
    Row(4, "10",     384, 1, 2),
    Row(4, "6",      128, 1, 1),
    Row(4, "6",      160, 2, 1),
    Row(4, "6",      192, 1, 1),
    Row(5, "10, 6",  192, 1, 2),
    Row(5, "7",      384, 2, 1),
)
# fmt: on
LOSS_WEIGHTS = {"predictions": 1.0, "auxiliary1": 0.4}  # of tf-slim


def _figure_5(width):
    """Modules of the 35 x 35 maps; the code has one 5x5 of figure 4."""
    return [
        [(64, 1)],
        [(48, 1), (64, 5)],
        [(64, 1), (96, 3), (96, 3)],
        [("average", 3), (width, 1)],
    ]


def _figure_6(width):
    """Modules of the 17 x 17 maps: 7x7 convolutions as 1x7 and 7x1."""
    return [
        [(192, 1)],
        [(width, 1), (width, (1, 7)), (192, (7, 1))],
        [
            (width, 1),
            (width, (7, 1)),
            (width, (1, 7)),
            (width, (7, 1)),
            (192, (1, 7)),
        ],
        [("average", 3), (192, 1)],
    ]


def _figure_7(width):
    """Modules of the 8 x 8 maps, whose 1x3 and 3x1 are side by side."""
    both = [[(width, (1, 3))], [(width, (3, 1))]]
    return [
        [(320, 1)],
        [(width, 1), both],
        [(448, 1), (width, 3), both],
        [("average", 3), (192, 1)],
    ]


def _figure_10(width):
    """Reduction to 17 x 17: strides 2 beside a pooling."""
    return [
        [(width, 3, 2, "valid")],
        [(64, 1), (96, 3), (96, 3, 2, "valid")],
        [("max", 3, 2, "valid")],
    ]


def _figures_10_and_6(width):
    """Reduction to 8 x 8, with the 1x7 and 7x1 of figure 6."""
    return [
        [(width, 1), (320, 3, 2, "valid")],
        [
            (width, 1),
            (width, (1, 7)),
            (width, (7, 1)),
            (width, 3, 2, "valid"),
        ],
        [("max", 3, 2, "valid")],
    ]


FIGURES = {
    "5": _figure_5,
    "6": _figure_6,
    "7": _figure_7,
    "10": _figure_10,
    "10, 6": _figures_10_and_6,
}


def _published(ending, md5):
    file = "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels"
    return {(1.0,): Published(f"{file}{ending}", md5)}


PUBLISHED = Family(
    "alpha=1.0, without auxiliary classifiers and gammas",
    _published("", "9a0d58056eeedaa3f26cb7ebd46da564"),
    _published("_notop", "bcbd6486424b2319ff4ef7d526e38f63"),
    peers=PEERS["InceptionV3"],
)
EVALUATION = TF_SLIM  # where the published weights were trained
NETWORK = Network(
    TABLE_1,
    stem_of_v3,
    lambda row: FIGURES[row.figure](row.width),
    auxiliary=(5,),
    auxiliary_head=whole_map_head,
    auxiliary_size=107,
    published=PUBLISHED,
)
InceptionV3 = registry.network(PAPER, TABLE_1, **NETWORK.record)(
    variant(
        "InceptionV3",
        build,
        NETWORK,
        "Builds Inception-v3: table 1 of the paper, as its authors coded it.",
        module=__name__,
        omit=("normalize",),
        name="inception_v3",
        batch_norm_scale=False,
    )
)
