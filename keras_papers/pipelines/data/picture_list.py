"""The pictures that folders, patterns and paths name."""

import glob
import os
import pathlib

from keras_papers.pipelines.data.folder_hints import look_around
from keras_papers.pipelines.data.folder_walk import (
    files_below,
    is_foreign,
    is_picture_name,
)

MISSING = "No such file or directory"


def list_pictures(images):
    """Lists files of pictures, each once and in the order given.

    What programs leave in folders is left out, as in folders of classes.

    Args:
        images: A path, or a list of paths: of files; of folders, whose
            pictures at any depth count; or patterns as a shell has them, with
            `**` for any depth.

    Returns:
        The files; and pairs of a path without a picture and the reason.

    Raises:
        ValueError: If there is no picture at all.
    """
    one = isinstance(images, str | os.PathLike)
    paths = [os.fspath(path) for path in ([images] if one else images)]
    if not paths:
        raise ValueError(
            "`images` are paths of pictures, folders or patterns. "
            f"Received: images={images!r}. Pass one at least."
        )
    listed = {path: _files(path) for path in paths}
    found = [file for files in listed.values() for file in files]
    if not found:
        raise _refusal(paths[0])
    missing = [
        (path, _reason(path)) for path, files in listed.items() if not files
    ]
    return list(dict.fromkeys(found)), missing


def _files(path):
    """Returns the pictures that a path names, which may be none."""
    if os.path.isdir(path):
        return [*filter(is_picture_name, files_below(path))]
    if os.path.exists(path):
        return [path]
    files = sorted(filter(os.path.isfile, glob.glob(path, recursive=True)))
    return [
        file
        for file in files
        if is_picture_name(file) and not _is_of_program(file, path)
    ]


def _is_of_program(file, pattern):
    """Returns whether a file is of a program, and not named by the pattern.

    A pattern passes over names that begin with a dot by itself.
    """
    named = pathlib.PurePath(pattern).parts
    return any(
        is_foreign(part) and not part.startswith(".") and part not in named
        for part in pathlib.PurePath(file).parts
    )


def _kind(path):
    if os.path.isdir(path):
        return "folder"
    return "pattern" if glob.has_magic(path) else None


def _reason(path):
    kind = _kind(path)
    return f"a {kind} without a picture" if kind else MISSING


def _refusal(path):
    kind = _kind(path)
    if kind is None:
        return ValueError(
            f"A picture must be a file. Received: {path!r} ({MISSING}). "
            f"{look_around(path)}Check the path."
        )
    return ValueError(
        "`images` are paths of pictures, folders or patterns. "
        f"Received: the {kind} {path!r} without a picture. Check the path."
    )
