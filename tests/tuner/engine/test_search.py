"""Searches that are stopped, that fail, and whose folder is another's."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import keras
import keras_tuner
import numpy as np
import pytest

from keras_papers import tuner

X = np.linspace(-1, 1, 16, dtype="float32")[:, None]
DATA = {"x": X, "y": 2 * X, "validation_data": (X, 2 * X), "verbose": 0}


def build(hp):
    units = hp.Int("units", 1, 8)
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(units), keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def search(folder, hypermodel=build, make=tuner.RandomSearch, **arguments):
    options = {"objective": "val_loss", "max_trials": 2, "seed": 1}
    return make(
        hypermodel, directory=folder, project_name="p", **options | arguments
    )


@pytest.mark.slow
def test_a_search_finds_what_keras_tuner_s_own_finds(tmp_path):
    ours = search(tmp_path / "ours", max_trials=3)
    theirs = search(
        tmp_path / "theirs", make=keras_tuner.RandomSearch, max_trials=3
    )
    for each in (ours, theirs):
        keras.utils.set_random_seed(0)
        each.search(**DATA, epochs=2)
    assert [
        trial.hyperparameters.values for trial in ours.oracle.get_best_trials(3)
    ] == [
        trial.hyperparameters.values
        for trial in theirs.oracle.get_best_trials(3)
    ]
    scores = [
        [trial.score for trial in each.oracle.get_best_trials(3)]
        for each in (ours, theirs)
    ]
    assert len(set(scores[0])) == 3
    np.testing.assert_allclose(*scores, rtol=1e-5)


def test_the_best_model_has_the_weights_of_its_best_epoch(tmp_path):
    found = search(tmp_path, max_trials=1)
    found.search(**DATA, epochs=4)
    (best,) = found.oracle.get_best_trials()
    (model,) = found.get_best_models()
    loss = model.evaluate(X, 2 * X, verbose=0)
    assert loss == pytest.approx(best.score, rel=1e-5)
    rows = json.loads((tmp_path / "p/trial_0/history.json").read_text())
    losses = [row["val_loss"] for row in rows]
    assert len(losses) == 4 and best.score == pytest.approx(min(losses))
    assert best.best_step == int(np.argmin(losses))
    assert not list((tmp_path / "p/trial_0").glob("*.npz"))


def test_a_finished_search_goes_on_with_more_trials(tmp_path, capsys):
    search(tmp_path).search(**DATA, epochs=1)
    before = tuner.trials(tmp_path, "p")
    again = search(tmp_path)
    again.search(**DATA, epochs=1)
    assert tuner.trials(tmp_path, "p") == before
    search(tmp_path, max_trials=3).search(**DATA, epochs=1)
    after = tuner.trials(tmp_path, "p")
    assert after[:2] == before and len(after) == 3
    printed = capsys.readouterr()
    assert not printed.out and printed.err.count("Reloading Tuner") == 2


def test_an_objective_is_a_name_or_keras_tuner_s_own(tmp_path):
    own = keras_tuner.Objective("val_loss", "min")
    for objective, direction in ((own, "min"), ("reward", "max")):
        made = search(tmp_path / direction, objective=objective)
        assert made.oracle.objective.direction == direction


def test_the_methods_that_a_subclass_may_override_are_called(tmp_path):
    calls = []

    class Watching(tuner.RandomSearch):
        def on_epoch_end(self, trial, model, epoch, logs=None):
            calls.append((trial.trial_id, epoch, sorted(logs)))

        def on_batch_begin(self, trial, model, batch, logs):
            calls.append(batch)

    search(tmp_path, make=Watching, max_trials=1).search(**DATA, epochs=2)
    assert calls == [
        0,
        ("0", 0, ["loss", "val_loss"]),
        0,
        ("0", 1, ["loss", "val_loss"]),
    ]


def test_keras_prints_epochs_between_the_lines_of_a_trial(tmp_path, capsys):
    made = search(
        tmp_path, max_trials=1, describe=lambda values: str([*values])
    )
    made.search(**DATA | {"verbose": 2}, epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "trial 0 begins, 1 of at most 1: ['units']"
    assert [line for line in lines if "Epoch" in line] == [
        "Epoch 1/2",
        "Epoch 2/2",
    ]
    assert lines[1] == "Epoch 1/2"
    assert lines[-1].startswith("trial 0 ended: val_loss ")
    assert ", the best so far, " in lines[-1]


@pytest.mark.parametrize("trials", [1, 2, 9])
def test_a_search_of_which_every_trial_failed_raises(tmp_path, trials):
    def fail(hp):
        if hp.Int("units", 1, 100) and (tmp_path / "p").exists():
            raise RuntimeError("no such layer")
        return build(hp)

    def declare(hp):
        hp.Int("units", 1, 100)
        return build(hp)

    failing = search(tmp_path, declare, max_trials=trials)
    failing.hypermodel.build = fail
    with pytest.raises(tuner.SearchFailedError, match="no such layer"):
        failing.search(**DATA)
    found = tuner.trials(tmp_path, "p")
    assert len(found) == min(trials, 3)
    assert {each.status for each in found} == {"FAILED"}
    assert {each.message for each in found} == {"RuntimeError: no such layer"}


def test_a_folder_of_another_space_is_refused(tmp_path):
    def space(*sizes):
        return tuner.WidthAndResolution("MobileNet", (0.25,), sizes, classes=2)

    search(tmp_path, space(32, 64)).save()
    search(tmp_path, space(32, 64))  # is resumed
    with pytest.raises(ValueError, match="`directory`.*another search space"):
        search(tmp_path, space(32, 96))
    search(tmp_path, space(32, 96), overwrite=True)


def wide(hp, most=8):
    """Declares, as KerasTuner's guide does, what the first build has not."""
    kind = hp.Choice("kind", ["plain", "wide"])
    with hp.conditional_scope("kind", ["wide"]):
        if kind == "wide":
            hp.Float("factor", 1, most)
    return build(hp)


