"""The folder that a command writes to."""

import os


def make_output(path):
    """Makes a folder unless it is there.

    Raises:
        ValueError: If it cannot be made or written in.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError("no permission to write in it")
    except OSError as error:
        raise ValueError(
            "`output` is the folder that the files are written to. "
            f"Received: output={str(path)!r} ({error.strerror or error}). "
            "Choose a folder that can be made and written."
        ) from error
