"""Runs a command that ends when its parent ends.

    python keras_papers/tuner/engine/bound_process.py PARENT COMMAND ...

PARENT is the id of the parent. It is a script, which starts without importing
this package.
"""

import ctypes
import os
import signal
import sys

LAUNCHER = "KERAS_PAPERS_LAUNCHER"  # in the environment: the parent's id
DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl, which Linux has


def is_orphaned():
    """Returns whether this process had a launcher that has ended.

    The launcher may not be the parent: a shell may be between them.
    """
    try:
        os.kill(int(os.environ.get(LAUNCHER, os.getpid())), 0)
    except ProcessLookupError:
        return True
    return False


if __name__ == "__main__":
    parent, *command = sys.argv[1:]
    os.environ[LAUNCHER] = parent
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != int(parent):  # it ended before the call of prctl
        sys.exit("the launcher is gone")
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run ({error.strerror})")
