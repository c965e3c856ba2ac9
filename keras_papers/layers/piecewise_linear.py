"""Piecewise linear encoding of numbers (Gorishniy et al., 2022)."""

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="keras_papers")
class PiecewiseLinear(keras.layers.Layer):
    """Encodes each number by how far it lies in each interval of its column.

    A column has intervals between increasing edges. An interval that ends
    below the number is 1, one that begins above is 0, and the one that
    contains it has the share that lies below the number. A network behind it
    can then learn a function of the number with a bend at each edge
    (https://arxiv.org/abs/2203.05556, section 3.2.1). There the first and the
    last interval are open; here they are limited to [0, 1], too.

    Args:
        edges: List with a list of increasing numbers for each column, two at
            least.
        **kwargs: Base layer keyword arguments.

    Input shape:
        `(batch, columns)`.

    Output shape:
        `(batch, intervals)`: those of the first column, then of the second,
        and so on.

    Raises:
        ValueError: If edges do not increase, or the columns of the input are
            others.

    Example:
    >>> layer = PiecewiseLinear([[0.0, 1.0, 3.0]])
    >>> shares = layer(np.array([[0.5], [2.0], [9.0]]))
    >>> ops.convert_to_numpy(shares).tolist()
    [[0.5, 0.0], [1.0, 0.5], [1.0, 1.0]]
    """

    def __init__(self, edges, **kwargs):
        super().__init__(**kwargs)
        self.edges = [[float(edge) for edge in column] for column in edges]
        for place, column in enumerate(self.edges):
            steps = np.diff(column)
            if not len(steps) or not np.all(steps > 0):
                raise ValueError(
                    "`edges` has increasing numbers for each column, two at "
                    f"least. Received: {column[:4]} for column {place}. Leave "
                    "out edges that are equal."
                )

    def build(self, input_shape):
        if input_shape[-1] != len(self.edges):
            raise ValueError(
                "`inputs` has a number for each list of `edges`, "
                f"{len(self.edges)}. Received: inputs of the shape "
                f"{tuple(input_shape)}. Pass one column for each list."
            )
        counts = [len(column) - 1 for column in self.edges]
        self._columns = np.repeat(np.arange(len(counts)), counts)
        self._starts = np.concatenate([each[:-1] for each in self.edges])
        self._widths = np.concatenate([np.diff(each) for each in self.edges])
        self.built = True

    def call(self, inputs):
        starts, widths = (
            ops.convert_to_tensor(each, self.compute_dtype)
            for each in (self._starts, self._widths)
        )
        numbers = ops.take(inputs, self._columns, axis=-1)
        return ops.clip((numbers - starts) / widths, 0.0, 1.0)

    def compute_output_shape(self, input_shape):
        intervals = sum(len(column) - 1 for column in self.edges)
        return (*input_shape[:-1], intervals)

    def multiply_adds(self, output_shape):
        """Returns one for each interval."""
        return output_shape[-1]

    def get_config(self):
        return {**super().get_config(), "edges": self.edges}
