"""Labelled images: the bundled digits, or a folder of class folders."""

import pathlib
from typing import NamedTuple

import keras
import numpy as np

from keras_papers.extras import require

TEST_SHARE = 0.2


class Images(NamedTuple):
    """Images to train on and held-out ones, RGB with values in [0, 255]."""

    train: np.ndarray  # (images, height, width, 3)
    train_labels: np.ndarray  # (images,), indices of `names`
    test: np.ndarray
    test_labels: np.ndarray
    names: tuple  # of the classes


def load_digits(image_size, seed):
    """Loads scikit-learn's 1,797 scanned digits, enlarged from 8 x 8 pixels.

    A fifth of each class is held out for the test.
    """
    datasets = require("sklearn.datasets", "mobile")
    digits = datasets.load_digits()
    gray = (255 / 16) * digits.images[..., None].astype("float32")
    large = keras.ops.image.resize(
        gray, (image_size, image_size), data_format="channels_last"
    )
    # A camera, and so the app that will hold the model, gives three channels.
    images = np.repeat(keras.ops.convert_to_numpy(large), 3, axis=-1)
    return _split(images, digits.target, map(str, digits.target_names), seed)


def _split(images, labels, names, seed):
    """Holds out a fifth of each class."""
    model_selection = require("sklearn.model_selection", "mobile")
    names = tuple(names)
    train, test, train_labels, test_labels = model_selection.train_test_split(
        images,
        labels,
        test_size=TEST_SHARE,
        stratify=labels,
        random_state=seed,
    )
    return Images(train, train_labels, test, test_labels, names)


def load_folder(folder, image_size, seed):
    """Loads a folder that holds a folder of images for each class.

    A fifth of each class, drawn by `seed`, is held out for the test.

    Raises:
        ValueError: If there is no such folder, or it has no two classes of
            five images that can be read.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise ValueError(
            "`data` is a folder that holds a folder of images for each class. "
            f"Received: data={str(folder)!r}, which is no folder. Check the "
            "path, or leave it out for the bundled digits."
        )
    classes = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.startswith(".")
    )
    if len(classes) < 2 or any(name.splitlines() != [name] for name in classes):
        raise ValueError(
            "`data` must hold a folder of images for each of two classes or "
            f"more. Received: data={str(folder)!r} with class folders "
            f"{classes}. Sort the images into folders named after the classes."
        )
    try:
        dataset = keras.utils.image_dataset_from_directory(
            folder,
            class_names=classes,
            image_size=(image_size, image_size),
            shuffle=False,
            verbose=False,
        )
        images, labels = _to_arrays(dataset)
    except Exception as error:  # decoding fails with TensorFlow's own errors
        raise ValueError(
            "`data` must hold images that can be read: JPEG, PNG, BMP or GIF. "
            f"Received: data={str(folder)!r} ({_sentence(error)}). Take out "
            "what is broken."
        ) from error
    counts = np.bincount(labels, minlength=len(classes))
    if counts.min() < 5:
        few = [name for name, n in zip(classes, counts, strict=True) if n < 5]
        raise ValueError(
            "`data` must hold five images of each class or more, for a fifth "
            f"is held out. Received: data={str(folder)!r} with fewer in {few}. "
            "Add images, or take the folders out."
        )
    return _split(images, labels, classes, seed)


def _sentence(error):
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200]


def _to_arrays(dataset):
    batches = [
        [keras.ops.convert_to_numpy(part) for part in batch]
        for batch in dataset
    ]
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)
