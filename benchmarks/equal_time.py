"""Trains networks of different sizes for the same CPU time."""

import argparse
import math
import time

import keras

WARMUP = 0.05  # of the time


def parser(description, networks):
    """Returns the parser of the arguments that these benchmarks share.

    Args:
        description: What is compared.
        networks: Names of the networks. All are trained by default.
    """
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--size", type=int, default=128)
    arguments.add_argument("--minutes", type=float, default=2, help="CPU time")
    arguments.add_argument(
        "--scenes", type=int, default=1000, help="of an epoch"
    )
    arguments.add_argument("--seeds", type=int, default=1)
    arguments.add_argument(
        "--networks",
        nargs="*",
        default=[*networks],
        choices=[*networks],
        metavar="NAME",
    )
    return arguments


class CpuClock(keras.callbacks.Callback):
    """Sets the rate by the CPU time of the training, and stops it.

    The rate rises to its peak in a twentieth of the time, and falls to 0 along
    a cosine. The first step, in which TensorFlow traces the network, and what
    happens between calls of `fit` are not counted.

    Args:
        seconds: Positive number. CPU time of all steps.
        rate: Positive float. Peak of the learning rate.
    """

    def __init__(self, seconds, rate):
        super().__init__()
        self.seconds, self.rate = seconds, rate
        self.used, self.steps = 0.0, 0

    def on_train_begin(self, logs=None):
        self.last = time.process_time()

    def on_train_batch_end(self, batch, logs=None):
        now = time.process_time()
        if self.steps:
            self.used += now - self.last
        self.last = now
        self.steps += 1
        share = min(1.0, self.used / self.seconds)
        warm = min(1.0, share / WARMUP)
        past = max(0.0, share - WARMUP) / (1 - WARMUP)
        cosine = (1 + math.cos(math.pi * past)) / 2
        self.model.optimizer.learning_rate = self.rate * warm * cosine
        if share == 1.0:
            self.model.stop_training = True


def train_for(model, seconds, rate, draw):
    """Trains a compiled model, and returns the number of its steps.

    Args:
        model: Keras model, whose optimizer has a rate that can be set.
        seconds: Positive number. CPU time of the steps.
        rate: Positive float. Peak of the learning rate.
        draw: Function of the epoch, from 1, to its batches.
    """
    clock = CpuClock(seconds, rate)
    epoch = 0
    while clock.used < seconds:
        epoch += 1
        model.fit(draw(epoch), shuffle=False, verbose=0, callbacks=[clock])
    return clock.steps
