"""A process that is killed at one of its writes, in the process of the test.

A real SIGKILL at a given write would take a process for each of them. What
matters of it is simulated: the code after the write does not run, and nothing
more reaches the disk.
"""

import contextlib
import itertools
import os

import pytest


class Killed(BaseException):
    """Stands for a SIGKILL: no `except Exception` handles it."""


class KillAtWrite:
    """A kill at one write; the writes of all its processes are counted.

    Files are written as drafts, which `os.replace` moves to their places. A
    write is one such move.

    Args:
        write: Int. The write at which a process is killed, counted from 0.
        after: Whether it is killed after the file is in its place, or before.
    """

    def __init__(self, write, after):
        self.write, self.after = write, after
        self.happened = False
        self._numbers = itertools.count()

    @contextlib.contextmanager
    def process(self):
        """Ends the block of the `with` statement where the kill happens."""
        replace = os.replace
        dead = False

        def replace_or_die(draft, path):
            nonlocal dead
            if dead:  # `finally` blocks still run here, but write nothing
                raise Killed
            number = next(self._numbers)
            if number != self.write or self.after:
                replace(draft, path)
            if number == self.write:
                dead = self.happened = True
                raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "replace", replace_or_die)
            with contextlib.suppress(Killed):
                yield
