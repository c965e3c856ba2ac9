"""Runs a search's chief and workers on one machine, and restarts them."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from keras_papers.checks import check_positive_int
from keras_papers.tuner.engine import bound_process
from keras_papers.tuner.engine.chief_address import (
    LOOPBACK,
    check_free,
    free_port,
)
from keras_papers.tuner.engine.search_errors import SearchFailedError

RESTARTED = "KERAS_PAPERS_RESTARTED"  # set in a process that is a restart
KILLS = 20  # after which a process is restarted
ERRORS = 2  # after which a worker is restarted
PAUSE = 3  # seconds before a restart, in which an error of the chief shows
GRACE = 10  # seconds that workers may take after the chief has ended
TERMINATION = 5  # seconds from SIGTERM to SIGKILL
INTERVAL = 0.1  # seconds between two checks of the processes
THREADS = (
    "OMP_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
# The last line of a traceback: the error, perhaps with its module.
ERROR = re.compile(
    r"^(?:\w+\.)*(\w*(?:Error|Exception|Interrupt|Exit)\b.*)", re.M
)


def launch(
    command,
    workers,
    port=None,
    log_folder=None,
    environment=None,
    chief_to_log=False,
):
    """Runs a search in a chief and some workers, until it is over.

    The command is the one that searches in one process: KerasTuner's
    environment variables make it a chief or a worker. A process that is killed
    is started again; a worker then resumes its trial. If the launcher itself
    is killed, its processes end, and the search is resumed when it is launched
    again.

    Args:
        command: List of str. A program that calls the `search` of a tuner.
        workers: Positive int. Processes that run trials.
        port: Int. Port of this machine for the chief. Defaults to None: a
            free one.
        log_folder: Folder for the output of the workers, which is appended to
            `worker0.log` and so on. Defaults to None: a temporary folder,
            which is kept if the search fails.
        environment: Dict of additional environment variables.
        chief_to_log: Whether the chief, too, writes to a file, `chief.log`.
            Defaults to False: to the terminal.

    Raises:
        ValueError: If an argument is wrong, or the port is in use.
        SearchFailedError: With the last message of the process that failed.

    Example:
    >>> launch([sys.executable, "-c", "pass  # a search"], workers=2)
    """
    if isinstance(command, str) or not command:
        raise ValueError(
            "`command` is a program and its arguments, a list of str. "
            f"Received: command={command!r}. Try [sys.executable, 'search.py']."
        )
    check_positive_int(
        "workers",
        workers,
        "the number of processes that run trials",
        "Try the number of processors.",
    )
    if port is not None:
        check_positive_int(
            "port", port, "where the chief listens", "Leave it out for any."
        )
        check_free(LOOPBACK, port)
    with contextlib.ExitStack() as stack:
        logs = _log_folder(log_folder, stack)
        variables = {
            **dict.fromkeys(THREADS, str(max(_processors() // workers, 1))),
            **os.environ,
            **(environment or {}),
            "KERASTUNER_ORACLE_IP": LOOPBACK,
            "KERASTUNER_ORACLE_PORT": str(port or free_port()),
        }
        log = logs / "chief.log" if chief_to_log else None
        processes = [Process("chief", command, variables, log)]
        stack.callback(_end, processes)
        for index in range(workers):
            name = f"worker{index}"
            log = logs / f"{name}.log"
            processes.append(Process(name, command, variables, log))
        _supervise(*processes)


def is_restart():
    """Returns whether this process replaces one that was killed.

    It must not overwrite the search then.
    """
    return RESTARTED in os.environ


def _supervise(chief, *workers):
    """Restarts processes until the chief has ended without an error."""
    while chief.restart_if_ended(errors=0) != 0:
        for worker in workers:
            worker.restart_if_ended(errors=ERRORS)
        time.sleep(INTERVAL)
    _wait(workers, GRACE)


def _wait(processes, seconds):
    """Returns when all processes have ended, or after some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if all([process.poll() is not None for process in processes]):
            return
        time.sleep(INTERVAL)


def _end(processes):
    for process in processes:
        process.send(signal.SIGTERM)
    _wait(processes, TERMINATION)
    for process in processes:
        process.send(signal.SIGKILL)
    _wait(processes, TERMINATION)
    for process in processes:
        process.wait_for_output()


