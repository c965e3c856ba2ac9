"""ResNet (He et al., 2015, https://arxiv.org/abs/1512.03385)."""

from keras.applications import resnet

from keras_papers.applications import registry
from keras_papers.applications.image.residual import (
    CIFAR_SIZE,
    Network,
    Row,
    build,
)
from keras_papers.applications.image.scaling import round_filters
from keras_papers.applications.pretrained.evaluation import CAFFE
from keras_papers.applications.pretrained.published import (
    Family,
    Published,
    of_torch,
)
from keras_papers.applications.pretrained.torch_networks import PEERS
from keras_papers.applications.variants import variant
from keras_papers.layers import BasicResidual, BottleneckResidual

preprocess_input = resnet.preprocess_input
decode_predictions = resnet.decode_predictions
EVALUATION = CAFFE  # where the published weights were trained
PAPER = registry.Paper(
    "ResNet",
    "Deep Residual Learning for Image Recognition",
    "He et al.",
    2015,
    "https://arxiv.org/abs/1512.03385",
)

# fmt: off
TABLE_1 = {  # by column
    18: (
        #   3x3  1x1 layers s
        Row( 64,    0,  2, 1),
        Row(128,    0,  2, 2),
        Row(256,    0,  2, 2),
        Row(512,    0,  2, 2),
    ),
    34: (
        Row( 64,    0,  3, 1),
        Row(128,    0,  4, 2),
        Row(256,    0,  6, 2),
        Row(512,    0,  3, 2),
    ),
    50: (
        Row( 64,  256,  3, 1),
        Row(128,  512,  4, 2),
        Row(256, 1024,  6, 2),
        Row(512, 2048,  3, 2),
    ),
    101: (
        Row( 64,  256,  3, 1),
        Row(128,  512,  4, 2),
        Row(256, 1024, 23, 2),
        Row(512, 2048,  3, 2),
    ),
    152: (
        Row( 64,  256,  3, 1),
        Row(128,  512,  8, 2),
        Row(256, 1024, 36, 2),
        Row(512, 2048,  3, 2),
    ),
}
SECTION_4_2 = (  # of the networks for CIFAR-10, for n of 1
    Row(16, 0, 1, 1),
    Row(32, 0, 1, 2),
    Row(64, 0, 1, 2),
)
# fmt: on
CIFAR_MINIMUM = 8  # two halvings leave 2 x 2


def _published(layers, md5, md5_no_top):
    path = f"resnet/resnet{layers}_weights_tf_dim_ordering_tf_kernels"
    return Family(
        "alpha=1.0, version=1, shortcut='B', use_bias=True",
        {(1.0,): Published(path, md5)},
        {(1.0,): Published(f"{path}_notop", md5_no_top)},
        peers=PEERS[f"ResNet{layers}"],
    )


def _block(row, alpha, version, step, **options):
    """Makes a block of figure 5, of two convolutions or of three."""
    conv3x3 = round_filters(row.conv3x3 * alpha)
    options["strides"] = step.strides
    if not row.conv1x1:
        return BasicResidual(
            conv3x3,
            first_dilation_rate=step.dilation_rate,
            dilation_rate=step.behind,
            **options,
        )
    strided_conv = "conv1" if version == 1 else "conv2"
    return BottleneckResidual(
        round_filters(row.conv1x1 * alpha),
        conv3x3,
        strided_conv=strided_conv,
        # The convolution of 3 x 3 is behind the first, which may be strided.
        dilation_rate=step.behind
        if strided_conv == "conv1"
        else step.dilation_rate,
        **options,
    )


MD5S = {  # of the published files with top, and without
    50: (
        "2cb95161c43110f7111970584f804107",
        "4d473c1dd8becc155b73f8504c6f6626",
    ),
    101: (
        "f1aeb4b969a6efcfb50fad2f0c20cfc5",
        "88cf7a10940856eca736dc7b7e228a21",
    ),
    152: (
        "100835be76be38e30d865e96f2aaae62",
        "ee4c566cf9a93f14d82f913c2dc6dd0c",
    ),
}
NETWORKS = {
    layers: Network(table, _block, EVALUATION, of_torch(f"ResNet{layers}"))
    for layers, table in TABLE_1.items()
}
NETWORKS |= {
    layers: NETWORKS[layers]._replace(
        published=_published(layers, *md5s), use_bias=True
    )
    for layers, md5s in MD5S.items()
}
NETWORKS |= {
    6 * n + 2: Network(
        SECTION_4_2,
        _block,
        EVALUATION,
        multiple=n,
        size=CIFAR_SIZE,
        minimum=CIFAR_MINIMUM,
        classes=10,
        shortcut="A",
    )
    for n in (3, 5, 7, 9, 18)
}
RESNET18 = NETWORKS[18]


DENSE = ("output_stride", "dilation_start")  # arguments of ImageNet's networks


def _constructor(layers, summary, omit=()):
    network = NETWORKS[layers]
    register = registry.network(
        PAPER,
        network.table,
        size=network.size,
        published=network.published,
        minimum=network.minimum,
    )
    return register(
        variant(
            f"ResNet{layers}",
            build,
            network,
            f"Builds ResNet-{layers}: {summary} of the paper.",
            module=__name__,
            omit=omit,
            name=f"resnet{layers}",
            classes=network.classes,
            shortcut=network.shortcut,
            use_bias=network.use_bias,
        )
    )


def _cifar(layers):
    n = NETWORKS[layers].multiple
    summary = f"the network of section 4.2 for CIFAR-10, with n = {n},"
    return _constructor(layers, summary, ("version", *DENSE))


ResNet18 = _constructor(18, "a column of table 1", ("version",))
ResNet34 = _constructor(34, "a column of table 1", ("version",))
ResNet50 = _constructor(50, "a column of table 1")
ResNet101 = _constructor(101, "a column of table 1")
ResNet152 = _constructor(152, "a column of table 1")
ResNet20 = _cifar(20)
ResNet32 = _cifar(32)
ResNet44 = _cifar(44)
ResNet56 = _cifar(56)
ResNet110 = _cifar(110)