class Declaring(keras_tuner.HyperModel):
    """Declares one hyperparameter beforehand, and others as it builds."""

    def __init__(self, build):
        super().__init__()
        self.of = build

    def declare_hyperparameters(self, hp):
        hp.Choice("rate", (0.1, 0.01))

    def build(self, hp):
        return self.of(hp)


def fixed(hp):
    return build(keras_tuner.HyperParameters())


@pytest.mark.parametrize("declaring", [False, True])
@pytest.mark.parametrize(
    "first, other, was",
    [
        (build, lambda hp: hp.Int("units", 1, 9) and build(hp), "was Int"),
        (build, lambda hp: hp.Int("n", 1, 2) and build(hp), "n'.* not known"),
        (build, fixed, "units'.* no longer declared"),
        (wide, lambda hp: wide(hp, most=9), "was Float"),
    ],
)
def test_a_model_of_another_space_is_refused(
    tmp_path, declaring, first, other, was
):
    if declaring:
        first, other = Declaring(first), Declaring(other)
    search(tmp_path, first).save()
    search(tmp_path, first)  # is resumed
    with pytest.raises(ValueError, match=f"another search space.*{was}"):
        search(tmp_path, other)


def test_what_keras_tuner_s_own_search_found_is_gone_on_with(tmp_path):
    theirs = search(tmp_path, make=keras_tuner.RandomSearch)
    theirs.search(**DATA, epochs=1)
    found = tuner.trials(tmp_path, "p")
    assert [each.status for each in found] == ["COMPLETED"] * 2
    ours = search(tmp_path, max_trials=3)
    ours.search(**DATA, epochs=1)
    assert tuner.trials(tmp_path, "p")[:2] == found
    assert len(tuner.trials(tmp_path, "p")) == 3


@pytest.mark.parametrize("damage", [b"", b"\xff\xfe"])
def test_a_damaged_file_of_the_tuner_does_not_lose_its_trials(tmp_path, damage):
    search(tmp_path).search(**DATA, epochs=1)
    found = tuner.trials(tmp_path, "p")
    (tmp_path / "p/tuner.json").write_bytes(damage)
    with pytest.warns(UserWarning, match=r"tuner\.json' is damaged"):
        again = search(tmp_path, max_trials=3)
    again.search(**DATA, epochs=1)
    assert tuner.trials(tmp_path, "p")[:2] == found
    assert len(tuner.trials(tmp_path, "p")) == 3
    search(tmp_path)  # the file is whole again


def test_a_tuner_does_not_run_again_what_another_ran_since(tmp_path):
    first = search(tmp_path)
    search(tmp_path).search(**DATA, epochs=1)
    found = tuner.trials(tmp_path, "p")
    with pytest.raises(ValueError, match="`directory`.*Make this one again"):
        first.search(**DATA, epochs=1)
    assert tuner.trials(tmp_path, "p") == found


