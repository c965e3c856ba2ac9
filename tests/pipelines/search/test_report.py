"""What is printed and kept of a search."""

import json
import math

import pytest

from keras_papers import tuner
from keras_papers.applications import mnasnet
from keras_papers.pipelines.search.report import (
    cost_text,
    metric,
)
from tests.support.search_reports import pairs, report, tables, trial


def lines(found):
    """What is printed before the front, by the words in front."""
    above, _ = str(found).split("\n\n")
    return {line[:20].strip(): line[22:] for line in above.splitlines()}


def front(found):
    """The printed front, its lines from the head on."""
    return str(found).split("\n\n")[1].splitlines()


def test_the_report_has_a_line_for_each_figure():
    rows = lines(pairs())
    assert rows["searched"] == (
        "MobileNet, width-resolution, 48 x 48, at most 30 million multiply-adds"
    )
    assert rows["images"] == (
        "1,150 to train on, 287 to judge trials by, 360 held out, 10 classes"
    )
    assert rows["trials"] == (
        "16 of 16 done, 10 epochs each, 12 min 5 s, 1 worker"
    )
    assert rows["best"] == "trial 04: 0.75 x 48"
    assert rows["accuracy, Keras"] == (
        "95.28%, on new images 92.6% to 97.0% is likely"
    )
    assert rows["accuracy, .tflite"] == "95.00%"
    assert rows["latency"] == "1.23 ms, one thread"
    assert rows["files"].endswith("output/best.tflite")
    assert "failed" not in rows
    assert "look at" not in rows  # the page was not written


def test_the_best_is_the_cheapest_of_equals():
    found = pairs()
    equal = found.best._replace(trial="16")
    text = lines(found._replace(trials=[*found.trials, equal]))["best"]
    assert text == "trial 04, the cheapest of 2 as good: 0.75 x 48"


def test_a_target_is_not_called_a_limit():
    text = lines(tables())["searched"]
    assert text.endswith("aimed at 1.5 ms")
    both = tables()._replace(budget_madds=30e6)
    assert (
        lines(both)["searched"] == f"{text}, at most 30 million multiply-adds"
    )


def test_the_time_of_a_search_that_was_resumed_is_marked():
    text = lines(pairs()._replace(went_on=True))["trials"]
    assert " min 5 s since it was resumed, " in text
    assert lines(report([trial(0, 3e6, 0.9)]))["searched"].endswith("48 x 48")


def test_the_front_is_a_table_the_cheapest_first():
    found = report(
        [
            trial(0, 4e6, 0.9),
            trial(1, 2e6, 0.8),
            trial(2, 3e6, 0.7),  # beaten by the one before
            trial(3),
        ]
    )
    head, *rows = front(found)
    assert head.split() == [
        *("Pareto", "front", "multiply-adds", "val.", "accuracy", "values")
    ]
    assert [row.split() for row in rows] == [
        ["trial", "01", "2", "million", "80.00%", "1.1", "1.1", "1.15"],
        ["trial", "00,", "best", "4", "million", "90.00%", "1", "1.1", "1.15"],
    ]
    assert len({row.index("%") for row in rows}) == 1  # in columns


def test_a_line_of_the_table_fits_a_terminal():
    values = {f"hyperparameter_{index}": index for index in range(42)}
    found = report([trial(0, 3e6, 0.9, values)])
    assert all(len(line) <= 100 for line in front(found))
    assert "hyperparameter_0 0, " in front(found)[1]
    assert front(found)[1].endswith(" ...")
    assert all(len(line) <= 100 for line in front(tables()))


def test_the_commonest_failure_is_printed():
    """Of messages that are equal but for their numbers, the first."""
    failed = [
        trial(0),
        trial(1)._replace(message="ValueError: too small"),
        trial(2),
        trial(3)._replace(message=None),
    ]
    found = report([*failed, trial(4, 3e6, 0.9)])
    assert found.reasons() == [
        (
            "ResourceExhaustedError: OOM when allocating tensor with "
            "shape[64,100,48,48]",
            2,
        ),
        ("ValueError: too small", 1),
        ("its score is not a number", 1),
    ]
    assert lines(found)["trials"].startswith("1 of 5 done")
    assert lines(found)["failed"].startswith(
        "4 trials, 2 of them: ResourceExhaustedError: OOM"
    )
    found = report([trial(0), trial(1, 3e6, 0.9)])
    assert lines(found)["failed"].startswith("1 trial: ResourceExhausted")


def test_a_long_or_broken_message_stays_a_line():
    failed = trial(0)._replace(message="x" * 300 + "\nnext")
    found = report([failed, trial(1, 3e6, 0.9)])
    assert len(lines(found)["failed"]) <= 100
    assert lines(found)["failed"].endswith("xxx ...")


def test_running_trials_are_neither_done_nor_failed():
    running = trial(1, 3e6, 0.99)._replace(status="RUNNING")
    found = report([trial(0, 3e6, 0.9), running, trial(2)])
    assert [each.trial for each in found.completed] == ["00"]
    assert [each.trial for each in found.failed] == ["02"]


def test_the_page_is_named_where_it_was_written(tmp_path):
    (tmp_path / "report.html").touch()
    found = pairs()._replace(output=str(tmp_path))
    assert lines(found)["look at"] == str(tmp_path / "report.html")


def test_json_has_everything_by_its_name(tmp_path):
    found = tables()
    found.save(tmp_path / "report.json")
    figures = json.loads((tmp_path / "report.json").read_text())
    assert list(figures) == list(found._fields)
    assert figures["trials"][0] == found.trials[0]._asdict()
    assert figures["best"]["trial"] == found.best.trial
    assert [each["trial"] for each in figures["front"]] == [
        each.trial for each in found.front
    ]
    table = [mnasnet.Row(**row) for row in figures["table"]]
    assert tuple(table) == tuner.rows(found.best.values)
    assert figures["test_accuracy"] == found.test_accuracy
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_what_is_no_number_is_null_in_json(tmp_path):
    strange = trial(0, 3e6, 0.8, val_loss=math.nan, loss=math.inf)
    report([strange, trial(1, 3e6, 0.9)]).save(tmp_path / "report.json")

    def refuse(constant):
        raise AssertionError(constant)

    text = (tmp_path / "report.json").read_text()
    metrics = json.loads(text, parse_constant=refuse)["trials"][0]["metrics"]
    assert metrics["val_loss"] is None and metrics["loss"] is None
    assert metrics["val_accuracy"] == 0.8


def test_a_metric_that_is_missing_is_not_a_number():
    assert metric(trial(0, 3e6, 0.9), "val_accuracy") == 0.9
    assert math.isnan(metric(trial(0, 3e6, 0.9), "latency_ms"))
    assert math.isnan(metric(trial(0), "val_accuracy"))
    assert math.isnan(metric(trial(0, 3e6, math.inf), "val_accuracy"))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("multiply_adds", 812_345.0, "812,345 multiply-adds"),
        ("multiply_adds", 2_123_456_789.0, "2.12 billion multiply-adds"),
        ("parameters", 1_018_000.0, "1.02 million parameters"),
        ("latency_ms", 0.01234, "0.0123 ms"),
    ],
)
def test_costs_have_their_units(name, value, text):
    assert cost_text(name, value, named=True) == text
