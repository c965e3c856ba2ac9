"""Networks that a job trains one after the other, each with a state of its own.

An autoencoder and then a prior over its codes are two stages. A stage that is
finished is loaded when the job is started again.
"""

import keras
import numpy as np

from keras_papers.pipelines.report.page_text import plural
from keras_papers.pipelines.training.loop import (
    Memory,
    Trained,
    rising_and_falling,
)
from keras_papers.pipelines.training.recipe import Phase


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
):
    """Trains a network by Adam, from where the state in `folder` ends.

    Args:
        network: A functional model. It gets the weights of the epoch with the
            lowest validation loss, and stays without an optimizer.
        loss: Loss for the labels of `data`.
        data: Function from the number of epochs that are done to batches of
            inputs and labels, of a known number: a training that is resumed
            does not repeat the order of its first epochs.
        watched: The same of the images that are watched.
        folder: The `StateFolder` of this stage.
        epochs: Positive int.
        learning_rate: Peak of the schedule.
        callbacks: Further callbacks of Keras.
        verbose: As in `keras.Model.fit`.

    Returns:
        What was `Trained`.
    """
    batches = data(len(folder.read_json("history.json") or ()))
    trainer = keras.Model(network.input, network.output, name=network.name)
    steps = epochs * len(batches)
    optimizer = keras.optimizers.Adam(rising_and_falling(learning_rate, steps))
    trainer.compile(optimizer, loss)
    phase = Phase("all", 0, epochs, learning_rate)
    memory = Memory(folder, phase, [])
    first = memory.restore(trainer)
    if first and verbose:
        print(
            f"{folder.state.name} continues after epoch {first} of {epochs}",
            flush=True,
        )
    elif verbose:
        print(
            f"trains {folder.state.name}: {plural(epochs, 'epoch')} of "
            f"{plural(len(batches), 'step')}",
            flush=True,
        )
    if first < epochs:
        trainer.fit(
            batches,
            validation_data=watched,
            initial_epoch=first,
            epochs=epochs,
            callbacks=[_WithoutUnmeasured(), memory, *callbacks],
            shuffle=False,
            verbose=verbose,
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
