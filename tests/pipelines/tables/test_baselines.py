"""Baselines: scikit-learn's models on the training rows, nothing else seen."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from keras_papers.applications.tabular import TabularSchema
from keras_papers.pipelines.tables.baselines import compare
from keras_papers.pipelines.tables.measures import measure


@pytest.mark.parametrize("task", ["binary", "multi-class", "regression"])
def test_baselines_learn_what_they_can(task, tables):
    train, test, schema = tables[task]
    constant, linear, boosting = compare(schema, train, test, 0)
    names = ["constant", linear.name, "gradient boosting"]
    assert [constant.name, linear.name, boosting.name] == names
    assert all(each.measures.rows == 400 for each in (constant, boosting))
    assert boosting.lead is None and boosting.seconds > 0
    if task == "regression":
        assert linear.name == "ridge regression"
        assert abs(constant.measures.r2) < 0.02
        assert constant.measures.rmse > 1.2 * linear.measures.rmse
        # The line does not see that both sides of the age count.
        assert linear.measures.rmse > 1.1 * boosting.measures.rmse
        return
    assert linear.name == "logistic regression"
    targets = schema.encode_target(test)
    common = np.bincount(schema.encode_target(train)).argmax()
    assert constant.measures.accuracy == np.mean(targets == common)
    assert constant.measures.auc == 0.5
    assert 0.65 < linear.measures.auc < boosting.measures.auc - 0.03
    assert linear.measures.log_loss < constant.measures.log_loss - 0.05


def test_the_model_leads_a_baseline_by_the_difference_of_their_measures(tables):
    train, test, schema = tables["binary"]
    targets = schema.encode_target(test)
    outputs = 0.5 * targets + np.random.default_rng(0).random(400)
    reached = measure(schema, targets, outputs).auc
    found = compare(schema, train, test, 0, outputs)
    for each in found:
        lead = reached - each.measures.auc
        assert each.lead.better_by == pytest.approx(lead)
        assert each.lead.spread > 0
    again = compare(schema, train, test, 0, outputs)
    assert [each.measures for each in again] == [
        each.measures for each in found
    ]


def test_all_that_is_fitted_is_fitted_on_the_training_rows(tables):
    """Models by hand, on held-out rows of other ages and another job."""
    train, test, schema = tables["binary"]
    jobs = np.where(test["kind"] == "b", "astronaut", test["job"])
    test = {**test, "job": jobs, "age": test["age"] + 15}
    _, linear, boosting = compare(schema, train, test, 0)
    bought = train["buys"] == "yes"
    expected = schema.encode_target(test)

    def ids(rows):
        places = {"chef": 0, "judge": 1, "nurse": 2, "pilot": 3}
        return np.array([places.get(job, np.nan) for job in rows["job"]])

    def for_boosting(rows):
        return np.stack([ids(rows), rows["kind"] == "b", rows["age"]], axis=1)

    model = HistGradientBoostingClassifier(
        categorical_features=[0, 1], random_state=0
    ).fit(for_boosting(train), bought)
    answers = model.predict_proba(for_boosting(test))[:, 1]
    by_hand = measure(schema, expected, answers)
    # Ages of the schema are standardized float32: some thresholds differ.
    assert boosting.measures.auc == pytest.approx(by_hand.auc, abs=2e-3)

    mean = np.nanmean(train["age"])
    filled = np.where(np.isnan(train["age"]), mean, train["age"])

    def for_line(rows):
        missing = np.isnan(rows["age"])
        share = np.isnan(train["age"]).mean()
        columns = [rows["job"] == job for job in schema.categorical["job"]]
        # A missing job, or one that was not seen, is a level of its own.
        columns.append(~np.any(columns, axis=0))
        columns += [rows["kind"] == "a", rows["kind"] == "b"]
        ages = np.where(missing, mean, rows["age"])
        columns.append((ages - filled.mean()) / filled.std())
        columns.append((missing - share) / np.sqrt(share * (1 - share)))
        return np.array(columns, float).T

    line = LogisticRegression(max_iter=1000).fit(for_line(train), bought)
    inputs = for_line(test)
    answers = line.predict_proba(inputs)[:, 1]
    by_hand = measure(schema, expected, answers)
    assert linear.measures.log_loss == pytest.approx(by_hand.log_loss, abs=1e-4)
    assert linear.measures.auc == pytest.approx(by_hand.auc, abs=1e-4)


def test_columns_of_one_kind_and_of_many_levels_serve(tables):
    generator = np.random.default_rng(0)
    train, test = (
        {**rows, "street": generator.integers(0, 900, 600)[: len(rows["job"])]}
        for rows in tables["binary"][:2]
    )
    for features in (["job", "kind"], ["age"], ["job", "street"]):
        schema = TabularSchema.of(
            train,
            "buys",
            categorical={"street"} & set(features),
            ignored=set(train) - {*features, "buys"},
        )
        found = compare(schema, train, test, 0)
        assert schema.columns == features
        assert all(0.4 < each.measures.auc < 1 for each in found)
