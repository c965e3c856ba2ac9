"""ResNetV2 (He et al., 2016, https://arxiv.org/abs/1603.05027)."""

from keras.applications import resnet_v2

from keras_papers.applications import registry
from keras_papers.applications.image.residual import Network, Row, build
from keras_papers.applications.image.scaling import round_filters
from keras_papers.applications.pretrained.evaluation import TF_SLIM
from keras_papers.applications.pretrained.published import Family, Published
from keras_papers.applications.variants import variant
from keras_papers.layers import PreactivationResidual

preprocess_input = resnet_v2.preprocess_input
decode_predictions = resnet_v2.decode_predictions
EVALUATION = TF_SLIM  # `preprocess_input` scales as it does
PAPER = registry.Paper(
    "ResNetV2",
    "Identity Mappings in Deep Residual Networks",
    "He et al.",
    2016,
    "https://arxiv.org/abs/1603.05027",
)

# Table 1 of the ResNet paper, with the strides of the authors' code for V2.
# fmt: off
TABLE_1 = {  # by column
    50: (
        #   3x3  1x1 layers s
        Row( 64,  256,  3, 2),
        Row(128,  512,  4, 2),
        Row(256, 1024,  6, 2),
        Row(512, 2048,  3, 1),
    ),
    101: (
        Row( 64,  256,  3, 2),
        Row(128,  512,  4, 2),
        Row(256, 1024, 23, 2),
        Row(512, 2048,  3, 1),
    ),
    152: (
        Row( 64,  256,  3, 2),
        Row(128,  512,  8, 2),
        Row(256, 1024, 36, 2),
        Row(512, 2048,  3, 1),
    ),
}
# fmt: on
MD5S = {  # of the published files with top, and without
    50: (
        "3ef43a0b657b3be2300d5770ece849e0",
        "fac2f116257151a9d068a22e544a4917",
    ),
    101: (
        "6343647c601c52e1368623803854d971",
        "c0ed64b8031c3730f411d2eb4eea35b5",
    ),
    152: (
        "a49b44d1979771252814e80f8ec446f9",
        "ed17cf2e0169df9d443503ef94b23b33",
    ),
}


def _block(row, alpha, version, shortcut, step, **options):
    """Makes a block of figure 4e, of which there is one version."""
    return PreactivationResidual(
        round_filters(row.conv1x1 * alpha),
        round_filters(row.conv3x3 * alpha),
        strides=step.strides,
        **options,
    )


def _network(layers):
    path = f"resnet/resnet{layers}v2_weights_tf_dim_ordering_tf_kernels"
    md5, md5_no_top = MD5S[layers]
    published = Family(
        "alpha=1.0",
        {(1.0,): Published(path, md5)},
        {(1.0,): Published(f"{path}_notop", md5_no_top)},
    )
    return Network(
        TABLE_1[layers], _block, EVALUATION, published, preactivation=True
    )


NETWORKS = {layers: _network(layers) for layers in TABLE_1}


def _constructor(layers):
    network = NETWORKS[layers]
    register = registry.network(
        PAPER, network.table, published=network.published
    )
    return register(
        variant(
            f"ResNet{layers}V2",
            build,
            network,
            f"Builds ResNet-{layers} with pre-activation, as in "
            "keras.applications.",
            module=__name__,
            omit=(
                "version",
                "shortcut",
                "use_bias",
                "output_stride",
                "dilation_start",
            ),
            use_bias=True,
            name=f"resnet{layers}v2",
        )
    )


ResNet50V2 = _constructor(50)
ResNet101V2 = _constructor(101)
ResNet152V2 = _constructor(152)
