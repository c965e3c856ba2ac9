"""Every public layer keeps the contract; what is one layer's own is beside."""

import inspect

import keras
import pytest

from keras_papers import layers
from keras_papers.layers import (
    AxialAttention,
    BasicResidual,
    Block,
    BottleneckResidual,
    CausalAttention2D,
    ConvNormActivation,
    DepthwiseSeparable,
    FeatureAttention,
    FiniteScalarQuantizer,
    HSwish,
    Inception,
    InceptionResidual,
    InvertedResidual,
    LocalResponseNormalization,
    MaskedConv2D,
    PreactivationResidual,
    ResidualVectorQuantizer,
    SqueezeExcite,
    TemporalAttention,
    TemporalJitter,
    VectorQuantizer,
)
from keras_papers.testing import check_layer

pytestmark = pytest.mark.contract

CASES = [
    (HSwish, {}, (2, 5)),
    (HSwish, {}, (2, 3, 3, 4)),
    (SqueezeExcite, {"units": 4}, (2, 6, 6, 16)),
    (
        SqueezeExcite,
        {
            "units": 3,
            "activation": "swish",
            "gate_activation": "hard_sigmoid",
        },
        (2, 5, 7, 8),
    ),
    (DepthwiseSeparable, {"filters": 6}, (2, 6, 6, 4)),
    (
        DepthwiseSeparable,
        {"filters": 6, "strides": 2, "padding": "even", "kernel_size": 5},
        (2, 9, 8, 4),
    ),
    (
        DepthwiseSeparable,
        {"filters": 6, "strides": 2, "padding": "symmetric"},
        (2, 8, 7, 4),
    ),
    (
        DepthwiseSeparable,
        {"filters": 6, "depth_multiplier": 2, "activation": "swish"},
        (2, 6, 6, 4),
    ),
    (InvertedResidual, {"filters": 8}, (2, 6, 6, 8)),
    (
        InvertedResidual,
        {"filters": 12, "expansion": 1, "strides": 2},
        (2, 7, 7, 8),
    ),
    (
        InvertedResidual,
        {
            "filters": 8,
            "expanded_filters": 20,
            "kernel_size": 5,
            "activation": "hard_swish",
            "squeeze_units": 4,
        },
        (2, 6, 5, 8),
    ),
    (
        InvertedResidual,
        {
            "filters": 6,
            "expansion": 2.5,
            "strides": 2,
            "padding": "even",
            "squeeze_units": 2,
            "squeeze_place": "before_activation",
            "gate_activation": "sigmoid",
            "squeeze_activation": "swish",
            "project_activation": "relu6",
        },
        (2, 7, 6, 8),
    ),
    (
        InvertedResidual,
        {
            "filters": 8,
            "stochastic_depth": 0.2,
            "momentum": 0.99,
            "kernel_initializer": "he_normal",
        },
        (4, 6, 6, 8),
    ),
    (InvertedResidual, {"filters": 8, "shortcut": False}, (2, 6, 6, 8)),
    (InvertedResidual, {"filters": 8, "shortcut": "pool"}, (2, 5, 6, 8)),
    (
        InvertedResidual,
        {"filters": 8, "shortcut": "pool", "strides": 2},
        (2, 7, 6, 8),
    ),
    (InvertedResidual, {"filters": 8, "dilation_rate": 2}, (2, 7, 6, 8)),
    (DepthwiseSeparable, {"filters": 6, "dilation_rate": 2}, (2, 7, 6, 4)),
    (ConvNormActivation, {"filters": 6, "dilation_rate": 2}, (2, 7, 6, 4)),
    (
        BasicResidual,
        {"filters": 8, "dilation_rate": 4, "first_dilation_rate": 2},
        (2, 9, 9, 8),
    ),
    (
        BottleneckResidual,
        {"filters": 8, "bottleneck_filters": 4, "dilation_rate": 2},
        (2, 7, 6, 6),
    ),
    (ConvNormActivation, {"filters": 6}, (2, 6, 6, 4)),
    (
        ConvNormActivation,
        {
            "filters": 8,
            "kernel_size": 5,
            "activation": "swish",
            "squeeze_units": 2,
            "gate_activation": "sigmoid",
            "squeeze_activation": "swish",
            "stochastic_depth": 0.2,
            "kernel_initializer": "he_normal",
        },
        (2, 6, 5, 8),
    ),
    (
        ConvNormActivation,
        {
            "filters": 8,
            "strides": 2,
            "shortcut": "pool",
            "padding": "even",
        },
        (2, 7, 6, 8),
    ),
    (
        ConvNormActivation,
        {
            "filters": 8,
            "strides": 2,
            "shortcut": "pool",
            "padding": "symmetric",
            "epsilon": 1e-5,
            "momentum": 0.99,
        },
        (2, 7, 6, 8),
    ),
    (BasicResidual, {"filters": 8, "strides": 2}, (2, 5, 6, 6)),
    (
        BasicResidual,
        {"filters": 9, "strides": 2, "shortcut": "A", "use_bias": True},
        (2, 5, 6, 6),
    ),
    (
        BottleneckResidual,
        {"filters": 8, "bottleneck_filters": 4, "strides": 2},
        (2, 5, 6, 6),
    ),
    (
        BottleneckResidual,
        {
            "filters": 8,
            "bottleneck_filters": 4,
            "strides": 2,
            "strided_conv": "conv2",
            "shortcut": "C",
            "momentum": 0.99,
            "epsilon": 1e-3,
            "kernel_initializer": "glorot_uniform",
        },
        (2, 5, 6, 6),
    ),
    (
        PreactivationResidual,
        {
            "filters": 8,
            "bottleneck_filters": 4,
            "strides": 2,
            "use_bias": False,
            "momentum": 0.99,
        },
        (2, 5, 6, 6),
    ),
    (
        LocalResponseNormalization,
        {"size": 3, "bias": 1.0, "alpha": 0.5, "beta": 0.6},
        (2, 4, 3, 7),
    ),
    (
        Inception,
        {
            "branches": [
                [(4, 1)],
                [(3, 1), [[(2, (1, 3))], [(2, (3, 1))]]],
                [("max", 3), (3, 1)],
            ],
        },
        (2, 5, 6, 4),
    ),
    (
        Inception,
        {
            "branches": [[(4, 3, 2, "valid")], [("average", 3, 2, "valid")]],
            "normalize": False,
            "activation": "swish",
            "kernel_initializer": "he_normal",
        },
        (2, 7, 6, 4),
    ),
    (
        InceptionResidual,
        {
            "branches": [[(4, 1)], [(3, 1), (2, (1, 3)), (2, (3, 1))]],
            "residual_scale": 0.3,
            "output_activation": None,
            "norm_scale": False,
        },
        (2, 5, 6, 4),
    ),
    (AxialAttention, {"num_heads": 2, "axis": -3}, (2, 3, 4, 6)),
    (VectorQuantizer, {"num_embeddings": 8}, (2, 5, 4)),
    (
        VectorQuantizer,
        {
            "num_embeddings": 8,
            "embedding_dim": 4,
            "commitment_cost": 1.0,
            "ema_decay": None,
            "num_codebooks": 2,
            "codebook_dim": 3,
            "distance": "cosine",
            "estimator": "rotation",
            "initialization": "kmeans",
            "revival": None,
            "chunk_size": 4,
            "seed": 3,
        },
        (2, 3, 3, 4),
    ),
    (CausalAttention2D, {"num_heads": 2, "key_dim": 3}, (2, 4, 5, 6)),
    (
        CausalAttention2D,
        {
            "num_heads": 2,
            "key_dim": 3,
            "value_dim": 5,
            "dropout": 0.1,
            "weight_normalization": True,
            "seed": 3,
        },
        (2, 3, 4, 6),
    ),
    (MaskedConv2D, {"filters": 6, "kernel_size": [3, 5]}, (2, 4, 6, 3)),
    (
        MaskedConv2D,
        {
            "filters": 6,
            "kernel_size": [3, 3],
            "mask_type": "A",
            "activation": "relu",
            "use_bias": False,
            "kernel_initializer": "he_normal",
        },
        (2, 4, 6, 3),
    ),
    (FiniteScalarQuantizer, {"levels": [8, 5, 3]}, (4, 3)),
    (FeatureAttention, {}, (3, 5)),
    (TemporalAttention, {}, (3, 5, 4)),
    (
        TemporalAttention,
        {"per_feature": True, "kernel_initializer": "he_normal"},
        (3, 5, 4),
    ),
    (TemporalJitter, {"rate": 0.3, "seed": 1}, (2, 5, 4)),
    (
        ResidualVectorQuantizer,
        {"quantizer": VectorQuantizer(8), "num_quantizers": 2},
        (2, 5, 4),
    ),
]
# Layers that act on vectors have no axes of images.
OF_IMAGES = (
    BasicResidual,
    BottleneckResidual,
    ConvNormActivation,
    DepthwiseSeparable,
    Inception,
    InceptionResidual,
    InvertedResidual,
    LocalResponseNormalization,
    PreactivationResidual,
    SqueezeExcite,
)


