"""Labelled images: the bundled digits, or a folder of class folders.

Nothing of a folder is held in memory but the names of its files; `batches`
reads the pictures while the model trains.
"""

import concurrent.futures
import contextlib
import dataclasses
import os
import pathlib
import re
import warnings

import keras
import numpy as np

from keras_papers.extras import require
from keras_papers.pipelines.pictures import (
    is_hidden,
    read_picture,
    reason_of,
)

TEST_SHARE = 0.2  # of each class, where there is no folder test/
VALIDATION_SHARE = 0.05  # of each class's rest, where there is no folder val/
FEWEST = 5  # pictures of a class that is divided into these parts
SPLITS = {  # names of folders: what their pictures are for
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
CACHE_BYTES = 2**28  # decoded images that are kept in memory
SHUFFLE_BYTES = 2**27  # of them, in which images change places


@dataclasses.dataclass(frozen=True)
class Part:
    """The images of one purpose: to train on, to watch, or to test."""

    sources: np.ndarray  # paths of files, or uint8 images
    labels: np.ndarray  # (images,), indices of the classes

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, indices):
        return Part(self.sources[indices], self.labels[indices])

    def commonest_share(self):
        """Returns the accuracy of always saying the commonest class."""
        return float(np.bincount(self.labels).max() / len(self))

    @property
    def files(self):
        """Paths of the images, or None for images of memory."""
        in_memory = self.sources.ndim > 1
        return None if in_memory else tuple(self.sources.tolist())

    def read(self, index, image_size):
        """Returns one image, uint8 `(image_size, image_size, 3)`."""
        source = self.sources[index]
        if self.sources.ndim > 1:
            return source
        return read_picture(source, (image_size, image_size))


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """Labelled images, divided."""

    names: tuple  # of the classes, in the order of their indices
    train: Part
    validation: Part  # watched while the model trains
    test: Part  # what the report tells of
    skipped: tuple = ()  # (file, reason) of what could not be read


def load_digits(image_size, seed, validation_share=VALIDATION_SHARE):
    """Loads scikit-learn's 1,797 scanned digits, enlarged from 8 x 8 pixels."""
    datasets = require("sklearn.datasets", "mobile")
    model_selection = require("sklearn.model_selection", "mobile")
    digits = datasets.load_digits()
    gray = (255 / 16) * digits.images[..., None].astype("float32")
    large = keras.ops.image.resize(
        gray, (image_size, image_size), data_format="channels_last"
    )
    # A camera, and so the app that will hold the model, gives three channels.
    images = np.repeat(keras.ops.convert_to_numpy(large), 3, axis=-1)
    whole = Part(images.round().astype(np.uint8), digits.target)
    # As everyone divides them, so that accuracies can be compared.
    rest, test = model_selection.train_test_split(
        np.arange(len(whole)),
        test_size=TEST_SHARE,
        stratify=whole.labels,
        random_state=seed,
    )
    train, validation = _divide(whole[rest], validation_share, seed)
    return ImageSet(
        tuple(map(str, digits.target_names)), train, validation, whole[test]
    )


def load_folder(folder, seed, strict=False, validation_share=VALIDATION_SHARE):
    """Finds the pictures of a folder, and reads each once to see that it can.

    Args:
        folder: Holds a folder of pictures for each class; or folders
            `train`, and perhaps `val` and `test`, that do. Without `test`, a
            fifth of each class is held out, or `val` is tested on where there
            is one; without `val`, a share of what is left.
        seed: Draws what is held out.
        strict: Whether a file that cannot be read is an error.
        validation_share: Float in (0, 1). What is watched of each class where
            there is no `val`.

    Raises:
        ValueError: If there is no such folder, or fewer than two classes, or
            too few pictures of a class.
    """
    folder = pathlib.Path(folder)
    roots = _split_folders(folder)
    names = _class_names(roots["train"])
    parts, skipped = {}, []
    for split, root in roots.items():
        parts[split], broken = _scan(root, names, strict)
        skipped += broken
    train = parts["train"]
    fewest = 1 if "val" in parts else FEWEST
    _check_counts(folder, names, train, fewest, skipped)
    if "val" in parts:
        validation = parts["val"]
        test = parts.get("test", validation)
    elif "test" in parts:
        test = parts["test"]
        train, validation = _divide(train, validation_share, seed)
    else:
        train, test = _divide(train, TEST_SHARE, seed)
        train, validation = _divide(train, validation_share, seed)
    for name, part in (("val", validation), ("test", test)):
        if not len(part):
            raise ValueError(
                f"`data` must hold pictures in {name}, where there is such a "
                f"folder. Received: data={str(folder)!r} without one that can "
                "be read. Add pictures, or remove the folder."
            )
    return ImageSet(names, train, validation, test, tuple(skipped))


