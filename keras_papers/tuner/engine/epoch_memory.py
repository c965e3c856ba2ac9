"""The callback that saves a trial's training after each epoch."""

import json
import math
import pathlib

import h5py
import keras

from keras_papers.files import training_state
from keras_papers.files.drafts import draft_of

BEST = "keras_papers_epoch"  # attribute of a checkpoint


class EpochMemory(keras.callbacks.Callback):
    """Saves the state of a trial's training after each epoch but the last.

    A trial that is run again is resumed from that state: its history has all
    epochs, and `checkpoint` has the weights of the best of them. The last
    epoch is not saved, so that one is always left to train. Each `fit` of a
    trial has a state of its own.

    The metrics of the best epoch are an attribute of the checkpoint, because
    a kill could come between two files. Weights are replaced by better ones
    only, of whichever execution or process. If an epoch ran twice, and worse
    the second time, the history has the metrics of the weights that are kept.

    Args:
        state: Path of the state, ending with `.npz`.
        checkpoint: Path of the best weights, ending with `.weights.h5`.
        objective: KerasTuner's `Objective`, by which epochs are compared.
        files: The trial's `TrialFiles`. If another process has ended the
            trial, nothing is written, and no further epoch begins.

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
        kept = training_state.load(self.model, self.state)
        self.start, self.history = kept["start"], kept["history"]
        # Keras' own BackupAndRestore sets it, too.
        self.model._initial_epoch = self.start + len(self.history)

    def on_epoch_end(self, epoch, logs=None):
        if self.start is None:
            self.start = epoch
        row = {name: float(value) for name, value in logs.items()}
        self.history.append(row)
        # The chief may have given the trial to another process. That one may
        # still end it, or write better weights, between this check and the
        # writes below: machines that share a folder do not all share locks.
        if self.files.has_ended():
            self.model.stop_training = True
            return
        self._keep_if_best(epoch, row)
        if epoch + 1 < self.params["epochs"] and not self._is_behind():
            kept = {"start": self.start, "history": self.history}
            training_state.save(self.model, self.state, kept)
            self.files.own(self.state)

    def _is_behind(self):
        """Returns whether another process has trained the trial further."""
        if not self.state.exists():
            return False
        kept = training_state.read_history(self.state)["history"]
        return len(kept) > len(self.history)

    def _keep_if_best(self, epoch, row):
        """Writes the weights of an epoch that is the best so far.

        Of equal epochs the first is the best, as in KerasTuner. If the epochs
        do not report the objective, the weights of the last one are kept, of
        which `HyperModel.fit` may compute it.
        """
        is_measured = self.objective.has_value(row)
        if is_measured and not self._is_better(row, best_of(self.checkpoint)):
            return
        with draft_of(self.checkpoint) as draft:
            self.model.save_weights(draft)
            if is_measured:
                best = {"of": self.state.name, "epoch": epoch, "row": row}
                with h5py.File(draft, "a") as file:
                    file.attrs[BEST] = json.dumps(best)

    def _is_better(self, row, best):
        if best is None:
            return True
        value = self.objective.get_value(row)
        least = self.objective.get_value(best["row"])
        if math.isnan(least):  # anything is better
            return True
        return self.objective.better_than(value, least)

    def on_train_end(self, logs=None):
        self._report_kept_epoch()
        # Else the model's next `fit` would begin there, too.
        self.model._initial_epoch = None
        self.model.history.history = {
            name: [row.get(name) for row in self.history]
            for name in self.history[-1]
        }

    def _report_kept_epoch(self):
        """Puts the metrics of the kept weights into the history.

        They differ if the best epoch ran twice, and worse the second time.
        """
        best = best_of(self.checkpoint)
        if best is None or best["of"] != self.state.name:
            return
        place = best["epoch"] - self.start
        if 0 <= place < len(self.history) and self._is_better(
            best["row"], {"row": self.history[place]}
        ):
            self.history[place] = best["row"]


def best_of(checkpoint):
    """Returns the record of a checkpoint's epoch, or None without one.

    A dict: `"of"` is the name of the training's state, `"epoch"` the number
    of the epoch, and `"row"` its metrics by name.
    """
    if not pathlib.Path(checkpoint).exists():
        return None
    with h5py.File(checkpoint) as file:
        record = file.attrs.get(BEST)
    return None if record is None else json.loads(record)
