"""Which mask belongs to which picture, by folders and names."""

import pathlib

from keras_papers.pipelines.data.folder_hints import look_around
from keras_papers.pipelines.data.folder_levels import ANSWERS, INPUTS
from keras_papers.pipelines.data.folder_walk import files_below, is_picture_name
from keras_papers.pipelines.data.image_lists import check_listed, listed_roles
from keras_papers.pipelines.data.pairing import (
    ENDINGS,
    key_of,
    pictures_by_key,
    role_of_key,
    words_of_folders,
)

MASKS = "a folder of pictures and masks, such as images/a.jpg and masks/a.png"
# Folders whose masks number the objects, and do not name their classes.
OF_OBJECTS = frozenset(("segmentationobject", "instances", "instance"))
LOSSY = frozenset((".jpg", ".jpeg", ".jfif", ".jpe"))


def mask_pairs(folder):
    """Finds the pictures of a folder and their masks; none of them is read.

    Args:
        folder: The folder of the user.

    Returns:
        A list of picture, mask and role; and notes, a list of sentences.

    Raises:
        ValueError: If there are no masks, or one has no picture.
    """
    path = pathlib.Path(folder)
    if not path.is_dir():
        raise ValueError(
            f"`data` is {MASKS}. Received: data={str(folder)!r}, which is no "
            f"folder. {look_around(path, needs_classes=False)}Check the path."
        )
    files = files_below(folder)
    roles = listed_roles(folder, files, "Segmentation")
    masks, notes = _masks(files, folder)
    pictures = pictures_by_key(
        [
            file
            for file in files
            if file not in masks
            and not words_of_folders(file, folder) & OF_OBJECTS
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
    if roles:
        there = {pathlib.PurePath(key).name: key for key in pairs}
        check_listed(roles, there, folder, "Segmentation")
        pairs = {there[stem]: pairs[there[stem]] for stem in roles}
    lost = len(pictures) - len(pairs)
    if lost:
        notes.append(f"{lost:,} pictures without a mask are left out")
    return [pairs[key] for key in sorted(pairs)], notes


def _masks(files, folder):
    """Returns the key of the picture of each mask, None without, and notes.

    Masks lie in folders of masks, or beside a picture with, say, `_mask` at
    the end of the name. A picture may be called so, too, such as `road_l`; so
    in a folder of pictures none is a mask if there is a folder of masks.
    """
    below = {
        file: words_of_folders(file, folder)
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
        if not words & (ANSWERS | INPUTS if masks else ANSWERS)
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
    mixed = [file for file in beside if file in found and below[file] & INPUTS]
    if not mixed:
        return found, []
    return found, [
        f"no folder of masks lies in the data; {len(mixed):,} files in the "
        f"folder of the pictures are taken for masks by their names, such as "
        f"{mixed[0]!r}"
    ]
