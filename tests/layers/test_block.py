"""Block: names, dtypes and building of what is inside."""

import keras
import numpy as np
import pytest

from keras_papers import flatten
from keras_papers.layers import Block, InvertedResidual
from tests.answers import answers, perturb, random_images, spread

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


def test_a_misspelled_dtype_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="dtype='flot32'.*mean 'float32'"):
        InvertedResidual(8, dtype="flot32")


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
