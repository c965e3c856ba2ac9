"""Networks that a job trains one after the other, each with a state of its own.

An autoencoder and then a prior over its codes are two stages. A stage that is
finished is loaded when the job is started again.
"""

from typing import NamedTuple

import keras
import numpy as np

from keras_papers.first_step import prepare
from keras_papers.pipelines.report.page_text import plural
from keras_papers.pipelines.training.loop import (
    Memory,
    Trained,
    epochs_done,
    rising_and_falling,
)
from keras_papers.pipelines.training.settings import Phase


class _Stopping(NamedTuple):
    """What `Memory` reads of `Settings`."""

    early_stopping: int | None
    ema: float | None = None


def train_stage(
    network,
    loss,
    data,
    watched,
    folder,
    epochs,
    learning_rate,
    callbacks=(),
    verbose="auto",
    *,
    optimizer=None,
    metrics=None,
    patience=None,
    jit_compile="auto",
    **options,
):
    """Trains a network, from where the state in `folder` ends.

    Args:
        network: A functional model. It gets the weights of the epoch with the
            lowest validation loss, and stays without an optimizer.
        loss: Loss for the labels of `data`.
        data: Function from the number of epochs that are done to batches of
            inputs and labels, of a known number: a training that is resumed
            does not repeat the order of its first epochs.
        watched: The same of the examples that are watched.
        folder: The `StateFolder` of this stage.
        epochs: Positive int.
        learning_rate: Peak of the schedule.
        callbacks: Further callbacks of Keras.
        verbose: As in `keras.Model.fit`.
        optimizer: Optimizer. Defaults to None: Adam, whose rate rises and
            falls.
        metrics: Metrics of the labels. Defaults to None.
        patience: Positive int. Epochs after which the training ends if the
            validation loss was not lower. Defaults to None.
        jit_compile: As in `keras.Model.compile`.
        **options: Further arguments of `fit`.

    Returns:
        What was `Trained`.
    """
    batches = data(epochs_done(folder))
    trainer = keras.Model(network.input, network.output, name=network.name)
    if optimizer is None:
        steps = epochs * len(batches)
        schedule = rising_and_falling(learning_rate, steps)
        optimizer = keras.optimizers.Adam(schedule)
    trainer.compile(optimizer, loss, metrics=metrics, jit_compile=jit_compile)
    return fit_stage(
        trainer,
        batches,
        watched,
        folder,
        epochs,
        learning_rate,
        len(batches),
        callbacks,
        verbose,
        patience=patience,
        shuffle=False,  # `data` did
        **options,
    )


def fit_stage(
    trainer,
    data,
    watched,
    folder,
    epochs,
    learning_rate,
    steps,
    callbacks=(),
    verbose="auto",
    *,
    patience=None,
    **options,
):
    """Trains a model of a `fit` of its own, as `train_stage` does.

    Args:
        trainer: A compiled and built model. It gets the weights of the epoch
            with the lowest validation loss.
        data: What its `fit` trains on.
        watched: Its `validation_data`.
        folder: The `StateFolder` of this stage.
        epochs: Positive int.
        learning_rate: Its peak, for an error.
        steps: Number of steps in an epoch.
        callbacks: Further callbacks of Keras.
        verbose: As in `keras.Model.fit`.
        patience: As in `train_stage`.
        **options: Further arguments of `fit`.

    Returns:
        What was `Trained`.
    """
    if hasattr(data, "element_spec"):  # of tf.data
        prepare(trainer, data)
    phase = Phase("all", 0, epochs, learning_rate)
    memory = Memory(folder, phase, [], _Stopping(patience))
    first = memory.restore(trainer)
    is_over = first == epochs or memory.has_stopped()
    if verbose and first:
        print(
            f"{folder.state.name} continues after epoch {first} of {epochs}",
            flush=True,
        )
    elif verbose:
        at_most = "at most " * (patience is not None)
        print(
            f"trains {folder.state.name}: {at_most}{plural(epochs, 'epoch')} "
            f"of {plural(steps, 'step')}",
            flush=True,
        )
    if not is_over:
        trainer.fit(
            data,
            validation_data=watched,
            initial_epoch=first,
            epochs=epochs,
            callbacks=[_WithoutUnmeasured(), memory, *callbacks],
            verbose=verbose,
            **options,
        )
    memory.restore_best(trainer)
    return Trained(memory.history, memory.best_epoch(), memory.rule())


class _WithoutUnmeasured(keras.callbacks.Callback):
    """Takes metrics that are measured in training alone out of the figures.

    In validation they are NaN, as the usage of a codebook is. The callbacks
    after this one and the progress bar get the same dict.
    """

    def on_epoch_end(self, epoch, logs=None):
        unmeasured = [
            name
            for name, value in logs.items()
            if name.startswith("val_")
            and name != "val_loss"
            and np.isnan(value)
        ]
        for name in unmeasured:
            del logs[name]
