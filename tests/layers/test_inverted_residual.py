"""InvertedResidual: what its arguments change, and its errors."""

import keras
import numpy as np
import pytest

from keras_papers.layers import InvertedResidual

pytestmark = pytest.mark.contract


def kernel(block, part):
    """Shape of the kernel of a part, or None where the block has no such."""
    for weight in block.weights:
        if weight.path.endswith(f"{block.name}_{part}/kernel"):
            return tuple(weight.shape)
    return None


def test_table_1_channels_of_the_three_convolutions():
    block = InvertedResidual(24, expansion=6, kernel_size=5)
    block.build((None, 14, 14, 16))
    assert kernel(block, "expand") == (1, 1, 16, 96)
    assert kernel(block, "depthwise") == (5, 5, 96, 1)
    assert kernel(block, "project") == (1, 1, 96, 24)


def test_expansion_of_one_is_dropped_and_channels_go_before_the_factor():
    plain = InvertedResidual(24, expansion=1)
    plain.build((None, 14, 14, 16))
    assert kernel(plain, "expand") is None
    listed = InvertedResidual(24, expansion=1, expanded_filters=40)
    listed.build((None, 14, 14, 16))
    assert kernel(listed, "expand") == (1, 1, 16, 40)


def test_squeeze_units_are_channels():
    block = InvertedResidual(24, squeeze_units=7)
    block.build((None, 14, 14, 16))
    assert kernel(block, "squeeze_excite_squeeze") == (1, 1, 96, 7)
    assert kernel(block, "squeeze_excite_excite") == (1, 1, 7, 96)


@pytest.mark.parametrize(
    "place, before",
    [
        ("after_activation", "depthwise_activation"),
        ("before_activation", "depthwise_norm"),
    ],
)
def test_squeeze_place(place, before):
    block = InvertedResidual(8, squeeze_units=2, squeeze_place=place, name="b")
    block.build((None, 4, 4, 8))
    names = [layer.name for layer in block.body]
    assert names[names.index("b_squeeze_excite") - 1] == f"b_{before}"


@pytest.mark.parametrize(
    "arguments, adds",
    [
        ({"filters": 8}, True),
        ({"filters": 9}, False),
        ({"filters": 8, "strides": 2}, False),
        ({"filters": 8, "shortcut": False}, False),
    ],
)
def test_shortcut_where_shapes_fit(arguments, adds):
    block = InvertedResidual(**arguments)
    block.build((None, 4, 4, 8))
    assert (block.add is not None) == adds


def test_bottleneck_is_linear_unless_asked():
    images = np.random.default_rng(0).normal(size=(2, 6, 6, 4))
    linear = InvertedResidual(8)
    outputs = keras.ops.convert_to_numpy(linear(images, training=True))
    assert (outputs < 0).any()
    rectified = InvertedResidual(8, project_activation="relu")
    outputs = keras.ops.convert_to_numpy(rectified(images, training=True))
    assert (outputs >= 0).all() and outputs.any()


def test_stochastic_depth_drops_whole_samples_in_training_only():
    keras.utils.set_random_seed(1)
    block = InvertedResidual(4, stochastic_depth=0.5)
    images = np.random.default_rng(0).normal(size=(32, 4, 4, 4))
    images = images.astype("float32")
    trained = keras.ops.convert_to_numpy(block(images, training=True))
    kept = (trained == images).all(axis=(1, 2, 3))
    assert 4 < kept.sum() < 28
    some = (trained == images).any(axis=(1, 2, 3))
    assert (some == kept).all()
    still = keras.ops.convert_to_numpy(block(images, training=False))
    assert (still != images).any(axis=(1, 2, 3)).all()


def test_kernels_of_one_initializer_are_drawn_apart():
    initializer = keras.initializers.RandomNormal(stddev=3.0)
    block = InvertedResidual(
        8,
        expansion=1,
        expanded_filters=8,
        squeeze_units=8,
        kernel_initializer=initializer,
    )
    block.build((None, 8, 8, 8))
    kernels = [
        keras.ops.convert_to_numpy(weight).ravel()
        for weight in block.trainable_weights
        if "kernel" in weight.name and weight.shape[:2] == (1, 1)
    ]
    assert [len(kernel) for kernel in kernels] == [64, 64, 64, 64]
    for kernel in kernels:
        assert 2 < np.std(kernel) < 4
    assert np.abs(np.corrcoef(kernels) - np.eye(4)).max() < 0.6


class Recorded(InvertedResidual):
    """Notes its layers as it makes them."""

    def part(self, layer_class, name, *args, **kwargs):
        made = super().part(layer_class, name, *args, **kwargs)
        self.made.append(made.name)
        return made


def test_layers_are_made_in_the_order_in_which_they_run():
    """Kernels are drawn in it: a seed gives the network that it always gave."""
    block = Recorded(4, squeeze_units=2, stochastic_depth=0.1)
    block.made = []
    block.build((None, 6, 6, 4))
    assert block.made == [*(one.name for one in block.body), block.add.name]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"filters": -8}, "`filters`.*filters=-8"),
        ({"filters": 8, "strides": 0}, "`strides`.*strides=0"),
        ({"filters": 8, "expansion": 0}, "`expansion`.*above 0.*expansion=0"),
        ({"filters": 8, "expansion": float("nan")}, "`expansion`.*nan"),
        ({"filters": 8, "expanded_filters": 1.5}, "`expanded_filters`"),
        ({"filters": 8, "squeeze_units": 0}, "`squeeze_units`.*at least 1"),
        ({"filters": 8, "squeeze_place": "after"}, "'after_activation'"),
        ({"filters": 8, "stochastic_depth": 1}, r"`stochastic_depth`.*\[0, 1"),
        ({"filters": 8, "activation": "relu7"}, "'relu7'.*mean 'relu'"),
        ({"filters": 8, "gate_activation": 6}, "`gate_activation`.*=6"),
        ({"filters": 8, "padding": "valid"}, "`padding`.*Received"),
        ({"filters": 8, "kernel_initializer": "he_norm"}, "mean 'he_normal"),
    ],
)
def test_bad_arguments_are_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        InvertedResidual(**arguments)


def test_an_open_channel_axis_is_refused():
    with pytest.raises(ValueError, match="fixed number of input channels"):
        InvertedResidual(8)(keras.Input((8, 8, None)))


def test_a_missing_batch_axis_is_explained():
    with pytest.raises(ValueError, match="four axes.*Received"):
        InvertedResidual(8)(keras.ops.ones((8, 8, 3)))
