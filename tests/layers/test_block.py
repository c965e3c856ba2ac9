"""Block: names, dtypes and building of what is inside."""

import keras
import pytest

from keras_papers.layers import Block, InvertedResidual

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
