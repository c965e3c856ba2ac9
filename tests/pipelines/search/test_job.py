"""Searches from images to files, alone and with workers."""

import csv
import json
import os
import pathlib
import re
import subprocess
import sys

import keras
import pytest

from keras_papers import applications, cost, pipelines, tuner
from keras_papers.pipelines.data.images import load_digits
from keras_papers.pipelines.data.split import split_beside
from keras_papers.pipelines.models.classifier_file import open_classifier
from keras_papers.pipelines.search import job
from keras_papers.pipelines.search.report import shortened
from keras_papers.tuner.engine.search import claim

ROOT = pathlib.Path(__file__).parents[2]
SMALL = {
    "space": "width-resolution",
    "image_size": 48,
    "width": 0.25,
    "epochs": 1,
    "trials": 2,
    "verbose": 0,
}


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    output = tmp_path_factory.mktemp("search") / "found"
    report = pipelines.tune(output=output, budget_madds=0.6e6, **SMALL)
    return output, report


@pytest.mark.slow
def test_every_trial_and_the_best_are_within_the_budget(searched):
    output, report = searched
    assert len(report.trials) == 2 and report.failed == []
    for trial in report.trials:
        assert 0 < trial.metrics["multiply_adds"] <= 0.6e6
    assert report.best in report.front and report.best in report.trials
    best = keras.saving.load_model(output / "best.keras")
    counted = cost.count(best).multiply_adds
    assert counted == report.best.metrics["multiply_adds"]


@pytest.mark.slow
def test_the_report_of_the_best_agrees_with_its_files(searched):
    output, report = searched
    for name in ("best.keras", "best.tflite"):
        classifier = open_classifier(output / name)
        assert classifier.labels == tuple("0123456789")
    size = classifier.size[0]
    images = load_digits(size, 0, 0.2).test
    assert len(images) == report.test_images == 360
    right = [
        int(classifier.scores(images.read(index, size)[None]).argmax()) == label
        for index, label in enumerate(images.labels)
    ]
    assert sum(right) / 360 == pytest.approx(report.tflite_accuracy)
    assert report.bytes == (output / "best.tflite").stat().st_size
    assert split_beside(output / "best.keras") is not None
    assert split_beside(output / "best.tflite") is not None


@pytest.mark.slow
def test_the_trials_are_a_table_and_a_page(searched):
    output, report = searched
    with open(output / "trials.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["trial"] for row in rows] == [t.trial for t in report.trials]
    for row, trial in zip(rows, report.trials, strict=True):
        assert float(row["val_accuracy"]) == trial.metrics["val_accuracy"]
    page = (output / "report.html").read_text()
    for trial in report.trials:
        assert trial.values["width_and_resolution"] in page
    assert report.best.values["width_and_resolution"] in str(report)
    figures = json.loads((output / "report.json").read_text())
    assert figures["test_accuracy"] == report.test_accuracy


@pytest.mark.slow
def test_a_search_goes_on_with_more_trials_and_not_otherwise(searched):
    output, before = searched
    with pytest.raises(ValueError, match="`output` holds a search.*epochs=2"):
        pipelines.tune(
            output=output, budget_madds=0.6e6, **SMALL | {"epochs": 2}
        )
    report = pipelines.tune(
        output=output, budget_madds=0.6e6, **SMALL | {"trials": 3}
    )
    assert report.trials[:2] == before.trials and len(report.trials) == 3


@pytest.fixture(scope="module")
def searched_by_two(tmp_path_factory):
    """The command with two workers: its folder, and all that it printed."""
    output = tmp_path_factory.mktemp("search") / "found"
    options = (
        "--space mnas --budget-madds 0.8M --image-size 32 --width 0.25 "
        "--epochs 1 --trials 2 --workers 2 --json --output"
    )
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "keras_papers", "tune"),
            *(*options.split(), str(output)),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    return output, ended


