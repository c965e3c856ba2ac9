"""Files that are written completely or not at all."""

import contextlib
import errno
import os
import pathlib
import platform
import threading


@contextlib.contextmanager
def draft_of(path):
    """Yields a temporary path, which is moved to `path` when it is complete.

    If writing is interrupted, for example by a kill or a full disk, the file at
    `path` is unchanged. Each process and thread that writes a file has its own
    draft. The draft has the suffix of `path`, since some writers depend on it.
    If `path` is a link, it stays one.
    """
    path = pathlib.Path(path).resolve()
    if path.exists() and not path.is_file():  # a device would be replaced
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    remove_abandoned(path)
    draft = path.with_name(draft_name(path.name))
    try:
        yield draft
        sync(draft)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def draft_name(name):
    """Returns the name of the draft of a file, as this thread writes it."""
    # A worker of a search that seemed lost may write at the same time as the
    # one that took its trial. With the worker's name in it, a draft that a kill
    # left is overwritten.
    writer = os.environ.get("KERASTUNER_TUNER_ID")
    if writer is None:
        writer = f"{_machine()}-{os.getpid()}-{threading.get_ident()}"
    return f"part.{writer}.{name}"


def sync(path):
    """Waits until the content of a file is on the disk.

    Some file systems report only then that they are full. Without it, a loss of
    power could leave the new name without the content.
    """
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def check_writable(path):
    """Raises OSError unless a file can be written at a path."""
    path = pathlib.Path(path).resolve()
    draft = path.with_name(draft_name(path.name))
    try:
        draft.touch()
    finally:
        draft.unlink(missing_ok=True)


def remove_abandoned(path):
    """Removes the drafts of a file whose process of this machine was killed."""
    start = f"part.{_machine()}-"
    with contextlib.suppress(FileNotFoundError):  # of the folder
        names = os.listdir(path.parent)
        for name in names:
            writer, _, rest = name.removeprefix(start).partition(".")
            process = writer.partition("-")[0]
            if (
                name.startswith(start)
                and rest == path.name
                and process.isdigit()
                and not _runs(int(process))
            ):
                path.with_name(name).unlink(missing_ok=True)


def _machine():
    return platform.node().replace(".", "_")


def _runs(process):
    """Returns whether a process runs; True where that is not known."""
    if os.name != "posix":  # on other systems signal 0 is not a query
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def stamp(path):
    """Returns what identifies one version of a file, or None without a file.

    A file that replaces it has another stamp.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
