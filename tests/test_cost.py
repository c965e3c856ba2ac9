"""cost.count against closed forms; the papers' figures are in paper_facts."""

import math

import keras
import pytest

from keras_papers import applications
from keras_papers.cost import count
from keras_papers.layers import (
    AxialAttention,
    CausalAttention2D,
    FeatureAttention,
    FiniteScalarQuantizer,
    GatedMaskedConv2D,
    LuongAttention,
    MaskedConv2D,
    ResidualVectorQuantizer,
    TemporalAttention,
    VectorQuantizer,
)
from keras_papers.layers._input_feeding import (
    InputFeedingCell,
    InputFeedingDecoder,
)


def cost_of(layer, *shape):
    inputs = keras.Input(shape)
    return count(keras.Model(inputs, layer(inputs)))


@pytest.mark.parametrize(
    "layer, shape, multiply_adds",
    [
        (keras.layers.Conv2D(8, 3, padding="same"), (10, 10, 4), 28_800),
        (keras.layers.Conv2D(8, 3, groups=2), (10, 10, 4), 64 * 9 * 2 * 8),
        (keras.layers.DepthwiseConv2D(5, 2), (11, 11, 4), 16 * 25 * 4),
        (keras.layers.SeparableConv2D(8, 3), (5, 5, 4), 9 * (9 * 4 + 4 * 8)),
        (keras.layers.Conv2DTranspose(8, 2, 2), (5, 5, 4), 25 * 4 * 4 * 8),
        (keras.layers.Conv1D(6, 3), (9, 4), 7 * 3 * 4 * 6),
        (keras.layers.Dense(7), (5,), 35),
        (keras.layers.Dense(7), (3, 5), 105),
        (keras.layers.MaxPooling2D(), (4, 4, 3), 0),
        (MaskedConv2D(8, 3), (5, 7, 4), 35 * 9 * 4 * 8),
        (VectorQuantizer(16), (5, 7, 6), 35 * 16 * 6),
        (VectorQuantizer(16, num_codebooks=3), (5, 6), 5 * 16 * 6),
        (VectorQuantizer(16, codebook_dim=2), (5, 6), 5 * 2 * (6 + 16 + 6)),
        (
            ResidualVectorQuantizer(VectorQuantizer(16), 4),
            (5, 6),
            4 * 5 * 16 * 6,
        ),
        (FiniteScalarQuantizer((3, 4)), (5, 2), 0),
        (AxialAttention(2, 1), (5, 7, 4), 35 * (4 * 4 * 4 + 2 * 5 * 4)),
        (
            CausalAttention2D(2, 3, value_dim=5),
            (2, 3, 4),
            6 * 4 * (6 + 6 + 10) + 6 * 6 * (6 + 10),
        ),
        (FeatureAttention(), (5, 7), 5 * 7 * 7),
        (TemporalAttention(), (5, 7), 5 * 5 * 7),
        (keras.layers.LSTM(3), (6, 4), 6 * 4 * 3 * (4 + 3)),
        (keras.layers.GRU(3), (6, 4), 6 * 3 * 3 * (4 + 3)),
        (
            keras.layers.Bidirectional(keras.layers.SimpleRNN(3)),
            (6, 4),
            2 * 6 * 3 * (4 + 3),
        ),
    ],
)
def test_closed_forms(layer, shape, multiply_adds):
    cost = cost_of(layer, *shape)
    assert cost.multiply_adds == multiply_adds
    assert cost.unknown == ()


@pytest.mark.parametrize("value_dim", [None, 5])
def test_attention_of_heads_projects_compares_and_averages(value_dim):
    query, value = keras.Input((7, 12)), keras.Input((4, 6))
    layer = keras.layers.MultiHeadAttention(2, 3, value_dim=value_dim)
    outputs = layer(query, value)
    cost = count(keras.Model([query, value], outputs))
    kernels = [each for each in layer.weights if each.name == "kernel"]
    projected = sum(
        place * math.prod(kernel.shape)
        for place, kernel in zip((7, 4, 4, 7), kernels, strict=True)
    )
    assert cost.multiply_adds == projected + 7 * 4 * 2 * (3 + (value_dim or 3))
    assert cost.unknown == ()


def test_a_gated_layer_has_its_kernels_at_each_place():
    x = keras.Input((5, 7, 4))
    outputs = GatedMaskedConv2D(6, 3, first=True)([x, x])
    # Vertical, horizontal, join and project; both stacks are gated by halves.
    kernels = 6 * 4 * 12 + 2 * 4 * 12 + 12 * 12 + 6 * 6
    assert count(keras.Model(x, outputs)).multiply_adds == 35 * kernels


