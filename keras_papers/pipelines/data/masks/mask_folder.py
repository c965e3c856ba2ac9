"""Folders of pictures with masks: which belong together, and what is wrong."""

import concurrent.futures
import pathlib
import re
import warnings
from typing import NamedTuple

import numpy as np

from keras_papers.pipelines.data.answered_set import (
    answered_part,
    answered_set,
    hash_of,
    of_test,
)
from keras_papers.pipelines.data.checked_pictures import check_pictures
from keras_papers.pipelines.data.class_list import read_class_list
from keras_papers.pipelines.data.folder_hints import look_around
from keras_papers.pipelines.data.folder_levels import ANSWERS, INPUTS
from keras_papers.pipelines.data.folder_walk import files_below, is_picture_name
from keras_papers.pipelines.data.image_lists import check_listed, listed_roles
from keras_papers.pipelines.data.image_set import ImageSet
from keras_papers.pipelines.data.masks.class_colors import read_class_colors
from keras_papers.pipelines.data.masks.mask_reader import (
    FOREGROUND,
    IGNORE,
    MaskReader,
    mask_values,
)
from keras_papers.pipelines.data.pairing import (
    ENDINGS,
    key_of,
    pictures_by_key,
    role_of_key,
)

MASKS = "a folder of pictures and masks, such as images/a.jpg and masks/a.png"
# Folders whose masks number the objects, and do not name their classes.
OF_OBJECTS = frozenset(("segmentationobject", "instances", "instance"))


LOSSY = frozenset((".jpg", ".jpeg", ".jfif", ".jpe"))


class _Pair(NamedTuple):
    picture: str
    mask: str
    size: tuple  # (height, width) of the picture


class MaskSet(NamedTuple):
    """Pictures with masks, divided."""

    images: ImageSet  # whose parts are `AnsweredPart` of paths of masks
    reader: MaskReader
    kind: str  # what stands for the classes, for people


def load_masks(folder, seed, *, names=None, ignore=IGNORE, strict=False):
    """Finds the pictures of a folder and their masks, and checks both.

    A mask belongs to the picture of the same name: in a folder called `masks`,
    `labels`, `SegmentationClass` or the like, or beside it with `_mask` at the
    end of its name. What stands for a class is its index, in a gray or a
    palette image, or a color where the folder holds a table, `class_dict.csv`.
    `classes.txt` lists the names of indices, from 0.

    Args:
        folder: Holds pictures and masks. Folders `train`, `val` and `test`, or
            lists in `ImageSets/Segmentation`, divide it; else a fifth is held
            out.
        seed: Draws what is held out.
        names: Names of the classes that are known; others are an error.
            Defaults to None: those that the folder lists.
        ignore: Int in a mask, or index of a color of the table, that stands
            for no class. Pixels of 255 are ignored in any case.
        strict: Whether a picture that cannot be read is an error.

    Returns:
        A `MaskSet`.

    Raises:
        ValueError: If there is no such folder, it holds no masks, or a mask
            cannot be used. The error names it.

    Warns:
        UserWarning: Of what is left out, and of masks of two values.
    """
    pairs, notes = _pairs(folder)
    known, reader, hashes, checked = _checked_all(
        pairs, notes, folder, names, ignore, strict
    )
    images = answered_set(
        folder,
        known,
        [picture for picture, _, _ in pairs],
        [mask for _, mask, _ in pairs],
        hashes,
        [role for *_, role in pairs],
        checked,
        seed,
    )
    colors = reader.colors
    kind = (
        f"colors of {pathlib.Path(colors.file).name}" if colors else "indices"
    )
    return MaskSet(images, reader, kind)


def load_test_masks(folder, names, *, ignore=IGNORE):
    """Finds the pictures that a finished model is tested on, and their masks.

    They are those of the part `test`; without it, of `val`; without either,
    all. Copies stay, and one picture is enough.

    Args:
        folder: As for `load_masks`.
        names: Of the classes of the model.
        ignore: As for `load_masks`.

    Returns:
        An `AnsweredPart` of paths of masks, and their `MaskReader`.

    Raises:
        ValueError: As `load_masks` does. Of the other parts no file is read.

    Warns:
        UserWarning: Of what is left out, and of masks of two values.
    """
    pairs, notes = _pairs(folder)
    pairs = of_test(pairs, [role for *_, role in pairs])
    _, reader, hashes, checked = _checked_all(
        pairs, notes, folder, names, ignore
    )
    files = [picture for picture, _, _ in pairs]
    masks = [mask for _, mask, _ in pairs]
    return answered_part(folder, files, masks, hashes, checked), reader


