"""The inputs of a table, one a column, as one tensor."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_papers")
class ColumnStack(keras.layers.Layer):
    """Joins a list of tensors `(batch,)` to one, `(batch, columns)`.

    An operation of `keras.ops` would have a name that counts the operations
    of the process.

    Example:
    >>> columns = [ops.array([1, 2, 3]), ops.array([4, 5, 6])]
    >>> tuple(ColumnStack()(columns).shape)
    (3, 2)
    """

    def call(self, inputs):
        return ops.stack(inputs, axis=1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[0], len(input_shape))

    def multiply_adds(self, output_shape):
        """Returns 0: nothing is computed."""
        return 0
