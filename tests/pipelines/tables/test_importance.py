"""Permutation importance, compared with scikit-learn's."""

import numpy as np
import pytest
from sklearn.inspection import permutation_importance as of_scikit_learn

from keras_papers.applications.tabular import TabularSchema
from keras_papers.pipelines.tables import measures
from keras_papers.pipelines.tables.importance import permutation_importance


def by_hand(rows):
    """Predicts from the job and the age, and not from the kind."""
    jobs = np.isin(np.asarray(rows["job"], object), ["chef", "nurse"])
    away = np.abs(np.nan_to_num(np.asarray(rows["age"], float), nan=40) - 40)
    return 1 / (1 + np.exp(2 - 2 * jobs - away / 8))[:, None]


def test_importance_is_that_of_scikit_learn(tables):
    _, test, schema = tables["binary"]
    targets = schema.encode_target(test)
    found = permutation_importance(by_hand, schema, test, repeats=30)
    columns = ["job", "kind", "age"]
    matrix = np.array([test[name] for name in columns], object).T

    def scorer(_, matrix, targets):
        rows = dict(zip(columns, matrix.T, strict=True))
        return measures.auc(targets, by_hand(rows)[:, 0])

    class Fitted:
        def fit(self, *_):
            return self

    expected = of_scikit_learn(
        Fitted(), matrix, targets, scoring=scorer, n_repeats=30, random_state=0
    )
    assert [each.column for each in found] == ["job", "age", "kind"]
    for each in found:
        index = columns.index(each.column)
        mean, spread = (
            expected.importances_mean[index],
            expected.importances_std[index],
        )
        # Means of 30 repeats each, with shuffles of their own.
        assert each.mean == pytest.approx(
            mean, abs=3 * spread / np.sqrt(15) + 1e-12
        )
        assert each.spread == pytest.approx(spread, rel=0.5)
    assert found[0].mean > 0.1 and found[-1] == ("kind", 0, 0)


def test_a_regression_loses_rmse_and_a_measure_can_be_passed(tables):
    _, test, schema = tables["regression"]

    def predict(rows):
        return 100 + 40 * np.isin(rows["job"], ["chef", "nurse"])[:, None]

    (first, *others) = permutation_importance(predict, schema, test, repeats=2)
    assert first.column == "job" and first.mean > 5  # in the target's unit
    assert all(each.mean == 0 for each in others)
    (first, *_) = permutation_importance(
        predict,
        schema,
        test,
        lambda targets, outputs: -np.mean(np.abs(outputs)),
        repeats=2,
    )
    assert first.mean == 0  # the mean output of shuffled rows is the same


def test_rows_of_a_rare_class_are_drawn():
    generator = np.random.default_rng(0)
    targets = (np.arange(50_000) < 12).astype("int32")
    rows = {"x": generator.normal(size=len(targets)) + 3 * targets}
    schema = TabularSchema({}, {"x": (0, 1)}, "y", classes=("no", "yes"))
    drawn = []

    def measure(targets, outputs):
        drawn.append((len(targets), targets.sum()))
        return measures.auc(targets, outputs)

    (found,) = permutation_importance(
        lambda columns: columns["x"],
        schema,
        rows,
        measure,
        repeats=2,
        max_rows=1000,
        targets=targets,
    )
    assert set(drawn) == {(1000, 12)}
    assert found.mean > 0.3
    # A class of many rows keeps its share.
    drawn.clear()
    permutation_importance(
        lambda columns: columns["x"],
        schema,
        rows,
        measure,
        repeats=1,
        max_rows=1000,
        targets=(np.arange(50_000) < 15_000).astype("int32"),
    )
    assert set(drawn) <= {(1000, number) for number in (299, 300, 301)}


def test_fewer_rows_are_drawn_and_the_seed_decides(tables):
    _, test, schema = tables["binary"]
    lengths = []

    def predict(rows):
        lengths.append(len(rows["job"]))
        return by_hand(rows)

    first, again, other = (
        permutation_importance(
            predict, schema, test, repeats=2, seed=seed, max_rows=100
        )
        for seed in (0, 0, 1)
    )
    assert set(lengths) == {100} and len(lengths) == 3 * (1 + 3 * 2)
    assert first == again != other
    with pytest.raises(ValueError, match="Received: repeats=0"):
        permutation_importance(by_hand, schema, test, repeats=0)
