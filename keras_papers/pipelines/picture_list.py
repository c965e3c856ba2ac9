"""The pictures that folders, patterns and paths name."""

import glob
import os

from keras_papers.pipelines.folder_hints import look_around
from keras_papers.pipelines.folder_walk import files_below, is_picture_name


def list_pictures(images):
    """Lists files of pictures, each once and in the order given.

    Args:
        images: A path, or a list of paths: of files; of folders, whose
            pictures at any depth count; or patterns as a shell has them, with
            `**` for any depth.

    Raises:
        ValueError: If there is no such file, or none in a folder or of a
            pattern.
    """
    one = isinstance(images, str | os.PathLike)
    paths = [images] if one else list(images)
    found = [file for path in paths for file in _files(os.fspath(path))]
    if not found:
        raise ValueError(
            "`images` are paths of pictures, folders or patterns. "
            f"Received: images={images!r}. Pass one at least."
        )
    return list(dict.fromkeys(found))


def _files(path):
    if os.path.isdir(path):
        files, what = [*filter(is_picture_name, files_below(path))], "folder"
    elif os.path.exists(path):
        return [path]
    elif glob.has_magic(path):
        files = sorted(filter(os.path.isfile, glob.glob(path, recursive=True)))
        files = [file for file in files if is_picture_name(file)]
        what = "pattern"
    else:
        raise ValueError(
            f"A picture must be a file. Received: {path!r} (No such file or "
            f"directory). {look_around(path)}Check the path."
        )
    if not files:
        raise ValueError(
            "`images` are paths of pictures, folders or patterns. "
            f"Received: the {what} {path!r} without a picture. Check the path."
        )
    return files