def test_a_hyperparameter_is_set_by_hand_as_in_keras_tuner(tmp_path):
    def opened(units, **arguments):
        own = keras_tuner.HyperParameters()
        own.Fixed("units", units)
        return search(tmp_path, hyperparameters=own, **arguments)

    opened(3).search(**DATA, epochs=1)
    assert opened(3).get_best_hyperparameters()[0].values == {"units": 3}
    with pytest.raises(ValueError, match="another search space"):
        opened(4)
    with pytest.raises(ValueError, match="another search space"):
        search(tmp_path)
    # A space may be given that is never extended.
    closed = {"tune_new_entries": False, "overwrite": True}
    opened(3, hypermodel=two_choices, **closed).search(**DATA, epochs=1)
    again = opened(3, hypermodel=two_choices, tune_new_entries=False)
    assert [each.name for each in again.oracle.get_space().space] == ["units"]


def test_a_space_that_is_closed_may_be_gone_on_with(tmp_path):
    """KerasTuner has no value of `factor` under a condition then."""

    def opened():
        own = keras_tuner.HyperParameters()
        own.Choice("kind", ["plain", "wide"])
        own.Float("factor", 1, 2)
        return search(
            tmp_path, wide, hyperparameters=own, tune_new_entries=False
        )

    opened().save()
    names = [each.name for each in opened().oracle.get_space().space]
    assert names == ["kind", "factor"]


def two_choices(hp):
    hp.Choice("activation", ["relu", "tanh"])
    return build(hp)


def test_a_folder_that_another_process_searches_in_is_refused(tmp_path):
    holder = textwrap.dedent(
        f"""
        import pathlib, time
        from keras_papers.tuner.engine.search import claim
        lock = claim(pathlib.Path({str(tmp_path / "p")!r}))
        print("held", flush=True)
        time.sleep(600)
        """
    )
    other = subprocess.Popen(
        [sys.executable, "-c", holder],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "KERAS_BACKEND": "numpy"},
    )
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match="another process is searching"):
            search(tmp_path)
    finally:
        other.kill()
        other.wait()
        other.stdout.close()
    search(tmp_path)  # a killed process holds nothing


@pytest.mark.parametrize(
    "package, make",
    [
        ("tensorboard", tuner.RandomSearch),
        ("sklearn", tuner.BayesianOptimization),
    ],
)
def test_a_package_that_is_missing_is_named_before_any_trial(
    tmp_path, monkeypatch, package, make
):
    monkeypatch.setitem(sys.modules, package, None)  # as if not installed
    with pytest.raises(ValueError, match=rf"{package}.*keras-papers\[tuner\]"):
        search(tmp_path, make=make)


KILLED = """
import os, pathlib, signal, sys
import keras, numpy as np
from keras_papers import tuner

folder = pathlib.Path(sys.argv[1])
log = folder / "epochs.txt"


class Watch(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        with open(log, "a") as file:
            file.write(f"{epoch}\\n")

    def on_train_batch_end(self, batch, logs=None):
        if len(log.read_text().split()) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)


def build(hp):
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(hp.Int("units", 1, 8))]
    )
    model.compile("sgd", "mse")
    return model


x = np.ones((8, 1), "float32")
search = tuner.RandomSearch(
    build, "val_loss", max_trials=3, seed=2, directory=folder, project_name="p"
)
search.search(
    x, x, validation_data=(x, x), epochs=3, verbose=0, callbacks=[Watch()]
)
"""


@pytest.mark.slow
def test_a_killed_search_loses_one_epoch_and_no_trial(tmp_path):
    """Killed in the first trial, in the second's end, and in the third."""

    def run(epochs):
        return subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path), str(epochs)],
            env={**os.environ, "KERAS_BACKEND": "jax"},
            capture_output=True,
            timeout=120,
        ).returncode

    for epochs in (2, 7, 9):
        assert run(epochs) == -signal.SIGKILL
    assert run(0) == 0
    epochs = pathlib.Path(tmp_path, "epochs.txt").read_text().split()
    assert "".join(epochs) == "01" + "12" + "012" + "2" + "0" + "012"
    found = tuner.trials(tmp_path, "p")
    assert [each.status for each in found] == ["COMPLETED"] * 3


def test_a_training_that_ended_is_not_run_again_after_a_kill(tmp_path):
    """Its last epoch would put its weights in place of a better one's."""
    ran = []

    class Killed(tuner.RandomSearch):
        def on_epoch_end(self, trial, model, epoch, logs=None):
            ran.append(epoch)
            if len(ran) == 4:
                raise KeyboardInterrupt  # in the second training

    def opened():
        return search(
            tmp_path, make=Killed, max_trials=1, executions_per_trial=2
        )

    with pytest.raises(KeyboardInterrupt):
        opened().search(**DATA, epochs=3)
    again = opened()
    again.search(**DATA, epochs=3)
    assert ran == [0, 1, 2, 0, 0, 1, 2]
    (best,) = again.oracle.get_best_trials()
    assert best.status == "COMPLETED"
    (model,) = again.get_best_models()
    rows = json.loads((tmp_path / "p/trial_0/history.json").read_text())
    assert len(rows) == 3
    loss = model.evaluate(X, 2 * X, verbose=0)
    assert loss <= min(row["val_loss"] for row in rows) * (1 + 1e-5)
    assert not list((tmp_path / "p/trial_0").glob("execution*"))


