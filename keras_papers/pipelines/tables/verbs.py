"""The verbs that work on tables."""

import os

from keras_papers.pipelines.tables.options import (
    TFLITE,
    EvaluateTableOptions,
    PredictTableOptions,
    TableOptions,
)
from keras_papers.pipelines.verb import Verb, with_size

SUMMARY = "predict a column of a table from the others"


def _training_line(report, options):
    path = os.path.join(options.output, TFLITE)
    text = f"trained on {options.data} to predict {options.target!r}: {path}"
    return with_size(text, os.path.getsize(path))


def _predictions_line(found, options):
    number = len(found.predictions)
    text = f"{number:,} row{'s' * (number > 1)} by {options.model}"
    return f"{text}: {found.output}" if found.output else text


VERBS = (
    Verb(
        "train",
        TableOptions,
        "train a TabTransformer on a CSV file",
        "people.csv --target income --missing-values ? --output out",
        _training_line,
        function="train_table_model",
    ),
    Verb(
        "predict",
        PredictTableOptions,
        "predict the target of each row of a CSV file",
        "out/model.keras new.csv --output predictions.csv",
        _predictions_line,
        function="predict_table",
    ),
    Verb(
        "evaluate",
        EvaluateTableOptions,
        "measure a model on rows that it was not trained on",
        "out/model.keras people.csv",
        lambda found, options: (
            f"{found.model} on {found.rows:,} row{'s' * (found.rows > 1)}"
        ),
        function="evaluate_table",
    ),
)
