"""InceptionResNetV2 (Szegedy et al., 2016, https://arxiv.org/abs/1602.07261)."""

from typing import NamedTuple

from keras.applications import inception_resnet_v2

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

preprocess_input = inception_resnet_v2.preprocess_input
decode_predictions = inception_resnet_v2.decode_predictions
PAPER = registry.Paper(
    "InceptionResNetV2",
    "Inception-v4, Inception-ResNet and the Impact of Residual Connections "
    "on Learning",
    "Szegedy et al.",
    2016,
    "https://arxiv.org/abs/1602.07261",
)


class Row(NamedTuple):
    """A box of figure 15: modules of one name."""

    stage: int
    module: str
    n: int
    s: int
    scale: float | None  # of the residual, section 3.3
    activation: str | None  # of the sum


# The paper draws 5, 10 and 5 modules; its authors' code has twice as many,
# and the stem of Inception-v3 in place of figure 3.
# fmt: off
FIGURE_15 = (
    #   stage module                n  s  scale activation
    Row(3, "Inception-A",           1, 1, None, None),
    Row(3, "Inception-ResNet-A",   10, 1, 0.17, "relu"),
    Row(4, "Reduction-A",           1, 2, None, None),
    Row(4, "Inception-ResNet-B",   20, 1, 0.10, "relu"),
    Row(5, "Reduction-B",           1, 2, None, None),
    Row(5, "Inception-ResNet-C",    9, 1, 0.20, "relu"),
    Row(5, "Inception-ResNet-C",    1, 1, 1.00, None),
)
# fmt: on
LOSS_WEIGHTS = {"predictions": 1.0, "auxiliary1": 0.4}  # of tf-slim
HALVED = ("max", 3, 2, "valid")
MODULES = {
    "Inception-A": [
        [(96, 1)],
        [(48, 1), (64, 5)],
        [(64, 1), (96, 3), (96, 3)],
        [("average", 3), (64, 1)],
    ],
    "Inception-ResNet-A": [  # figure 16
        [(32, 1)],
        [(32, 1), (32, 3)],
        [(32, 1), (48, 3), (64, 3)],
    ],
    "Reduction-A": [  # figure 7, with the numbers of table 1
        [(384, 3, 2, "valid")],
        [(256, 1), (256, 3), (384, 3, 2, "valid")],
        [HALVED],
    ],
    "Inception-ResNet-B": [  # figure 17
        [(192, 1)],
        [(128, 1), (160, (1, 7)), (192, (7, 1))],
    ],
    "Reduction-B": [  # figure 18
        [(256, 1), (384, 3, 2, "valid")],
        [(256, 1), (288, 3, 2, "valid")],
        [(256, 1), (288, 3), (320, 3, 2, "valid")],
        [HALVED],
    ],
    "Inception-ResNet-C": [  # figure 19
        [(192, 1)],
        [(192, 1), (224, (1, 3)), (256, (3, 1))],
    ],
}


def _published(ending, md5):
    file = (
        "inception_resnet_v2/"
        "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels"
    )
    return {(1.0,): Published(f"{file}{ending}", md5)}


PUBLISHED = Family(
    "alpha=1.0, without auxiliary classifiers and gammas",
    _published("", "e693bd0210a403b3192acc6073ad2e96"),
    _published("_notop", "d19885ff4a710c122648d3b5c3b684e4"),
    peers=PEERS["InceptionResNetV2"],
)
EVALUATION = TF_SLIM  # where the published weights were trained
NETWORK = Network(
    FIGURE_15,
    stem_of_v3,
    lambda row: MODULES[row.module],
    auxiliary=(3,),
    auxiliary_head=whole_map_head,
    auxiliary_size=107,
    published=PUBLISHED,
    head=1536,
)
InceptionResNetV2 = registry.network(PAPER, FIGURE_15, **NETWORK.record)(
    variant(
        "InceptionResNetV2",
        build,
        NETWORK,
        "Builds Inception-ResNet-v2: figure 15 of the paper, as its authors "
        "coded it.",
        module=__name__,
        omit=("normalize", "average_zeros"),
        name="inception_resnet_v2",
        batch_norm_scale=False,
    )
)
