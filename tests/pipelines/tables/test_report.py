"""The report on a model of a table: printed, as JSON, and its verdict."""

import json
import types

import numpy as np
import pytest

from keras_papers.pipelines.report.finding import Finding
from keras_papers.pipelines.tables import verdict
from keras_papers.pipelines.tables.baselines import Baseline
from keras_papers.pipelines.tables.columns import described
from keras_papers.pipelines.tables.importance import Importance
from keras_papers.pipelines.tables.measures import Difference
from keras_papers.pipelines.tables.report import measured
from keras_papers.pipelines.tables.report_files import write, write_history

OPTIONS = types.SimpleNamespace(
    epochs=100, pretrain_epochs=20, learning_rate=1e-3
)


@pytest.fixture(scope="module", params=["binary", "multi-class", "regression"])
def made(request, trained_tables):
    return trained_tables[request.param][0]


@pytest.fixture
def binary(trained_tables):
    return trained_tables["binary"][0]


def findings(report):
    """Returns the findings by what they are about."""
    found = verdict.of_training(report, OPTIONS, lambda **changes: changes)
    assert len({each.about for each in found}) == len(found)
    return {each.about: each for each in found}


def test_the_area_of_rows_of_one_class_is_not_known(binary):
    alone = dict(measured(binary.measures._replace(auc=np.nan)))
    assert alone["AUC"] == "not known, for the rows are of one class"
    assert dict(measured(binary.measures))["AUC"].startswith("0.")


def test_the_report_prints_its_figures_and_the_best_model_first(made):
    text = str(made._replace(verdict=[Finding("few rows", "a text", None)]))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    name, reached = ("AUC", made.measures.auc)
    if made.task == "regression":
        name, reached = "RMSE", made.measures.rmse
    else:
        assert f"accuracy {made.measures.accuracy:.2%}" in lines
    (main,) = [each for each in lines if each.startswith(f"{name} ")]
    assert float(main.split()[1]) == pytest.approx(reached, rel=1e-3)
    for line in (
        "rows 600 to train on, 138 to watch, 400 held out, 7 without target",
        "model.tflite 3.60 MB, 1.25 ms a row, differs from Keras by 2.0e-06",
        "pre-training replaced values, loss 0.4000 (chance 0.6000), accuracy "
        "85.0% (chance 70.0%); 900 rows, 300 unlabelled, 8 epochs",
        "epoch of the model 14 of 30, of the lowest validation loss",
        "verdict few rows: a text",
    ):
        assert line in lines
    assert any("2 categorical (6 levels), 1 numeric" in each for each in lines)
    head = next(i for i, each in enumerate(lines) if "model better by" in each)
    models = lines[head + 1 : head + 5]
    values = {
        "TabTransformer": reached,
        **{each.name: each.measures.main for each in made.baselines},
    }
    best_first = sorted(values, key=values.get, reverse=name == "AUC")
    for line, model in zip(models, best_first, strict=True):
        assert line.startswith(f"{model} ")


def test_the_report_is_json_with_null_for_other_tasks(made, tmp_path):
    made.save(tmp_path / "report.json")
    found = json.loads((tmp_path / "report.json").read_text())
    is_regression = made.task == "regression"
    assert (found["measures"]["auc"] is None) == is_regression
    assert (found["measures"]["rmse"] is None) != is_regression
    assert len(found["calibration"]) == 10
    assert found["baselines"][2]["lead"]["better_by"] is not None
    assert {each["column"] for each in found["importance"]} == {
        *("job", "kind", "age")
    }
    assert found["pretraining"]["chance_loss"] == 0.6


def test_columns_count_what_is_missing_and_unseen(tables):
    train, test, schema = tables["binary"]
    jobs = test["job"].copy()
    jobs[:8] = "astronaut"
    job, kind, age = described(schema, train, {**test, "job": jobs})
    missing = sum(each is None for each in train["job"])
    assert job == (
        *("job", "categorical", 4, missing),
        *(sum(each is None for each in jobs), 8),
    )
    assert kind == ("kind", "categorical", 2, 0, 0, 0)
    assert age[:3] == ("age", "numeric", None)
    assert age.missing == np.isnan(train["age"]).sum()
    assert age.test_missing == np.isnan(test["age"]).sum() > 0


def test_history_has_the_epochs_of_all_trainings(trained_tables, tmp_path):
    _, shown = trained_tables["binary"]
    write_history(shown.histories, tmp_path)
    lines = (tmp_path / "history.csv").read_text().splitlines()
    assert lines[0] == "training,loss,val_loss,accuracy"
    assert lines[1].startswith("rtd,1.0,2.0")
    assert len(lines) == 7 and lines[-1].startswith("model,")


