"""Runs a command that ends with its parent; a script, so that it costs little.

    python keras_papers/tuner/engine/bound_process.py PARENT COMMAND ...

PARENT is the id of the process that starts it.
"""

import ctypes
import os
import signal
import sys

LAUNCHER = "KERAS_PAPERS_LAUNCHER"  # in the environment: the parent's id
DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl, which Linux has


def is_orphaned():
    """Tells whether the launcher of this process is gone, if it had one.

    Not whether it is the parent: a shell may stand between them.
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
    if os.getppid() != int(parent):  # it died before this could be asked for
        sys.exit("the launcher is gone")
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run ({error.strerror})")
