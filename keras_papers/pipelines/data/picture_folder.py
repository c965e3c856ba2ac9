"""Folders of pictures: what is found, divided, left out, refused."""

import pathlib
import warnings

import numpy as np

from keras_papers.pipelines.data.bit_depth import describe_whites
from keras_papers.pipelines.data.checked_pictures import check_pictures
from keras_papers.pipelines.data.division import divide_roles
from keras_papers.pipelines.data.folder_hints import look_around
from keras_papers.pipelines.data.folder_levels import (
    PICTURES,
    check_is_folder,
    find_levels,
)
from keras_papers.pipelines.data.folder_walk import (
    files_below,
    folders_in,
    holds_pictures,
    pictures_in,
)
from keras_papers.pipelines.data.image_set import (
    VALIDATION_SHARE,
    ImageSet,
    Part,
)

# Pictures of a class to train on, by how many of the parts have folders.
FEWEST = {1: 5, 2: 2, 3: 1}


def load_folder(
    folder,
    seed,
    strict=False,
    validation_share=VALIDATION_SHARE,
    needs_classes=True,
):
    """Finds the pictures of a folder, and reads each once to see that it can.

    Args:
        folder: Holds a folder of pictures for each class; or folders
            `train`, and perhaps `val` and `test`, that do, under these names
            or others that `folder_levels` knows. With both, `val` is watched;
            with one of them, it is tested on, and a share of `train` is
            watched. With none, a fifth of each class is tested on.
        seed: Draws what is held out. Files of the same bytes stay together.
        strict: Whether a file that cannot be read is an error.
        validation_share: Float in (0, 1). What is watched of each class where
            there are not both `val` and `test`.
        needs_classes: Whether pictures that lie in one folder are refused.
            Else they have no class, and the set has no names.

    Raises:
        ValueError: If there is no such folder, or it can be read in two ways,
            or there are fewer than two classes, or too few pictures of a
            class.

    Warns:
        UserWarning: Of what is left out, also as a copy of a picture in an
            earlier part; of folders that are read in the likelier of two ways,
            of pictures with different values for white, of pictures that are
            in two classes, and of classes that are missing from a part.
    """
    flat = None if needs_classes else flat_root(folder)
    if flat is None:
        roots, notes = find_levels(folder)
        names = _class_names(folder, roots)
    else:
        roots, notes, names = {"train": flat}, (), ()
    parts, skipped, whites = {}, [], {}
    for split, root in roots.items():
        parts[split], broken, likely = _scan(root, names, strict)
        skipped += broken
        whites |= likely
    train = parts["train"]
    fewest = FEWEST[len(roots)]
    _check_counts(roots["train"], names, train, fewest, skipped)
    division = divide_roles(parts, folder, seed, validation_share)
    train, validation, test = division[:3]
    # Of the parts that have folders, what is left.
    in_val = test if division.test_is_val else validation
    left = {"train": train, "val": in_val, "test": test}
    missing = _missing(names, roots, left)
    notes = [*notes, *missing, *division.notes, *describe_whites(whites)]
    for note in notes:
        warnings.warn(note, UserWarning, stacklevel=2)
    return ImageSet(
        names, train, validation, test, tuple(skipped), division.duplicates
    )


def check_folder(folder, to_train=True, needs_classes=True):
    """Raises ValueError unless there is a folder, and reads no picture.

    Args:
        folder: As for `load_folder`.
        to_train: Whether it must hold folders of two classes or more.
        needs_classes: As for `load_folder`.
    """
    check_is_folder(folder, needs_classes)
    if to_train and (needs_classes or flat_root(folder) is None):
        _class_names(folder, find_levels(folder).roots)


def flat_root(folder):
    """Returns the folder that alone holds pictures, or None of class folders.

    It is `folder`, or one in it where that is the only one with pictures.

    Raises:
        ValueError: If `folder` is none, or holds neither pictures nor folders
            that could be those of classes.
    """
    check_is_folder(folder, needs_classes=False)
    folder = pathlib.Path(folder)
    if not holds_pictures(folder) and len(folders_in(folder)) < 2:
        others = files_below(folder)
        ending = "no file has the ending of a picture, such as .jpg or .png"
        raise ValueError(
            f"`data` is {PICTURES}. Received: data={str(folder)!r}, "
            f"{f'in which {ending}' if others else 'which is empty'}. Check "
            "the path, or leave it out for the bundled digits."
        )
    inner = [n for n in folders_in(folder) if holds_pictures(folder / n)]
    if pictures_in(folder, with_ending=True):
        return None if inner else folder
    return flat_root(folder / inner[0]) if len(inner) == 1 else None


