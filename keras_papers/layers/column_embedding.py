"""The column embedding of TabTransformer (Huang et al., arXiv:2012.06678)."""

import itertools

import keras
import numpy as np
from keras import ops

from keras_papers.checks import (
    check_choice,
    check_positive_int,
    plain,
)
from keras_papers.layers._arguments import ARGUMENTS

WIDE = ("int64", "uint32", "uint64")
SHARE = 8  # the paper's shared part is an eighth of the vector


@keras.saving.register_keras_serializable(package="keras_papers")
class ColumnEmbedding(keras.layers.Layer):
    """Embeds the levels of categorical columns, all columns by one table.

    Section 2 of the paper: a column of `n` levels has `n + 1` rows, the last
    for values that are missing. A vector has a part that all rows of its
    column share, which says which column it is, and a part of its own.

    An id outside of its column, such as -1, is taken as missing before the
    look-up. It never reads a row of another column.

    Args:
        cardinalities: Positive ints, one for each column: its levels.
        embedding_dim: Positive int. Length of a vector. Defaults to 32.
        shared: How the part of the column enters: `"concat"` (default), put
            before the part of the row; `"add"`, added to it; or None, no such
            part.
        shared_dim: Positive int below `embedding_dim`. Length of the shared
            part of `"concat"`. Defaults to None: an eighth of
            `embedding_dim`, the best of table 5 of the paper's appendix.
        missing: What stands for a missing value: `"row"` (default), its row
            in the table, which is learned if values are missing in training;
            or `"average"`, the mean of the column's other rows, for tests
            with missing values after a training without.
        embeddings_initializer: Of both parts. Defaults to `"uniform"`.
        **kwargs: Base layer keyword arguments, such as `name` and `dtype`.

    Input shape:
        `(batch, columns)`, integers. Level `k` of a column has the id `k`.

    Output shape:
        `(batch, columns, embedding_dim)`.

    Raises:
        ValueError: If an argument is out of its range, or the inputs are not
            integers, or have another number of columns.

    Example:
    >>> layer = ColumnEmbedding([3, 5], embedding_dim=8)
    >>> tuple(layer(ops.array([[0, 4], [2, -1]])).shape)
    (2, 2, 8)
    """

    def __init__(
        self,
        cardinalities,
        embedding_dim=32,
        *,
        shared="concat",
        shared_dim=None,
        missing="row",
        embeddings_initializer="uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive_int(
            "embedding_dim", embedding_dim, "the length of a vector", "Try 32."
        )
        check_choice(
            "shared", shared, ("concat", "add", None), "how columns are marked"
        )
        check_choice(
            "missing", missing, ("row", "average"), "what a missing value is"
        )
        self.cardinalities = _checked_cardinalities(cardinalities)
        self.embedding_dim = plain(embedding_dim)
        self.shared = shared
        self.shared_dim = _checked_share(shared, shared_dim, embedding_dim)
        self.missing = missing
        self.embeddings_initializer = ARGUMENTS["kernel_initializer"](
            "embeddings_initializer", embeddings_initializer
        )

    def build(self, input_shape):
        if len(input_shape) != 2 or input_shape[1] != len(self.cardinalities):
            raise ValueError(
                "The inputs of ColumnEmbedding hold an id for each column: "
                f"(batch, {len(self.cardinalities)}). Received: the shape "
                f"{tuple(input_shape)}. Stack the columns along axis 1."
            )
        rows = [levels + 1 for levels in self.cardinalities]
        self.offsets = np.array([0, *itertools.accumulate(rows[:-1])], "int32")
        self.levels = np.array(self.cardinalities, "int32")
        joined = self.shared_dim if self.shared == "concat" else 0
        self.rows = self.add_weight(
            (sum(rows), self.embedding_dim - joined),
            self.embeddings_initializer,
            name="rows",
        )
        self.columns = None
        if self.shared is not None:
            self.columns = self.add_weight(
                (len(rows), self.shared_dim),
                self.embeddings_initializer,
                name="columns",
            )

    def call(self, inputs):
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        if "int" not in dtype:
            raise ValueError(
                "The inputs of ColumnEmbedding are ids. Received: inputs of "
                f"dtype={dtype!r}, which cannot hold all ids exactly. Pass "
                "int32."
            )
        # 2**32 is an unknown id; as int32 it would be 0.
        ids = ops.cast(inputs, "int64" if dtype in WIDE else "int32")
        levels = ops.convert_to_tensor(self.levels)
        known = ops.logical_and(ids >= 0, ids < ops.cast(levels, ids.dtype))
        # Unknown ids are mapped before the offsets are added: behind its last
        # level a column has the row of missing values, then comes the next.
        ids = ops.where(known, ops.cast(ids, "int32"), levels)
        table = ops.convert_to_tensor(self.rows)
        places = ids + ops.convert_to_tensor(self.offsets)
        outputs = ops.take(table, places, axis=0)
        if self.missing == "average":
            average = self._averages(table)
            outputs = ops.where(known[..., None], outputs, average)
        if self.shared == "add":
            return outputs + self.columns
        if self.shared == "concat":
            columns = ops.broadcast_to(
                self.columns, (ops.shape(inputs)[0], *self.columns.shape)
            )
            columns = ops.cast(columns, outputs.dtype)
            return ops.concatenate([columns, outputs], axis=-1)
        return outputs

    def _averages(self, table):
        """Returns the mean row of each column, missing values left out."""
        numbers = np.arange(len(self.levels))
        column_of_row = np.repeat(numbers, self.levels + 1)
        weights = np.repeat(1 / self.levels, self.levels + 1)
        weights[self.offsets + self.levels] = 0
        return ops.segment_sum(
            table * ops.cast(weights[:, None], table.dtype),
            ops.convert_to_tensor(column_of_row.astype("int32")),
            num_segments=len(numbers),
        )

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.embedding_dim)

    def get_config(self):
        return {
            **super().get_config(),
            "cardinalities": list(self.cardinalities),
            "embedding_dim": self.embedding_dim,
            "shared": self.shared,
            "shared_dim": self.shared_dim,
            "missing": self.missing,
            "embeddings_initializer": keras.initializers.serialize(
                self.embeddings_initializer
            ),
        }


def _checked_cardinalities(cardinalities):
    levels = plain(cardinalities)
    if not isinstance(levels, tuple | list) or not levels:
        raise ValueError(
            "`cardinalities` is the number of levels of each column. "
            f"Received: cardinalities={cardinalities!r}. Pass one or more "
            "ints, such as [9, 16, 7]."
        )
    for each in levels:
        check_positive_int(
            "cardinalities", each, "levels of a column", "Leave columns out."
        )
    return tuple(levels)


def _checked_share(shared, shared_dim, embedding_dim):
    """Returns the length of the part that the rows of a column share."""
    if shared != "concat":
        if shared_dim not in (None, embedding_dim):
            raise ValueError(
                "`shared_dim` is the length of the part of 'concat'. Received: "
                f"shared_dim={shared_dim!r} with shared={shared!r}. Leave it "
                "out."
            )
        return embedding_dim
    if shared_dim is None:
        shared_dim = max(1, embedding_dim // SHARE)
    check_positive_int("shared_dim", shared_dim, "a length", "Try 4.")
    if shared_dim >= embedding_dim:
        raise ValueError(
            "`shared_dim` is a part of `embedding_dim` and must be below it. "
            f"Received: shared_dim={shared_dim} and embedding_dim="
            f"{embedding_dim}. Try {max(1, embedding_dim // SHARE)}."
        )
    return plain(shared_dim)
