"""VGG (Simonyan and Zisserman, 2014, https://arxiv.org/abs/1409.1556)."""

from typing import NamedTuple

from keras.applications import vgg16

from keras_papers.applications import registry
from keras_papers.applications.image.sequential import (
    Convolutions,
    Network,
    build,
)
from keras_papers.applications.pretrained.evaluation import CAFFE
from keras_papers.applications.pretrained.published import (
    Family,
    Published,
    of_torch,
)
from keras_papers.applications.pretrained.torch_networks import PEERS
from keras_papers.applications.variants import variant

preprocess_input = vgg16.preprocess_input
decode_predictions = vgg16.decode_predictions
EVALUATION = CAFFE  # where the published weights were trained
PAPER = registry.Paper(
    "VGG",
    "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    "Simonyan and Zisserman",
    2014,
    "https://arxiv.org/abs/1409.1556",
)


class Row(NamedTuple):
    """The lines of table 1 between two poolings, 3 x 3 convolutions all."""

    filters: int  # the number in "conv3-64"
    layers: int  # lines


# fmt: off
TABLE_1 = {  # by column
    "A": (Row(64, 1), Row(128, 1), Row(256, 2), Row(512, 2), Row(512, 2)),
    "B": (Row(64, 2), Row(128, 2), Row(256, 2), Row(512, 2), Row(512, 2)),
    "D": (Row(64, 2), Row(128, 2), Row(256, 3), Row(512, 3), Row(512, 3)),
    "E": (Row(64, 2), Row(128, 2), Row(256, 4), Row(512, 4), Row(512, 4)),
}
# fmt: on


def _published(layers, md5, md5_no_top):
    path = f"vgg{layers}/vgg{layers}_weights_tf_dim_ordering_tf_kernels"
    return Family(
        "alpha=1.0, without batch normalization",
        {(1.0,): Published(path, md5)},
        {(1.0,): Published(f"{path}_notop", md5_no_top)},
        peers=PEERS[f"VGG{layers}"],
    )


def _convolutions(row):
    return Convolutions(
        row.filters, 3, number=row.layers, behind=(("max", 2, 2),)
    )


def _network(column, published):
    return Network(TABLE_1[column], _convolutions, published=published)


NETWORKS = {
    11: _network("A", of_torch("VGG11")),
    13: _network("B", of_torch("VGG13")),
    16: _network(
        "D",
        _published(
            16,
            "64373286793e3c8b2b4e3219cbf3544b",
            "6d6bbae143d832006294945121d1f1fc",
        ),
    ),
    19: _network(
        "E",
        _published(
            19,
            "cbe5617147190e668d6c5d5026f83318",
            "253f8cb515780f3b799900260a226db6",
        ),
    ),
}
VGG11_NETWORK = NETWORKS[11]


def _constructor(layers, column):
    network = NETWORKS[layers]
    register = registry.network(
        PAPER, network.table, published=network.published
    )
    return register(
        variant(
            f"VGG{layers}",
            build,
            network,
            f"Builds VGG-{layers}: column {column} of table 1 of the paper.",
            module=__name__,
            omit=("grouped", "response_normalization"),
            name=f"vgg{layers}",
        )
    )


VGG11 = _constructor(11, "A")
VGG13 = _constructor(13, "B")
VGG16 = _constructor(16, "D")
VGG19 = _constructor(19, "E")
