"""The columns of a table, and their values without what is missing."""

import datetime
import decimal
import difflib
import math
import numbers
import warnings
from typing import NamedTuple

import numpy as np

from keras_papers.applications.tabular.table_file import (
    TableFile,
    described,
    is_path,
    read_table_file,
)
from keras_papers.checks import plain

NAMED = 3  # values that a message lists
LARGEST = float(np.finfo("float32").max)
PLAIN_KINDS = "biuf"  # dtypes of NumPy whose values are numbers or bools
DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64)


class ColumnValues(NamedTuple):
    """The values of a column, each different one once.

    Texts and numbers are read, compared and counted once for each different
    value, not for each row.
    """

    different: list  # bools, numbers, texts, and None for missing ones
    places: np.ndarray  # of each row's value in `different`
    lines: np.ndarray | None = None  # of each row in its file

    @property
    def known(self):
        """The different values that are not missing."""
        return [value for value in self.different if value is not None]

    @property
    def counts(self):
        """How many rows have each of the different values."""
        return np.bincount(self.places, minlength=len(self.different))

    @property
    def is_missing(self):
        """Where a row has no value."""
        missing = [value is None for value in self.different]
        return np.array(missing, "bool")[self.places]

    def first_row(self, place):
        """Names the first row that has the different value of a place."""
        return named_row(int(np.argmax(self.places == place)), self.lines)


def named_row(place, lines=None):
    """Names a row as its table shows it.

    Args:
        place: Place of the row, from 0.
        lines: Array of the line of each row in its file, or None.

    Example:
    >>> named_row(2), named_row(2, [2, 3, 4])
    ('row 3 (counted from 1)', 'line 4')
    """
    if lines is None:
        return f"row {place + 1} (counted from 1)"
    return f"line {lines[place]}"


def columns_of(rows):
    """Returns a dict of the columns of a table by their names.

    Args:
        rows: A pandas DataFrame, a dict, the path of a CSV file, or a
            `TableFile`.

    Returns:
        A dict of arrays of shape `(rows,)`; a `TableFile` for a file.

    Raises:
        ValueError: If it is another thing, or empty, or the columns differ in
            length, or have no name of their own.

    Warns:
        UserWarning: If the delimiter of a file is no comma, or its encoding
            not UTF-8.
    """
    if is_path(rows):
        rows = read_table_file(rows)
        found = described(rows)
        if found:
            warnings.warn(found, stacklevel=3)
    if not hasattr(rows, "keys") or not hasattr(rows, "__getitem__"):
        raise ValueError(
            "`rows` is a table: a DataFrame, a dict of columns, or the path of "
            f"a CSV file. Received: rows of type {type(rows).__name__}. Pass "
            "columns by their names, and all rows at once: `fit` makes the "
            "batches."
        )
    names = list(rows.keys())
    _check_names(names)
    columns = {name.strip(): _array(name, rows[name]) for name in names}
    lengths = {name: len(values) for name, values in columns.items()}
    if not lengths or 0 in lengths.values() or len(set(lengths.values())) > 1:
        raise ValueError(
            "`rows` is a table with a value of each column in each row. "
            f"Received: columns of the lengths {lengths}. Pass one row or "
            "more, of all columns."
        )
    if isinstance(rows, TableFile):
        return TableFile(columns, rows.delimiter, rows.encoding, rows.lines)
    return columns


def _check_names(names):
    """Raises ValueError unless columns have names that differ."""
    others = [name for name in names if not isinstance(name, str)]
    stripped = [name.strip() for name in names if isinstance(name, str)]
    twice = sorted({name for name in stripped if stripped.count(name) > 1})
    if others or twice or "" in stripped:
        found = twice and f"several columns of the name {twice[0]!r}"
        found = found or f"a column of the name {(others or [''])[0]!r}"
        raise ValueError(
            "`rows` is a table whose columns have names, texts that differ. "
            f"Received: {found}. Rename it."
        )


def _array(name, values):
    """Returns the values of a column: numbers and bools, or any objects."""
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    values = np.asarray(values, None if kind in PLAIN_KINDS else "object")
    if values.dtype.kind not in PLAIN_KINDS:  # pandas' integers with gaps
        values = values.astype("object")
    if values.ndim != 1:
        raise ValueError(
            "`rows` is a table with one value of each column in each row. "
            f"Received: {name!r} of the shape {values.shape}. Pass a list or "
            "an array of one axis, also for one row."
        )
    return values


def values_of(name, columns, missing_values=()):
    """Returns the `ColumnValues` of a column.

    Args:
        name: Name of the column.
        columns: What `columns_of` returned.
        missing_values: Texts that stand for a missing value.

    Raises:
        ValueError: If a value is a date, a list or another thing that is
            neither a number nor a text.
    """
    column, lines = columns[name], getattr(columns, "lines", None)
    if column.dtype.kind in PLAIN_KINDS:
        found, places = np.unique(column, return_inverse=True)
        # Python's number of the same digits: 0.1 for float32's 0.1.
        exact = column.dtype.kind != "f" or column.dtype == "float64"
        different = found.tolist() if exact else [plain(each) for each in found]
    else:
        # 1, 1.0 and True are equal, but not the same value.
        keys = list(zip(map(type, column), column, strict=True))
        try:
            unique = dict.fromkeys(keys)
        except TypeError as error:
            found = f"a value that is no text ({error})"
            row = named_row(_first_unhashable(keys), lines)
            raise _no_value(name, found, row) from None
        order = {key: place for place, key in enumerate(unique)}
        places = np.fromiter(map(order.__getitem__, keys), "int64", len(keys))
        different = [value for _, value in order]
    missing = frozenset(missing_values)
    values = ColumnValues(different, places, lines)
    cleaned = []
    for place, value in enumerate(different):
        try:
            cleaned.append(_cleaned(value, missing))
        except TypeError as error:
            row = values.first_row(place)
            raise _no_value(name, error, row) from None
    return values._replace(different=cleaned)


