"""Models whose weights have shapes and no values."""

import keras
import pytest

from keras_papers.shapes_only import shapes_only

pytestmark = pytest.mark.contract


def test_no_value_is_created_when_the_next_scope_ends():
    created = []

    def zeros(shape, dtype=None):
        created.append(shape)
        return keras.ops.zeros(shape, dtype)

    with shapes_only():
        layer = keras.layers.Dense(3, kernel_initializer=zeros)
        layer.build((None, 2))
    assert tuple(layer.kernel.shape) == (2, 3)
    with keras.StatelessScope():
        pass
    assert created == []


def test_variables_of_a_scope_around_it_are_created_as_before():
    with keras.StatelessScope(initialize_variables=False):
        outer = keras.Variable(lambda shape, dtype: keras.ops.ones(shape), (2,))
        with shapes_only():
            keras.Variable(lambda shape, dtype: keras.ops.ones(shape), (2,))
    with keras.StatelessScope():
        pass
    assert keras.ops.convert_to_numpy(outer).tolist() == [1.0, 1.0]
