"""The folder that a command writes to."""

import os
import pathlib


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


def check_places(data, output):
    """Raises ValueError unless both are paths, the one not in the other."""
    if not isinstance(output, str | os.PathLike):
        raise ValueError(
            "`output` is the path of the folder that the files are written to. "
            f"Received: output={output!r}. Pass a path such as 'my_model'."
        )
    if data is None:
        return
    if not isinstance(data, str | os.PathLike):
        raise ValueError(
            "`data` is the path of a folder that holds a folder of images for "
            f"each class. Received: data={data!r}. Pass a path, or leave it "
            "out for the bundled digits."
        )
    data, output = pathlib.Path(data).resolve(), pathlib.Path(output).resolve()
    if output.is_relative_to(data):
        raise ValueError(
            "`output` must not lie inside `data`, where it would be taken for "
            f"a class. Received: output={str(output)!r}. Choose another folder."
        )
