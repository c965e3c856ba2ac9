"""Masked convolutions: what an output sees, and what it must not see."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.layers import (
    CausalAttention2D,
    GatedMaskedConv2D,
    MaskedConv2D,
)
from keras_papers.layers._causal_conv import CausalConv2D

pytestmark = pytest.mark.contract

HEIGHT, WIDTH = 4, 6


def random_weights(layer):
    generator = np.random.default_rng(0)
    layer.set_weights(
        [generator.normal(size=w.shape) for w in layer.get_weights()]
    )


def seen(function, channels):
    """Returns which places change which outputs of a map: (outputs, places).

    Each place is changed in turn, in all of its channels.
    """
    places = HEIGHT * WIDTH
    generator = np.random.default_rng(1)
    x = generator.normal(size=(1, HEIGHT, WIDTH, channels)).astype("float32")
    changed = np.repeat(x, places, axis=0)
    for place in range(places):
        changed[place, place // WIDTH, place % WIDTH] += 1.0
    outputs = ops.convert_to_numpy(function(np.concatenate([x, changed])))
    difference = np.abs(outputs[1:] - outputs[:1]).max(-1)
    return difference.reshape(places, places).T > 1e-6


def before(including=False):
    """Returns the places before each place in reading order."""
    return np.tri(HEIGHT * WIDTH, k=0 if including else -1, dtype=bool)


def within(rows, columns):
    """Returns the places inside a window around each place."""
    place = np.arange(HEIGHT * WIDTH)
    row, column = place // WIDTH, place % WIDTH
    up, left = row[:, None] - row, column[:, None] - column
    return (
        (up <= rows[0])
        & (-up <= rows[1])
        & (left <= columns[0])
        & (-left <= columns[1])
    )


@pytest.mark.parametrize("mask_type", ["A", "B"])
@pytest.mark.parametrize(
    "kernel_size, rows, columns",
    [
        (3, (1, 1), (1, 1)),
        ((5, 3), (2, 2), (1, 1)),
        ((2, 4), (0, 1), (1, 2)),
        (1, (0, 0), (0, 0)),
    ],
)
def test_a_masked_convolution_sees_the_window_before(
    mask_type, kernel_size, rows, columns
):
    layer = MaskedConv2D(3, kernel_size, mask_type, data_format="channels_last")
    layer.build((None, HEIGHT, WIDTH, 2))
    random_weights(layer)
    expected = before(including=mask_type == "B") & within(rows, columns)
    np.testing.assert_array_equal(seen(layer, 2), expected)


def test_both_data_formats_are_convolved_the_same():
    last = MaskedConv2D(3, 3, data_format="channels_last")
    first = MaskedConv2D(3, 3, data_format="channels_first")
    x = np.random.default_rng(0).normal(size=(2, 4, 6, 5)).astype("float32")
    expected = ops.convert_to_numpy(last(x))
    transposed = x.transpose(0, 3, 1, 2)
    first.build(transposed.shape)
    first.set_weights(last.get_weights())
    outputs = ops.convert_to_numpy(first(transposed))
    assert outputs.std() > 0.1
    np.testing.assert_allclose(
        outputs.transpose(0, 2, 3, 1), expected, atol=1e-5
    )


def gated(number, kernel_size=3):
    layers = [
        GatedMaskedConv2D(4, 5 if first else kernel_size, first=first)
        for first in [True] + (number - 1) * [False]
    ]
    shape = (None, HEIGHT, WIDTH, 4)
    for layer in layers:
        layer.build([shape, shape])
        random_weights(layer)
    return layers


def horizontal(layers):
    def outputs(x):
        stacks = [x, x]
        for layer in layers:
            stacks = layer(stacks)
        return stacks[1]

    return outputs


def test_a_gated_layer_sees_the_window_before():
    expected = before() & within((2, 0), (2, 2))
    # The horizontal kernel reaches two places to the left.
    np.testing.assert_array_equal(seen(horizontal(gated(1)), 4), expected)


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_a_stack_sees_all_before_and_nothing_after(kernel_size):
    np.testing.assert_array_equal(
        seen(horizontal(gated(6, kernel_size)), 4), before()
    )


def test_the_vertical_stack_sees_the_rows_above_only():
    layers = gated(6)

    def outputs(x):
        stacks = [x, x]
        for layer in layers:
            stacks = layer(stacks)
        return stacks[0]

    row = np.arange(HEIGHT * WIDTH) // WIDTH
    np.testing.assert_array_equal(seen(outputs, 4), row[:, None] > row)


def test_a_gated_layer_is_the_papers_figure():
    """Figure 2, by loops in NumPy."""
    (layer,) = gated(1)
    x = np.random.default_rng(2).normal(size=(1, HEIGHT, WIDTH, 4))
    kernels = [
        ops.convert_to_numpy(part.masked_kernel())
        for part in (layer.vertical, layer.horizontal)
    ]
    biases = [
        ops.convert_to_numpy(part.bias)
        for part in (layer.vertical, layer.horizontal)
    ]
    join, project = (
        [ops.convert_to_numpy(weight) for weight in part.weights]
        for part in (layer.join, layer.project)
    )
    padded = np.pad(x[0], ((2, 0), (2, 2), (0, 0)))
    expected = np.zeros((HEIGHT, WIDTH, 4))
    for i in range(HEIGHT):
        for j in range(WIDTH):
            above = np.einsum(
                "rcd,rcdf->f", padded[i : i + 3, j : j + 5], kernels[0]
            )
            left = np.einsum(
                "rcd,rcdf->f", padded[i + 2 : i + 3, j : j + 3], kernels[1]
            )
            total = left + biases[1]
            total += (above + biases[0]) @ join[0][0, 0] + join[1]
            value = np.tanh(total[:4]) / (1 + np.exp(-total[4:]))
            expected[i, j] = value @ project[0][0, 0] + project[1]
    outputs = horizontal([layer])(x.astype("float32"))
    assert expected.std() > 0.1
    np.testing.assert_allclose(
        ops.convert_to_numpy(outputs)[0], expected, atol=1e-4
    )


def test_labels_reach_all_places_of_their_own_map():
    layer = GatedMaskedConv2D(4, first=True, num_classes=3)
    x = np.ones((2, HEIGHT, WIDTH, 4), "float32")
    layer([x, x], labels=np.array([0, 1]))
    random_weights(layer)
    old, new = (
        [
            ops.convert_to_numpy(stack)
            for stack in layer([x, x], labels=np.array(labels))
        ]
        for labels in ([0, 1], [0, 2])
    )
    for before_, after in zip(old, new, strict=True):
        np.testing.assert_array_equal(before_[0], after[0])
        assert np.all(np.abs(before_[1] - after[1]).max(-1) > 1e-6)


def test_a_condition_reaches_its_own_place():
    layer = GatedMaskedConv2D(4, first=True)
    shape = (None, HEIGHT, WIDTH, 4)
    layer.build([shape, shape], condition_shape=(None, HEIGHT, WIDTH, 2))
    random_weights(layer)

    def outputs(condition):
        x = ops.ones((len(condition), HEIGHT, WIDTH, 4))
        return layer([x, x], condition=condition)[1]

    np.testing.assert_array_equal(
        seen(outputs, 2), np.eye(HEIGHT * WIDTH, dtype=bool)
    )


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"filters": 0}, "filters=0"),
        ({"filters": 4, "kernel_size": 4}, "kernel_size=4"),
        ({"filters": 4, "num_classes": 0}, "num_classes=0"),
    ],
)
def test_wrong_arguments_of_a_gated_layer_are_named(arguments, named):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        GatedMaskedConv2D(**arguments)


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"kernel_size": (3, 0)}, r"kernel_size=\(3, 0\)"),
        ({"kernel_size": 3, "mask_type": "C"}, "mask_type='C'"),
    ],
)
def test_wrong_arguments_of_a_masked_convolution_are_named(arguments, named):
    with pytest.raises(ValueError, match=f"Received: {named}"):
        MaskedConv2D(4, **arguments)


def test_a_condition_is_in_all_calls_or_in_none():
    x = keras.ops.ones((2, HEIGHT, WIDTH, 4))
    layer = GatedMaskedConv2D(4, first=True)
    layer([x, x])
    with pytest.raises(ValueError, match="Received: condition=a map"):
        layer([x, x], condition=x)
    layer = GatedMaskedConv2D(4, first=True)
    layer([x, x], condition=x)
    with pytest.raises(ValueError, match="Received: condition=None"):
        layer([x, x])


def test_labels_and_classes_come_together():
    x = keras.ops.ones((2, HEIGHT, WIDTH, 4))
    with pytest.raises(ValueError, match="`labels` are the classes"):
        GatedMaskedConv2D(4, first=True, num_classes=3)([x, x])
    with pytest.raises(ValueError, match="`labels` are the classes"):
        GatedMaskedConv2D(4, first=True)([x, x], labels=np.array([0, 1]))


def attention(**kwargs):
    layer = CausalAttention2D(num_heads=2, key_dim=3, **kwargs)
    layer.build((None, HEIGHT, WIDTH, 5))
    random_weights(layer)
    return layer


@pytest.mark.parametrize("weight_normalization", [False, True])
def test_attention_sees_all_before_and_not_the_place_itself(
    weight_normalization,
):
    layer = attention(weight_normalization=weight_normalization)

    def of_keys(x):
        return layer([np.ones_like(x), x])

    # A place before another is seen if it has any weight; the second place has
    # one key only, whose weight is 1 and does not depend on the query.
    np.testing.assert_array_equal(seen(of_keys, 5), before())


def test_the_query_is_of_the_place_itself():
    layer = attention()
    keys = np.random.default_rng(3).normal(size=(1, HEIGHT, WIDTH, 5))

    def of_queries(x):
        return layer([x, np.repeat(keys, len(x), axis=0).astype("float32")])

    expected = np.eye(HEIGHT * WIDTH, dtype=bool)
    expected[:2] = False  # nothing to choose from: no place, or one
    np.testing.assert_array_equal(seen(of_queries, 5), expected)


def test_attention_is_the_softmax_over_the_places_before():
    layer = attention(value_dim=4)
    x = np.random.default_rng(2).normal(size=(2, HEIGHT, WIDTH, 5))
    x = x.astype("float32")
    query, key, value = (
        ops.convert_to_numpy(part(x)).reshape(2, HEIGHT * WIDTH, 2, -1)
        for part in (layer.query, layer.key, layer.value)
    )
    expected = np.zeros((2, HEIGHT * WIDTH, 2, 4))
    for place in range(1, HEIGHT * WIDTH):
        scores = np.einsum(
            "bhd,bnhd->bnh", query[:, place], key[:, :place]
        ) / np.sqrt(3)
        weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        expected[:, place] = np.einsum(
            "bnh,bnhd->bhd", weights, value[:, :place]
        )
    outputs = ops.convert_to_numpy(layer(x)).reshape(expected.shape)
    assert np.abs(expected[:, 1:]).mean() > 0.1
    np.testing.assert_allclose(outputs, expected, atol=1e-4)
    np.testing.assert_array_equal(outputs[:, 0], 0)


def test_attention_drops_weights_in_training_only():
    layer = attention(dropout=0.5, seed=0)
    x = np.random.default_rng(2).normal(size=(2, HEIGHT, WIDTH, 5))
    still = ops.convert_to_numpy(layer(x))
    np.testing.assert_array_equal(ops.convert_to_numpy(layer(x)), still)
    dropped = ops.convert_to_numpy(layer(x, training=True))
    assert np.abs(dropped - still).max() > 0.1
    # The second place has one weight: it is 0, or doubled.
    second = dropped[:, 0, 1].reshape(2, 2, 3) / still[:, 0, 1].reshape(2, 2, 3)
    assert np.all(np.isclose(second, 0) | np.isclose(second, 2, atol=1e-3))


def test_two_maps_of_different_sizes_are_named():
    with pytest.raises(ValueError, match="two maps of the same size"):
        CausalAttention2D(1, 2)([np.ones((1, 2, 3, 4)), np.ones((1, 3, 2, 4))])


def test_weight_normalization_sets_the_length_of_each_kernel():
    layer = CausalConv2D(4, (3, 3), without="middle", weight_normalization=True)
    layer.build((None, HEIGHT, WIDTH, 2))
    random_weights(layer)
    kernel = ops.convert_to_numpy(layer.masked_kernel())
    np.testing.assert_allclose(
        np.sqrt((kernel**2).sum(axis=(0, 1, 2))),
        np.abs(ops.convert_to_numpy(layer.length)),
        rtol=1e-5,
    )
    assert not kernel[-1, 1:].any() and kernel[-1, 0].any()
    np.testing.assert_array_equal(
        seen(layer, 2), before() & within((2, 0), (1, 1))
    )


def test_a_new_layer_with_weight_normalization_is_scaled_as_without():
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 32)).astype("float32")
    keras.utils.set_random_seed(0)
    deviations = [
        ops.convert_to_numpy(
            CausalConv2D(64, (3, 3), weight_normalization=normalized)(x)
        ).std()
        for normalized in (False, True)
    ]
    assert 0.9 < deviations[1] / deviations[0] < 1.1