@pytest.mark.slow
def test_two_workers_search_a_table_that_makes_the_network(searched_by_two):
    output, _ = searched_by_two
    found = json.loads((output / "best.json").read_text())
    model = applications.MnasNetA1(
        rows=found["rows"], input_shape=(32, 32, 3), alpha=0.25, classes=10
    )
    best = keras.saving.load_model(output / "best.keras")
    assert cost.count(model)[:2] == cost.count(best)[:2]
    assert cost.count(model).multiply_adds <= 0.8e6
    assert tuple(map(tuple, found["rows"])) == tuner.rows(found["values"])


@pytest.mark.slow
def test_what_a_machine_reads_of_two_workers_is_the_report_alone(
    searched_by_two,
):
    output, ended = searched_by_two
    report = json.loads(ended.stdout)  # fails for more than one document
    assert [trial["status"] for trial in report["trials"]] == ["COMPLETED"] * 2
    assert report["workers"] == 2
    assert (
        report["best"]["values"]
        == tuner.trials(output, "trials")[int(report["best"]["trial"])].values
    )
    lines = [
        line
        for line in ended.stderr.splitlines()
        if "XNNPACK delegate" not in line  # LiteRT's own, when it runs
    ]
    assert lines == []
    for worker in ("worker0", "worker1"):
        assert (output / f"logs/{worker}.log").stat().st_size


@pytest.mark.slow
def test_the_chief_prints_a_network_in_a_line_and_not_in_49(searched_by_two):
    output, ended = searched_by_two
    described = json.loads(ended.stdout)["descriptions"]
    log = (output / "logs/chief.log").read_text()
    begun = re.findall(r"^trial (.) begins, . of at most 2: (.*)$", log, re.M)
    found = tuner.trials(output, "trials")
    assert begun == [
        (each.trial, shortened(described[each.trial]["text"])) for each in found
    ]
    assert re.findall(r"^trial (.) ended: val_accuracy 0", log, re.M)
    assert "stage1_" not in log


def test_the_report_counts_the_workers_of_other_machines(tmp_path, monkeypatch):
    search = job.Search
    monkeypatch.setattr(search, "points", lambda self: {})
    monkeypatch.setattr(search, "run", lambda self, verbose: 3)
    monkeypatch.setattr(job, "finish", lambda self, workers, *_: workers)
    assert pipelines.tune(output=tmp_path / "found") == 3


def test_bad_arguments_are_explained(tmp_path):
    def message(**arguments):
        with pytest.raises(ValueError) as error:
            pipelines.tune(output=tmp_path / "found", **arguments)
        return str(error.value)

    assert "mean 'compound'" in message(space="compund")
    assert "mean 'MobileNet'" in message(model="MobilNet")
    assert "mean 'random'" in message(oracle="randon")
    assert "`workers`" in message(workers=0)
    assert "`budget_madds`" in message(budget_madds=-1)
    assert "`width`" in message(width=-1)
    assert "`weight_decay`" in message(weight_decay=-1)
    assert "`label_smoothing`" in message(label_smoothing=2)
    assert "at least 32" in message(image_size=16)
    assert "Try 'random'" in message(space="mnas", oracle="grid")
    assert "`model`" in message(space="mnas", model="MobileNet")
    assert "takes `rows`" in message(space="mnas", model="MobileNet")
    assert not (tmp_path / "found/search.json").exists()


@pytest.fixture
def earlier(tmp_path):
    """Files of another search, whose points would all fit."""
    output = tmp_path / "found"
    (output / "trials/trial_0").mkdir(parents=True)
    (output / "trials/trial_0/trial.json").touch()
    points = {f"0.0625 x {size}": {} for size in (32, 34, 41, 48)}
    (output / "points.json").write_text(json.dumps(points))
    return output


def test_an_earlier_search_gives_way_to_no_mistake(earlier, tmp_path):
    for data, budget, reason in (
        (tmp_path / "photso", 1e9, "which is no folder"),
        (None, 1e3, "The cheapest is 0.0625 x 32 with"),
    ):
        with pytest.raises(ValueError, match=reason):
            pipelines.tune(
                data,
                output=earlier,
                overwrite=True,
                budget_madds=budget,
                **SMALL,
            )
        assert (earlier / "trials/trial_0/trial.json").exists()
        assert (earlier / "points.json").exists()


