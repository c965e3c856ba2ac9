"""The folder that a job writes to: made, and claimed by one process."""

import contextlib
import contextvars
import functools
import os
import pathlib

from keras_papers.extras import require
from keras_papers.files.drafts import check_writable

LOCK = ".lock"
_claims = contextvars.ContextVar("claims")


def releases_claims(job):
    """Decorates a function so that its claims end with it, however it ends."""

    @functools.wraps(job)
    def run(*arguments, **options):
        with contextlib.ExitStack() as claims:
            token = _claims.set(claims)
            try:
                return job(*arguments, **options)
            finally:
                _claims.reset(token)

    return run


def claim(folder):
    """Makes a folder, and keeps other processes from writing to it.

    The claim ends with the function that `releases_claims` decorates. That of
    a process that was killed ends with the process.

    Raises:
        ValueError: If the folder cannot be made or written in, or is claimed.
        MissingExtraError: If the extra `mobile` is not installed.
    """
    _claims.get().enter_context(_claimed(pathlib.Path(folder)))


@contextlib.contextmanager
def _claimed(folder):
    filelock = require("filelock", "mobile")
    is_made = not folder.exists()
    make_output(folder)
    path = folder / LOCK
    lock = filelock.FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise ValueError(
            "`output` is a folder that one process at a time writes to. "
            f"Received: output={str(folder)!r}, which {_holder(path)} is "
            "writing to. Wait for it, or choose another folder."
        ) from None
    try:
        if isinstance(lock, filelock.UnixFileLock):  # others write it, or none
            path.write_text(f"{os.getpid()}\n")
        yield
    finally:
        # Before the release: another process could take the file in between.
        with contextlib.suppress(OSError):
            path.unlink()
        lock.release()
        if is_made:
            with contextlib.suppress(OSError):  # unless it holds something
                folder.rmdir()


def _holder(path):
    """Names the process that holds a lock, where its file says which."""
    try:
        number = int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return "another process"
    return "this process" if number == os.getpid() else f"process {number}"


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
        raise _not_made(path, error) from error


def _not_made(path, error):
    return ValueError(
        "`output` is the folder that the files are written to. "
        f"Received: output={str(path)!r} ({error.strerror or error}). "
        "Choose a folder that can be made and written."
    )


def beside(output):
    """Returns the name of another folder for another try."""
    return f"{os.fspath(output).rstrip(os.sep)}_2"


def check_output_file(name, path):
    """Raises ValueError unless a file can be written at a path.

    Args:
        name: Of the argument.
        path: The path, or None for no file.
    """
    if path is None:
        return
    received = f"`{name}` is the file to write. Received: {name}={path!r}"
    if not isinstance(path, str | os.PathLike):
        raise ValueError(f"{received}. Pass a path.")
    path = pathlib.Path(path)
    received = f"`{name}` is the file to write. Received: {name}={str(path)!r}"
    if path.is_dir():
        raise ValueError(f"{received}, which is a folder. Add a file's name.")
    if not path.parent.is_dir():
        raise ValueError(
            f"{received}, in a folder that does not exist. Make the folder "
            "first."
        )
    try:
        check_writable(path)
    except OSError as error:
        raise ValueError(
            f"{received} ({error.strerror}). Choose another place."
        ) from error


def _check_can_be_made(path):
    """Raises ValueError unless a folder can be made, and makes nothing."""
    path = pathlib.Path(path)
    there = path.absolute()
    try:
        while not there.exists():
            there = there.parent
        check_writable(there / "file")
    except OSError as error:
        raise _not_made(path, error) from error


def check_places(data, output):
    """Raises ValueError unless both are paths, the one not in the other.

    The folder `output` must be one that can be made and written in.
    """
    if not isinstance(output, str | os.PathLike):
        raise ValueError(
            "`output` is the path of the folder that the files are written to. "
            f"Received: output={output!r}. Pass a path such as 'my_model'."
        )
    _check_can_be_made(output)
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