def _checked_all(pairs, notes, folder, names, ignore, strict=False):
    """Returns names of classes, `MaskReader`, hashes of masks, `Checked`."""
    colors = read_class_colors(folder, IGNORE)
    listed = colors.names if colors else read_class_list(folder)
    known = names or listed
    if listed and tuple(known) != listed:
        raise ValueError(
            "`data` must hold masks of the classes that the model knows, in "
            f"their order: {', '.join(known)}. Received: data={str(folder)!r}, "
            f"whose list of classes has {', '.join(listed)}. Export the masks "
            "with the classes of the model, or change the list if it is wrong."
        )
    files = [picture for picture, _, _ in pairs]
    checked = check_pictures(files, strict)
    good = [
        _Pair(picture, mask, size)
        for (picture, mask, _), size in zip(pairs, checked.sizes, strict=True)
        if size
    ]
    if colors is not None:
        reader, read = _by_colors(good, colors, ignore)
    else:
        is_named = known is not None
        known, reader, read = _by_indices(good, known, ignore)
        if not is_named or reader.is_binary:
            notes += _notes_on_values(reader, known if is_named else None)
    if good and len(known) < 2:
        raise ValueError(
            "`data` must hold masks of two classes or more, the background "
            f"being one. Received: {good[0].mask!r} and others of "
            f"{list(known)} alone. Check what your tool wrote."
        )
    for note in notes:
        warnings.warn(note, UserWarning, stacklevel=3)
    hash_of_mask = {
        pair.mask: hashed for pair, hashed in zip(good, read, strict=True)
    }
    hashes = [hash_of_mask.get(mask) for _, mask, _ in pairs]
    return tuple(known), reader, hashes, checked


def check_mask_folder(folder):
    """Raises ValueError unless a folder holds pictures and masks.

    None of them is read.
    """
    _pairs(folder)


def _pairs(folder):
    """Returns picture, mask and role of each pair, and notes."""
    path = pathlib.Path(folder)
    if not path.is_dir():
        raise ValueError(
            f"`data` is {MASKS}. Received: data={str(folder)!r}, which is no "
            f"folder. {look_around(path, needs_classes=False)}Check the path."
        )
    files = files_below(folder)
    roles = listed_roles(folder, files, "Segmentation")
    masks = _masks(files, folder)
    pictures = pictures_by_key(
        [
            file
            for file in files
            if file not in masks
            and not _words_of_folders(file, folder) & OF_OBJECTS
        ],
        folder,
    )
    pairs = {}
    for mask, key in masks.items():
        if key is None:
            raise ValueError(
                "`data` must hold the picture of each mask. Received: "
                f"{mask!r}, and no picture called "
                f"{key_of(mask, folder, of_answer=True)!r}. Add the picture, "
                "or remove the mask."
            )
        if pathlib.Path(mask).suffix.lower() in LOSSY:
            raise ValueError(
                "`data` must hold masks that are stored without loss. "
                f"Received: {mask!r}, in which classes are mixed at their "
                "edges. Export the masks as PNG."
            )
        if key in pairs:
            raise ValueError(
                "`data` must hold one mask for each picture. Received: "
                f"{pairs[key][1]!r} and {mask!r}, both of {pictures[key]!r}. "
                "Remove one of them."
            )
        stem = pathlib.PurePath(key).name
        role = roles.get(stem) if roles else role_of_key(key)
        pairs[key] = pictures[key], mask, role
    if not pairs:
        raise ValueError(
            f"`data` is {MASKS}. Received: data={str(folder)!r}, in which "
            f"{len(pictures):,} pictures lie and no masks. Check the path, or "
            "put the masks into a folder masks, with the names of the pictures."
        )
    notes = []
    if roles:
        there = {pathlib.PurePath(key).name: key for key in pairs}
        check_listed(roles, there, folder, "Segmentation")
        pairs = {there[stem]: pairs[there[stem]] for stem in roles}
    lost = len(pictures) - len(pairs)
    if lost:
        notes.append(f"{lost:,} pictures without a mask are left out")
    return [pairs[key] for key in sorted(pairs)], notes