def test_files_of_something_else_stay(tmp_path):
    file = tmp_path / "labels.txt"
    file.write_text("mine")
    for output, reason in (
        (tmp_path, "which holds labels.txt. Choose another folder"),
        (file, "Not a directory.*Choose a folder that can be made"),
        (file / "found", "Not a directory.*Choose a folder that can"),
    ):
        with pytest.raises(ValueError, match=f"`output`.*Received.*{reason}"):
            pipelines.tune(output=output, **SMALL)
        assert file.read_text() == "mine"


@pytest.mark.parametrize("text", ["", '["a"]'])
def test_a_damaged_plan_is_named(earlier, text):
    (earlier / "search.json").write_text(text)
    with pytest.raises(ValueError, match="search.json', which is damaged"):
        pipelines.tune(output=earlier, **SMALL)


def test_a_search_that_was_refused_keeps_no_lock(earlier):
    with pytest.raises(ValueError, match="The cheapest is") as error:
        pipelines.tune(output=earlier, budget_madds=1e3, **SMALL)
    lock = claim(earlier / "trials")
    assert error.value and lock.lock_counter == 1
    lock.release(force=True)


def test_what_is_overwritten_leaves_no_result(earlier, monkeypatch):
    for name in ("search.json", "best.tflite", "report.html"):
        (earlier / name).write_text("{}")

    def stop(self, verbose):
        raise KeyboardInterrupt

    monkeypatch.setattr(job.Search, "run", stop)
    with pytest.raises(KeyboardInterrupt):
        pipelines.tune(output=earlier, overwrite=True, **SMALL)
    left = {path.name for path in earlier.iterdir() if path.name[0] != "."}
    assert left == {"search.json", "points.json", "split.json"}


def test_a_worker_elsewhere_has_the_chief_s_arguments(tmp_path, monkeypatch):
    monkeypatch.setattr(tuner, "is_worker", lambda: True)
    (tmp_path / "search.json").write_text(json.dumps({"epochs": 20}))
    with pytest.raises(ValueError, match="Received: .* where it was"):
        pipelines.tune(output=tmp_path, **SMALL)


def test_of_what_diverged_nothing_is_the_best(tmp_path, monkeypatch):
    values = {"width_and_resolution": "0.25 x 48"}
    metrics = {"loss": float("nan"), "val_accuracy": 0.1, "multiply_adds": 1.0}
    trial = tuner.Trial("0", "COMPLETED", values, metrics, None)
    monkeypatch.setattr(tuner, "trials", lambda *_: [trial])
    monkeypatch.setattr(job.Search, "run", lambda *_: 1)
    with pytest.raises(ValueError, match="`learning_rate`.*=0.004.*Try"):
        pipelines.tune(output=tmp_path / "found", **SMALL)


def test_points_are_no_other_search_s(earlier):
    """One that was killed before its plan was written, or gave way."""
    with pytest.raises(ValueError, match="The cheapest is 0.0625 x 32 with"):
        pipelines.tune(output=earlier, budget_madds=1e3, **SMALL)


def test_a_budget_below_the_cheapest_point_is_refused_at_once(
    tmp_path,
):
    one_size = SMALL | {"image_size": 32}  # for there is none below
    with pytest.raises(ValueError) as error:
        pipelines.tune(output=tmp_path / "s", budget_madds=1e3, **one_size)
    assert str(error.value).startswith(
        "`budget_madds` (--budget-madds) must leave room for one network at "
        "least. Received: budget_madds=1000.0. The cheapest is 0.0625 x 32 with"
    )
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("space", ["mnas", "width-resolution"])
def test_a_worker_names_a_small_budget_as_it_was_typed(
    tmp_path, monkeypatch, space
):
    monkeypatch.setattr(tuner, "is_worker", lambda: True)
    small = SMALL | {"space": space, "image_size": 32}
    with pytest.raises(
        ValueError, match="`budget_madds` .--budget-madds. must"
    ):
        pipelines.tune(output=tmp_path, budget_madds=1e3, **small)
