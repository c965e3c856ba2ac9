"""What the user may have meant by a folder that does not hold classes."""

import difflib
import pathlib

from keras_papers.pipelines.data.folder_walk import (
    folders_in,
    is_picture_name,
    pictures_in,
)

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
DEEPEST = 3  # levels below a folder that are searched
MOST_SEARCHED = 200  # folders


def look_around(path, needs_classes=True):
    """Returns sentences on what lies at a path and near it, or nothing."""
    path = pathlib.Path(path)
    if path.is_file():
        return _said_of_file(path, needs_classes)
    if not path.exists():
        near = _spelled_alike(path)
        return f"Did you mean {str(near)!r}? " if near else ""
    number = pictures_in(path)
    said = f"{number:,} pictures lie directly here. " if number else ""
    if number == 1:
        said = "1 picture lies directly here. "
    meant = _below(path)
    if meant is None and number and not folders_in(path):
        above = path.resolve().parent
        meant = path.parent if _holds_classes(above) else None
    return said + (f"Did you mean {str(meant)!r}? " if meant else "")


def _said_of_file(path, needs_classes):
    if path.suffix.lower() in ARCHIVES:
        return "Unpack the archive, and pass the folder. "
    if path.suffix and is_picture_name(path.name):
        meant = "of the class folders" if needs_classes else "that it lies in"
        return f"This is one picture: pass the folder {meant}. "
    return ""


def _spelled_alike(path):
    """Returns the folder whose name is most like the first that is missing."""
    base = path
    while not base.is_dir():
        if base.parent == base or base.is_file():
            return None
        base, missing = base.parent, base.name
    names = {name.lower(): name for name in folders_in(base)}
    near = difflib.get_close_matches(missing.lower(), names, 1)
    return base / names[near[0]] if near else None


def _below(path):
    """Returns the first folder below that holds folders of pictures."""
    waiting, searched = [(path, 0)], 0
    while waiting and searched < MOST_SEARCHED:
        folder, depth = waiting.pop(0)
        searched += 1
        if depth and _holds_classes(folder):
            return folder
        if depth < DEEPEST:
            waiting += [(folder / n, depth + 1) for n in folders_in(folder)]
    return None


def _holds_classes(folder):
    """Returns whether two folders or more hold pictures directly."""
    return sum(bool(pictures_in(folder / n)) for n in folders_in(folder)) > 1
