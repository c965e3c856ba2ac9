"""How much a model's predictions depend on each column of a table."""

import warnings
from typing import NamedTuple

import numpy as np

from keras_papers.applications.tabular.column_values import columns_of
from keras_papers.checks import check_positive_int
from keras_papers.pipelines.tables import measures

FEWEST = 50  # rows of each class that are drawn, if it has so many


class Importance(NamedTuple):
    """What predictions lose where the values of one column are shuffled."""

    column: str
    mean: float  # of the AUC; of a regression, the rise of the RMSE
    spread: float  # standard deviation over the repeats


def permutation_importance(
    predict,
    schema,
    rows,
    measure=None,
    repeats=5,
    seed=0,
    *,
    max_rows=None,
    targets=None,
):
    """Measures a model with the values of one column after another shuffled.

    Breiman (2001), "Random Forests", section 10. A column that others repeat
    has a low importance: the model reads the others.

    Args:
        predict: Function of rows, a dict of arrays by the name of the column,
            to outputs, such as `TabularModel.predict`.
        schema: The `TabularSchema` of the table.
        rows: Rows with the target that the model was not trained on, as for
            `TabularSchema.of`.
        measure: Function of targets, as `schema.encode_target` returns them,
            and outputs to a number that is higher for better outputs.
            Defaults to None: the AUC, or of a regression the negative RMSE.
        repeats: Positive int. How often each column is shuffled. Defaults to
            5.
        seed: Int. Of the order of shuffled values, and of the rows.
        max_rows: Positive int. If there are more rows, so many drawn at
            random are used, each class in its share, but with 50 rows at least
            where it has them and `max_rows` allows. Defaults to None: all of
            them.
        targets: What `schema.encode_target` returned. `rows` are then a dict
            of arrays that `predict` takes, such as those that `schema.encode`
            returns once for all repeats. Defaults to None: rows have the
            target.

    Returns:
        A list of `Importance`, the most important column first.

    Raises:
        ValueError: If an argument is out of its range.
    """
    check_positive_int(
        "repeats", repeats, "how often a column is shuffled", "Try 5."
    )
    generator = np.random.default_rng(seed)
    columns = columns_of(rows) if targets is None else dict(rows)
    if targets is None:
        targets = schema.encode_target(columns)
    number = len(targets)
    if max_rows is not None:
        check_positive_int("max_rows", max_rows, "of the table", "Try 2000.")
        if number > max_rows:
            classes = np.zeros(number) if schema.classes is None else targets
            chosen = _drawn(generator, classes, max_rows)
            columns = {name: each[chosen] for name, each in columns.items()}
            targets, number = targets[chosen], max_rows
    if measure is None:

        def measure(targets, outputs):
            found = measures.measure(schema, targets, outputs)
            return found.auc if found.rmse is None else -found.rmse

    def score(columns):
        with warnings.catch_warnings():
            # Unseen levels, again in each repeat.
            warnings.simplefilter("ignore", UserWarning)
            return measure(targets, predict(columns))

    reached = score(columns)
    found = []
    for name in schema.columns:
        drops = [
            reached
            - score(
                {**columns, name: columns[name][generator.permutation(number)]}
            )
            for _ in range(repeats)
        ]
        found.append(
            Importance(name, float(np.mean(drops)), float(np.std(drops)))
        )
    return sorted(found, key=lambda each: -each.mean)


def _drawn(generator, classes, number):
    """Draws places of rows: each class in its share, or `FEWEST` of it.

    Without a row of a class that is rare there is no AUC.
    """
    different = np.unique(classes)
    fewest = min(FEWEST, number // len(different))
    ranks = np.empty(len(classes))  # within the class, from 0 to 1
    for each in different:
        places = generator.permutation(np.flatnonzero(classes == each))
        steps = np.arange(len(places)) + generator.random()
        ranks[places] = steps / len(places)
        ranks[places[:fewest]] = 0
    return np.argsort(ranks, kind="stable")[:number]
