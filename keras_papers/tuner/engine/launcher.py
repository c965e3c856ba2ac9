"""Starts a search's chief and workers on one machine, and looks after them."""

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

RESTARTED = "KERAS_PAPERS_RESTARTED"  # in the environment of a second start
KILLS = 20  # after each of which a process is started again
ERRORS = 2  # likewise, of a worker
PAUSE = 3  # seconds before it, in which an error of the chief shows
GRACE = 10  # seconds that workers may take after the chief has ended
FAREWELL = 5  # seconds from SIGTERM to SIGKILL
LOOK = 0.1  # seconds between looks at the processes
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

    The command is that of the search alone: KerasTuner's environment variables
    make it a chief or a worker. A process that is killed is started again; a
    worker then goes on with its trial. If the launcher itself is killed, its
    processes end, and the search goes on when it is launched again.

    Args:
        command: List of str. A program that calls the `search` of a tuner.
        workers: Positive int. Processes that run trials.
        port: Int, of this machine, for the chief. Defaults to None: one that
            is free.
        log_folder: Folder for what the workers write, appended to
            `worker0.log` and so on. Defaults to None: thrown away, unless
            the search fails.
        environment: Dict of more variables of the processes.
        chief_to_log: Whether the chief writes to `chief.log`, too, and not to
            the terminal.

    Raises:
        ValueError: If an argument is wrong, or the port is in use.
        SearchFailedError: With the last words of the process that failed.

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
    """Tells whether this process takes the place of one that was killed.

    It must not then overwrite what the other left.
    """
    return RESTARTED in os.environ


def _supervise(chief, *workers):
    """Returns when the chief has ended well, and the workers had their time."""
    while chief.look(errors=0) != 0:
        for worker in workers:
            worker.look(errors=ERRORS)
        time.sleep(LOOK)
    _wait(workers, GRACE)


def _wait(processes, seconds):
    """Returns when all have ended, or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if all([process.poll() is not None for process in processes]):
            return
        time.sleep(LOOK)


def _end(processes):
    for process in processes:
        process.send(signal.SIGTERM)
    _wait(processes, FAREWELL)
    for process in processes:
        process.send(signal.SIGKILL)
    _wait(processes, FAREWELL)
    for process in processes:
        process.hear_out()


class Process:
    """A process that is started again when it is killed.

    Args:
        name: Its id for KerasTuner.
        command: List of str.
        variables: Its environment.
        log: Path of what it writes, or None for the terminal.
    """

    def __init__(self, name, command, variables, log):
        self.name = name
        self.command = command
        self.variables = {**variables, "KERASTUNER_TUNER_ID": name}
        self.log = log
        self.kills = self.errors = 0
        self.start()

    def start(self):
        # Isolated, so that it finds the standard library and nothing else.
        bound = [sys.executable, "-IS", bound_process.__file__, os.getpid()]
        with contextlib.ExitStack() as stack:
            out, error = None, subprocess.PIPE
            if self.log is not None:
                out = stack.enter_context(open(self.log, "ab"))
                self.log_start = out.tell()
                error = subprocess.STDOUT
            self.popen = subprocess.Popen(
                [str(part) for part in (*bound, *self.command)],
                env=self.variables,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=error,
                # Ctrl-C is for the launcher, who then ends the others.
                start_new_session=True,
            )
        self.status = self.again_at = self.listener = None
        self.said = b""
        if self.log is None:
            self.listener = threading.Thread(
                target=self._listen, args=[self.popen.stderr], daemon=True
            )
            self.listener.start()

    def _listen(self, pipe):
        """Passes on what it writes to stderr, and remembers the end of it."""
        with pipe:
            while said := pipe.read1():
                self.said = (self.said + said)[-(2**16) :]
                sys.stderr.write(said.decode(errors="replace"))

    def hear_out(self):
        """Waits for the last of what it wrote, a second at most."""
        if self.listener is not None:
            self.listener.join(timeout=1)

    def poll(self):
        """Returns its exit status, or None while it runs."""
        if self.status is None:
            self.status = self.popen.poll()
            if self.status is not None:
                self._send_to_group(signal.SIGKILL)  # what it has started
        return self.status

    def send(self, number):
        """Sends a signal to it and all that it has started."""
        if self.poll() is None:
            self._send_to_group(number)

    def _send_to_group(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, number)

    def look(self, errors):
        """Starts it again if it has to be, as often as it may.

        Args:
            errors: How many errors of its own are no reason to give up.

        Returns:
            0 if it has ended well, else None.

        Raises:
            SearchFailedError: If it ended otherwise once too often.
        """
        status = self.poll()
        if not status:
            return status
        if self.again_at is None:
            self.again_at = time.monotonic()
            if status < 0:
                self.kills += 1
            else:
                self.errors += 1
                self.again_at += PAUSE
            if self.kills > KILLS or self.errors > errors:
                raise SearchFailedError(self._last_words())
        elif time.monotonic() >= self.again_at:
            self.variables[RESTARTED] = "1"
            self.start()
        return None

    def _last_words(self):
        if self.status < 0:
            return (
                f"The {self.name} was killed {self.kills} times, the last time "
                f"by {signal.Signals(-self.status).name}. If memory is short, "
                "run fewer workers. What is finished is kept: launch the "
                "search again to go on."
            )
        if self.log is None:
            self.hear_out()
            text, where = self.said, ""
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
    """Makes the folder of logs; one that nobody asked for goes if all is well.

    Args:
        folder: Its path, or None.
        stack: An `ExitStack`, after which it goes.
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