def load_test_folder(folder, names):
    """Finds the pictures of known classes; those of `test` where it is.

    Raises:
        ValueError: If there is no class folder, or one is not in `names`.
    """
    roots, notes = find_levels(folder, names)
    root = roots.get("test") or roots.get("val") or roots["train"]
    found = [name for name in folders_in(root) if name in names]
    unknown = sorted(set(folders_in(root)) - set(names))
    if unknown or not found:
        raise ValueError(
            "`data` must hold folders of the classes that the model knows, "
            f"{', '.join(names)}. Received: data={str(root)!r} with "
            + (
                f"class folders {unknown}. Rename or remove them."
                if unknown
                else f"no class folder. {look_around(root)}Sort the pictures "
                "into such."
            )
        )
    part, skipped, whites = _scan(root, names, strict=False)
    for note in [*notes, *describe_whites(whites)]:
        warnings.warn(note, UserWarning, stacklevel=2)
    if not len(part):
        raise ValueError(
            "`data` must hold pictures that can be read. "
            f"Received: data={str(root)!r} with none. Check the folder."
        )
    return part, skipped


def _class_names(folder, roots):
    if "train" not in roots:
        raise ValueError(
            "`data` must hold a folder train where it holds others of its "
            f"parts. Received: data={str(folder)!r} with only "
            f"{', '.join(str(root) for root in roots.values())}. Pass the "
            "folder that holds all parts, or the one that holds the classes."
        )
    root = roots["train"]
    names = folders_in(root)
    if len(names) < 2 or any(name.splitlines() != [name] for name in names):
        raise ValueError(
            "`data` must hold a folder of images for each of two classes or "
            f"more. Received: data={str(root)!r} with class folders {names}. "
            f"{look_around(root)}Sort the images into folders named after the "
            "classes."
        )
    return tuple(names)


def _scan(root, names, strict):
    """Returns the pictures below `root`, the other files, and likely whites.

    Each other file comes with its reason. The last is a dict from a file to
    the value that was taken for white because the file does not record it.
    """
    here = folders_in(root)
    unknown = sorted(set(here) - set(names)) if names else []
    if unknown:
        raise ValueError(
            "`data` must hold the same classes in train, val and test. "
            f"Received: {str(root)!r} with {unknown}, not in train. Rename "
            "or remove what is too many."
        )
    files, labels = [], []
    for label, name in enumerate(names):
        found = files_below(root / name) if name in here else []
        files += found
        labels += [label] * len(found)
    if not names:
        files = files_below(root)
        labels = [0] * len(files)
    checked = check_pictures(files, strict)
    part = Part(np.array(files, object), np.array(labels, int), checked.hashes)
    return part[checked.good], checked.skipped, checked.whites


def _check_counts(root, names, part, fewest, skipped):
    labels = part.labels[part.is_first()]
    if not names:
        if len(labels) >= fewest:
            return
        raise ValueError(
            f"`data` must hold {fewest} pictures or more that differ, to hold "
            f"some of them out. Received: data={str(root)!r} with "
            f"{len(labels)} that can be read. Add pictures."
        )
    counts = np.bincount(labels, minlength=len(names))
    few = [name for name, n in zip(names, counts, strict=True) if n < fewest]
    if few:
        unread = f"; {len(skipped)} files cannot be read" if skipped else ""
        copies = len(part) - len(labels)
        unread += f"; {copies} are copies of others" * (copies > 0)
        raise ValueError(
            f"`data` must hold {fewest} pictures or more of each class to "
            "train on, and to hold some of them out where there is no val. "
            f"Received: data={str(root)!r} with fewer in {few}{unread}. "
            f"{look_around(root)}Add pictures, or take the folders out."
        )


def _missing(names, roots, parts):
    """Yields sentences on classes of which a part has no pictures."""
    for part, root in roots.items():
        there = set(parts[part].labels.tolist())
        missing = [repr(n) for i, n in enumerate(names) if i not in there]
        if missing and part != "train":
            yield (
                f"{root} holds no pictures of {', '.join(missing)}, of which "
                "nothing is measured"
            )