def test_an_attempt_that_failed_leaves_no_weights(tmp_path):
    """Its epochs are in no history, so that none of them can be the best."""

    class Failing(tuner.RandomSearch):
        attempts = 0

        def on_epoch_begin(self, trial, model, epoch, logs=None):
            if epoch == 0:
                self.attempts += 1
                start = 1.0 if self.attempts == 1 else 5.0
                model.set_weights([w * 0 + start for w in model.get_weights()])

        def on_epoch_end(self, trial, model, epoch, logs=None):
            if self.attempts == 1 and epoch == 2:
                raise RuntimeError("a fault of the machine")

    found = search(
        tmp_path,
        lambda hp: still(hp.Int("units", 1, 8)),
        make=Failing,
        max_trials=1,
        max_retries_per_trial=1,
    )
    found.search(**DATA, epochs=3)
    (best,) = found.oracle.get_best_trials()
    assert found.attempts == 2 and best.status == "COMPLETED"
    (model,) = found.get_best_models()
    assert {w.max() for w in model.get_weights()} == {5.0}


def still(units):
    """A model that does not learn."""
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(units), keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.SGD(0.0), "mse")
    return model


def test_a_worker_that_was_thought_dead_leaves_what_another_ended(tmp_path):
    folder = tmp_path / "p/trial_0"

    class Overtaken(tuner.RandomSearch):
        def on_epoch_end(self, trial, model, epoch, logs=None):
            if epoch == 1:
                metrics = {"val_loss": 1e-9}
                self.oracle.update_trial(trial.trial_id, metrics)
                trial.status = "COMPLETED"
                self.oracle.end_trial(trial)
                model.set_weights([w * 0 + 7 for w in model.get_weights()])
                model.save_weights(folder / "checkpoint.weights.h5")

    overtaken = search(tmp_path, make=Overtaken, max_trials=1)
    epochs = []
    watch = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: epochs.append(epoch)
    )
    overtaken.search(**DATA, epochs=4, callbacks=[watch])
    assert epochs == [0, 1]
    (model,) = overtaken.get_best_models()
    assert {w.max() for w in model.get_weights()} == {7.0}
    assert not (folder / "history.json").exists()
    (best,) = overtaken.oracle.get_best_trials()
    assert best.score == 1e-9
    assert not list(folder.glob("execution*"))


def test_an_attempt_that_fails_late_leaves_the_state_of_another(tmp_path):
    class Overtaken(tuner.RandomSearch):
        def on_epoch_end(self, trial, model, epoch, logs=None):
            if epoch == 1:
                state = tmp_path / "p/trial_0/execution0.npz"
                state.unlink()
                state.write_bytes(b"of the other")
                raise RuntimeError("this machine has lost its disk")

    overtaken = search(tmp_path, make=Overtaken, max_trials=1)
    with pytest.raises(tuner.SearchFailedError, match="lost its disk"):
        overtaken.search(**DATA, epochs=4)
    state = tmp_path / "p/trial_0/execution0.npz"
    assert state.read_bytes() == b"of the other"


@pytest.mark.filterwarnings("ignore:All-NaN axis encountered")
def test_a_score_that_is_no_number_is_not_gone_on_with(tmp_path):
    """What is left is gone before another worker may have the trial."""
    folder, seen = tmp_path / "p/trial_0", []

    class Watching(tuner.RandomSearch):
        def on_trial_end(self, trial):
            end_trial = self.oracle.end_trial

            def watched(trial):
                seen.append(list(folder.glob("execution*")))
                end_trial(trial)

            self.oracle.end_trial = watched
            super().on_trial_end(trial)
            self.oracle.end_trial = end_trial

    def diverging(hp):
        model = still(hp.Int("units", 1, 8))
        model.compile(keras.optimizers.SGD(float("nan")), "mse")
        return model

    watching = search(tmp_path, diverging, make=Watching, max_trials=1)
    with pytest.raises(tuner.SearchFailedError, match="not a number"):
        watching.search(**DATA, epochs=3)
    assert seen == [[]]


def test_an_objective_that_no_epoch_reports_ends_the_search(tmp_path):
    objective = keras_tuner.Objective("val_f1", "max")
    with pytest.raises(ValueError, match="`objective`.*'val_f1'.*'val_loss'"):
        search(tmp_path, objective=objective).search(**DATA, epochs=1)
