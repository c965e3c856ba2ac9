"""Oracles of small searches, and what a tuner does with them."""

import json

import keras_tuner

from keras_papers.tuner.engine.durable_oracle import (
    BayesianOptimizationOracle,
    GridSearchOracle,
    RandomSearchOracle,
)

ORACLES = [RandomSearchOracle, GridSearchOracle, BayesianOptimizationOracle]
OBJECTIVE = keras_tuner.Objective("score", "min")


def space(**choices):
    """Returns a space of one `Choice` for each name and its values."""
    hyperparameters = keras_tuner.HyperParameters()
    for name, values in choices.items():
        hyperparameters.Choice(name, values)
    return hyperparameters


def opened(folder, kind=RandomSearchOracle, **arguments):
    """Returns an oracle that resumes the search in a folder, if any."""
    arguments.setdefault("hyperparameters", space(x=list(range(100))))
    arguments.setdefault("seed", 1)
    oracle = kind(objective=OBJECTIVE, **arguments)
    oracle.verbose = 0
    oracle._set_project_dir(folder, "search")
    if (folder / "search" / "oracle.json").exists():
        oracle.reload()
    return oracle


def ended(oracle, trial, status="COMPLETED", message=None, score=None):
    """Ends a trial as KerasTuner's tuner does."""
    if status == "COMPLETED":
        values = trial.hyperparameters.values
        score = sum(values.values()) if score is None else score
        oracle.update_trial(trial.trial_id, {"score": score})
    trial.status, trial.message = status, message
    oracle.end_trial(trial)


def run(oracle, tuner_id="a", **end):
    """Runs a trial, and returns it."""
    trial = oracle.create_trial(tuner_id)
    if trial.status == "RUNNING":
        ended(oracle, trial, **end)
    return trial


def run_all(oracle):
    """Runs the remaining trials, and returns their ids in order."""
    ran = []
    while (trial := run(oracle)).status != "STOPPED":
        ran.append(trial.trial_id)
    return ran


def values_of(oracle):
    """Returns the values of each trial, by its id."""
    return {
        trial_id: trial.hyperparameters.values
        for trial_id, trial in sorted(oracle.trials.items())
    }


def on_disk(folder, status):
    """Returns the ids of the trials that are saved with a status."""
    files = (folder / "search").glob("trial_*/trial.json")
    states = [json.loads(path.read_text()) for path in files]
    return {s["trial_id"] for s in states if s["status"] == status}
