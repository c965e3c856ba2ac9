"""Folders of pictures: what is found, divided, left out, refused."""

import concurrent.futures
import pathlib
import warnings

import numpy as np

from keras_papers.pipelines.image_set import (
    TEST_SHARE,
    VALIDATION_SHARE,
    ImageSet,
    Part,
    divide,
)
from keras_papers.pipelines.pictures import (
    check_picture,
    is_hidden,
    reason_of,
)

# Pictures of a class to train on, by how many of the parts have folders.
FEWEST = {1: 5, 2: 2, 3: 1}
SPLITS = {  # names of folders: what their pictures are for
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}


def load_folder(folder, seed, strict=False, validation_share=VALIDATION_SHARE):
    """Finds the pictures of a folder, and reads each once to see that it can.

    Args:
        folder: Holds a folder of pictures for each class; or folders
            `train`, and perhaps `val` and `test`, that do. With both, `val`
            is watched; with one of them, it is tested on, and a share of
            `train` is watched. With none, a fifth of each class is tested on.
        seed: Draws what is held out.
        strict: Whether a file that cannot be read is an error.
        validation_share: Float in (0, 1). What is watched of each class where
            there are not both `val` and `test`.

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
    _check_counts(folder, names, train, FEWEST[len(roots)], skipped)
    # The watched pictures choose the model. So a `val` alone is what it is
    # tested on in the end, and others are watched.
    test = parts.get("test", parts.get("val"))
    if test is None:
        train, test = divide(train, TEST_SHARE, seed)
    if len(roots) == 3:
        validation = parts["val"]
    else:
        train, validation = divide(train, validation_share, seed)
    for name, part in (("val", validation), ("test", test)):
        if not len(part):
            raise ValueError(
                f"`data` must hold pictures in {name}, where there is such a "
                f"folder. Received: data={str(folder)!r} without one that can "
                "be read. Add pictures, or remove the folder."
            )
    return ImageSet(names, train, validation, test, tuple(skipped))


def check_folder(folder, to_train=True):
    """Raises ValueError unless there is a folder, and reads no picture.

    Args:
        folder: As for `load_folder`.
        to_train: Whether it must hold folders of two classes or more.
    """
    roots = _split_folders(pathlib.Path(folder))
    if to_train:
        _class_names(roots["train"])


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
        checked = list(pool.map(_check, files))
    hashes = np.array([found[0] for found in checked], object)
    skipped = [
        (file, reason)
        for file, (_, reason) in zip(files, checked, strict=True)
        if reason
    ]
    if strict and skipped:
        raise ValueError(
            "`data` must hold pictures only, with strict=True. Received: "
            f"{len(skipped)} files that cannot be read, the first "
            f"{skipped[0][0]!r} ({skipped[0][1]}). Take them out, or leave "
            "`strict` out to skip them."
        )
    if skipped:
        warnings.warn(_left_out(skipped), UserWarning, stacklevel=2)
    good = np.array([reason is None for _, reason in checked], bool)
    part = Part(np.array(files, object), np.array(labels, int), hashes)
    return part[good], skipped


def _left_out(skipped, named=5):
    files = [f"{file} ({reason})" for file, reason in skipped[:named]]
    if len(skipped) > named:
        files.append(f"{len(skipped) - named:,} more")
    return (
        f"{len(skipped):,} file{'s' * (len(skipped) > 1)} cannot be read and "
        f"left out: {', '.join(files)}"
    )


def _check(path):
    """Returns the hash of a picture file and why it cannot be read, or None."""
    try:
        return check_picture(path), None
    except ValueError as error:
        return None, reason_of(error.__cause__)


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
