"""A training that is stopped and resumed, compared with one that is not."""

import keras
import keras_tuner
import numpy as np
import pytest

from keras_papers.files import training_state
from keras_papers.tuner.engine.epoch_memory import EpochMemory, best_of
from keras_papers.tuner.engine.trial_files import TrialFiles

EPOCHS = 5


def learner():
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, "tanh", kernel_initializer="ones"),
            keras.layers.Dense(1, kernel_initializer="ones"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.1), "mse")
    return model


def train(folder, *callbacks, objective="val_loss", direction="min"):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(16, 3)).astype("float32")
    y = x.sum(axis=1, keepdims=True)
    memory = EpochMemory(
        folder / "state.npz",
        folder / "best.weights.h5",
        keras_tuner.Objective(objective, direction),
        TrialFiles(folder),
    )
    model = learner()
    history = model.fit(
        x,
        y,
        validation_data=(-2 * x, y),
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=[*callbacks, memory],
    )
    return model, history, memory


class Stop(keras.callbacks.Callback):
    """Ends the process, as far as a test can, in the middle of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch
        self.begun = []

    def on_epoch_begin(self, epoch, logs=None):
        self.begun.append(epoch)

    def on_train_batch_end(self, batch, logs=None):
        if self.begun[-1] == self.epoch:
            raise KeyboardInterrupt


def test_a_stopped_training_ends_as_one_that_was_not(tmp_path):
    for name in ("whole", "stopped"):
        (tmp_path / name).mkdir()
    whole, history, _ = train(tmp_path / "whole")
    stop, rest = Stop(epoch=3), Stop(epoch=None)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "stopped", stop)
    resumed, after, _ = train(tmp_path / "stopped", rest)
    assert (stop.begun, rest.begun) == ([0, 1, 2, 3], [3, 4])
    assert len(after.history["loss"]) == EPOCHS
    for name, values in history.history.items():
        np.testing.assert_allclose(after.history[name], values, rtol=1e-5)
    for ours, theirs, fresh in zip(
        resumed.get_weights(),
        whole.get_weights(),
        learner().get_weights(),
        strict=True,
    ):
        assert np.abs(theirs - fresh).max() > 0.1
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_the_best_weights_stay_those_of_the_best_epoch_of_all(tmp_path):
    """A loss that is to be as large as can be is best in the first epoch."""
    options = {"objective": "loss", "direction": "max"}
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, Stop(epoch=3), **options)
    best = (tmp_path / "best.weights.h5").read_bytes()
    _, history, _ = train(tmp_path, **options)
    losses = history.history["loss"]
    assert int(np.argmax(losses)) == 0
    record = best_of(tmp_path / "best.weights.h5")
    assert (record["epoch"], record["row"]["loss"]) == (0, losses[0])
    assert (tmp_path / "best.weights.h5").read_bytes() == best


def test_without_the_objective_the_last_weights_are_kept(tmp_path):
    model, _, _ = train(tmp_path, objective="computed_later")
    other = learner()
    other.optimizer.build(other.trainable_variables)
    other.load_weights(tmp_path / "best.weights.h5")
    for ours, theirs in zip(
        other.get_weights(), model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_there_is_always_an_epoch_left_to_train(tmp_path):
    """Or a process that was killed at the end would come to no result."""
    train(tmp_path)
    again = Stop(epoch=None)
    _, history, _ = train(tmp_path, again)
    assert again.begun == [EPOCHS - 1]
    assert len(history.history["loss"]) == EPOCHS


@pytest.fixture
def begin(tmp_path):
    """Yields what begins a training of the trial as a new process would."""

    def memory():
        memory = EpochMemory(
            tmp_path / "state.npz",
            tmp_path / "best.weights.h5",
            keras_tuner.Objective("val_accuracy", "max"),
            TrialFiles(tmp_path),
        )
        memory.set_params({"epochs": EPOCHS})
        memory.set_model(learner())
        memory.model.history = keras.callbacks.History()
        memory.on_train_begin()
        return memory

    return memory


@pytest.fixture
def remember(begin, tmp_path):
    """Yields what ends an epoch of a new process that trains the trial."""

    def end_epoch(value):
        begin().on_epoch_end(0, {"val_accuracy": value})
        best = best_of(tmp_path / "best.weights.h5")
        return best and best["row"]["val_accuracy"]

    return end_epoch


def test_what_is_no_number_is_the_best_only_until_there_is_one(remember):
    values = (float("nan"), 0.8, 0.9, float("nan"), 0.7)
    first, *best = [remember(value) for value in values]
    assert np.isnan(first) and best == [0.8, 0.9, 0.9, 0.9]


def test_the_history_has_the_metrics_of_the_kept_weights_if_an_epoch_ran_twice(
    begin, tmp_path
):
    """A kill after the checkpoint, before the state: the epoch runs again."""

    def run(*values):
        memory = begin()
        for epoch, value in enumerate(values):
            memory.on_epoch_end(epoch, {"val_accuracy": value})
        memory.on_train_end()
        return memory.model.history.history["val_accuracy"]

    assert run(0.5, 0.9) == [0.5, 0.9]
    (tmp_path / "state.npz").unlink()
    assert run(0.6, 0.7, 0.8) == [0.6, 0.9, 0.8]
    (tmp_path / "state.npz").unlink()
    assert run(0.6, 0.95, 0.8) == [0.6, 0.95, 0.8]


@pytest.mark.parametrize("stopped, begun", [(5, [2, 5]), (1, [1, 2, 3, 4, 5])])
def test_each_fit_of_a_trial_goes_on_from_its_own_state(
    stopped, begun, tmp_path
):
    """As of who trains a new classifier first, and then all layers."""
    x, y = np.eye(3, dtype="float32"), np.ones((3, 1), "float32")

    def run(stop):
        model = learner()
        memory = EpochMemory(
            tmp_path / "state.npz",
            tmp_path / "best.weights.h5",
            keras_tuner.Objective("loss", "min"),
            TrialFiles(tmp_path),
        )
        callbacks = [stop, memory]
        model.layers[0].trainable = False
        model.compile(keras.optimizers.Adam(0.1), "mse")
        model.fit(x, y, epochs=3, verbose=0, callbacks=callbacks)
        model.layers[0].trainable = True
        model.compile(keras.optimizers.Adam(0.1), "mse")
        history = model.fit(
            x, y, epochs=6, initial_epoch=3, verbose=0, callbacks=callbacks
        )
        return model, history

    whole, expected = run(stop := Stop(epoch=None))
    assert stop.begun == [0, 1, 2, 3, 4, 5]
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(KeyboardInterrupt):
        run(Stop(epoch=stopped))
    resumed, after = run(stop := Stop(epoch=None))
    assert stop.begun == begun
    assert len(after.history["loss"]) == 3
    np.testing.assert_allclose(
        after.history["loss"], expected.history["loss"], rtol=1e-5
    )
    for ours, theirs in zip(
        resumed.get_weights(), whole.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_a_slower_process_leaves_the_state_of_a_faster_one(begin, tmp_path):
    slower = begin()
    state = {"start": 0, "history": [{"val_accuracy": 0.1}] * 3}
    training_state.save(learner(), tmp_path / "state.npz", state)
    slower.on_epoch_end(0, {"val_accuracy": 0.5})
    assert training_state.read_history(tmp_path / "state.npz") == state


def test_nothing_is_written_of_a_trial_that_another_ended(remember, tmp_path):
    trial = tmp_path / "trial.json"
    trial.write_text('{"status": "COMPLETED"}')
    assert remember(0.9) is None
    assert list(tmp_path.iterdir()) == [trial]
    trial.write_text('{"status": "RUNNING"}')
    assert remember(0.8) == 0.8
    assert len(list(tmp_path.iterdir())) == 3