@pytest.mark.parametrize(
    "score, multiply_adds",
    [
        # For each of 3 * 5 pairs, or 3 target, or 5 source steps.
        ("dot", 15 * (4 + 4)),
        ("general", 3 * 4 * 4 + 15 * (4 + 4)),
        ("concat", 3 * 4 * 4 + 5 * 4 * 4 + 15 * (4 + 4)),
    ],
)
def test_attention_to_another_sequence_has_its_pairs(score, multiply_adds):
    target, source = keras.Input((3, 4)), keras.Input((5, 4))
    context = LuongAttention(score)([target, source])
    cost = count(keras.Model([target, source], context))
    assert cost.multiply_adds == multiply_adds and cost.unknown == ()
    state = keras.Input((4,))
    decoder = InputFeedingDecoder(InputFeedingCell(4, score=score))
    fed = decoder([target, source, state, state])
    cost = count(keras.Model([target, source, state], fed))
    # An LSTM of the inputs and the last state, and its output with a context.
    cell = 3 * (4 * 4 * (4 + 4 + 4) + 8 * 4)
    assert cost.multiply_adds == multiply_adds + cell and cost.unknown == ()


class Doubled(keras.layers.Layer):
    """A layer that states what it costs."""

    def call(self, inputs):
        return 2 * inputs

    def multiply_adds(self, output_shape):
        return output_shape[1] * output_shape[2]


def test_a_layer_can_state_its_own():
    assert cost_of(Doubled(), 3, 5).multiply_adds == 15
    assert cost_of(Doubled(), 3, 5).unknown == ()


def test_rows_are_the_layers_inside_the_blocks():
    cost = count(applications.MobileNetV3Small(classes=10))
    rows = {row.name: row for row in cost.layers}
    assert rows["stem"].multiply_adds == 112 * 112 * 9 * 3 * 16
    squeeze = rows["stage1_block1_squeeze_excite_squeeze"]
    assert squeeze.parameters == 16 * 8 + 8
    assert squeeze.output_shape == (None, 1, 1, 8)
    assert sum(row.multiply_adds for row in cost.layers) == cost.multiply_adds
    assert sum(row.parameters for row in cost.layers) == cost.parameters


def test_a_shared_layer_has_its_weights_once_and_works_twice():
    inputs = keras.Input((5,))
    dense = keras.layers.Dense(5)
    cost = count(keras.Model(inputs, dense(dense(inputs))))
    assert (cost.parameters, cost.multiply_adds) == (30, 50)


def test_two_networks_inside_one_model_are_both_counted():
    images = keras.Input((64, 64, 3))
    networks = [
        applications.MobileNet((64, 64, 3), alpha=0.25, classes=4),
        applications.MobileNetV2((64, 64, 3), alpha=0.35, classes=4),
    ]
    alone = [count(network) for network in networks]
    scores = [network(images, training=False) for network in networks]
    joined = keras.Model(images, keras.layers.Average()(scores))
    both = count(keras.Sequential([keras.Input((64, 64, 3)), joined]))
    assert both.multiply_adds == sum(cost.multiply_adds for cost in alone)
    assert both.parameters == sum(cost.parameters for cost in alone)
    assert both.layers[:-1] == alone[0].layers + alone[1].layers


def test_unknown_layers_are_named():
    inputs = keras.Input((6, 4, 1))
    x = keras.layers.ConvLSTM1D(3, 1, name="memory")(inputs)
    cost = count(keras.Model(inputs, x * 2))
    assert cost.unknown[0] == "memory"
    assert "not counting memory" in str(cost)


def test_an_open_size_must_be_closed():
    model = applications.MobileNetV2((None, None, 3), alpha=0.35)
    with pytest.raises(ValueError, match="close every size.*Received"):
        count(model)
    with pytest.raises(ValueError, match="input_shape=96"):
        count(model, 96)
    closed = count(applications.MobileNetV2((96, 96, 3), alpha=0.35))
    assert count(model, (96, 96, 3)).multiply_adds == closed.multiply_adds


def test_nothing_is_added_to_the_model():
    model = applications.MobileNet(alpha=0.25)
    layers = list(model.layers)
    before = count(model)
    assert count(model) == before
    assert model.layers == layers
