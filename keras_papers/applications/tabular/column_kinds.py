"""Which columns of a table are numeric, and which have no use as they are."""

import warnings

import numpy as np

from keras_papers.applications.tabular.column_values import (
    is_number,
    levels_of,
    listed,
    reads_as_number,
)

CATEGORICAL, NUMERIC = "categorical", "numeric"
# A column with so many values, of which so many differ, names the rows.
FEWEST_ROWS, MOST_DIFFERENT = 50, 0.9


def kind_of(name, values, named, is_text):
    """Returns the kind of a column: as it was named, or by its values.

    Args:
        name: Name of the column.
        values: Its `ColumnValues`.
        named: Dict of the columns that were named, by their kind.
        is_text: Whether texts of numbers are numbers, as in a file.

    Warns:
        UserWarning: If most values of a column, but not all, are numbers or
            texts of numbers, or all with decimal commas.
    """
    if name in named[NUMERIC]:
        return NUMERIC
    if name in named[CATEGORICAL]:
        return CATEGORICAL
    if all(map(reads_as_number if is_text else is_number, values.known)):
        return NUMERIC
    _warn_of_numbers(name, values, is_text)
    _warn_of_decimal_commas(name, values)
    return CATEGORICAL


def _warn_of_numbers(name, values, is_text):
    """Warns if a column is categorical for few of its values."""
    reads = [
        value is not None and reads_as_number(value)
        for value in values.different
    ]
    known = [value is not None for value in values.different]
    numbers = int(values.counts[np.array(reads)].sum())
    rows = int(values.counts[np.array(known)].sum())
    if 2 * numbers <= rows or (numbers == rows and not is_text):
        return  # texts of numbers alone are the choice of who made the table
    others = [
        value
        for value, read in zip(values.different, reads, strict=True)
        if value is not None and not read
    ]
    warnings.warn(
        f"{name!r} is taken as a categorical column, because {rows - numbers} "
        f"of {rows} values are no numbers ({listed(others)}). Pass "
        "missing_values, numeric or categorical to decide.",
        stacklevel=5,
    )


def _warn_of_decimal_commas(name, values):
    texts = list(map(str, values.known))
    if any("," in text for text in texts) and all(
        text.count(",") < 2 and reads_as_number(text.replace(",", "."))
        for text in texts
    ):
        warnings.warn(
            f"{name!r} is taken as a categorical column, because its numbers "
            f"have decimal commas ({texts[0]!r}). Read the file by "
            "pandas.read_csv(decimal=',') and pass the DataFrame.",
            stacklevel=5,
        )


def warn_of_identifiers(name, values):
    """Warns if nearly each row has another value in a categorical column."""
    rows = int(np.sum(~values.is_missing))
    different = len(levels_of(values))
    if rows >= FEWEST_ROWS and different > MOST_DIFFERENT * rows:
        warnings.warn(
            f"{name!r} has {different} different values in {rows} rows, as a "
            "name, a date or a number of the row has. Levels of new rows will "
            f"be missing values. Pass ignored=[{name!r}], or categorical="
            f"[{name!r}] to keep it.",
            stacklevel=4,
        )


def warn_of_row_numbers(name, floats):
    """Warns if a numeric column counts the rows."""
    steps = np.diff(floats)
    if len(floats) >= FEWEST_ROWS and np.all(steps == 1):
        warnings.warn(
            f"{name!r} counts the rows, and new rows have other numbers. Pass "
            f"ignored=[{name!r}].",
            stacklevel=4,
        )
