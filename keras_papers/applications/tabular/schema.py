"""The columns of a table: what a model must know of them to take raw rows."""

import warnings

import keras
import numpy as np

from keras_papers.applications.tabular.column_kinds import (
    CATEGORICAL,
    NUMERIC,
    kind_of,
    warn_of_identifiers,
    warn_of_row_numbers,
)
from keras_papers.applications.tabular.column_values import (
    as_floats,
    as_level,
    check_has_columns,
    columns_of,
    levels_of,
    listed,
    named_row,
    places_of,
    values_of,
)
from keras_papers.applications.tabular.table_file import TableFile
from keras_papers.checks import check_choice, offer_nearest
from keras_papers.tasks import CLASSIFICATION, REGRESSION


@keras.saving.register_keras_serializable(package="keras_papers")
class TabularSchema:
    """The columns of a table, and how their values become a model's inputs.

    A categorical value becomes the place of its level among those of the
    column, and -1 if it is missing or was not seen. Levels are texts; a number
    is the level of its text, and 1, 1.0, "1" and "1.0" are one level. A
    numeric value is standardized by the mean and the standard deviation of the
    column; a missing one becomes 0, the mean. `of` finds all of these in a
    table.

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
        ignored: Names of columns that rows may have and that are not read.

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
        ignored=(),
    ):
        self.categorical = _with_tuples(categorical)
        self.numeric = _with_tuples(numeric)
        self.target = target
        self.classes = None if classes is None else tuple(classes)
        self.scale = None if scale is None else tuple(scale)
        self.missing_values = tuple(missing_values)
        self.ignored = tuple(ignored)

    @classmethod
    def of(
        cls,
        rows,
        target=None,
        *,
        categorical=(),
        numeric=(),
        ignored=(),
        task=None,
        missing_values=(),
    ):
        """Finds the columns of a table, their levels and their statistics.

        Pass the rows to train on alone: levels and statistics of others would
        be known before they are seen.

        A column is numeric if all its values are numbers, and else
        categorical. In a CSV file texts are read as numbers, but for codes
        such as 01234; in a DataFrame or a dict they are not.

        Args:
            rows: A pandas DataFrame, a dict of arrays or lists by the name of
                the column, the path of a CSV file, or what `read_table_file`
                returned.
            target: Name of the column to predict. Defaults to None.
            categorical: Names of columns that are categorical whatever their
                values. Defaults to none.
            numeric: Names of columns that are numeric. Their values must be
                numbers, or texts of numbers. Defaults to none.
            ignored: Names of columns that are left out. Defaults to none.
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
            UserWarning: If most values of a column, but not all, are numbers
                or texts of numbers; it is categorical. Or if nearly each row
                has another value in a categorical column, or a numeric one
                counts the rows: other rows have other values.
        """
        columns = columns_of(rows)
        is_text = isinstance(columns, TableFile)
        named = {
            CATEGORICAL: _names(CATEGORICAL, categorical),
            NUMERIC: _names(NUMERIC, numeric),
            "ignored": _names("ignored", ignored),
        }
        target = target.strip() if isinstance(target, str) else target
        _check_columns(columns, named, target)
        found = cls(
            {},
            {},
            target,
            missing_values=_names("missing_values", missing_values),
            ignored=named["ignored"],
        )
        for name in columns:
            if name == target or name in named["ignored"]:
                continue
            values = found._values(columns, name)
            if not values.known:
                raise ValueError(
                    "`rows` must have values in each column. Received: the "
                    f"column {name!r}, in which all are missing. Pass "
                    f"ignored=[{name!r}]."
                )
            if kind_of(name, values, named, is_text) == NUMERIC:
                floats = as_floats(name, values)
                found.numeric[name] = _statistics(floats)
                warn_of_row_numbers(name, floats)
            else:
                found.categorical[name] = levels_of(values)
                if name not in named[CATEGORICAL]:
                    warn_of_identifiers(name, values)
        config = found.get_config()
        if target is not None:
            values = found._values(columns, target)
            config |= _target(target, values, task, is_text)
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
            rows: As for `of`, in any order of the columns.

        Returns:
            A dict of arrays of shape `(number,)` by the name of the column:
            int32 of the categorical ones, and float32 of the numeric ones.

        Raises:
            ValueError: If a column is not there, the columns differ in length,
                or a value of a numeric column is infinite or no number.

        Warns:
            UserWarning: If there are levels that the schema does not have,
                which are encoded as missing; columns that it does not have,
                which are not read; or a column in which all of several values
                are missing.
        """
        columns = self._columns(rows)
        inputs = {}
        for name, levels in self.categorical.items():
            values = self._values(columns, name)
            places = places_of(values, levels)
            _warn_of_unseen_levels(name, values, places)
            _warn_of_no_values(name, values)
            inputs[name] = places[values.places]
        for name, (mean, deviation) in self.numeric.items():
            values = self._values(columns, name)
            _warn_of_no_values(name, values)
            scaled = as_floats(name, values, mean, deviation)
            inputs[name] = np.nan_to_num(scaled, nan=0.0).astype("float32")
        return inputs

    def missing(self, rows):
        """Returns where the values of rows are missing.

        Args:
            rows: As for `encode`.

        Returns:
            A dict of arrays of bools of shape `(number,)` by the name of the
            column. Levels that the schema does not have are not missing.

        Raises:
            ValueError: If a column is not there, or the columns differ in
                length.
        """
        columns = self._columns(rows)
        return {
            name: self._values(columns, name).is_missing
            for name in self.columns
        }

    def unseen(self, rows):
        """Returns where rows have levels that the schema does not have.

        Args:
            rows: As for `encode`.

        Returns:
            A dict of arrays of bools of shape `(number,)` by the name of the
            categorical column.

        Raises:
            ValueError: If a column is not there, or the columns differ in
                length.
        """
        columns, found = self._columns(rows), {}
        for name, levels in self.categorical.items():
            values = self._values(columns, name)
            is_unseen = places_of(values, levels)[values.places] < 0
            found[name] = is_unseen & ~values.is_missing
        return found

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
        if self.target not in columns:
            raise ValueError(
                "`rows` must have the column of the target, "
                f"{self.target!r}. Received: the columns {list(columns)}. Add "
                "it, or pass rows without a target to `predict`."
            )
        values = self._values(columns, self.target)
        missing = np.sum(values.is_missing)
        if missing:
            first, lines = int(np.argmax(values.is_missing)), values.lines
            raise ValueError(
                "The target must be known in all rows. Received: "
                f"{missing} of {len(values.places)} values of {self.target!r} "
                f"that are missing, the first in {named_row(first, lines)}. "
                "Remove the rows."
            )
        if self.classes is None:
            mean, deviation = self.scale
            scaled = as_floats(self.target, values, mean, deviation)
            return scaled.astype("float32")
        places = places_of(values, self.classes)
        if np.any(places < 0):
            place = int(np.argmin(places))
            level = as_level(values.different[place])
            raise ValueError(
                f"The target {self.target!r} has the classes "
                f"{', '.join(map(repr, self.classes))}. Received: {level!r} in "
                f"{values.first_row(place)}. "
                f"{offer_nearest(level, self.classes)}"
            )
        return places[values.places]

    def decode_target(self, outputs):
        """Returns numbers in the unit of the target of a regression."""
        mean, deviation = self.scale
        return outputs * deviation + mean

    def _columns(self, rows):
        """Returns the columns of rows, in which those of the schema are."""
        columns = columns_of(rows)
        check_has_columns(columns, self.columns)
        others = [
            name
            for name in columns
            if name not in (*self.columns, *self.ignored, self.target)
        ]
        if others:
            warnings.warn(
                f"{listed(others)} in the rows: the schema does not have "
                "these columns, and they were not read.",
                stacklevel=4,
            )
        return columns

    def _values(self, columns, name):
        return values_of(name, columns, self.missing_values)

    def get_config(self):
        """Returns the arguments of the schema, as JSON can hold them."""
        return {
            "categorical": _with_lists(self.categorical),
            "numeric": _with_lists(self.numeric),
            "target": self.target,
            "classes": None if self.classes is None else list(self.classes),
            "scale": None if self.scale is None else list(self.scale),
            "missing_values": list(self.missing_values),
            "ignored": list(self.ignored),
        }

    @classmethod
    def from_config(cls, config):
        """Returns the schema that `get_config` describes."""
        return cls(**config)


