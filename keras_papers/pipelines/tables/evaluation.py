"""A model of rows, measured on rows with the target."""

from typing import NamedTuple

import numpy as np

from keras_papers.applications.tabular.column_values import lacking
from keras_papers.pipelines.data.split import (
    Seen,
    described,
    judging,
    split_beside,
)
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.page_text import plural
from keras_papers.pipelines.tables.measures import Measures, measure
from keras_papers.pipelines.tables.model_of_rows import open_model
from keras_papers.pipelines.tables.options import EvaluateTableOptions
from keras_papers.pipelines.tables.report import measured
from keras_papers.pipelines.tables.rows import (
    is_missing,
    parts_of_rows,
    read,
    row_hashes,
    unseen_values,
)


class TableEvaluation(NamedTuple):
    """How good a model is on rows that it was not trained on."""

    model: str
    rows: int  # by which it is judged
    measures: Measures
    seen: Seen | None  # rows of the whole file; None if that is not known
    without_target: int  # rows that are left out
    unseen: dict  # values of levels that training did not have, by column

    def __str__(self):
        of_what, left_out = described(self.seen)
        counted = f"{self.rows:,}{of_what}"
        rows = [
            ("rows", ", ".join([counted, left_out]) if left_out else counted),
            *measured(self.measures),
        ]
        if self.without_target:
            text = f"{plural(self.without_target, 'row')} left out"
            rows.append(("without target", text))
        return labelled(rows)


@takes(EvaluateTableOptions)
def evaluate_table(options):
    """Measures a model on the rows of a CSV file that have the target.

    The `split.json` beside the model has a hash of each row that it was
    trained on or chosen by. These rows are left out, in whichever file they
    are, unless there are no others: of equal rows as many as it lists.

    Args:
        model: Path of the `model.keras` or the `model.tflite` that
            `train_table_model` has written.
        data: Path of a CSV file with the columns of the training.

    Returns:
        A `TableEvaluation`.

    Raises:
        ValueError: If a file cannot be read, a column is not there, or the
            target has a class that the model does not have.

    Warns:
        UserWarning: As `predict_table` does; and if the model was trained on
            all of the rows or chosen by them, or if that is not known.
    """
    model = open_model(options.model)
    schema, rows = model.schema, read(options.data)
    is_labelled = _is_labelled(schema, rows)
    rows = rows.take(is_labelled)
    inputs, targets = schema.encode(rows), schema.encode_target(rows)
    split, parts = split_beside(options.model), None
    if split is not None:
        parts = parts_of_rows(split, row_hashes(schema, inputs, targets))
    judges, counts = judging(parts, options.model, "rows")
    if judges is not None:
        rows, targets = rows.take(judges), targets[judges]
        inputs = {name: values[judges] for name, values in inputs.items()}
    return TableEvaluation(
        str(options.model),
        rows.rows,
        measure(schema, targets, model.predict(inputs)),
        counts,
        int(np.sum(~is_labelled)),
        unseen_values(schema, rows),
    )


def _is_labelled(schema, rows):
    """Returns where rows have the target.

    Raises:
        ValueError: If no row has it.
    """
    target = schema.target
    found = lacking(rows, [target])
    if not found:
        is_labelled = ~is_missing(rows[target], schema.missing_values)
        if is_labelled.any():
            return is_labelled
        found = f"no value of {target!r} in {plural(rows.rows, 'row')}"
    raise ValueError(
        f"`data` has the target, {target!r}, by which a model is judged. "
        f"Received: {found}. Add it, or run table predict, which needs none."
    )
