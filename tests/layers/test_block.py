"""Block: its arguments, and the names, dtypes and building of its layers."""

import keras
import numpy as np
import pytest

from keras_papers import flatten
from keras_papers.layers import Block, InvertedResidual
from keras_papers.testing import check_layer
from tests.support.answers import answers, perturb, random_images, spread

pytestmark = pytest.mark.contract


def test_parts_carry_the_name_and_the_policy_of_their_block():
    block = InvertedResidual(8, name="stage3_block2", dtype="mixed_bfloat16")
    block.build((None, 8, 8, 8))
    names = [layer.name for layer in block.body]
    assert names == [
        "stage3_block2_expand",
        "stage3_block2_expand_norm",
        "stage3_block2_expand_activation",
        "stage3_block2_depthwise",
        "stage3_block2_depthwise_norm",
        "stage3_block2_depthwise_activation",
        "stage3_block2_project",
        "stage3_block2_project_norm",
    ]
    assert {layer.compute_dtype for layer in block.body} == {"bfloat16"}


def test_frozen_sublayers_are_frozen_after_loading(tmp_path):
    images = keras.Input((8, 8, 4))
    block = InvertedResidual(4, squeeze_units=2, name="block")
    model = keras.Model(images, block(images))
    inside = {layer.name: layer for layer in flatten(model).layers}
    inside["block_expand"].trainable = False
    inside["block_squeeze_excite_excite"].trainable = False
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    kept = [weight.path for weight in model.trainable_weights]
    assert [weight.path for weight in loaded.trainable_weights] == kept
    assert len(kept) == len(model.weights) - 6 - 3


def test_a_block_in_a_graph_is_the_layers_inside():
    images = keras.Input((8, 8, 4))
    block = InvertedResidual(4, squeeze_units=2, name="block")
    drawn = keras.Model(images, block.draw(images))
    layer = InvertedResidual(4, squeeze_units=2, name="block")
    called = perturb(keras.Model(images, layer(images)))
    drawn.set_weights(called.get_weights())
    assert not any(isinstance(layer, Block) for layer in drawn.layers)
    data = random_images(2, 8, 8, 4)
    expected = answers(called, data)
    assert spread(expected) > 1e-3
    np.testing.assert_array_equal(answers(drawn, data), expected)


def test_chain_builds_each_part_on_the_shape_before():
    class Pair(Block):
        def build(self, input_shape):
            parts = [
                self.part(keras.layers.Dense, "first", 5),
                self.part(keras.layers.Dense, "second", 2),
            ]
            self.body = self.chain(parts, input_shape)

    pair = Pair()
    pair.build((None, 3))
    assert [layer.kernel.shape for layer in pair.body] == [(3, 5), (5, 2)]


@keras.saving.register_keras_serializable(package="tests")
class Scaled(Block):
    """As users write a block: nothing is stored or serialized by hand."""

    def __init__(self, units, scale=2.0, sizes=(3, 4), name=None, **kwargs):
        super().__init__(name=name, **kwargs)

    def build(self, input_shape):
        dense = self.part(keras.layers.Dense, "dense", self.units)
        rescaling = self.part(keras.layers.Rescaling, "scale", self.scale)
        self.body = self.chain([dense, rescaling], input_shape)

    def call(self, inputs):
        return self.body[1](self.body[0](inputs))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)


def test_a_block_of_users_stores_and_serializes_by_its_signature():
    block = Scaled(3, sizes=(5, 6))
    assert (block.units, block.scale, block.sizes) == (3, 2.0, (5, 6))
    assert block.name.startswith("scaled")
    config = block.get_config()
    assert config["units"] == 3 and config["scale"] == 2.0
    check_layer(block, (2, 5))
    with pytest.raises(TypeError, match="missing 1 required.*'units'"):
        Scaled(scale=1.0)


def test_arguments_that_a_class_stores_itself_are_left_alone():
    class Doubled(Block):
        def __init__(self, units, rate=0.5, **kwargs):
            super().__init__(**kwargs)
            self.units = 2 * units
            self._rate = rate

        @property
        def rate(self):
            return self._rate

    block = Doubled(3, rate=0.25)
    assert (block.units, block.rate) == (6, 0.25)
    again = Doubled.from_config(block.get_config())
    assert (again.units, again.rate) == (6, 0.25)


def test_a_layer_as_an_argument_is_not_tracked_twice():
    class Wrapped(Block):
        def __init__(self, first, **kwargs):
            super().__init__(**kwargs)
            self.wrapped = first

    block = Wrapped(keras.layers.Dense(2))
    assert not hasattr(block, "first")
    with pytest.raises(NotImplementedError, match="get_config"):
        block.get_config()


class Tall(InvertedResidual):
    """As users derive a block: an argument more, one with another default."""

    def __init__(self, filters, height=7, strides=2, **kwargs):
        super().__init__(filters // 2, strides=strides, **kwargs)


def test_a_subclass_of_a_block_serializes_its_own_arguments_too():
    block = Tall(8, height=9, momentum=0.5)
    assert (block.filters, block.height, block.strides) == (4, 9, 2)
    config = block.get_config()
    assert (config["height"], config["strides"]) == (9, 2)
    assert (config["momentum"], config["activation"]) == (0.5, "relu6")


class Smooth(InvertedResidual):
    """A block of users that names an argument of its base again."""

    def __init__(self, filters, activation="relu6", **kwargs):
        super().__init__(filters, activation=activation, **kwargs)


def test_an_argument_that_a_subclass_names_again_is_serialized():
    block = Smooth(8, activation="swish")
    assert block.get_config()["activation"] == "silu"
    again = Smooth.from_config(block.get_config())
    assert again.activation is keras.activations.silu


def test_attributes_that_are_set_later_are_serialized():
    block = InvertedResidual(8)
    block.momentum = 0.99
    assert block.get_config()["momentum"] == 0.99


def test_an_activation_layer_comes_back_from_the_config():
    block = InvertedResidual(8, activation=keras.layers.LeakyReLU(0.3))
    again = InvertedResidual.from_config(block.get_config())
    assert again.activation.negative_slope == pytest.approx(0.3)


def test_numbers_of_numpy_are_stored_as_pythons():
    block = InvertedResidual(np.int64(8), momentum=np.float32(0.35))
    config = block.get_config()
    assert type(config["filters"]) is int
    assert config["momentum"] == 0.35


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"momentum": 1.5}, r"`momentum`.*\[0, 1\].*momentum=1.5"),
        ({"epsilon": "tiny"}, "`epsilon`.*epsilon='tiny'"),
        ({"kernel_initializer": "he_norml"}, "mean 'he_normal'"),
        ({"dtype": "flot32"}, "dtype='flot32'.*mean 'float32'"),
    ],
)
def test_shared_arguments_are_checked_where_they_enter(arguments, message):
    with pytest.raises(ValueError, match=message):
        InvertedResidual(8, **arguments)
