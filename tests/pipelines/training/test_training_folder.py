"""Kills, second starts, Ctrl-C: nothing is lost, nothing is half-written."""

import json
import os
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

from keras_papers import applications, pipelines
from keras_papers.pipelines.classification.job import training_arguments
from keras_papers.pipelines.classification.options import TrainOptions
from keras_papers.pipelines.training import loop as training
from keras_papers.pipelines.training.output_folder import LOCK
from keras_papers.pipelines.training.settings import Phase, Settings
from keras_papers.pipelines.training.training_folder import (
    STATE,
    TrainingFolder,
)
from tests.support.short_trainings import QUICK

LONG = {**QUICK, "epochs": 12}


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_killed_training_goes_on_from_its_last_epoch(photos, tmp_path):
    code = (
        "from keras_papers import pipelines\n"
        f"pipelines.train_image_classifier({str(photos)!r}, "
        f"output={str(tmp_path)!r}, **{LONG})"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    state = tmp_path / STATE
    while not list(state.glob("all-00000[3-9].npz")):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert {path.name for path in tmp_path.iterdir()} == {STATE, LOCK}
    before = json.loads((state / "history.json").read_text())
    *others, latest = sorted(state.glob("all-*.npz"))
    assert len(others) <= 1  # that of the best epoch
    done = int(latest.name[4:10])
    report = pipelines.train_image_classifier(photos, output=tmp_path, **LONG)
    assert report.epochs == 12
    history = (tmp_path / "history.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in history] == [*range(1, 13)]
    losses = [float(row.split(",")[2]) for row in history]
    assert losses[:done] == [row["loss"] for row in before[:done]]
    assert not state.exists()


@pytest.mark.slow
@pytest.mark.tensorflow
def test_ctrl_c_prints_how_to_continue(photos, tmp_path, monkeypatch):
    stop_after(1, monkeypatch)
    with pytest.raises(KeyboardInterrupt) as stopped:
        pipelines.train_image_classifier(photos, output=tmp_path, **QUICK)
    assert stopped.value.__notes__ == [
        "every finished epoch of the training and every finished file is kept "
        f"in {tmp_path}; run the same again to continue"
    ]
    monkeypatch.undo()
    report = pipelines.train_image_classifier(photos, output=tmp_path, **QUICK)
    assert report.epochs == 2


def learner():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.AdamW(0.1, use_ema=True), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.mark.contract
def test_a_state_goes_on_as_if_it_had_not_stopped(tmp_path):
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(8, 3)), generator.normal(size=(8, 2))
    folder = TrainingFolder(tmp_path, {})
    first, second = learner(), learner()
    save = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, _: (
            folder.save_state(first, "state.npz") if epoch == 1 else None
        )
    )
    how = {"epochs": 3, "batch_size": 4, "shuffle": False, "verbose": 0}
    first.fit(x, y, callbacks=[save], **how)
    folder.load_state(second, "state.npz")
    second.fit(x, y, initial_epoch=2, **how)
    for ours, theirs in zip(
        first.optimizer.variables, second.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(ours), keras.ops.convert_to_numpy(theirs)
        )
    for ours, theirs in zip(
        first.get_weights(), second.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_what_was_begun_goes_on_with_the_same_arguments_only(tmp_path):
    folder = TrainingFolder(tmp_path, {"epochs": 2})
    # Not an epoch is done yet.
    TrainingFolder(tmp_path, {"epochs": 3, "classes": ("a", "b")})
    folder.save_state(learner(), "all-000001.npz")
    TrainingFolder(tmp_path, {"epochs": 3, "classes": ("a", "b")})
    with pytest.raises(ValueError, match="epochs=4, where it was 3"):
        TrainingFolder(tmp_path, {"epochs": 4, "classes": ("a", "b")})
    TrainingFolder(tmp_path, {"epochs": 4}, overwrite=True)


def test_an_argument_that_an_earlier_version_did_not_write_may_be_new(tmp_path):
    folder = TrainingFolder(tmp_path, {"model": "MobileNet(alpha=0.5)"})
    folder.save_state(learner(), "all-000001.npz")
    again = {"model": "MobileNet(alpha=0.5)", "classes": ["a", "b"]}
    assert TrainingFolder(tmp_path, again).state.exists()
    with pytest.raises(ValueError, match="classes=.'a'., where it was"):
        TrainingFolder(tmp_path, {**again, "classes": ["a"]})


@pytest.mark.parametrize("text", ["", '["a"]'])
def test_a_damaged_record_of_the_arguments_is_named(text, tmp_path):
    folder = TrainingFolder(tmp_path, {"epochs": 2})
    folder.save_state(learner(), "all-000001.npz")
    (tmp_path / STATE / "arguments.json").write_text(text)
    with pytest.raises(ValueError, match="arguments.json', which is damaged"):
        TrainingFolder(tmp_path, {"epochs": 2})


def test_an_option_that_an_earlier_version_did_not_have_has_its_default(
    tmp_path,
):
    folder = TrainingFolder(tmp_path, {"epochs": 2})
    folder.save_state(learner(), "all-000001.npz")
    same = {"epochs": 2, "batch_size": 64}
    with pytest.raises(ValueError, match="batch_size=32, where it was 64"):
        TrainingFolder(
            tmp_path, {**same, "batch_size": 32}, options=TrainOptions
        )
    assert TrainingFolder(tmp_path, same, options=TrainOptions).state.exists()


# As an earlier version wrote it, without `alpha`.
OLD_ARGUMENTS = """{
  "model": "MobileNet(alpha=0.25)",
  "image_size": 32,
  "weights": null,
  "epochs": 3,
  "batch_size": 8,
  "learning_rate": 0.004,
  "weight_decay": 0.01,
  "label_smoothing": 0.1,
  "class_weights": false,
  "ema": null,
  "early_stopping": null,
  "from_weights": false,
  "augment": "light",
  "mixed_precision": false,
  "prune": null,
  "cluster": null,
  "quantize": null,
  "seed": 0,
  "data": "/photos",
  "classes": [
    "bright",
    "dark"
  ],
  "images": "14 to train on, 2 to watch, 4 held out, SHA-256 3d6d20e745f2"
}
"""
OLD_OPTIONS = TrainOptions(
    "/photos",
    "MobileNet",
    0.25,
    image_size=32,
    learning_rate=4e-3,
    weight_decay=1e-2,
    label_smoothing=0.1,
    epochs=3,
    batch_size=8,
    augment="light",
)


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    "changes, message",
    [
        ({}, None),
        ({"output": "elsewhere", "strict": True}, None),
        ({"alpha": 0.5}, "model='MobileNet.alpha=0.5.', where it was"),
        ({"seed": 1}, "seed=1, where it was 0"),
        ({"quantize": "int8"}, "quantize='int8', where it was None"),
    ],
)
def test_a_training_of_an_earlier_version_is_resumed_with_its_arguments(
    changes, message, tmp_path
):
    TrainingFolder(tmp_path, {}).save_state(learner(), "all-000002.npz")
    (tmp_path / STATE / "arguments.json").write_text(OLD_ARGUMENTS)
    arguments = training_arguments(
        OLD_OPTIONS.replace(**changes),
        ("bright", "dark"),
        json.loads(OLD_ARGUMENTS)["images"],
    )
    assert json.loads(OLD_ARGUMENTS).keys() ^ arguments.keys() == {
        "from_weights",  # is no argument any more
        # That version had none of these.
        *("recipe", "teacher", "temperature", "label_weight"),
    }
    if message is None:
        again = TrainingFolder(tmp_path, arguments, options=TrainOptions)
        assert again.state.exists()
        return
    with pytest.raises(ValueError, match=message):
        TrainingFolder(tmp_path, arguments, options=TrainOptions)


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore:no split.json beside")
def test_a_stop_in_the_second_phase_goes_on_there(
    photos, tmp_path, monkeypatch
):
    start = applications.MobileNet((32, 32, 3), alpha=0.25, classes=2)
    start.save_weights(tmp_path / "start.weights.h5")
    arguments = {
        **QUICK,
        "epochs": 5,
        "weights": tmp_path / "start.weights.h5",
        "output": tmp_path / "out",
        "early_stopping": 9,
        "ema": 0.5,
    }
    seen = stop_after(3, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        pipelines.train_image_classifier(photos, **arguments)
    assert seen == [1, 2, 3]
    kept = sorted(p.name for p in (tmp_path / "out" / STATE).glob("[at]*.npz"))
    assert kept[-2:] == ["all-000003.npz", "top-000001.npz"]
    monkeypatch.undo()
    seen = stop_after(None, monkeypatch)
    report = pipelines.train_image_classifier(photos, **arguments)
    assert seen == [4, 5] and report.epochs == 5
    history = (tmp_path / "out" / "history.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in history] == [1, 2, 3, 4, 5]


def stop_after(last, monkeypatch):
    """Presses Ctrl-C after an epoch; returns the list of those that end."""
    write, seen = training.Memory.on_epoch_end, []

    def watched(self, epoch, logs=None):
        write(self, epoch, logs)
        seen.append(epoch + 1)
        if epoch + 1 == last:
            raise KeyboardInterrupt

    monkeypatch.setattr(training.Memory, "on_epoch_end", watched)
    return seen


def test_what_overwrites_goes_on_without_overwriting(tmp_path):
    folder = TrainingFolder(tmp_path, {}, overwrite=True)
    with pytest.raises(OSError) as stopped, folder.explains_how_to_resume():
        raise OSError
    assert "again, without overwrite, to continue" in stopped.value.__notes__[0]


def memory_of(folder, losses, **options):
    """A memory after epochs of such validation losses."""
    rows = [
        {"epoch": epoch + 1, "val_loss": loss}
        for epoch, loss in enumerate(losses)
    ]
    phase = Phase("all", 0, 9, 0.1)
    how = Settings(*[None] * 8, from_weights=False)._replace(**options)
    return training.Memory(TrainingFolder(folder, {}), phase, rows, how)


def test_the_best_epoch_is_one_of_finite_loss(tmp_path):
    losses = [0.5, 0.4, float("nan"), 0.45]
    memory = memory_of(tmp_path, losses, early_stopping=2)
    assert memory.best_epoch() == 2 and memory.has_stopped()
    memory = memory_of(tmp_path, losses[:3], early_stopping=2)
    assert not memory.has_stopped()


def test_an_average_of_weights_is_that_of_the_last_epoch(tmp_path):
    """Its validation loss is not known; that of the weights is."""
    losses = [0.5, 0.4, 0.45]
    assert memory_of(tmp_path, losses).best_epoch() == 2
    memory = memory_of(tmp_path, losses, ema=0.9)
    assert memory.best_epoch() == 3 and not memory.has_stopped()
    assert memory.rule() == "average of the weights"
    stopping = memory_of(tmp_path, losses, ema=0.9, early_stopping=1)
    assert stopping.best_epoch() == 2 and stopping.has_stopped()


def compiled(phase):
    """A network with two layers, of which one is frozen in phase "top"."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, trainable=phase == "all"),
            keras.layers.Dense(2),
        ]
    )
    model.compile(keras.optimizers.AdamW(0.1), "mse")
    return model


@pytest.mark.contract
def test_the_best_epoch_survives_a_second_start_and_a_second_phase(tmp_path):
    """Only its state and the latest are kept, of whichever phase it is."""
    how = Settings(*[None] * 8, from_weights=True)
    folder, history = TrainingFolder(tmp_path, {}), []
    losses = iter([0.5, 0.2, 0.3, 0.4, 0.6])
    best = None
    for phase in (
        Phase("top", 0, 3, 0.1),
        Phase("all", 3, 5, 0.1),
    ):
        model = compiled(phase.name)
        memory = training.Memory(folder, phase, history, how)
        memory.set_model(model)
        assert memory.restore(model) == phase.first
        for epoch in range(phase.first, phase.end):
            memory.on_epoch_begin(epoch)
            weights = [value + epoch for value in model.get_weights()]
            model.set_weights(weights)
            loss = next(losses)
            memory.on_epoch_end(epoch, {"loss": loss, "val_loss": loss})
            if loss == 0.2:
                best = weights
    kept = sorted(path.name for path in folder.state.glob("*.npz"))
    assert kept == ["all-000005.npz", "top-000002.npz", "top-000003.npz"]
    history = []
    for phase in (
        Phase("top", 0, 3, 0.1),
        Phase("all", 3, 5, 0.1),
    ):
        model = compiled(phase.name)
        memory = training.Memory(folder, phase, history, how)
        assert memory.restore(model) == phase.end
    assert memory.best_epoch() == 2
    memory.restore_best(model)
    for ours, theirs in zip(model.get_weights(), best, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_files_of_an_earlier_training_do_not_stay(tmp_path):
    (tmp_path / "report.html").write_text("old")
    folder = TrainingFolder(tmp_path, {}, overwrite=True)
    (folder.state / "report.json").write_text("new")
    folder.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_the_report_is_moved_last(tmp_path, monkeypatch):
    folder = TrainingFolder(tmp_path, {})
    for name in ("model.keras", "model.tflite", "report.json"):
        (folder.state / name).write_text("whole")
    moved = []
    replace = os.replace
    monkeypatch.setattr(
        os, "replace", lambda a, b: (moved.append(b.name), replace(a, b))
    )
    folder.finish()
    files = ["model.keras", "model.tflite", "report.json"]
    assert moved == [*files, f"{STATE}.old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == files


def test_a_file_of_the_users_is_not_replaced(tmp_path):
    (tmp_path / "labels.txt").write_text("mine")
    with pytest.raises(ValueError, match="`output`.*labels.txt"):
        TrainingFolder(tmp_path, {})
    assert (tmp_path / "labels.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["labels.txt"]