@pytest.mark.parametrize("layer, arguments, shape", CASES)
def test_layer_keeps_the_contract(layer, arguments, shape):
    keras.utils.set_random_seed(0)
    check_layer(layer(**arguments), shape)


@pytest.mark.parametrize(
    "layer, arguments, shape", [case for case in CASES if case[0] in OF_IMAGES]
)
def test_both_data_formats_answer_the_same(layer, arguments, shape):
    last = layer(**arguments, data_format="channels_last")
    first = layer(**arguments, data_format="channels_first")
    images = keras.random.normal(shape, seed=0)
    expected = last(images)
    transposed = keras.ops.transpose(images, (0, 3, 1, 2))
    first.build(transposed.shape)
    first.set_weights(last.get_weights())
    outputs = first(transposed)
    assert tuple(outputs.shape) == first.compute_output_shape(transposed.shape)
    assert keras.ops.std(expected) > 0.01
    difference = keras.ops.transpose(outputs, (0, 2, 3, 1)) - expected
    assert keras.ops.max(keras.ops.abs(difference)) < 1e-5


def test_every_public_layer_is_on_the_list():
    public = {
        value
        for name, value in vars(layers).items()
        if inspect.isclass(value) and not name.startswith("_")
    }
    excused = {
        layers.Block,  # a base, with tests of its own
        layers.ColumnEmbedding,  # takes ids: test_column_embedding.py
        layers.GatedCausalConv1D,  # two outputs: test_gated_causal_conv1d.py
        layers.GatedMaskedConv2D,  # takes two maps: test_causal_layers.py
        layers.LuongAttention,  # takes two series: test_attention.py
        layers.PiecewiseLinear,  # has a column a list: test_piecewise_linear.py
    }
    assert public - excused == {layer for layer, *_ in CASES}


@pytest.mark.parametrize("layer, arguments, shape", CASES)
def test_layer_is_registered_under_the_package(layer, arguments, shape):
    name = keras.saving.get_registered_name(layer)
    assert name == f"keras_papers>{layer.__name__}"


@pytest.mark.parametrize("layer, arguments, shape", CASES)
def test_config_holds_the_arguments_exactly(layer, arguments, shape):
    parameters = inspect.signature(layer.__init__).parameters
    named = {
        name
        for name, parameter in parameters.items()
        if name != "self" and parameter.kind is not parameter.VAR_KEYWORD
    }
    config = layer(**arguments).get_config()
    assert set(config) == named | {"name", "trainable", "dtype"}


def test_every_argument_of_a_block_has_a_check():
    for layer in {case[0] for case in CASES if issubclass(case[0], Block)}:
        checks = layer.__init__.checks
        unchecked = [name for name in checks if checks[name] is None]
        assert not unchecked, f"{layer.__name__}: {unchecked}"
