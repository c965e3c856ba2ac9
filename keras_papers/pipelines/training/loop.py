"""The training itself: settings, phases, and the state that survives a kill."""

import contextlib
import time
from typing import NamedTuple

import keras
import numpy as np

from keras_papers.applications.pretrained.loading import TOP
from keras_papers.first_step import prepare
from keras_papers.inlining import flatten
from keras_papers.pipelines.data.images import batches
from keras_papers.pipelines.training.fused_adam import FusedAdamW
from keras_papers.pipelines.training.training_start import TimeLeft

WARM_UP = 0.1  # of a phase's steps, in which the rate rises from zero


class Trained(NamedTuple):
    """How a training went, and which of its epochs the model is of."""

    history: list  # a dict of figures for each epoch
    best_epoch: int  # from 1
    rule: str  # by which it is that epoch


@contextlib.contextmanager
def precision(policy):
    """Sets the dtype policy of layers made inside; None leaves it."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy or before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def train(
    network,
    images,
    image_size,
    folder,
    settings,
    seed,
    logs,
    verbose,
    distill=None,
):
    """Trains a network, from where the state in `folder` ends.

    Args:
        network: A classifier that takes pixels in [0, 255].
        images: An `ImageSet`.
        image_size: Height and width of the images.
        folder: The `TrainingFolder` of this training.
        settings: The `Settings`.
        seed: Draws the order of the images and how they are varied.
        logs: Folder for TensorBoard, or None.
        verbose: As in `keras.Model.fit`.
        distill: Function from the network to the `Distiller` that trains it,
            or None.

    Returns:
        What was `Trained`.
    """
    classes = len(images.names)
    size = settings.batch_size
    # A resumed training does not repeat the images of its first epochs.
    done = epochs_done(folder)
    data = batches(
        images.train, classes, image_size, size, seed + done, settings.augment
    )
    watched = batches(images.validation, classes, image_size, size)
    # The network itself stays without an optimizer, whose state would triple
    # the size of its file.
    if distill is None:
        trainer = keras.Model(network.inputs, network.outputs)
    else:
        trainer = distill(network)
    class_weight = class_weights(images) if settings.class_weights else None
    history = []
    for phase in settings.phases():
        _freeze(network, phase)
        steps = (phase.end - phase.first) * len(data)
        compile_by(settings, trainer, phase.learning_rate, steps)
        memory = Memory(folder, phase, history, settings)
        first = memory.restore(trainer)
        if first > phase.first and verbose:
            print(f"continues after epoch {first} of {settings.epochs}")
        if first < phase.end and not memory.has_stopped():
            trainer.fit(
                data,
                validation_data=watched,
                initial_epoch=first,
                epochs=phase.end,
                class_weight=class_weight,
                callbacks=[
                    memory,
                    *_plateaus(settings.plan, history),
                    *([TimeLeft(phase, settings)] if verbose else ()),
                    *_tensorboard(logs),
                ],
                shuffle=False,  # `batches` did
                verbose=verbose,
            )
        if phase == settings.phases()[-1]:
            memory.restore_best(trainer)
        if settings.ema is not None:
            _take_the_average(trainer, network, data)
    _freeze(network, phase)
    return Trained(history, memory.best_epoch(), memory.rule())


def compile_by(settings, trainer, learning_rate, steps):
    """Compiles a classifier for one-hot labels and a number of steps."""
    trainer.compile(
        _optimizer(settings, learning_rate, steps),
        keras.losses.CategoricalCrossentropy(
            label_smoothing=settings.label_smoothing
        ),
        metrics=["accuracy"],
    )
    # One-hot labels have the shape of the outputs.
    prepare(trainer, trainer.inputs[0], trainer.outputs[0])


def _freeze(network, phase):
    for layer in network.layers:
        layer.trainable = phase.name == "all" or layer.name in TOP


def _optimizer(settings, learning_rate, steps):
    if settings.plan is not None:
        return settings.plan.optimizer()
    optimizer = FusedAdamW(
        rising_and_falling(learning_rate, steps),
        weight_decay=settings.weight_decay,
        use_ema=settings.ema is not None,
        ema_momentum=0.99 if settings.ema is None else settings.ema,
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimizer


def rising_and_falling(learning_rate, steps):
    """Returns the schedule of a learning rate: warm-up and cosine decay.

    Args:
        learning_rate: Its peak.
        steps: How many steps there are.
    """
    warm_up = max(1, round(WARM_UP * steps))
    return keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, steps - warm_up),
        warmup_target=learning_rate,
        warmup_steps=warm_up,
    )


def class_weights(images):
    """Returns weights by which the images of each class count the same."""
    counts = np.bincount(images.train.labels, minlength=len(images.names))
    weights = len(images.train) / (len(images.names) * counts)
    return dict(enumerate(weights.tolist()))


def _plateaus(plan, history):
    """Returns what lowers the rate of a recipe, in a list, if it does."""
    if plan is None:
        return []
    return plan.plateaus([row["val_loss"] for row in history])


def _tensorboard(logs):
    return [] if logs is None else [keras.callbacks.TensorBoard(str(logs))]


def _take_the_average(trainer, network, data):
    """Makes the moving average of the weights the weights.

    The moving statistics belong to other weights then, and are averaged
    again over one pass of the training images; the momentum that makes an
    average of all of them is that of the step.
    """
    optimizer = trainer.optimizer
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if not int(optimizer.iterations):
        return  # every step overflowed in half precision; there is no average
    optimizer.finalize_variable_values(trainer.trainable_variables)
    norms = [
        layer
        for layer in flatten(network).layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    momenta = [norm.momentum for norm in norms]
    for seen, (pixels, _) in enumerate(data):
        for norm in norms:
            norm.momentum = seen / (seen + 1)
        network(pixels, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


class Memory(keras.callbacks.Callback):
    """Writes the state after each epoch, and reads it back.

    The name of the state file alone says how far the training is, so that
    no kill can leave two files that disagree. Two states are kept: that of
    the latest epoch, and that of the epoch whose weights the model gets.

    That is the epoch of the lowest validation loss. Of a few images the
    accuracy has a few values, which many epochs share; the loss has not.
    With `ema` it is the last one, or among those that train all layers the
    best with `early_stopping`: the loss is that of the weights, and their
    average is better than its latest weights are.

    Args:
        folder: The `StateFolder` to write to.
        phase: The `Phase` that is trained.
        history: List of the rows of the phases before, to which those of this
            one are added.
        settings: The `Settings`, for `early_stopping` and `ema`; None has
            neither.
    """

    def __init__(self, folder, phase, history, settings=None):
        super().__init__()
        self.folder = folder
        self.phase = phase
        self.history = history
        stops = settings is not None and phase.name == "all"
        self.patience = settings.early_stopping if stops else None
        self.averages = settings is not None and settings.ema is not None

    def restore(self, model):
        """Loads what there is; returns the epoch to begin with."""
        states = _states(self.folder, self.phase.name)
        if not states:
            return self.phase.first
        self.folder.load_state(model, states[-1].name)
        first = _epoch_of(states[-1])
        rows = self.folder.read_json("history.json")
        self.history += rows[self.phase.first : first]
        return first

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        rate = float(self.model.optimizer.learning_rate)
        row = {"epoch": epoch + 1, **logs, "learning_rate": rate}
        if not np.isfinite(row["loss"]):
            raise ValueError(
                "`learning_rate` must be low enough for the loss to stay "
                f"finite. Received: a peak of {self.phase.learning_rate}, with "
                f"which it was {row['loss']} in epoch {epoch + 1}. Try a "
                "tenth, in another output or with overwrite."
            )
        row["seconds"] = round(time.perf_counter() - self.start, 3)
        self.history.append(row)
        self.folder.write_json("history.json", self.history)
        self.folder.save_state(
            self.model, f"{self.phase.name}-{epoch + 1:06}.npz"
        )
        # Of the phase before, the last state is what this one began with.
        kept = {epoch + 1, self.best_epoch(), self.phase.first}
        for state in _states(self.folder):
            if _epoch_of(state) not in kept:
                state.unlink()
        self.model.stop_training = self.has_stopped()

    def has_stopped(self):
        """Returns whether the loss has not fallen for as long as is waited."""
        rows = self.history[self.phase.first :]
        return bool(self.patience and rows) and (
            rows[-1]["epoch"] - _lowest_loss(rows) >= self.patience
        )

    def best_epoch(self):
        """Returns the epoch, from 1, whose weights the model gets."""
        if not self.averages:
            return _lowest_loss(self.history)
        rows = self.history[self.phase.first :]
        if self.patience and rows:
            return _lowest_loss(rows)
        return self.history[-1]["epoch"]

    def rule(self):
        """Describes how the best epoch is chosen."""
        lowest = "lowest validation loss"
        if not self.averages:
            return lowest
        average = "average of the weights"
        return f"{lowest}, {average}" if self.patience else average

    def restore_best(self, model):
        """Loads the weights of the best epoch, unless it is the latest."""
        best = self.best_epoch()
        if best == self.history[-1]["epoch"]:
            return
        (state,) = (
            each for each in _states(self.folder) if _epoch_of(each) == best
        )
        # The optimizer of another phase has other variables.
        is_ours = state.name.startswith(self.phase.name)
        self.folder.load_state(model, state.name, with_optimizer=is_ours)


def epochs_done(folder):
    """Returns how many epochs of a training are in its `StateFolder`.

    The history has one more after a kill before its state was written.
    """
    states = _states(folder)
    return _epoch_of(states[-1]) if states else 0


def _states(folder, name="*"):
    """Lists the state files of a phase by epoch, the latest last."""
    found = folder.state.glob(f"{name}-*.npz")
    return sorted(found, key=_epoch_of)


def _epoch_of(state):
    """Returns the epoch, from 1, at whose end a state file was written."""
    return int(state.stem.split("-")[1])


def _lowest_loss(rows):
    """Returns the epoch of the lowest validation loss that is a number."""
    losses = np.array([row["val_loss"] for row in rows])
    losses = np.where(np.isfinite(losses), losses, np.inf)
    return rows[int(np.argmin(losses))]["epoch"]
