"""Where a .tflite file is written."""

import os
import pathlib

from keras_papers.files.drafts import check_writable


def check_path(path):
    """Returns where a file is written; raises ValueError if it cannot be."""
    if not isinstance(path, str | os.PathLike):
        raise ValueError(
            "`path` is where the file is written. "
            f"Received: path={path!r}. Pass a path such as 'model.tflite'."
        )
    path = pathlib.Path(path)
    if path.suffix != ".tflite":
        raise ValueError(
            "`path` is where the file is written and must end with '.tflite'. "
            f"Received: path={str(path)!r}. Add the ending."
        )
    if not path.parent.is_dir() or path.is_dir():
        raise ValueError(
            "`path` must be a file in a folder that exists. "
            f"Received: path={str(path)!r}. Make the folder first."
        )
    try:
        check_writable(path)
    except OSError as error:
        raise ValueError(
            "`path` must lie in a folder that can be written to. "
            f"Received: path={str(path)!r} ({error.strerror}). Choose another "
            "place."
        ) from error
    return path
