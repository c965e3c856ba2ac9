"""Files that are written whole or not at all."""

import contextlib
import os
import pathlib


@contextlib.contextmanager
def draft_of(path):
    """Yields a path beside `path` that is moved there when it is whole.

    Whatever interrupts the writing, a kill included, leaves what was at
    `path` before. The draft's name ends as that of `path`, since some writers
    go by the suffix.
    """
    path = pathlib.Path(path)
    # A worker that was thought dead may write beside the one that took its
    # trial. Named by the worker, what a kill left is written over.
    worker = os.environ.get("KERASTUNER_TUNER_ID")
    name = f"{worker}.{path.name}" if worker else path.name
    draft = path.with_name(f"part.{name}")
    try:
        yield draft
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def stamp(path):
    """Returns what tells a file from any that takes its place, or None.

    None is that of no file.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
