"""The columns of a table: what a model must know of them to take raw rows."""

import collections
import math
import numbers
import warnings

import keras
import numpy as np

from keras_papers.applications.tabular.table_file import (
    TableFile,
    described,
    is_path,
    read_table_file,
)
from keras_papers.checks import check_choice, check_names

NAMED = 3  # values that a message lists
CLASSIFICATION, REGRESSION = "classification", "regression"


@keras.saving.register_keras_serializable(package="keras_papers")
class TabularSchema:
    """The columns of a table, and how their values become a model's inputs.

    A categorical value becomes the place of its level among those of the
    column, and -1 if it is missing or was not seen. A numeric value is
    standardized by the mean and the standard deviation of the column; a
    missing one becomes 0, the mean. `of` finds all of these in a table.

    Args:
        categorical: Dict of the levels of each categorical column, strings in
            order, by its name.
        numeric: Dict of the mean and the standard deviation of each numeric
            column by its name.
        target: Name of the column to predict, or None.
        classes: Classes of the target, strings in order, or None for a
            regression.
        scale: Mean and standard deviation of the target of a regression.
        missing_values: Strings that stand for a missing value, beside None,
            NaN and the empty string.

    Example:
    >>> rows = {"job": ["chef", "nurse", "chef"], "age": [30.0, 40.0, 50.0]}
    >>> schema = TabularSchema.of(rows)
    >>> schema.cardinalities
    {'job': 2}
    >>> inputs = schema.encode({"job": ["nurse", None], "age": [40.0, 30.0]})
    >>> inputs["job"].tolist()
    [1, -1]
    """

    def __init__(
        self,
        categorical,
        numeric,
        target=None,
        classes=None,
        scale=None,
        missing_values=(),
    ):
        self.categorical = _with_tuples(categorical)
        self.numeric = _with_tuples(numeric)
        self.target = target
        self.classes = None if classes is None else tuple(classes)
        self.scale = None if scale is None else tuple(scale)
        self.missing_values = tuple(missing_values)
        self._places = {
            name: {level: place for place, level in enumerate(levels)}
            for name, levels in self.categorical.items()
        }

    @classmethod
    def of(
        cls,
        rows,
        target=None,
        *,
        categorical=None,
        numeric=None,
        task=None,
        missing_values=(),
    ):
        """Finds the columns of a table, their levels and their statistics.

        Pass the rows to train on alone: levels and statistics of others would
        be known before they are seen.

        Args:
            rows: A pandas DataFrame, a dict of arrays or lists by the name of
                the column, the path of a CSV file, or what `read_table_file`
                returned.
            target: Name of the column to predict. Defaults to None.
            categorical: Names of the categorical columns. Defaults to None:
                those that are not `numeric`.
            numeric: Names of the numeric columns. Defaults to None: those
                that are not `categorical`. Where both are None, the columns
                that hold numbers alone; in a CSV file texts such as 01234
                are no numbers. Where both are given, other columns are left
                out.
            task: `"classification"`, `"regression"`, or None (default): a
                classification if the target is text or has two values.
            missing_values: Strings that stand for a missing value, such as
                `("?",)`. None, NaN and the empty string always do.

        Returns:
            A `TabularSchema`.

        Raises:
            ValueError: If a column is not there or of no use, or named for
                two purposes, or the target has one value.

        Warns:
            UserWarning: If most values of a column of a CSV file, but not
                all, are numbers. It is then a categorical one.
        """
        is_text = is_path(rows) or isinstance(rows, TableFile)
        columns = columns_of(rows)
        categorical, numeric = (
            None if names is None else list(names)
            for names in (categorical, numeric)
        )
        _check_columns(columns, categorical, numeric, target)
        found = cls({}, {}, target, missing_values=missing_values)
        for name in columns:
            is_chosen = name in (categorical or []) or name in (numeric or [])
            if name == target or (
                None not in (categorical, numeric) and not is_chosen
            ):
                continue
            known = found._known(columns[name])
            if not known:
                raise ValueError(
                    "`rows` must have values in each column. Received: the "
                    f"column {name!r}, in which all are missing. Leave it out."
                )
            if is_chosen:
                is_numeric = name in (numeric or [])
            elif categorical is not None:
                is_numeric = True
            elif numeric is not None:
                is_numeric = False
            else:
                is_numeric = _holds_numbers(name, known, is_text)
            if is_numeric:
                values = found._values(columns[name])
                found.numeric[name] = _statistics(_as_floats(name, values))
            else:
                found.categorical[name] = _in_order(set(map(_as_level, known)))
        config = found.get_config()
        if target is not None:
            known = found._known(columns[target])
            config |= _target(target, known, task, is_text)
        return cls(**config)

    @property
    def cardinalities(self):
        """Number of levels of each categorical column by its name."""
        return {name: len(levels) for name, levels in self.categorical.items()}

    @property
    def columns(self):
        """Names of the columns that are predicted from, in order."""
        return [*self.categorical, *self.numeric]

    def encode(self, rows):
        """Returns the inputs of a model for rows.

        Args:
            rows: As for `of`. Columns that the schema does not have are
                ignored.

        Returns:
            A dict of arrays of shape `(number,)` by the name of the column:
            int32 of the categorical ones, and float32 of the numeric ones.

        Raises:
            ValueError: If a column is not there, the columns differ in length,
                or a value of a numeric column is infinite or no number.

        Warns:
            UserWarning: If there are levels that the schema does not have.
                They are encoded as missing.
        """
        columns = columns_of(rows)
        check_names("rows", columns, list(columns), needed=self.columns)
        inputs = {
            name: self._ids(name, columns[name]) for name in self.categorical
        }
        for name, (mean, deviation) in self.numeric.items():
            values = _as_floats(name, self._values(columns[name]))
            scaled = (values - mean) / deviation
            inputs[name] = np.nan_to_num(scaled, nan=0.0).astype("float32")
        return inputs

    def encode_target(self, rows):
        """Returns the targets of rows, as a model is trained with them.

        Args:
            rows: As for `of`, with the column of the target.

        Returns:
            An array of shape `(number,)`: places of the classes, int32; or
            standardized numbers, float32.

        Raises:
            ValueError: If there is no target, or a value is missing or of
                another class.
        """
        if self.target is None:
            raise ValueError(
                "`target` is the column that a schema predicts. Received: a "
                "schema without one. Pass target to TabularSchema.of."
            )
        columns = columns_of(rows)
        check_choice(
            "rows", self.target, list(columns), "the name of the target"
        )
        values = self._values(columns[self.target])
        if any(value is None for value in values):
            raise ValueError(
                "The target must be known in all rows. Received: "
                f"{sum(value is None for value in values)} of {len(values)} "
                f"values of {self.target!r} that are missing. Remove the rows."
            )
        if self.classes is None:
            mean, deviation = self.scale
            values = _as_floats(self.target, values)
            return ((values - mean) / deviation).astype("float32")
        levels = [_as_level(value) for value in values]
        for level in levels:
            check_choice(self.target, level, self.classes, "a class")
        places = {level: place for place, level in enumerate(self.classes)}
        return np.array([places[level] for level in levels], "int32")

    def decode_target(self, outputs):
        """Returns numbers in the unit of the target of a regression."""
        mean, deviation = self.scale
        return outputs * deviation + mean

    def missing(self, rows):
        """Returns where the values of rows are missing.

        Args:
            rows: As for `of`.

        Returns:
            A dict of arrays of bools of shape `(number,)` by the name of the
            column. Levels that the schema does not have are not missing.

        Raises:
            ValueError: If a column is not there, or the columns differ in
                length.
        """
        columns = columns_of(rows)
        check_names("rows", columns, list(columns), needed=self.columns)
        return {
            name: np.array(
                [value is None for value in self._values(columns[name])]
            )
            for name in self.columns
        }

    def _known(self, values):
        """Returns the values that are not missing."""
        return [each for each in self._values(values) if each is not None]

    def _values(self, values):
        """Returns plain values, None where one is missing."""
        return [self._value(value) for value in np.asarray(values, "object")]

    def _value(self, value):
        if isinstance(value, str):
            value = value.strip()
            is_missing = not value or value in self.missing_values
            return None if is_missing else value
        # NaN and pandas' NaT differ from themselves; its NA compares to NA.
        if value is None or type(value).__name__ == "NAType" or value != value:
            return None
        return value

    def _ids(self, name, values):
        places, unknown = self._places[name], collections.Counter()
        ids = np.full(len(values), -1, "int32")
        for row, value in enumerate(self._values(values)):
            if value is None:
                continue
            level = _as_level(value)
            place = places.get(level, -1)
            if place < 0:
                unknown[level] += 1
            ids[row] = place
        if unknown:
            named = ", ".join(repr(each) for each in list(unknown)[:NAMED])
            more = ", ..." * (len(unknown) > NAMED)
            warnings.warn(
                f"{unknown.total()} of {len(ids)} values of {name!r} are "
                f"levels that the schema does not have ({named}{more}) and "
                "were taken as missing.",
                stacklevel=4,
            )
        return ids

    def get_config(self):
        """Returns the arguments of the schema, as JSON can hold them."""
        return {
            "categorical": _with_lists(self.categorical),
            "numeric": _with_lists(self.numeric),
            "target": self.target,
            "classes": None if self.classes is None else list(self.classes),
            "scale": None if self.scale is None else list(self.scale),
            "missing_values": list(self.missing_values),
        }

    @classmethod
    def from_config(cls, config):
        """Returns the schema that `get_config` describes."""
        return cls(**config)


