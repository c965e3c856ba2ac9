"""Masked convolutions: what an output sees, and what it must not see."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers.layers import GatedMaskedConv2D, MaskedConv2D

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
