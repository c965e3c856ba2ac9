"""Folders of pictures with masks: their classes, and what is wrong."""

import concurrent.futures
import pathlib
import warnings
from typing import NamedTuple

import numpy as np

from keras_papers.pipelines.data.answered_set import (
    AnsweredSet,
    answered_part,
    answered_set,
    hash_of,
    of_test,
)
from keras_papers.pipelines.data.checked_pictures import check_pictures
from keras_papers.pipelines.data.class_list import read_class_list
from keras_papers.pipelines.data.masks.class_colors import read_class_colors
from keras_papers.pipelines.data.masks.mask_pairs import mask_pairs
from keras_papers.pipelines.data.masks.mask_reader import (
    FOREGROUND,
    IGNORE,
    MaskReader,
    mask_values,
)


class _Pair(NamedTuple):
    picture: str
    mask: str
    size: tuple  # (height, width) of the picture


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
        An `AnsweredSet`.

    Raises:
        ValueError: If there is no such folder, it holds no masks, or a mask
            cannot be used. The error names it.

    Warns:
        UserWarning: Of what is left out, and of masks of two values.
    """
    pairs, notes = mask_pairs(folder)
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
    return AnsweredSet(images, kind, reader)


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
    pairs, notes = mask_pairs(folder)
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
    mask_pairs(folder)


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
