"""The edges of the intervals that numbers of a table are encoded by."""

import numpy as np

from keras_papers.applications.tabular.column_values import columns_of

OF_ROWS, OF_VALUES = 16, 24  # intervals with equally many


def numeric_edges(schema, rows):
    """Returns edges for each numeric column, in standardized units.

    They are quantiles of the rows, and quantiles of the distinct values: a
    column that is 0 in most rows has edges for the others, too.

    Args:
        schema: The `TabularSchema` of the table.
        rows: Rows to train on, as for `TabularSchema.of`.

    Returns:
        A dict of lists of increasing numbers by the name of the column, as
        `TabTransformer` takes them as `numeric_edges`.

    Example:
    >>> from keras_papers.applications.tabular import TabularSchema
    >>> rows = {"age": [20.0, 30.0, 30.0, 40.0]}
    >>> edges = numeric_edges(TabularSchema.of(rows), rows)["age"]
    >>> len(edges), round(edges[0], 3), round(edges[-1], 3)
    (33, -1.414, 1.414)
    """
    rows = columns_of(rows)
    inputs, missing = schema.encode(rows), schema.missing(rows)
    return {
        name: _edges(inputs[name][~missing[name]]) for name in schema.numeric
    }


def _edges(values):
    of_rows = np.quantile(values, np.linspace(0, 1, OF_ROWS + 1))
    of_values = np.quantile(np.unique(values), np.linspace(0, 1, OF_VALUES + 1))
    # Quantiles that differ by rounding alone would bound an empty interval.
    edges = np.unique(np.concatenate([of_rows, of_values]).astype("float32"))
    if len(edges) == 1:  # a column of one value
        edges = np.append(edges, edges + 1)
    return edges.tolist()
