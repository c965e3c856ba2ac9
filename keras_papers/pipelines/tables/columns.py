"""The columns of a table as a report lists them."""

import warnings
from typing import NamedTuple

import numpy as np

from keras_papers.applications.tabular.column_kinds import CATEGORICAL, NUMERIC


class Column(NamedTuple):
    """A column, and how many of its values are missing or not known."""

    name: str
    kind: str  # `CATEGORICAL` or `NUMERIC`
    levels: int | None  # of a categorical column, in the schema
    missing: int  # values of the training rows
    test_missing: int  # of the held-out rows
    test_unseen: int  # held-out values whose level the schema does not have


def described(schema, train_rows, test_rows):
    """Returns a list with the `Column` of each column of a table.

    Args:
        schema: The `TabularSchema`, not made of held-out rows.
        train_rows: Rows, as for `TabularSchema.of`.
        test_rows: Rows that are held out.
    """
    missing, test_missing = map(schema.missing, (train_rows, test_rows))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # counted here
        ids = schema.encode(test_rows)
    return [
        Column(
            name,
            CATEGORICAL if name in schema.categorical else NUMERIC,
            schema.cardinalities.get(name),
            int(missing[name].sum()),
            int(test_missing[name].sum()),
            int(np.sum((ids[name] < 0) & ~test_missing[name]))
            if name in schema.categorical
            else 0,
        )
        for name in schema.columns
    ]