class Process:
    """A process that is started again when it is killed.

    Args:
        name: Its id for KerasTuner.
        command: List of str.
        variables: Its environment.
        log: Path of the file for its output, or None for the terminal.
    """

    def __init__(self, name, command, variables, log):
        self.name = name
        self.command = command
        self.variables = {**variables, "KERASTUNER_TUNER_ID": name}
        self.log = log
        self.kills = self.errors = 0
        self.start()

    def start(self):
        # Isolated: the script needs the standard library only.
        bound = [sys.executable, "-IS", bound_process.__file__, os.getpid()]
        with contextlib.ExitStack() as stack:
            out, error = None, subprocess.PIPE
            if self.log is not None:
                out = stack.enter_context(open(self.log, "ab"))
                self.log_start = out.seek(0, os.SEEK_END)
                error = subprocess.STDOUT
            self.popen = subprocess.Popen(
                [str(part) for part in (*bound, *self.command)],
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=error,
                # Ctrl-C reaches the launcher only, which ends the others.
                start_new_session=True,
            )
        self.status = self.restart_at = self.listener = None
        self.output = b""  # the end of what it wrote to stderr
        if self.log is None:
            self.listener = threading.Thread(
                target=self._listen, args=[self.popen.stderr], daemon=True
            )
            self.listener.start()

    def _listen(self, pipe):
        """Copies its stderr to the terminal, and keeps the end of it."""
        with pipe:
            while output := pipe.read1():
                self.output = (self.output + output)[-(2**16) :]
                sys.stderr.write(output.decode(errors="replace"))

    def wait_for_output(self):
        """Waits for the rest of its output, a second at most."""
        if self.listener is not None:
            self.listener.join(timeout=1)

    def poll(self):
        """Returns its exit status, or None while it runs."""
        if self.status is None:
            self.status = self.popen.poll()
            if self.status is not None:
                self._send_to_group(signal.SIGKILL)  # those that it started
        return self.status

    def send(self, number):
        """Sends a signal to it and to the processes that it has started."""
        if self.poll() is None:
            self._send_to_group(number)

    def _send_to_group(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)

    def restart_if_ended(self, errors):
        """Restarts it if it was killed or ended with an error.

        Args:
            errors: How often it may end with an error.

        Returns:
            0 if it has ended without an error, else None.

        Raises:
            SearchFailedError: If it was killed, or failed, too often.
        """
        status = self.poll()
        if not status:
            return status
        if self.restart_at is None:
            self.restart_at = time.monotonic()
            if status < 0:
                self.kills += 1
            else:
                self.errors += 1
                self.restart_at += PAUSE
            if self.kills > KILLS or self.errors > errors:
                raise SearchFailedError(self._last_words())
        elif time.monotonic() >= self.restart_at:
            self.variables[RESTARTED] = "1"
            self.start()
        return None

    def _last_words(self):
        if self.status < 0:
            return (
                f"The {self.name} was killed {self.kills} times, the last time "
                f"by {signal.Signals(-self.status).name}. If memory is short, "
                "run fewer workers. What is finished is kept: launch the "
                "search again to resume it."
            )
        if self.log is None:
            self.wait_for_output()
            text, where = self.output, ""
        else:
            text = self.log.read_bytes()[self.log_start :]
            where = f" (all it wrote is in {self.log})"
        text = text.decode(errors="replace").strip()
        status = [f"status {self.status}"]
        words = (ERROR.findall(text) or text.splitlines() or status)[-1]
        kind, _, message = words.partition(": ")
        if kind == SearchFailedError.__name__:
            return message
        return f"The {self.name} ended with an error: {words}{where}"


def _log_folder(folder, stack):
    """Makes the folder of logs.

    Args:
        folder: Its path, or None for a temporary folder.
        stack: An `ExitStack`, which deletes a temporary folder unless it
            ends with an error.
    """
    if folder is not None:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        return pathlib.Path(folder)
    folder = tempfile.mkdtemp(prefix="keras-papers-workers-")

    def remove(kind, *_):
        if kind is None:
            shutil.rmtree(folder)

    stack.push(remove)
    return pathlib.Path(folder)


def _processors():
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()
