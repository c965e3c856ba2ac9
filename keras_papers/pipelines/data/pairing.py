"""Which picture a file of boxes or a mask belongs to, by their names."""

import os
import pathlib
import re

from keras_papers.pipelines.data.folder_levels import ANSWERS, INPUTS, role_of
from keras_papers.pipelines.data.folder_walk import is_picture_name

# Names of folders that say what a file is, and not which picture it is of.
KINDS = INPUTS | ANSWERS
# Words that may follow the name of the picture in that of its mask.
ENDINGS = re.compile(
    r"[ _.\-](masks?|labels?|labelids|gt|seg(mentation)?|annotations?|l)$",
    re.IGNORECASE,
)


def key_of(path, root, of_answer=False):
    """Returns what a picture and its mask or file of boxes have in common.

    It is the path in `root` without its ending, and without the folders that
    name a kind of file, such as `JPEGImages` and `Annotations`.

    Args:
        path: Of the file.
        root: The folder of the user.
        of_answer: Whether words such as `_mask` at the end of the name do not
            count.

    Example:
    >>> key_of("set/train/images/a.jpg", "set")
    'train/a'
    >>> key_of("set/train_masks/a_mask.png", "set", of_answer=True)
    'train/a'
    """
    path = pathlib.PurePath(os.path.relpath(path, root))
    folders = [_without_kinds(part) for part in path.parts[:-1]]
    stem = path.stem
    if of_answer:
        stem = ENDINGS.sub("", stem)
    return "/".join([*filter(None, folders), stem])


def _without_kinds(folder):
    words = re.split(r"[ _\-]", folder)
    return "_".join(word for word in words if word.lower() not in KINDS)


def words_of_folders(file, root):
    """Returns the words in the names of the folders that a file lies in."""
    inside = pathlib.PurePath(file).relative_to(root).parts[:-1]
    return {
        word for part in inside for word in re.split(r"[ _\-]", part.lower())
    }


def without_masks(files, root):
    """Returns files without the masks of pictures among them.

    A mask lies in a folder such as `masks`, and a picture of its name lies in
    none.

    Args:
        files: Paths.
        root: The folder of the user.
    """
    images = [*filter(is_picture_name, files)]
    answers = {f for f in images if words_of_folders(f, root) & ANSWERS}
    keys = {key_of(file, root) for file in images if file not in answers}
    masks = {
        file
        for file in answers
        if keys & {key_of(file, root), key_of(file, root, of_answer=True)}
    }
    return [file for file in files if file not in masks]


def role_of_key(key):
    """Returns what a picture is for by the folders it lies in, or None.

    Example:
    >>> role_of_key("valid/street/a"), role_of_key("street/a")
    ('val', None)
    """
    roles = [role_of(part) for part in key.split("/")[:-1]]
    return next((role for role in roles if role), None)


def pictures_by_key(files, root):
    """Returns the pictures among files by their keys.

    Args:
        files: Paths.
        root: The folder of the user.

    Raises:
        ValueError: If two pictures have the same key.
    """
    found = {}
    for file in files:
        if not is_picture_name(file) or not os.path.splitext(file)[1]:
            continue
        key = key_of(file, root)
        if key in found:
            raise ValueError(
                "`data` must hold one picture for each annotation. Received: "
                f"{found[key]!r} and {file!r}, to which the same name belongs. "
                "Rename or remove one of them."
            )
        found[key] = file
    return found
