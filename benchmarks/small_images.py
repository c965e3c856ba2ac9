"""Images that need no download, and how networks are trained on them.

Uses NumPy and Keras only, so that it runs on every backend and on GPUs.
"""

import functools
import gzip
import pathlib
import statistics
from typing import NamedTuple

import keras
import numpy as np

from keras_papers.pipelines.training.loop import compile_by
from keras_papers.pipelines.training.settings import Settings

from restart import restarter

FASHION = "/usr/share/datasets/fashion-mnist"  # of dataset-fashion-mnist
VALIDATION = 1 / 6  # of what is trained on, while a search looks for a network
CHUNK = 4096  # images that are resized at once
SHIFT = 16  # a picture is moved by up to a 16th of its side


class Part(NamedTuple):
    """Gray images as bytes, (image, height, width), and integer labels."""

    images: np.ndarray
    labels: np.ndarray


@functools.cache
def load(name):
    """Returns the training part and the held-out part, by name.

    Args:
        name: `"digits"`, scikit-learn's, of which every fifth is held out; a
            `.npz` file of `x_train`, `y_train`, `x_test` and `y_test`; or
            the folder of Fashion-MNIST's four files (Xiao et al., 2017,
            https://arxiv.org/abs/1708.07747), two of which are the test set.
    """
    if name == "digits":
        from sklearn.datasets import load_digits

        digits = load_digits()
        images = np.round(digits.images * (255 / 16)).astype("uint8")
        held_out = np.arange(len(images)) % 5 == 0
        return {
            "train": Part(images[~held_out], digits.target[~held_out]),
            "test": Part(images[held_out], digits.target[held_out]),
        }
    if pathlib.Path(name).suffix == ".npz":
        with np.load(name) as file:
            return {
                part: Part(file[f"x_{part}"], file[f"y_{part}"])
                for part in ("train", "test")
            }
    return {"train": _read(name, "train"), "test": _read(name, "t10k")}


def _read(folder, prefix):
    def numbers(kind, header):
        path = pathlib.Path(folder, f"{prefix}-{kind}-ubyte.gz")
        with gzip.open(path) as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)

    images = numbers("images-idx3", 16).reshape(-1, 28, 28)
    return Part(images, numbers("labels-idx1", 8).astype("int64"))


def split(parts):
    """Splits the training part for a search into training and validation."""
    train = parts["train"]
    order = np.random.default_rng(0).permutation(len(train.labels))
    first = round(len(order) * VALIDATION)
    watched, rest = order[:first], order[first:]
    return {
        "train": Part(train.images[rest], train.labels[rest]),
        "test": Part(train.images[watched], train.labels[watched]),
    }


def resized(part, size):
    """Returns a part whose images have `size` pixels each way."""
    images = np.empty((len(part.images), size, size), "uint8")
    for start in range(0, len(images), CHUNK):
        large = keras.ops.image.resize(
            part.images[start : start + CHUNK, ..., None].astype("float32"),
            (size, size),
            antialias=True,
        )
        bytes_ = np.clip(keras.ops.convert_to_numpy(large).round(), 0, 255)
        images[start : start + CHUNK] = bytes_[..., 0]
    return Part(images, part.labels)


def scaled(part, size):
    """Returns floats of (image, size, size, 1), from -1 to 1."""
    return resized(part, size).images[..., None] / np.float32(127.5) - 1


class Varied(keras.utils.PyDataset):
    """Batches in RGB, each picture shifted, and flipped if `mirrored`."""

    def __init__(self, part, batch, classes, seed, mirrored):
        super().__init__()
        self.part, self.batch, self.mirrored = part, batch, mirrored
        self.classes = classes
        self.random = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return len(self.order) // self.batch

    def on_epoch_end(self):
        self.order = self.random.permutation(len(self.part.labels))

    def __getitem__(self, index):
        chosen = self.order[index * self.batch : (index + 1) * self.batch]
        images = self.part.images[chosen]
        size = images.shape[1]
        most = max(1, size // SHIFT)
        images = np.pad(images, ((0, 0), (most, most), (most, most)))
        windows = np.lib.stride_tricks.sliding_window_view(
            images, (size, size), axis=(1, 2)
        )
        down, right = self.random.integers(0, 2 * most + 1, (2, len(images)))
        images = windows[np.arange(len(images)), down, right]
        if self.mirrored:
            flip = self.random.random(len(images)) < 0.5
            images = np.where(flip[:, None, None], images[..., ::-1], images)
        labels = np.eye(self.classes, dtype="float32")[self.part.labels[chosen]]
        return in_color(images), labels


def in_color(images):
    """Returns gray bytes as bytes in RGB."""
    return np.repeat(images[..., None], 3, axis=-1)


def accuracies(model, parts, epochs, batch, rate, seeds, mirrored=False):
    """Yields the accuracy on `test` of a model trained with each seed.

    The network is traced and compiled once. The settings are those of
    `keras-papers train`.
    """
    classes = model.output_shape[-1]
    size = model.input_shape[1]
    train, test = (resized(parts[part], size) for part in ("train", "test"))
    steps = epochs * (len(train.labels) // batch)
    settings = Settings(
        epochs, batch, rate, 1e-2, 0.1, False, None, None, False
    )
    compile_by(settings, model, rate, steps)
    restart = restarter(model, model.optimizer)
    for seed in seeds:
        restart(seed)
        model.fit(
            Varied(train, batch, classes, seed, mirrored),
            epochs=epochs,
            verbose=0,
        )
        right = 0
        for start in range(0, len(test.labels), batch):
            images = in_color(test.images[start : start + batch])
            short = batch - len(images)  # one shape, so that one is traced
            images = np.pad(images, ((0, short), (0, 0), (0, 0), (0, 0)))
            scores = model.predict_on_batch(images)
            answers = scores.argmax(axis=-1)[: batch - short]
            right += (answers == test.labels[start : start + batch]).sum()
        yield float(right / len(test.labels))


def mean_and_deviation(accuracies):
    """Returns the mean of accuracies, and their standard deviation."""
    mean = f"{100 * statistics.mean(accuracies):.2f}"
    if len(accuracies) == 1:
        return f"{mean} %"
    return f"{mean} +- {100 * statistics.stdev(accuracies):.2f} %"
