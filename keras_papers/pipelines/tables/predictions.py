"""Predictions for the rows of a CSV file."""

import csv
from typing import NamedTuple

import numpy as np

from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.report.console_table import text_table
from keras_papers.pipelines.report.page_text import plural
from keras_papers.pipelines.tables.model_of_rows import open_model
from keras_papers.pipelines.tables.options import PredictTableOptions
from keras_papers.pipelines.tables.rows import (
    missing_counts,
    read,
    unseen_values,
)

SHOWN = 10  # rows that are printed


class TablePredictions(NamedTuple):
    """What a model predicts for each row; prints as a table of the first."""

    model: str
    target: str
    classes: list | None  # None of a regression
    predictions: list  # for each row a class, or a number in the target's unit
    probabilities: list | None  # for each row that of each class
    unseen: dict  # values of levels that training did not have, by column
    missing: dict  # missing values by column
    output: str | None  # the CSV file that was written

    def __str__(self):
        head = ("row", *self._head())
        rows = [
            (number, *cells)
            for number, cells in zip(
                range(1, SHOWN + 1), self._rows(_short), strict=False
            )
        ]
        lines = [text_table(rows, head, left=(1,))]
        if len(self.predictions) > SHOWN:
            more = plural(len(self.predictions) - SHOWN, "row")
            where = f" are in {self.output}" if self.output else ""
            lines.append(f"... {more} more{where}")
        if self.missing:
            named = ", ".join(
                f"{name} {count:,}" for name, count in self.missing.items()
            )
            lines.append(f"missing values: {named}")
        return "\n".join(lines)

    def _head(self):
        classes = self.classes or ()
        return (self.target, *(f"probability of {each}" for each in classes))

    def _rows(self, number=float):
        """Yields the cells of each row; `number` makes those of numbers."""
        if self.probabilities is None:
            for value in self.predictions:
                yield (number(value),)
            return
        for label, shares in zip(
            self.predictions, self.probabilities, strict=True
        ):
            yield (label, *map(number, shares))

    def save(self, path):
        """Writes a line for each row, in their order, as CSV."""
        with draft_of(path) as draft:
            with open(draft, "w", newline="", encoding="utf-8") as file:
                table = csv.writer(file)
                table.writerow(self._head())
                table.writerows(self._rows())


@takes(PredictTableOptions)
def predict_table(options):
    """Predicts the target of each row of a CSV file.

    Columns are found by their names, in any order; others are not read, and
    neither is the target if it is there. A level that the training did not
    have is taken as missing and counted.

    Args:
        model: Path of the `model.keras` or the `model.tflite` that
            `train_table_model` has written. LiteRT runs the latter row by row.
        data: Path of a CSV file.
        output: Path of a CSV file to write: a line for each row with the
            prediction and the probability of each class. Defaults to None.

    Returns:
        `TablePredictions`, which prints its first rows as a table.

    Raises:
        ValueError: If a file cannot be read or written, a column is not there,
            or a value of a numeric column is no number.

    Warns:
        UserWarning: If the file has another delimiter than commas, columns or
            levels that the training did not have, or a column without values.
    """
    model = open_model(options.model)
    rows = read(options.data)
    schema = model.schema
    inputs = schema.encode(rows)
    outputs = model.predict(inputs)
    if schema.classes is None:
        predictions, probabilities = outputs[:, 0].tolist(), None
    else:
        shares = np.hstack([1 - outputs, outputs])
        shares = outputs if outputs.shape[-1] > 1 else shares
        predictions = [schema.classes[i] for i in shares.argmax(axis=-1)]
        probabilities = shares.tolist()
    found = TablePredictions(
        str(options.model),
        schema.target,
        None if schema.classes is None else list(schema.classes),
        predictions,
        probabilities,
        unseen_values(schema, rows),
        missing_counts(schema, rows),
        None if options.output is None else str(options.output),
    )
    if options.output is not None:
        found.save(options.output)
    return found


def _short(value):
    return f"{value:.4g}"