def _first_unhashable(keys):
    """Returns the place of the first key that a dict cannot have, or None."""
    for place, key in enumerate(keys):
        try:
            hash(key)
        except TypeError:
            return place


def _cleaned(value, missing_values):
    """Returns a bool, a number or a text for a value; None if it is missing.

    Raises TypeError, with a description of the value, if it is another thing.
    """
    value = plain(value)
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError:
            raise TypeError(f"{value!r}, bytes that are not UTF-8") from None
    if isinstance(value, str):
        value = value.strip()
        return None if not value or value in missing_values else value
    # NaN and pandas' NaT differ from themselves; its NA compares to NA.
    if value is None or type(value).__name__ == "NAType" or value != value:
        return None
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, DATES):
        raise TypeError(f"the date or time {value}")
    return value


def _no_value(name, found, row):
    return ValueError(
        "`rows` is a table of numbers, bools and texts. Received: "
        f"{found} in {row} of the column {name!r}. Make numbers or texts of "
        f"it, such as the year or the weekday, or pass ignored=[{name!r}] to "
        "TabularSchema.of."
    )


def as_level(value):
    """Returns the text of a level; 3.0 of a column with gaps is 3."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def reads_as_number(value):
    """Returns whether a text is a finite number, and no code such as 01234."""
    if not isinstance(value, str):
        return is_number(value)
    digits = value.lstrip("+-")
    if "_" in value or (digits[:1] == "0" and digits[1:2].isdigit()):
        return False
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def exact_number(level):
    """Returns the number of a level, or None if it reads as none.

    Integers of 20 digits differ, though their floats are equal.
    """
    return decimal.Decimal(level) if reads_as_number(level) else None


def levels_of(values):
    """Returns levels in the order of numbers if they are, else of texts.

    Of equal numbers one is a level: as Python writes it, if a value is so.
    """
    levels, numbers = set(map(as_level, values.known)), {}
    for level in sorted(levels):
        number = exact_number(level)
        if number is None:
            continue
        first = numbers.setdefault(number, level)
        if first != level:
            plainer = level if level == as_level(float(level)) else first
            levels.remove(first if plainer == level else level)
            numbers[number] = plainer
    try:
        return tuple(sorted(levels, key=lambda level: (float(level), level)))
    except ValueError:
        return tuple(sorted(levels))


def is_number(value):
    """Returns whether a value that is not missing is a number and no bool."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def as_floats(name, values, mean=0.0, deviation=1.0):
    """Returns the numbers of a numeric column, NaN where one is missing.

    Args:
        name: Name of the column, for messages.
        values: Its `ColumnValues`.
        mean: Is subtracted from them.
        deviation: They are divided by it.

    Raises:
        ValueError: If a value is no number, or no finite one of 32 bits.
    """
    floats = np.full(len(values.different), np.nan)
    for place, value in enumerate(values.different):
        if value is None:
            continue
        try:
            read = math.inf if "_" in str(value) else float(value)
        except (TypeError, ValueError, OverflowError):
            read = math.inf
        floats[place] = (read - mean) / deviation
        if not abs(floats[place]) < LARGEST:  # nor is "nan"
            raise ValueError(
                f"The column {name!r} is numeric and must hold finite numbers. "
                f"Received: {value!r} in {values.first_row(place)}. Correct "
                "it, or leave the value out."
            )
    return floats[values.places]


def places_of(values, levels):
    """Returns the place of each different value among levels, or -1.

    Equal numbers meet in each form: the level 1 is that of 1, 1.0, "1" and,
    unless it is a level too, "1.0".
    """
    order = {level: place for place, level in enumerate(levels)}
    by_number = {
        exact_number(level): place for level, place in reversed(order.items())
    }
    by_number[None] = -1  # of texts that are no numbers
    places = np.full(len(values.different), -1, "int32")
    for index, value in enumerate(values.different):
        if value is None:
            continue
        level = as_level(value)
        place = order.get(level, -1)
        if place < 0:
            place = by_number.get(exact_number(level), -1)
        places[index] = place
    return places


def check_has_columns(columns, needed):
    """Raises ValueError unless the columns of a schema are there."""
    found = lacking(columns, needed)
    if found:
        raise ValueError(
            "`rows` must have the columns of the schema: "
            f"{', '.join(map(repr, needed))}. Received: {found}. Name the "
            "columns as in training."
        )


def lacking(columns, needed):
    """Returns which columns are not there, with the nearest; empty if none.

    Example:
    >>> lacking(["jobs", "age"], ["job", "age"])
    "no 'job' (did you rename 'jobs'?), but 'jobs', 'age'"
    """
    missing = [name for name in needed if name not in columns]
    others = [name for name in columns if name not in needed]
    found = []
    for name in missing:
        near = difflib.get_close_matches(name, others, 1, 0.5)
        offered = f" (did you rename {near[0]!r}?)" if near else ""
        found.append(f"no {name!r}{offered}")
    if not found:
        return ""
    return f"{', '.join(found)}, but {', '.join(map(repr, columns))}"


def listed(values):
    """Lists the first values for a message."""
    named = ", ".join(repr(value) for value in values[:NAMED])
    return named + ", ..." * (len(values) > NAMED)
