"""A model of rows, measured on rows with the target."""

from typing import NamedTuple

import numpy as np

from keras_papers.checks import check_choice
from keras_papers.pipelines.data.split import (
    NEW,
    Seen,
    seen,
    split_beside,
    warn_of_seen,
    warn_of_unknown,
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
        of_what, left_out = (
            ("", "") if self.seen is None else self.seen.described()
        )
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
    check_choice("data", schema.target, list(rows), "the target of the model")
    is_labelled = ~is_missing(rows[schema.target], schema.missing_values)
    if not is_labelled.any():
        raise ValueError(
            "`data` has rows with the target, by which a model is judged. "
            f"Received: no value of {schema.target!r} in "
            f"{plural(rows.rows, 'row')}. Add them, or run table predict."
        )
    rows = rows.take(is_labelled)
    inputs, targets = schema.encode(rows), schema.encode_target(rows)
    judges, counts = _unseen(schema, inputs, targets, options.model)
    rows = rows.take(judges)
    inputs = {name: values[judges] for name, values in inputs.items()}
    return TableEvaluation(
        str(options.model),
        rows.rows,
        measure(schema, targets[judges], model.predict(inputs)),
        counts,
        int(np.sum(~is_labelled)),
        unseen_values(schema, rows),
    )


def _unseen(schema, inputs, targets, model):
    """Returns which rows a model may be judged by, and the `Seen` of all."""
    split = split_beside(model)
    everything = np.ones(len(targets), bool)
    if split is None:
        warn_of_unknown(model, "rows")
        return everything, None
    parts = parts_of_rows(split, row_hashes(schema, inputs, targets))
    judges = (parts == "test") | (parts == NEW)
    if not judges.any():
        warn_of_seen(model, "rows")
        judges = everything
    return judges, seen(parts)
