"""What survives of a trial when its process is killed."""

import math
import pathlib

import keras

from keras_papers import training_state
from keras_papers.drafts import draft_of


class EpochMemory(keras.callbacks.Callback):
    """Keeps the state of a trial's training after each epoch but the last.

    A trial that is run again goes on from there: its history is whole, and
    the weights at `checkpoint` are those of the best of all its epochs. The
    last epoch is not kept, so that there is always one left to train.

    Args:
        state: Path of the state, ending with `.npz`.
        checkpoint: Path of the best weights, ending with `.weights.h5`.
        objective: KerasTuner's `Objective`, which tells the best epoch.
        beaten: What the objective was in the best epoch of an earlier
            training of the same trial, or None.
    """

    def __init__(self, state, checkpoint, objective, beaten=None):
        super().__init__()
        self.state = pathlib.Path(state)
        self.checkpoint = pathlib.Path(checkpoint)
        self.objective = objective
        self.best = beaten
        self.history = []

    def on_train_begin(self, logs=None):
        if not self.state.exists():
            return
        self.history = training_state.load(self.model, self.state)
        for row in self.history:
            self._is_best(row)
        # As Keras' own BackupAndRestore tells `fit`.
        self.model._initial_epoch = len(self.history)

    def on_epoch_end(self, epoch, logs=None):
        row = {name: float(value) for name, value in logs.items()}
        self.history.append(row)
        if self._is_best(row):
            with draft_of(self.checkpoint) as draft:
                self.model.save_weights(draft)
        if epoch + 1 < self.params["epochs"]:
            training_state.save(self.model, self.state, self.history)

    def _is_best(self, row):
        """Tells whether an epoch is the best so far, and remembers it.

        Of equal epochs the first is the best, as KerasTuner has it. What no
        epoch tells is measured after the last one, of its weights.
        """
        if not self.objective.has_value(row):
            return True
        value = self.objective.get_value(row)
        if (
            self.best is None
            or math.isnan(self.best)  # than which anything is better
            or self.objective.better_than(value, self.best)
        ):
            self.best = value
            return True
        return False

    def on_train_end(self, logs=None):
        self.model.history.history = {
            name: [row.get(name) for row in self.history]
            for name in self.history[-1]
        }
