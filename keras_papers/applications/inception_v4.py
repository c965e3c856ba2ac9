"""InceptionV4 (Szegedy et al., 2016, https://arxiv.org/abs/1602.07261)."""

from typing import NamedTuple

from keras.applications import inception_v3

from keras_papers.applications import registry
from keras_papers.applications.image.inception import (
    Network,
    build,
    whole_map_head,
)
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.applications.pretrained.published import of_torch
from keras_papers.applications.variants import variant

preprocess_input = inception_v3.preprocess_input
decode_predictions = inception_v3.decode_predictions
PAPER = registry.Paper(
    "InceptionV4",
    "Inception-v4, Inception-ResNet and the Impact of Residual Connections "
    "on Learning",
    "Szegedy et al.",
    2016,
    "https://arxiv.org/abs/1602.07261",
)


class Row(NamedTuple):
    """A box of figure 9: modules of one name."""

    stage: int
    module: str
    n: int
    s: int


# fmt: off
FIGURE_9 = (
    #   stage module        n  s
    Row(3, "Stem",          1, 2),  # the last part of figure 3
    Row(3, "Inception-A",   4, 1),
    Row(4, "Reduction-A",   1, 2),
    Row(4, "Inception-B",   7, 1),
    Row(5, "Reduction-B",   1, 2),
    Row(5, "Inception-C",   3, 1),
)
# fmt: on
LOSS_WEIGHTS = {"predictions": 1.0, "auxiliary1": 0.4}  # of tf-slim
HALVED = ("max", 3, 2, "valid")
SIDE_BY_SIDE = [[(256, (1, 3))], [(256, (3, 1))]]
MODULES = {
    "Stem": [[(192, 3, 2, "valid")], [HALVED]],
    "Inception-A": [  # figure 4
        [(96, 1)],
        [(64, 1), (96, 3)],
        [(64, 1), (96, 3), (96, 3)],
        [("average", 3), (96, 1)],
    ],
    "Reduction-A": [  # figure 7, with the numbers of table 1
        [(384, 3, 2, "valid")],
        [(192, 1), (224, 3), (256, 3, 2, "valid")],
        [HALVED],
    ],
    "Inception-B": [  # figure 5
        [(384, 1)],
        [(192, 1), (224, (1, 7)), (256, (7, 1))],
        [
            (192, 1),
            (192, (7, 1)),
            (224, (1, 7)),
            (224, (7, 1)),
            (256, (1, 7)),
        ],
        [("average", 3), (128, 1)],
    ],
    "Reduction-B": [  # figure 8
        [(192, 1), (192, 3, 2, "valid")],
        [(256, 1), (256, (1, 7)), (320, (7, 1)), (320, 3, 2, "valid")],
        [HALVED],
    ],
    "Inception-C": [  # figure 6
        [(256, 1)],
        [(384, 1), SIDE_BY_SIDE],
        [(384, 1), (448, (3, 1)), (512, (1, 3)), SIDE_BY_SIDE],
        [("average", 3), (256, 1)],
    ],
}


def _stem(x, drawing):
    """Draws figure 3 up to its last division, which is a row of the table."""
    x = drawing.stem(x, 32, 3, "valid")
    x = drawing.chain(x, "stage1_block1", (32, 3, 1, "valid"), (64, 3))
    x = drawing.module(x, "stage2_block1", [[HALVED], [(96, 3, 2, "valid")]])
    last = (96, 3, 1, "valid")
    return drawing.module(
        x,
        "stage2_block2",
        [[(64, 1), last], [(64, 1), (64, (1, 7)), (64, (7, 1)), last]],
    )


EVALUATION = TF_SLIM  # where the authors trained it
NETWORK = Network(
    FIGURE_9,
    _stem,
    lambda row: MODULES[row.module],
    auxiliary=(3,),
    auxiliary_head=whole_map_head,
    auxiliary_size=107,
    published=of_torch("InceptionV4"),
)
InceptionV4 = registry.network(PAPER, FIGURE_9, **NETWORK.record)(
    variant(
        "InceptionV4",
        build,
        NETWORK,
        "Builds Inception-v4: figure 9 of the paper.",
        module=__name__,
        omit=("normalize", "average_zeros"),
        name="inception_v4",
    )
)
