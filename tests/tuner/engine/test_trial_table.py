"""The table of a search, and the front of what nothing beats."""

import csv

import keras_tuner
import numpy as np
import pytest

from keras_papers import tuner
from keras_papers.tuner.engine.trial_table import write_csv


def trial(number, cost, accuracy, status="COMPLETED", message=None):
    metrics = {"multiply_adds": cost, "val_accuracy": accuracy}
    return tuner.Trial(str(number), status, {"n": number}, metrics, message)


def test_the_front_is_what_no_trial_beats():
    generator = np.random.default_rng(0)
    costs = generator.integers(0, 20, 40)
    accuracies = costs // 2 + generator.integers(0, 9, 40)
    found = [
        trial(number, float(cost), float(accuracy))
        for number, (cost, accuracy) in enumerate(
            zip(costs, accuracies, strict=True)
        )
    ]
    front = tuner.pareto_front(found)

    def beats(one, other):
        no_worse = one[0] <= other[0] and one[1] >= other[1]
        return no_worse and one != other

    points = [tuple(each.metrics.values()) for each in found]
    by_definition = {
        point
        for point in points
        if not any(beats(other, point) for other in points)
    }
    metrics = [tuple(each.metrics.values()) for each in front]
    assert (
        set(metrics) == by_definition and len(metrics) == len(by_definition) > 1
    )
    assert metrics == sorted(metrics)


def test_failed_trials_are_on_no_front_but_in_the_table(tmp_path):
    found = [
        trial(0, 5.0, 0.5),
        tuner.Trial("1", "FAILED", {"n": 1}, {}, "out of memory"),
        trial(2, 1.0, 0.9, status="RUNNING"),
        trial(3, 1.0, float("nan")),
    ]
    assert tuner.pareto_front(found) == found[:1]
    write_csv(found, tmp_path / "trials.csv")
    with open(tmp_path / "trials.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["val_accuracy"] == "0.5" and rows[0]["message"] == ""
    assert rows[1]["status"] == "FAILED"
    assert rows[1]["message"] == "out of memory"
    assert [row["n"] for row in rows] == ["0", "1", "2", "3"]


def test_a_folder_without_a_search_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no trials"):
        tuner.trials(tmp_path)


def test_trials_are_in_their_order_when_their_numbers_have_grown(tmp_path):
    """KerasTuner writes 2 of 9 trials as 2, and 3 of 12 as 03."""
    for number in ("0", "1", "2", "03", "10", "11"):
        found = keras_tuner.engine.trial.Trial(
            keras_tuner.HyperParameters(), number, "RUNNING"
        )
        folder = tmp_path / f"p/trial_{number}"
        folder.mkdir(parents=True)
        found.save(str(folder / "trial.json"))
    numbers = [each.trial for each in tuner.trials(tmp_path, "p")]
    assert numbers == ["0", "1", "2", "03", "10", "11"]


@pytest.mark.parametrize("text", ["", '{"trial_id": "0"', "[]", "{}"])
def test_a_damaged_file_of_a_trial_is_named(tmp_path, text):
    file = tmp_path / "p/trial_0/trial.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    with pytest.raises(ValueError, match="Received: .*trial_0/trial.json'"):
        tuner.trials(tmp_path, "p")
