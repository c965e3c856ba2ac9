"""What a training prints before its first epoch, and the time left after it."""

import os
import time

import keras
import numpy as np

from keras_papers.pipelines.data.augmentation import DESCRIPTIONS
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.report.page_text import in_time, plural
from keras_papers.pipelines.training.settings import FEWEST_STEPS

NAMED = 8  # classes whose images are counted one by one
IMBALANCE = 2  # times as many images, from which on it is reported
TRAIN_TO_WATCH = 3  # a step costs so many times what watching a batch costs


def start_lines(images, image_size, why, settings, more=()):
    """Returns what is known of a training before it starts, as lines.

    Args:
        images: An `ImageSet`.
        image_size: Height and width of the images.
        why: The reason for this size, in words.
        settings: The `Settings`, complete.
        more: Further pairs of a label and a text.
    """
    rows = [
        ("classes", _classes(images)),
        ("images", _division(images)),
        ("image size", f"{image_size} x {image_size}, {why}"),
        *_imbalance(images, settings),
        *_duplicates(images),
        (
            "augmentation",
            f"{settings.augment}: {DESCRIPTIONS[settings.augment]}",
        ),
        *more,
        ("epochs", _epochs(images, settings)),
        ("device", device()),
    ]
    return labelled(rows)


def _classes(images):
    counts = np.bincount(images.train.labels, minlength=len(images.names))
    pairs = list(zip(images.names, counts.tolist(), strict=True))
    if len(pairs) <= NAMED:
        text = ", ".join(f"{name} {count:,}" for name, count in pairs)
        return f"{len(pairs)}, to train on: {text}"
    fewest, few = min(pairs, key=lambda pair: pair[1])
    most, many = max(pairs, key=lambda pair: pair[1])
    return (
        f"{len(pairs)}, with {few:,} ({fewest}) to {many:,} ({most}) images to "
        "train on"
    )


def _division(images):
    return (
        f"{len(images.train):,} to train on, {len(images.validation):,} to "
        f"watch, {len(images.test):,} held out"
    )


def _imbalance(images, settings):
    counts = np.bincount(images.train.labels, minlength=len(images.names))
    ratio = counts.max() / counts.min()
    if ratio < IMBALANCE:
        return
    most, fewest = images.names[counts.argmax()], images.names[counts.argmin()]
    text = f"{most} has {ratio:.1f} times as many images as {fewest}"
    if settings.class_weights:
        yield "imbalance", f"{text}; every class counts the same"
    else:
        yield "imbalance", f"{text}; --class-weights makes classes count alike"


def _duplicates(images):
    copies = images.duplicates.copies
    if not copies:
        return
    text = f"{plural(copies, 'image')} with the same bytes as another"
    leaks = sum(name == "test" for name, *_ in images.duplicates.leaks)
    if leaks:
        text += f"; {leaks:,} held out left out, which are in another part"
    yield "duplicates", text


def _epochs(images, settings):
    steps = settings.steps(images.train)
    text = (
        f"{settings.epochs:,}, {plural(steps, 'step')} of batches of "
        f"{settings.batch_size:,}"
    )
    enough = settings.enough_epochs(images.train)
    # A recipe has other steps, and its lines name the epochs of the paper.
    has_others = settings.from_weights or settings.plan is not None
    if steps < FEWEST_STEPS and not has_others:
        text += (
            "; few for training from scratch: use --weights, or --epochs "
            f"{enough}"
        )
    return text


def device():
    """Returns what the training is computed on, in words."""
    graphics = keras.distribution.list_devices("gpu")
    if graphics:
        return plural(len(graphics), "GPU")
    has_affinity = hasattr(os, "sched_getaffinity")  # of Linux
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count()
    return plural(cores, "CPU core")


class TimeLeft(keras.callbacks.Callback):
    """Prints, after the first epoch of a phase, how long the others take.

    The first step is not counted: it is traced. Nor is the first time that
    images are watched, for the same reason; a step's share stands for it.
    Where an epoch has one step, the second epoch is measured.

    Args:
        phase: A `Phase`.
        settings: The `Settings`.
    """

    def __init__(self, phase, settings):
        super().__init__()
        self.phase = phase
        self.settings = settings
        self.first = None  # epoch of this phase that this process trains
        self.seconds = None  # that the measured epoch took
        self.is_printed = False
        self.ends, self.watched = [], 0  # times of its steps; batches

    def on_epoch_begin(self, epoch, logs=None):
        if self.first is None:
            self.first, self.start = epoch, time.perf_counter()
        elif epoch == self.first + 1 and len(self.ends) == 1:
            self.seconds, self.ends, self.watched = None, [], 0
            self.start = time.perf_counter()
        elif not self.is_printed:
            self.is_printed = True
            line = labelled([("time left", self._time_left(epoch))])
            print(line, flush=True)

    def on_train_batch_end(self, batch, logs=None):
        if self.seconds is None:
            self.ends.append(time.perf_counter())

    def on_test_batch_end(self, batch, logs=None):
        if self.seconds is None:
            self.watched += 1

    def on_epoch_end(self, epoch, logs=None):
        if self.seconds is None:
            self.seconds = time.perf_counter() - self.start

    def _time_left(self, epoch):
        left = self.phase.end - epoch
        seconds = self.seconds
        if len(self.ends) > 1:
            step = (self.ends[-1] - self.ends[0]) / (len(self.ends) - 1)
            seconds = step * (len(self.ends) + self.watched / TRAIN_TO_WATCH)
        about = "at most" if self.settings.early_stopping else "about"
        text = f"{about} {in_time(left * seconds)} for {plural(left, 'epoch')}"
        if self.phase.name == "top":
            text += " of the classifier alone; those of all layers take longer"
        return text