def _masks(files, folder):
    """Returns the key of the picture of each mask, None where there is none.

    Masks lie in folders of masks, or beside a picture with, say, `_mask` at
    the end of the name. A picture may be called so, too, such as `road_l`.
    """
    below = {
        file: _words_of_folders(file, folder)
        for file in files
        if is_picture_name(file)
    }
    below = {
        file: words for file, words in below.items() if not words & OF_OBJECTS
    }
    masks = [file for file, words in below.items() if words & ANSWERS]
    beside = [
        file
        for file, words in below.items()
        if not words & (ANSWERS | INPUTS)
        and ENDINGS.search(pathlib.PurePath(file).stem)
    ]
    keys = {
        key_of(file, folder)
        for file in set(below) - set(masks)
        if pathlib.PurePath(file).suffix
    }
    found = {}
    for mask in masks:
        own = (key_of(mask, folder, of_answer=each) for each in (False, True))
        found[mask] = next((key for key in own if key in keys), None)
    for file in beside:
        key = key_of(file, folder, of_answer=True)
        if key in keys:
            found[file] = key
    have_masks = set(found.values())
    for file in beside:  # what has a mask is a picture
        if key_of(file, folder) in have_masks:
            found.pop(file, None)
    return found


def _words_of_folders(file, folder):
    """Returns the words in the names of the folders that a file lies in."""
    inside = pathlib.PurePath(file).relative_to(folder).parts[:-1]
    return {
        word for part in inside for word in re.split(r"[ _\-]", part.lower())
    }


def _by_colors(pairs, colors, ignore):
    """Reads all masks of colors; returns their `MaskReader` and hashes."""
    reader = MaskReader(min(len(colors.names), IGNORE), ignore, colors)

    def read(pair):
        indices = reader.read(pair.mask)
        _check_size(pair, indices)
        return hash_of(indices)

    return reader, _of_each(pairs, read)


def _by_indices(pairs, known, ignore):
    """Reads all masks of indices; returns names, `MaskReader` and hashes."""

    def read(pair):
        values = mask_values(pair.mask)
        _check_size(pair, values)
        return set(np.unique(values).tolist()), hash_of(values)

    found = _of_each(pairs, read)
    there = set().union(*(values for values, _ in found))
    classes = there - {ignore, IGNORE}
    is_binary = (
        ignore == IGNORE
        and FOREGROUND in there
        and classes == {0}
        and (known is None or len(known) == 2)
    )
    if known is None and is_binary:
        known = ("background", "foreground")
    elif known is None:
        known = [
            f"class {index}" for index in range(max(classes, default=0) + 1)
        ]
    reader = MaskReader(min(len(known), IGNORE), ignore, None, is_binary)
    valid = set(np.flatnonzero(reader.indices >= 0).tolist())
    for pair, (values, _) in zip(pairs, found, strict=True):
        if not values <= valid:
            reader.read(pair.mask)  # raises the error
    return tuple(known), reader, [hashed for _, hashed in found]


def _of_each(pairs, read):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        # The GIL is free while Pillow decodes.
        return list(pool.map(read, pairs))


def _check_size(pair, pixels):
    if pixels.shape[:2] != pair.size:
        raise ValueError(
            "`data` must hold masks of the sizes of their pictures. Received: "
            f"{pair.mask!r} of {pixels.shape[1]} x {pixels.shape[0]} pixels, "
            f"and {pair.picture!r} of {pair.size[1]} x {pair.size[0]}. Export "
            "the mask again, or put the picture that it was made for into its "
            "place."
        )


def _notes_on_values(reader, known):
    if reader.is_binary:
        name = known[1] if known else "foreground"
        return [
            f"the masks hold 0 and {FOREGROUND} alone, which is taken for "
            f"{name!r} and not for pixels to ignore"
        ]
    return [
        f"no file lists the {reader.classes:,} classes, which are called by "
        "their indices; write classes.txt, with a name on each line"
    ]
