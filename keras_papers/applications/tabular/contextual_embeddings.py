"""The contextual embeddings of a TabTransformer (Huang et al., 2020)."""

from typing import NamedTuple

import keras
import numpy as np

from keras_papers.applications.tabular.tabular_model import TabularModel
from keras_papers.checks import check_positive_int


class ContextualEmbeddings(NamedTuple):
    """What the transformer layers make of each categorical value of rows.

    Example:
    >>> vectors = np.array([[[1.0, 2.0]], [[3.0, 4.0]], [[5.0, 6.0]]])
    >>> ids = np.array([[0], [1], [0]])
    >>> found = ContextualEmbeddings(("job",), vectors, ids, (2,))
    >>> found.of_levels()["job"].tolist()
    [[3.0, 4.0], [3.0, 4.0]]
    """

    columns: tuple  # names of the categorical columns
    vectors: np.ndarray  # (rows, columns, embedding_dim)
    ids: np.ndarray  # (rows, columns), the levels of the same rows
    cardinalities: tuple  # ints, the number of levels of each column

    def of_levels(self):
        """Returns the mean vector of each level, as figure 3 of the paper.

        Returns:
            A dict of arrays `(levels, embedding_dim)` by the name of the
            column. A level that no row has is NaN. Ids that are no level are
            missing, as for the model, and count nowhere.
        """
        means = {}
        for place, name in enumerate(self.columns):
            levels = self.cardinalities[place]
            ids = self.ids[:, place]
            known = (ids >= 0) & (ids < levels)
            found = ids[known]
            sums = np.zeros((levels, self.vectors.shape[2]))
            np.add.at(sums, found, self.vectors[known, place])
            counts = np.bincount(found, minlength=levels)[:, None]
            means[name] = np.where(counts, sums, np.nan) / np.maximum(counts, 1)
        return means


def encoder_of(model):
    """Returns the layers that embed categorical columns, as a model.

    Args:
        model: A `TabTransformer`, or a `TabularModel` of one.

    Returns:
        A model from ids, `(batch, columns)`, to contextual embeddings,
        `(batch, columns, embedding_dim)`, of the same layers.

    Raises:
        ValueError: If the model has no categorical columns.
    """
    names = [layer.name for layer in getattr(model, "layers", ())]
    if "columns" not in names or "contextual" not in names:
        raise ValueError(
            "`model` is a TabTransformer with a categorical column. Received: "
            f"{getattr(model, 'name', model)!r} without contextual embeddings. "
            "Pass what TabTransformer returned."
        )
    return keras.Model(
        model.get_layer("columns").input,
        model.get_layer("contextual").output,
        name="encoder",
    )


def contextual_embeddings(model, rows, batch_size=256):
    """Computes the contextual embeddings of the categorical values of rows.

    The vector of a value depends on the other categorical values of its row.
    Averaged by level they show what the model has learned of the levels: those
    with the same meaning lie together (section 3.2 and figure 3 of the paper).

    Args:
        model: A `TabTransformer`, or a `TabularModel` of one.
        rows: Rows as `TabularModel.predict` takes them, or for a
            `TabTransformer` a dict of arrays of ids by the name of the column.
        batch_size: Positive int. Rows that are computed at once.

    Returns:
        `ContextualEmbeddings`: `columns`, `vectors` of the shape `(rows,
        columns, embedding_dim)`, the `ids` of the same levels, and
        `cardinalities`. Its `of_levels` returns the mean vector of each level.

    Raises:
        ValueError: If the model has no categorical columns, or the rows are
            not those of its columns.

    Example:
    >>> from keras_papers.applications.tabular import TabTransformer
    >>> model = TabTransformer({"job": 3, "loan": 2}, num_layers=1)
    >>> ids = {"job": np.array([0, 2, -1]), "loan": np.array([1, 1, 0])}
    >>> found = contextual_embeddings(model, ids)
    >>> found.columns, found.vectors.shape
    (('job', 'loan'), (3, 2, 32))
    >>> found.of_levels()["job"].shape
    (3, 32)
    """
    check_positive_int("batch_size", batch_size, "a number of rows", "Try 256.")
    encoder = encoder_of(model)
    columns = categorical_columns(model)
    if isinstance(model, TabularModel):
        rows = model.schema.encode(rows)
    ids = stacked_ids(rows, columns)
    vectors = encoder.predict(ids, batch_size=batch_size, verbose=0)
    cardinalities = tuple(model.get_layer("columns").cardinalities)
    return ContextualEmbeddings(columns, vectors, ids, cardinalities)


def categorical_columns(model):
    """Returns the names of the categorical columns of a model, in order."""
    number = len(model.get_layer("columns").cardinalities)
    return tuple(model.input)[:number]


def stacked_ids(rows, columns):
    """Returns ids as one array, `(rows, columns)`.

    Raises:
        ValueError: If a column is not there, or its ids are no integers.
    """
    arrays = []
    for name in columns:
        found = np.asarray(rows[name]) if name in rows else None
        if found is None or found.dtype.kind not in "iu":
            kind = "no such column" if found is None else f"{found.dtype} ids"
            raise ValueError(
                "`rows` has ids, integers, of each categorical column. "
                f"Received: {kind} for {name!r}. Pass int32, or a TabularModel "
                "and raw rows."
            )
        arrays.append(found)
    return np.stack(arrays, axis=1)