def _with_tuples(columns):
    return {name: tuple(values) for name, values in columns.items()}


def _with_lists(columns):
    return {name: list(values) for name, values in columns.items()}


def _names(argument, names):
    """Returns a list of names, of which one is no list by itself."""
    if isinstance(names, str):
        raise ValueError(
            f"`{argument}` is a list of texts. Received: {argument}={names!r}. "
            f"Try [{names!r}]."
        )
    return [name.strip() for name in names or ()]


def _check_columns(columns, named, target):
    """Raises ValueError unless each column is there and has one purpose."""
    names = []
    targets = [] if target is None else [target]
    for argument, given in {**named, "target": targets}.items():
        names += given
        for name in given:
            check_choice(argument, name, list(columns), "a column of the rows")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            "`categorical`, `numeric`, `ignored` and `target` name different "
            f"columns. Received: {twice} in two of them. Name each column "
            "once."
        )
    if not set(columns) - {target, *named["ignored"]}:
        raise ValueError(
            "`rows` must have a column beside the target. Received: the "
            f"columns {list(columns)}. Add columns to predict from."
        )


def _warn_of_unseen_levels(name, values, places):
    counts = {
        as_level(value): int(count)
        for value, place, count in zip(
            values.different, places, values.counts, strict=True
        )
        if value is not None and place < 0
    }
    if counts:
        warnings.warn(
            f"{sum(counts.values())} of {len(values.places)} values of "
            f"{name!r} are levels that the schema does not have "
            f"({listed(list(counts))}) and were taken as missing.",
            stacklevel=4,
        )


def _warn_of_no_values(name, values):
    """Warns if several rows have no value: the column may be another."""
    if len(values.places) > 1 and not values.known:
        warnings.warn(
            f"All {len(values.places)} values of {name!r} are missing.",
            stacklevel=4,
        )


def _statistics(values):
    """Returns mean and standard deviation; 1 for a column of one value."""
    known = values[~np.isnan(values)]
    is_constant = known.min() == known.max()
    return float(known.mean()), 1.0 if is_constant else float(known.std())


def _target(name, values, task, is_text):
    """Returns the classes or the scale of a target, as arguments."""
    check_choice(
        "task", task, (CLASSIFICATION, REGRESSION, None), "what is predicted"
    )
    levels = levels_of(values)
    if len(levels) < 2:
        raise ValueError(
            "`target` must have two values or more. Received: target="
            f"{name!r} with the values {list(levels)}. Choose another column."
        )
    if task is None:
        kind = kind_of(name, values, {CATEGORICAL: (), NUMERIC: ()}, is_text)
        is_number = kind == NUMERIC and len(levels) > 2
        task = REGRESSION if is_number else CLASSIFICATION
    if task == CLASSIFICATION:
        return {"classes": list(levels)}
    return {"scale": list(_statistics(as_floats(name, values)))}