def _with_tuples(columns):
    return {name: tuple(values) for name, values in columns.items()}


def _with_lists(columns):
    return {name: list(values) for name, values in columns.items()}


def columns_of(rows):
    """Returns a dict of the columns of a table by their names.

    Args:
        rows: A pandas DataFrame, a dict, the path of a CSV file, or a
            `TableFile`.

    Raises:
        ValueError: If it is another thing, or empty, or the columns differ in
            length.
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
            "columns by their names."
        )
    columns = {name: np.asarray(rows[name], "object") for name in rows.keys()}
    lengths = {name: len(values) for name, values in columns.items()}
    if not lengths or 0 in lengths.values() or len(set(lengths.values())) > 1:
        raise ValueError(
            "`rows` is a table with a value of each column in each row. "
            f"Received: columns of the lengths {lengths}. Pass one row or "
            "more, of all columns."
        )
    return columns


def _check_columns(columns, categorical, numeric, target):
    """Raises ValueError unless each column is there and has one purpose."""
    named = [*(categorical or ()), *(numeric or ())]
    if target is not None:
        named.append(target)
    for name in named:
        check_choice("rows", name, list(columns), "the name of a column")
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise ValueError(
            "`categorical`, `numeric` and `target` name different columns. "
            f"Received: {twice} in two of them. Name each column once."
        )
    features = [name for name in columns if name != target]
    if not features or (categorical, numeric) == ([], []):
        raise ValueError(
            "`rows` must have a column beside the target. Received: the "
            f"columns {list(columns)}. Add columns to predict from."
        )


def _holds_numbers(name, known, is_text):
    """Returns whether a column is numeric; that of a CSV file has texts."""
    if not is_text:
        return _are_numbers(known)
    others = [value for value in known if not _reads_as_number(value)]
    if others and 2 * len(others) < len(known):
        warnings.warn(
            f"{name!r} is taken as a categorical column, because {len(others)} "
            f"of {len(known)} values are no numbers ({others[0]!r}). Pass "
            "missing_values, numeric or categorical to decide.",
            stacklevel=3,
        )
    return not others


def _reads_as_number(text):
    """Returns whether a text is a finite number, and no code such as 01234."""
    digits = text.lstrip("+-")
    try:
        is_finite = math.isfinite(float(text))
    except ValueError:
        return False
    return is_finite and not (digits[:1] == "0" and digits[1:2].isdigit())


def _are_numbers(values):
    return all(
        value is None
        or (
            isinstance(value, numbers.Real)
            and not isinstance(value, bool | np.bool_)
        )
        for value in values
    )


def _as_level(value):
    """Returns the text of a level; 3.0 of a column with gaps is 3."""
    is_float = isinstance(value, float | np.floating)
    if is_float and math.isfinite(value) and value == int(value):
        value = int(value)
    return str(value)


def _in_order(levels):
    """Returns levels in the order of numbers if they are, else of texts."""
    try:
        return tuple(sorted(levels, key=float))
    except ValueError:
        return tuple(sorted(levels))


def _as_floats(name, values):
    floats = np.full(len(values), np.nan)
    for row, value in enumerate(values):
        if value is None:
            continue
        try:
            floats[row] = float(value)
        except (TypeError, ValueError):
            floats[row] = math.inf
        if math.isinf(floats[row]):
            raise ValueError(
                f"The column {name!r} is numeric and must hold finite numbers. "
                f"Received: {value!r} in row {row}. Correct it, or leave the "
                "value out."
            )
    return floats


def _statistics(values):
    """Returns mean and standard deviation; 1 for a column of one value."""
    return float(np.nanmean(values)), float(np.nanstd(values)) or 1.0


def _target(name, known, task, is_text):
    """Returns the classes or the scale of a target, as arguments."""
    check_choice(
        "task", task, (CLASSIFICATION, REGRESSION, None), "what is predicted"
    )
    levels = {_as_level(value) for value in known}
    if len(levels) < 2:
        raise ValueError(
            "`target` must have two values or more. Received: target="
            f"{name!r} with the values {sorted(levels)}. Choose another column."
        )
    if task is None:
        is_number = _holds_numbers(name, known, is_text) and len(levels) > 2
        task = REGRESSION if is_number else CLASSIFICATION
    if task == CLASSIFICATION:
        return {"classes": _in_order(levels)}
    return {"scale": _statistics(_as_floats(name, known))}
