"""InceptionV2 (Ioffe and Szegedy, 2015, https://arxiv.org/abs/1502.03167)."""

from typing import NamedTuple

from keras.applications import inception_v3

from keras_papers.applications import registry
from keras_papers.applications.image.inception import (
    Network,
    build,
    max_pool,
)
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.applications.variants import variant
from keras_papers.checks import MINIMUM_SIZE

preprocess_input = inception_v3.preprocess_input
decode_predictions = inception_v3.decode_predictions
PAPER = registry.Paper(
    "InceptionV2",
    "Batch Normalization: Accelerating Deep Network Training by Reducing "
    "Internal Covariate Shift",
    "Ioffe and Szegedy",
    2015,
    "https://arxiv.org/abs/1502.03167",
)


class Row(NamedTuple):
    """A line of figure 5: the filters of an inception module."""

    stage: int
    type: str
    conv1: int  # "#1x1"; 0 leaves the branch out
    reduce3: int  # "#3x3 reduce"
    conv3: int  # "#3x3"
    reduce_double3: int  # "double #3x3 reduce"
    double3: int  # "double #3x3"
    pool: str
    pool_proj: int  # 0 passes the pooled map through
    s: int

    n = 1  # each line is one module


# fmt: off
FIGURE_5 = (
    #   stage type 1x1 reduce 3x3 reduce 3x3 pool       proj s
    Row(2, "3a",  64,  64,  64,  64,  96, "average",  32, 1),
    Row(2, "3b",  64,  64,  96,  64,  96, "average",  64, 1),
    Row(3, "3c",   0, 128, 160,  64,  96, "max",       0, 2),
    Row(3, "4a", 224,  64,  96,  96, 128, "average", 128, 1),
    Row(3, "4b", 192,  96, 128,  96, 128, "average", 128, 1),
    Row(3, "4c", 160, 128, 160, 128, 160, "average", 128, 1),
    Row(3, "4d",  96, 128, 192, 160, 192, "average", 128, 1),
    Row(4, "4e",   0, 128, 192, 192, 256, "max",       0, 2),
    Row(4, "5a", 352, 192, 320, 160, 224, "average", 128, 1),
    Row(4, "5b", 352, 192, 320, 192, 224, "max",     128, 1),
)
# fmt: on
EVALUATION = TF_SLIM


def _branches(row):
    """Lists the branches of a row, of which two have 3x3 convolutions."""
    first = [[(row.conv1, 1)]] if row.conv1 else []
    last = [(row.pool_proj, 1)] if row.pool_proj else []
    return [
        *first,
        [(row.reduce3, 1), (row.conv3, 3, row.s)],
        [
            (row.reduce_double3, 1),
            (row.double3, 3),
            (row.double3, 3, row.s),
        ],
        [(row.pool, 3, row.s), *last],
    ]


def _stem(x, drawing):
    """Draws the first lines of figure 5."""
    x = drawing.stem(x, 64, 7, "same")
    x = max_pool(x, "stage1_pool")
    x = drawing.chain(x, "stage1_block1", (64, 1), (192, 3))
    return max_pool(x, "stage2_pool")


NETWORK = Network(
    FIGURE_5,
    _stem,
    _branches,
    size=224,
    minimum=MINIMUM_SIZE,
)
InceptionV2 = registry.network(PAPER, FIGURE_5, **NETWORK.record)(
    variant(
        "InceptionV2",
        build,
        NETWORK,
        "Builds Inception-v2, or BN-Inception: figure 5 of the paper.",
        module=__name__,
        omit=("normalize", "auxiliary"),
        name="inception_v2",
        dropout=0.0,
    )
)