def load_test_folder(folder, names):
    """Finds the pictures of known classes; those of `test` where it is.

    Raises:
        ValueError: If a class folder has none of `names`, or there is none.
    """
    roots = _split_folders(pathlib.Path(folder))
    root = roots.get("test") or roots.get("val") or roots["train"]
    found = [name for name in _folders(root) if name in names]
    strangers = sorted(set(_folders(root)) - set(names))
    if strangers or not found:
        raise ValueError(
            "`data` must hold folders of the classes that the model knows, "
            f"{', '.join(names)}. Received: data={str(root)!r} with "
            + (
                f"class folders {strangers}. Rename or remove them."
                if strangers
                else "no class folder. Sort the pictures into such."
            )
        )
    part, skipped = _scan(root, names, strict=False)
    if not len(part):
        raise ValueError(
            "`data` must hold pictures that can be read. "
            f"Received: data={str(root)!r} with none. Check the folder."
        )
    return part, skipped


def _split_folders(folder):
    """Returns the folders of class folders by what they are for."""
    if not folder.is_dir():
        raise ValueError(
            "`data` is a folder that holds a folder of images for each class. "
            f"Received: data={str(folder)!r}, which is no folder. Check the "
            "path, or leave it out for the bundled digits."
        )
    names = _folders(folder)
    roots = {
        SPLITS[n.lower()]: folder / n for n in names if n.lower() in SPLITS
    }
    # Folders of classes that happen to be called so are classes.
    inside = [bool(_folders(root)) for root in roots.values()]
    if "train" in roots and all(inside) and len(roots) == len(names):
        return roots
    return {"train": folder}


def _folders(folder):
    return sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.startswith(".")
    )


def _class_names(root):
    names = _folders(root)
    if len(names) < 2 or any(name.splitlines() != [name] for name in names):
        raise ValueError(
            "`data` must hold a folder of images for each of two classes or "
            f"more. Received: data={str(root)!r} with class folders {names}. "
            "Sort the images into folders named after the classes."
        )
    return tuple(names)


def _scan(root, names, strict):
    """Returns the pictures below `root`, and what is none with its reason."""
    strangers = sorted(set(_folders(root)) - set(names))
    if strangers:
        raise ValueError(
            "`data` must hold the same classes in train, val and test. "
            f"Received: {str(root)!r} with {strangers}, not in train. Rename "
            "or remove what is too many."
        )
    files, labels = [], []
    for label, name in enumerate(names):
        found = sorted(
            str(path)
            for path in (root / name).rglob("*")
            if path.is_file() and not is_hidden(path)
        )
        files += found
        labels += [label] * len(found)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        # The GIL is free while Pillow decodes.
        reasons = list(pool.map(_reason_not_to_read, files))
    skipped = [pair for pair in zip(files, reasons, strict=True) if pair[1]]
    if strict and skipped:
        raise ValueError(
            "`data` must hold pictures only, with strict=True. Received: "
            f"{len(skipped)} files that cannot be read, the first "
            f"{skipped[0][0]!r} ({skipped[0][1]}). Take them out, or leave "
            "`strict` out to skip them."
        )
    if skipped:
        warnings.warn(_left_out(skipped), UserWarning, stacklevel=2)
    good = np.array([reason is None for reason in reasons], bool)
    part = Part(np.array(files, object), np.array(labels, int))
    return part[good], skipped


def _left_out(skipped, named=5):
    files = [f"{file} ({reason})" for file, reason in skipped[:named]]
    if len(skipped) > named:
        files.append(f"{len(skipped) - named:,} more")
    return (
        f"{len(skipped):,} file{'s' * (len(skipped) > 1)} cannot be read and "
        f"left out: {', '.join(files)}"
    )