def test_the_files_are_written(trained_tables, tmp_path):
    report, shown = trained_tables["binary"]
    report = report._replace(output=str(tmp_path))
    write(report, shown, tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {
        *("report.json", "report.html")
    }
    assert f"look at {tmp_path / 'report.html'}" in " ".join(
        str(report).split()
    )


def led(report, better_by, name="gradient boosting", spread=0.01):
    """Returns a report whose model leads one baseline by that much."""
    return report._replace(
        baselines=[
            each._replace(lead=Difference(better_by, spread))
            if each.name == name
            else each
            for each in report.baselines
        ]
    )


def test_a_better_baseline_is_named_with_the_difference(made):
    name = "RMSE" if made.task == "regression" else "AUC"
    found = findings(led(made, -0.034))["better baseline"]
    assert f"the {name} of gradient boosting" in found.text
    assert "by 0.0340 ± 0.01 on the same rows" in found.text
    assert "use it unless" in found.text
    assert "better baseline" not in findings(led(made, 0.034))
    certain = led(made, -0.5, spread=0.0)  # as an AUC of 1 beside one of 0.5
    assert "±" not in findings(certain)["better baseline"].text
    assert "-0.5000 ±" not in str(certain)
    # A lead within chance is none.
    assert "better baseline" not in findings(led(made, -0.015))


def test_a_model_no_better_than_a_constant_is_guessing(made):
    guessing = led(made, 0.01, "constant")
    found = findings(guessing._replace(epochs=100))
    assert found["guessing"].command == {"epochs": 200}
    # More epochs change nothing where the training ended before.
    found = findings(guessing._replace(epochs=99))
    assert found["guessing"].command == {"learning_rate": 1e-4}
    assert "guessing" not in findings(led(made, 0.03, "constant"))
    unknown = led(made, 0.3, "constant", float("nan"))
    assert "guessing" not in findings(unknown)


def test_few_rows_rare_classes_and_unseen_levels_are_named(binary):
    found = findings(binary)
    assert "600 rows are few" in found["few rows"].text
    assert f"{binary.measures.auc_spread:.2g}" in found["few rows"].text
    perfect = binary.measures._replace(auc=1.0, auc_spread=0.0)
    found = findings(binary._replace(measures=perfect))
    assert found["few rows"].text.endswith("need fewer")
    found = findings(binary)
    assert not {"rare class", "unseen levels", "few epochs"} & found.keys()
    enough = binary._replace(
        train_rows=5000,
        test_rows=1500,
        classes=[("no", 4900), ("yes", 100)],
        columns=[binary.columns[0]._replace(test_unseen=20)],
    )
    found = findings(enough)
    assert "few rows" not in found
    assert "'yes' is 2.0% of the rows" in found["rare class"].text
    assert "98.0% by always answering" in found["rare class"].text
    assert "about 30" not in found["rare class"].text
    found = findings(enough._replace(test_rows=400))
    assert "about 8 held-out rows" in found["rare class"].text
    text = found["unseen levels"].text
    assert "20 of 400 held-out values of 'job'" in text


def test_the_last_epoch_as_the_best_asks_for_more(binary):
    at_the_end = binary._replace(epochs=100, best_epoch=100)
    assert findings(at_the_end)["few epochs"].command == {"epochs": 200}
    for epochs, best_epoch in ((60, 60), (100, 90)):
        other = binary._replace(epochs=epochs, best_epoch=best_epoch)
        assert "few epochs" not in findings(other)


def test_poor_probabilities_are_named(binary):
    poor = binary.measures._replace(calibration_error=0.08)
    found = findings(binary._replace(measures=poor))["calibration"]
    assert "differ by 8.0% on average" in found.text
    assert "logistic regression on their log-odds" in found.text
    good = binary.measures._replace(calibration_error=0.03)
    assert "calibration" not in findings(binary._replace(measures=good))
    # In few rows right probabilities have such an error.
    few = [each._replace(rows=8) for each in binary.calibration]
    by_chance = binary._replace(measures=poor, calibration=few)
    assert "calibration" not in findings(by_chance)


def test_one_column_that_predicts_all_may_leak_the_target(binary):
    perfect = binary._replace(
        measures=binary.measures._replace(auc=0.999),
        importance=[Importance("job", 0.49, 0.01), Importance("age", 0, 0)],
    )
    assert "'job' alone predicts 'buys'" in findings(perfect)["one column"].text
    several = [Importance("job", 0.3, 0.01), Importance("age", 0.3, 0.01)]
    assert "one column" not in findings(perfect._replace(importance=several))
    assert "one column" not in findings(binary)


def test_pre_training_without_gain_is_named(binary):
    assert "pre-training" not in findings(binary)
    for changes, text, command in (
        ({"loss": 0.61}, "not below that of chance", {"pretrain_epochs": 80}),
        ({"unlabelled_rows": 0}, "all of its rows have labels", None),
    ):
        pretraining = binary.pretraining._replace(**changes)
        found = findings(binary._replace(pretraining=pretraining))
        assert text in found["pre-training"].text
        assert found["pre-training"].command == command
    assert "pre-training" not in findings(binary._replace(pretraining=None))


def test_a_good_report_says_what_it_compared_with(binary):
    good = led(binary._replace(train_rows=5000), 0.02)
    measures = good.measures._replace(calibration_error=0.01)
    found = findings(good._replace(measures=measures))
    assert list(found) == ["no fault found"]
    assert "no baseline is better" in found["no fault found"].text


def test_a_report_without_baselines_has_a_verdict(binary):
    alone = binary._replace(baselines=[], pretraining=None)
    assert "few rows" in findings(alone)
    lead_unknown = [
        Baseline(each.name, each.measures, each.seconds)
        for each in binary.baselines
    ]
    assert "guessing" not in findings(binary._replace(baselines=lead_unknown))
    assert "TabTransformer" in str(alone)
