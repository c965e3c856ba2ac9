"""What survives of a trial when its process is killed."""

import math
import pathlib

import h5py
import keras

from keras_papers import training_state
from keras_papers.drafts import draft_of

REACHED = "keras_papers_reached"  # attribute of a checkpoint


class EpochMemory(keras.callbacks.Callback):
    """Keeps the state of a trial's training after each epoch but the last.

    A trial that is run again goes on from there: its history is whole, and
    the weights at `checkpoint` are those of the best of all its epochs. The
    last epoch is not kept, so that there is always one left to train.

    What the objective was stands in the checkpoint itself, for a kill would
    come between two files. The weights there give way to better ones only,
    whichever execution or process they are of.

    Args:
        state: Path of the state, ending with `.npz`.
        checkpoint: Path of the best weights, ending with `.weights.h5`.
        objective: KerasTuner's `Objective`, which tells the best epoch.
        is_over: Function that tells whether another process has ended the
            trial, after which nothing is written and no epoch begins.
            Defaults to None: none can.
    """

    def __init__(self, state, checkpoint, objective, is_over=None):
        super().__init__()
        self.state = pathlib.Path(state)
        self.checkpoint = pathlib.Path(checkpoint)
        self.objective = objective
        self.is_over = is_over or (lambda: False)
        self.history = []

    def on_train_begin(self, logs=None):
        if not self.state.exists():
            return
        self.history = training_state.load(self.model, self.state)
        # As Keras' own BackupAndRestore tells `fit`.
        self.model._initial_epoch = len(self.history)

    def on_epoch_end(self, epoch, logs=None):
        row = {name: float(value) for name, value in logs.items()}
        self.history.append(row)
        # A process that was thought dead looks before it writes. Between the
        # look and the write another may still end the trial, or write better
        # weights: no lock is held, since machines that share a folder do not
        # all share its locks.
        if self.is_over():
            self.model.stop_training = True
            return
        self._keep_if_best(row)
        if epoch + 1 < self.params["epochs"]:
            training_state.save(self.model, self.state, self.history)

    def _keep_if_best(self, row):
        """Writes the weights of an epoch that is the best so far.

        Of equal epochs the first is the best, as KerasTuner has it. What no
        epoch tells is measured after the last one, of its weights.
        """
        value = None
        if self.objective.has_value(row):
            value = self.objective.get_value(row)
            if not self._is_better(value, reached(self.checkpoint)):
                return
        with draft_of(self.checkpoint) as draft:
            self.model.save_weights(draft)
            if value is not None:
                with h5py.File(draft, "a") as file:
                    file.attrs[REACHED] = value

    def _is_better(self, value, best):
        if best is None or math.isnan(best):  # than which anything is better
            return True
        return self.objective.better_than(value, best)

    def on_train_end(self, logs=None):
        self.model.history.history = {
            name: [row.get(name) for row in self.history]
            for name in self.history[-1]
        }


def reached(checkpoint):
    """Returns what the objective was of a checkpoint, or None if none says."""
    if not pathlib.Path(checkpoint).exists():
        return None
    with h5py.File(checkpoint) as file:
        value = file.attrs.get(REACHED)
    return None if value is None else float(value)