def _reason_not_to_read(path):
    try:
        # Of a JPEG, small sizes are decoded faster; a broken one breaks.
        read_picture(path, (8, 8))
    except ValueError as error:
        return reason_of(error.__cause__)
    return None


def _check_counts(folder, names, part, fewest, skipped):
    counts = np.bincount(part.labels, minlength=len(names))
    few = [name for name, n in zip(names, counts, strict=True) if n < fewest]
    if few:
        unread = f"; {len(skipped)} files cannot be read" if skipped else ""
        raise ValueError(
            f"`data` must hold {fewest} pictures or more of each class to "
            "train on, and to hold some of them out where there is no val. "
            f"Received: data={str(folder)!r} with fewer in {few}{unread}. Add "
            "pictures, or take the folders out."
        )


def _divide(part, share, seed):
    """Draws `share` of each class; returns the rest and what was drawn."""
    generator = np.random.default_rng(seed)
    drawn = np.zeros(len(part), bool)
    for label in np.unique(part.labels):
        (members,) = np.nonzero(part.labels == label)
        number = max(1, round(share * len(members)))
        drawn[generator.permutation(members)[:number]] = True
    return part[~drawn], part[drawn]


def batches(part, classes, image_size, batch_size, seed=None):
    """Returns a `tf.data.Dataset` that reads a part from disk as it goes.

    What fits into `CACHE_BYTES` when decoded is decoded once. Images to train
    on are varied here and not by layers of the model, which JAX could not
    compile with it.

    Args:
        part: A `Part`.
        classes: Number of classes.
        image_size: Height and width of the images.
        batch_size: Images in a batch.
        seed: For training: draws the order, and how the images are turned,
            shifted and zoomed a little, anew each epoch. Defaults to None:
            the images as they are, in their order.

    Returns:
        Batches of images, float32 in [0, 255], and one-hot labels.
    """
    tf = require("tensorflow", "mobile")
    bytes_each = image_size * image_size * 3
    if seed is not None:
        # Files come sorted by class, wider apart than any buffer mixes.
        part = part[np.random.default_rng(seed).permutation(len(part))]
    sources = part.sources
    if part.files is not None:
        sources = np.array([os.fsencode(file) for file in part.files])
    data = tf.data.Dataset.from_tensor_slices((sources, part.labels))
    fits = len(part) * bytes_each <= CACHE_BYTES
    if seed is not None and not fits:
        data = data.shuffle(len(part), seed)  # of names only

    def read(source, label):
        if part.files is not None:
            source = tf.numpy_function(
                lambda path: read_picture(os.fsdecode(path), (image_size,) * 2),
                [source],
                tf.uint8,
            )
            source = tf.ensure_shape(source, (image_size, image_size, 3))
        return source, label

    data = data.map(read, tf.data.AUTOTUNE)
    if fits:
        data = data.cache()
    if seed is not None and fits:
        buffer = max(8 * batch_size, SHUFFLE_BYTES // bytes_each)
        data = data.shuffle(min(buffer, len(part)), seed)
    data = data.batch(batch_size).map(
        lambda images, labels: (
            tf.cast(images, tf.float32),
            tf.one_hot(labels, classes),
        ),
        tf.data.AUTOTUNE,
    )
    if seed is not None:
        # One batch after the other: the layers count what they drew.
        for layer in _varying_layers(seed):
            data = data.map(lambda x, y, layer=layer: (layer(x), y))
    return data.prefetch(tf.data.AUTOTUNE)


@contextlib.contextmanager
def told_of_lost_pictures():
    """Raises as OSError what `batches` says of a picture that went away."""
    errors = require("tensorflow", "mobile").errors
    try:
        yield
    except errors.OpError as error:
        said = re.search(r"A picture must .*", str(error))
        if said is None:
            raise
        raise OSError(said.group()) from error


def _varying_layers(seed):
    keywords = {
        "fill_mode": "nearest",
        "data_format": "channels_last",
        "seed": seed % 2**31,  # PyTorch holds it in 32 bits, with a sign
    }
    return (
        keras.layers.RandomRotation(0.03, **keywords),
        keras.layers.RandomTranslation(0.08, 0.08, **keywords),
        keras.layers.RandomZoom((-0.1, 0.1), **keywords),
    )
