"""Files of pictures, each read once to see that it can be."""

import concurrent.futures
import warnings
from typing import NamedTuple

import numpy as np

from keras_papers.extras import MissingExtraError
from keras_papers.pipelines.data.pictures import check_picture, reason_of


class Checked(NamedTuple):
    """What reading files of pictures showed."""

    good: np.ndarray  # bool, of each file: whether it can be read
    hashes: np.ndarray  # SHA-256 of each file that can be read
    skipped: list  # (file, reason) of the others
    whites: dict  # file to the value that was taken for white
    sizes: list  # (height, width), upright, of each file that can be read


def check_pictures(files, strict=False):
    """Reads files of pictures, and keeps nothing of their pixels.

    Args:
        files: List of paths.
        strict: Whether a file that cannot be read is an error.

    Returns:
        What was `Checked`.

    Raises:
        ValueError: With `strict`, if a file cannot be read.

    Warns:
        UserWarning: Of files that cannot be read.
    """
    with concurrent.futures.ThreadPoolExecutor() as pool:
        # The GIL is free while Pillow decodes.
        checked = list(pool.map(_check, files))
    hashes = np.array([found[0] for found in checked], object)
    skipped = [
        (file, reason)
        for file, (_, reason, *_) in zip(files, checked, strict=True)
        if reason
    ]
    whites = {
        file: white
        for file, (_, _, white, _) in zip(files, checked, strict=True)
        if white is not None
    }
    if strict and skipped:
        raise ValueError(
            "`data` must hold pictures only, with strict=True. Received: "
            f"{len(skipped)} files that cannot be read, the first "
            f"{skipped[0][0]!r} ({skipped[0][1]}). Take them out, or leave "
            "`strict` out to skip them."
        )
    if skipped:
        warnings.warn(_left_out(skipped), UserWarning, stacklevel=3)
    good = np.array([reason is None for _, reason, *_ in checked], bool)
    sizes = [size for *_, size in checked]
    return Checked(good, hashes, skipped, whites, sizes)


def _left_out(skipped, named=5):
    files = [f"{file} ({reason})" for file, reason in skipped[:named]]
    if len(skipped) > named:
        files.append(f"{len(skipped) - named:,} more")
    return (
        f"{len(skipped):,} file{'s' * (len(skipped) > 1)} cannot be read and "
        f"left out: {', '.join(files)}"
    )


def _check(path):
    """Returns a file's hash, why it cannot be read or None, white and size."""
    try:
        hashed, white, size = check_picture(path)
    except MissingExtraError:
        raise
    except ValueError as error:
        return None, reason_of(error.__cause__), None, None
    return hashed, None, white, size
