"""What survives of a trial when its process is killed."""

import json
import math
import pathlib

import h5py
import keras

from keras_papers.files import training_state
from keras_papers.files.drafts import draft_of

BEST = "keras_papers_epoch"  # attribute of a checkpoint


class EpochMemory(keras.callbacks.Callback):
    """Keeps the state of a trial's training after each epoch but the last.

    A trial that is run again goes on from there: its history is whole, and
    the weights at `checkpoint` are those of the best of all its epochs. The
    last epoch is not kept, so that there is always one left to train. Each
    `fit` of a trial has a state of its own.

    What an epoch told stands in the checkpoint itself, for a kill would come
    between two files. The weights there give way to better ones only, of
    whichever execution or process they are; and where they are of an epoch
    that ran again and ended worse, the history tells the better.

    Args:
        state: Path of the state, ending with `.npz`.
        checkpoint: Path of the best weights, ending with `.weights.h5`.
        objective: KerasTuner's `Objective`, which tells the best epoch.
        files: The trial's `TrialFiles`, which tell whether another process
            has ended it. Then nothing is written, and no epoch begins.

    Attributes:
        history: A dict of metrics for each epoch of the last `fit`.
    """

    def __init__(self, state, checkpoint, objective, files):
        super().__init__()
        self.first_state = pathlib.Path(state)
        self.checkpoint = pathlib.Path(checkpoint)
        self.objective = objective
        self.files = files
        self.fits = 0
        self.start, self.history = None, []

    @property
    def state(self):
        """The path of the state of this `fit`."""
        if self.fits == 1:
            return self.first_state
        return self.first_state.with_suffix(f".fit{self.fits}.npz")

    def on_train_begin(self, logs=None):
        self.fits += 1
        self.start, self.history = None, []
        if not self.state.exists():
            return
        self.files.own(self.state)
        told = training_state.load(self.model, self.state)
        self.start, self.history = told["start"], told["history"]
        # As Keras' own BackupAndRestore tells `fit`.
        self.model._initial_epoch = self.start + len(self.history)

    def on_epoch_end(self, epoch, logs=None):
        if self.start is None:
            self.start = epoch
        row = {name: float(value) for name, value in logs.items()}
        self.history.append(row)
        # A process that was thought dead looks before it writes. Between the
        # look and the write another may still end the trial, or write better
        # weights: no lock is held, since machines that share a folder do not
        # all share its locks.
        if self.files.has_ended():
            self.model.stop_training = True
            return
        self._keep_if_best(epoch, row)
        if epoch + 1 < self.params["epochs"] and not self._is_behind():
            told = {"start": self.start, "history": self.history}
            training_state.save(self.model, self.state, told)
            self.files.own(self.state)

    def _is_behind(self):
        """Tells whether another process has trained the trial for longer."""
        if not self.state.exists():
            return False
        kept = training_state.read_history(self.state)["history"]
        return len(kept) > len(self.history)

    def _keep_if_best(self, epoch, row):
        """Writes the weights of an epoch that is the best so far.

        Of equal epochs the first is the best, as KerasTuner has it. What no
        epoch tells is measured after the last one, of its weights.
        """
        told = self.objective.has_value(row)
        if told and not self._is_better(row, best_of(self.checkpoint)):
            return
        with draft_of(self.checkpoint) as draft:
            self.model.save_weights(draft)
            if told:
                best = {"of": self.state.name, "epoch": epoch, "row": row}
                with h5py.File(draft, "a") as file:
                    file.attrs[BEST] = json.dumps(best)

    def _is_better(self, row, best):
        if best is None:
            return True
        value = self.objective.get_value(row)
        least = self.objective.get_value(best["row"])
        if math.isnan(least):  # than which anything is better
            return True
        return self.objective.better_than(value, least)

    def on_train_end(self, logs=None):
        self._tell_what_is_kept()
        # Or the model's next `fit` would begin there, too.
        self.model._initial_epoch = None
        self.model.history.history = {
            name: [row.get(name) for row in self.history]
            for name in self.history[-1]
        }

    def _tell_what_is_kept(self):
        """Tells, of an epoch that ran twice, what its kept weights reached."""
        best = best_of(self.checkpoint)
        if best is None or best["of"] != self.state.name:
            return
        place = best["epoch"] - self.start
        if 0 <= place < len(self.history) and self._is_better(
            best["row"], {"row": self.history[place]}
        ):
            self.history[place] = best["row"]


def best_of(checkpoint):
    """Returns what the epoch of a checkpoint told, or None if none says.

    A dict: `"of"` is the name of its training's state, `"epoch"` its number,
    and `"row"` its metrics by name.
    """
    if not pathlib.Path(checkpoint).exists():
        return None
    with h5py.File(checkpoint) as file:
        told = file.attrs.get(BEST)
    return None if told is None else json.loads(told)
