"""Models of scikit-learn on the rows and columns of a model of a table.

They have the settings of the package, which are not tuned. Whatever is fitted,
also the preparation of the columns, is fitted on the training rows alone.
"""

import time
import warnings
from typing import NamedTuple

import numpy as np

from keras_papers.extras import require
from keras_papers.pipelines.tables.measures import (
    BINARY,
    Difference,
    Measures,
    difference,
    measure,
    task_of,
)
from keras_papers.tasks import REGRESSION

CONSTANT = "constant"
BOOSTING = "gradient boosting"
MOST_LEVELS = 255  # of a column that boosting divides by sets of levels
MOST_STEPS = 1000  # of logistic regression


class Baseline(NamedTuple):
    """A model of another kind on the same rows."""

    name: str
    measures: Measures  # on the held-out rows
    seconds: float  # to fit it
    lead: Difference | None = None  # of the model over it, on the same rows


def compare(schema, train_rows, test_rows, seed, outputs=None):
    """Trains baselines on the rows that a model was trained on.

    They are a constant answer, the shares of the classes or the mean of the
    target; logistic regression, or ridge regression; and gradient boosting
    (scikit-learn's HistGradientBoosting). The linear models have a column for
    each level and one for missing values, and of numeric columns the mean in
    place of missing values and a column that marks them. Boosting divides a
    categorical column by sets of its levels, if these are 255 at most, and
    takes missing values as such. Levels that no training row has are missing
    values, as for the model.

    Args:
        schema: The `TabularSchema` of the table.
        train_rows: Rows with the target, as for `TabularSchema.of`.
        test_rows: Rows with the target that are held out.
        seed: Int. Of boosting, which leaves rows out to stop early if there
            are more than 10,000.
        outputs: What the model predicts for `test_rows`, as in
            `measures.measure`, or None (default): it is not compared.

    Returns:
        A list of `Baseline`: the constant first, boosting last.

    Raises:
        MissingExtraError: If scikit-learn is not installed.
    """
    targets = schema.encode_target(train_rows)
    expected = schema.encode_target(test_rows)
    inputs, held_out = (
        _matrix(schema, rows) for rows in (train_rows, test_rows)
    )
    found = []
    for name, model in _models(schema, seed).items():
        start = time.perf_counter()
        model.fit(inputs, targets)
        seconds = time.perf_counter() - start
        answers = _predicted(schema, model, held_out)
        found.append(
            Baseline(
                name,
                measure(schema, expected, answers),
                seconds,
                None
                if outputs is None
                else difference(schema, expected, outputs, answers),
            )
        )
    return found


def _matrix(schema, rows):
    """Returns rows as numbers, `(rows, columns)`: ids of levels come first.

    Missing values, and of categorical columns levels that were not seen, are
    NaN.
    """
    missing = schema.missing(rows)
    with warnings.catch_warnings():
        # Unseen levels: who measures the model on these rows is warned.
        warnings.simplefilter("ignore", UserWarning)
        inputs = schema.encode(rows)
    columns = []
    for name in schema.columns:
        values = inputs[name].astype("float64")
        unknown = values < 0 if name in schema.categorical else missing[name]
        columns.append(np.where(unknown, np.nan, values))
    return np.stack(columns, axis=1)


def _models(schema, seed):
    """Returns models of scikit-learn that are not yet fitted, by their name."""
    dummy = require("sklearn.dummy", "mobile")
    linear = require("sklearn.linear_model", "mobile")
    if task_of(schema) == REGRESSION:
        return {
            CONSTANT: dummy.DummyRegressor(),
            "ridge regression": _prepared(schema, linear.Ridge()),
            BOOSTING: _boosting(schema, "HistGradientBoostingRegressor", seed),
        }
    logistic = linear.LogisticRegression(max_iter=MOST_STEPS)
    return {
        CONSTANT: dummy.DummyClassifier(strategy="prior"),
        "logistic regression": _prepared(schema, logistic),
        BOOSTING: _boosting(schema, "HistGradientBoostingClassifier", seed),
    }


def _boosting(schema, name, seed):
    ensemble = require("sklearn.ensemble", "mobile")
    # Other columns are divided in the order of their levels.
    few = [levels <= MOST_LEVELS for levels in schema.cardinalities.values()]
    return getattr(ensemble, name)(
        categorical_features=[*few, *[False] * len(schema.numeric)],
        random_state=seed,
    )


def _prepared(schema, model):
    """Returns a linear model behind the preparation of its columns."""
    compose = require("sklearn.compose", "mobile")
    impute = require("sklearn.impute", "mobile")
    pipeline = require("sklearn.pipeline", "mobile")
    preprocessing = require("sklearn.preprocessing", "mobile")
    levels = preprocessing.OneHotEncoder(handle_unknown="ignore")
    numbers = pipeline.make_pipeline(
        impute.SimpleImputer(add_indicator=True),
        preprocessing.StandardScaler(),
    )
    places = range(len(schema.columns))
    number = len(schema.categorical)
    parts = ((levels, places[:number]), (numbers, places[number:]))
    # Neither takes a table without columns.
    preparation = compose.make_column_transformer(
        *((part, list(columns)) for part, columns in parts if columns)
    )
    return pipeline.make_pipeline(preparation, model)


def _predicted(schema, model, inputs):
    """Returns predictions in the form of `TabularModel.predict`."""
    if task_of(schema) == REGRESSION:
        return schema.decode_target(model.predict(inputs))
    # A class that no training row has gets the probability 0.
    outputs = np.zeros((len(inputs), len(schema.classes)))
    outputs[:, model.classes_] = model.predict_proba(inputs)
    return outputs[:, 1:] if task_of(schema) == BINARY else outputs
