"""Measures, compared with scikit-learn, a bootstrap and a published example."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from keras_papers.applications.tabular import TabularSchema
from keras_papers.pipelines.tables import measures


def binary(number, seed=0):
    """Returns labels and float32 probabilities that are related to them."""
    generator = np.random.default_rng(seed)
    labels = (generator.random(number) < 0.3).astype("int32")
    logits = generator.normal(0, 2, number) + 2 * labels - 1
    return labels, (1 / (1 + np.exp(-logits))).astype("float32")


CROWDED = {
    "distinct": lambda scores: scores,
    "rounded": lambda scores: scores.round(1),
    "crowded at 0 and 1": lambda scores: np.clip(40 * scores - 20, 0, 1),
    "all equal": lambda scores: np.full_like(scores, 0.5),
    "nearly equal": lambda scores: 0.5 + scores * np.float32(1e-6),
}


@pytest.mark.parametrize("crowded", CROWDED)
def test_auc_is_that_of_scikit_learn(crowded):
    labels, scores = binary(3000)
    scores = CROWDED[crowded](scores)
    expected = metrics.roc_auc_score(labels, scores)
    assert measures.auc(labels, scores) == pytest.approx(expected, abs=1e-12)
    false, true = measures.roc_curve(labels, scores)
    expected = metrics.roc_curve(labels, scores, drop_intermediate=False)
    np.testing.assert_allclose(false, expected[0])
    np.testing.assert_allclose(true, expected[1])


def test_spread_is_that_of_the_109_images_of_hanley_and_mcneil():
    """Radiology (1982), table 1: images by rating, from normal to abnormal.

    Stata's manual of roctab has 0.8932 and 0.0307 for them.
    """
    normal, abnormal = (33, 6, 6, 11, 2), (3, 2, 2, 11, 33)
    ratings = np.repeat([*range(5), *range(5)], [*normal, *abnormal])
    labels = np.repeat([0, 1], [sum(normal), sum(abnormal)])
    assert measures.auc(labels, ratings) == pytest.approx(0.8932, abs=5e-5)
    spread = measures.auc_spread(labels, ratings)
    assert spread == pytest.approx(0.0307, abs=5e-5)


def of_two_models(schema, targets):
    """Returns outputs that are related to targets, the first ones more."""
    generator = np.random.default_rng(0)
    for noise in (0.8, 1.2):
        scores = targets + generator.normal(0, noise, len(targets))
        if schema.classes is None:
            yield schema.decode_target(scores[:, None])
        elif len(schema.classes) == 2:
            yield 1 / (1 + np.exp(1 - 2 * scores[:, None]))
        else:
            near = np.exp(-((scores[:, None] - np.arange(3)) ** 2))
            yield near / near.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("task", ["binary", "multi-class", "regression"])
def test_spreads_are_those_of_a_bootstrap(task, tables):
    _, test, schema = tables[task]
    targets = schema.encode_target(test)
    first, second = of_two_models(schema, targets)
    generator = np.random.default_rng(0)
    drawn = generator.integers(0, len(targets), (400, len(targets)))
    areas = [
        measures.measure(schema, targets[rows], first[rows]).main
        for rows in drawn
    ]
    leads = [
        measures.difference(
            schema, targets[rows], first[rows], second[rows]
        ).better_by
        for rows in drawn
    ]
    found = measures.measure(schema, targets, first)
    assert found.main_spread == pytest.approx(np.std(areas), rel=0.15)
    compared = measures.difference(schema, targets, first, second)
    assert compared.better_by > 2 * compared.spread
    assert compared.spread == pytest.approx(np.std(leads), rel=0.15)


def test_a_model_is_no_better_than_itself_and_paired_rows_spread_less(tables):
    _, test, schema = tables["binary"]
    targets = schema.encode_target(test)
    scores, _ = of_two_models(schema, targets)
    same = measures.difference(schema, targets, scores, scores[:, 0])
    assert same == (0, 0)
    noise = np.random.default_rng(0).normal(0, 0.05, scores.shape)
    compared = measures.difference(schema, targets, scores, scores + noise)
    alone = measures.auc_spread(targets, scores[:, 0])
    assert 0 < compared.spread < alone / 2


def test_the_calibration_error_of_right_probabilities_is_that_of_draws():
    generator = np.random.default_rng(0)
    probabilities = generator.random(400)
    draws = generator.random((300, 400)) < probabilities
    tables = [measures.calibration_table(d, probabilities) for d in draws]
    errors = [measures.calibration_error(table) for table in tables]
    expected, spread = measures.calibration_by_chance(tables[0])
    assert expected == pytest.approx(np.mean(errors), rel=0.05)
    assert spread == pytest.approx(np.std(errors), rel=0.15)
    assert expected > 0.03


def test_equal_probabilities_share_a_bin_of_the_calibration():
    labels, scores = binary(1000)
    found = measures.calibration_table(labels, scores)
    observed, predicted = calibration_curve(
        labels, scores, n_bins=10, strategy="quantile"
    )
    assert [each.rows for each in found] == [100] * 10
    np.testing.assert_allclose([each.observed for each in found], observed)
    np.testing.assert_allclose([each.predicted for each in found], predicted)
    gap = np.mean(np.abs(observed - predicted))
    assert measures.calibration_error(found) == pytest.approx(gap)
    few = measures.calibration_table(labels, scores.round())
    assert [each.predicted for each in few] == [0, 1]
    assert [each.rows for each in few] == np.bincount(
        scores.round() > 0
    ).tolist()


def test_measures_of_two_classes_are_those_of_scikit_learn(tables):
    *_, schema = tables["binary"]
    labels, scores = binary(500)
    scores[:3] = 0, 1, 0.5
    labels[:2] = 1, 0  # a log loss that is infinite but for its cut
    found = measures.measure(schema, labels, scores[:, None])
    assert found.accuracy == metrics.accuracy_score(labels, scores > 0.5)
    both = np.stack([1 - scores, scores], axis=1)
    assert found.log_loss == pytest.approx(metrics.log_loss(labels, both))
    assert found.auc == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert found.rmse is None and found.main == found.auc
    assert measures.measure(schema, labels, scores) == found
    assert measures.measure(schema, labels, both) == found


def test_measures_of_several_classes_are_those_of_scikit_learn(tables):
    *_, schema = tables["multi-class"]
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 3, 500)
    outputs = generator.dirichlet([1, 1, 1], 500) + 0.5 * np.eye(3)[targets]
    outputs = (outputs / 1.5).astype("float32")
    found = measures.measure(schema, targets, outputs)
    expected = metrics.roc_auc_score(targets, outputs, multi_class="ovr")
    assert found.auc == pytest.approx(expected)
    answers = outputs.argmax(axis=1)
    assert found.accuracy == metrics.accuracy_score(targets, answers)
    assert found.log_loss == pytest.approx(metrics.log_loss(targets, outputs))
    # A class that is not among the rows is left out of the mean.
    some = targets < 2
    found = measures.measure(schema, targets[some], outputs[some])
    expected = np.mean(
        [
            metrics.roc_auc_score(targets[some] == index, outputs[some, index])
            for index in (0, 1)
        ]
    )
    assert found.auc == pytest.approx(expected)


def test_measures_of_numbers_are_in_the_unit_of_the_target(tables):
    _, test, schema = tables["regression"]
    spent = test["spent"]
    outputs = spent + np.random.default_rng(0).normal(0, 9, len(spent))
    found = measures.measure(
        schema, schema.encode_target(test), outputs[:, None]
    )
    rmse = metrics.root_mean_squared_error(spent, outputs)
    assert found.rmse == pytest.approx(rmse, rel=1e-5)
    assert 8 < rmse < 10
    mae = metrics.mean_absolute_error(spent, outputs)
    assert found.mae == pytest.approx(mae, rel=1e-5)
    assert found.r2 == pytest.approx(metrics.r2_score(spent, outputs), rel=1e-5)
    assert found.auc is None and found.main == found.rmse
    first, *_, last = measures.calibration(
        schema, schema.encode_target(test), outputs
    )
    order = np.argsort(outputs)
    assert first.rows == last.rows == 40
    assert last.predicted == pytest.approx(outputs[order[-40:]].mean())
    assert last.observed == pytest.approx(spent[order[-40:]].mean(), rel=1e-5)


def test_a_class_without_rows_has_no_auc_and_one_row_no_spread():
    assert np.isnan(measures.auc([1, 1], [0.2, 0.4]))
    assert measures.auc([1, 0, 0], [0.2, 0.4, 0.1]) == 0.5
    assert np.isnan(measures.auc_spread([1, 0, 0], [0.2, 0.4, 0.1]))


def test_a_class_of_one_row_takes_no_spread_from_the_others(tables):
    *_, schema = tables["multi-class"]
    targets = np.array([0] * 20 + [1] * 20 + [2])
    outputs = np.random.default_rng(0).dirichlet([1, 1, 1], len(targets))
    outputs += 0.3 * np.eye(3)[targets]
    found = measures.measure(schema, targets, outputs / 1.3)
    expected = [
        metrics.roc_auc_score(targets == index, outputs[:, index])
        for index in (0, 1)
    ]
    assert found.auc == pytest.approx(np.mean(expected))
    assert 0 < found.auc_spread < 0.1
    others = outputs[:, ::-1]
    compared = measures.difference(schema, targets, outputs, others)
    assert compared.better_by > 2 * compared.spread


def test_outputs_of_another_shape_are_refused(tables):
    for task, outputs, shape in (
        ("binary", np.zeros((4, 3)), r"\(4, 3\) for 4"),
        ("binary", np.zeros(3), r"\(3,\) for 4"),
        ("multi-class", np.zeros((4, 1)), r"\(4, 1\) for 4"),
        ("regression", np.zeros((4, 2)), r"\(4, 2\) for 4"),
    ):
        *_, schema = tables[task]
        with pytest.raises(ValueError, match=f"{task}. Received.*{shape}"):
            measures.measure(schema, np.arange(4) % 2, outputs)


def test_a_target_of_one_value_has_no_share_of_variance():
    schema = TabularSchema({}, {"age": (0, 1)}, "spent", scale=(5.0, 2.0))
    found = measures.measure(schema, np.zeros(3), [5.0, 5.0, 5.0])
    assert found.rmse == 0 and found.rmse_spread == 0 and np.isnan(found.r2)
