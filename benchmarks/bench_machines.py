"""Trials that a search loses when a machine is disconnected: none.

    sudo python benchmarks/bench_machines.py

Each machine is a network namespace, connected to a switch in another one: a
chief and two workers, each started as described in docs/TUNING.md. A machine
is disconnected at the switch by `ip link set ... down`; its processes keep
running. The script needs root and iproute2, and changes nothing outside of the
namespaces.

"Lost" counts trials that were not completed, and "begun again" those that the
chief assigned again. Errors are processes with a status other than 0. Seconds
are counted from the disconnection, or from the start without one.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from bench_faults import ROOT, SEARCH, processes, runs

CHIEF, *WORKERS = MACHINES = ("chief", "worker1", "worker2")
ADDRESSES = {name: f"10.77.0.{i}" for i, name in enumerate(MACHINES, 1)}
NOBODY = "10.77.0.99"
PORT = 8000
AWAY = 10  # seconds without a connection
LONGEST = 300  # seconds of a case
HOLD = """
import socket, sys, time
with socket.create_server((sys.argv[1], int(sys.argv[2]))):
    print("listens", flush=True)
    time.sleep(300)
"""


class Program(NamedTuple):
    """The program of each machine, and the folder of its trials."""

    name: str
    command: list  # and the folder
    trials: int
    project: str
    backend: str


PROGRAMS = (
    Program(
        "script",
        [SEARCH, "--trials", "8", "--seconds", "4"],
        8,
        "search",
        "numpy",  # starts fastest
    ),
    Program(
        "command",
        ["-m", "keras_papers", "tune"]
        + ["--space", "width-resolution", "--image-size", "32"]
        + ["--width", "0.25", "--epochs", "1", "--trials", "4", "--output"],
        4,
        "trials",
        "tensorflow",
    ),
)
# Case: the machine that is disconnected, and the seconds until it is connected
# again; None for never, or for the chief until its workers have ended.
CASES = {
    "all goes well": (None, None),
    f"a worker is away for {AWAY} s": ("worker1", AWAY),
    f"the chief is away for {AWAY} s": (CHIEF, AWAY),
    "a worker does not come back": ("worker1", None),
    "the chief is away until its workers have ended": (CHIEF, None),
}
# Case: which machine, and the address of the chief that it gets.
MISTAKES = {
    "a worker, and nobody has the address": ("worker1", NOBODY, PORT),
    "a worker, and nobody listens at the port": (
        *("worker1", ADDRESSES[CHIEF], PORT + 1),
    ),
    "a worker, and no machine has the name": ("worker1", "no.invalid", PORT),
    "a chief, and its port is in use": (CHIEF, ADDRESSES[CHIEF], PORT),
    "a chief, and its address is another's": (
        *(CHIEF, ADDRESSES["worker1"], PORT),
    ),
}


class Network:
    """Machines connected to a switch; removed after the `with`."""

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            for name in ("switch", *MACHINES):
                ip("netns", "add", space(name))
                stack.callback(ip, "netns", "delete", space(name))
            at("switch", "link", "add", "bridge", "type", "bridge")
            at("switch", "link", "set", "bridge", "up")
            for name, address in ADDRESSES.items():
                at(
                    *("switch", "link", "add", name, "type", "veth"),
                    *("peer", "name", "cable", "netns", space(name)),
                )
                at("switch", "link", "set", name, "master", "bridge")
                at(name, "address", "add", f"{address}/24", "dev", "cable")
                for machine, link in (
                    ("switch", name),
                    (name, "cable"),
                    (name, "lo"),
                ):
                    at(machine, "link", "set", link, "up")
            self.processes = []
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *raised):
        with self.stack:
            for process in self.processes:
                process.kill()
                process.wait()

    def start(self, name, command, output, **variables):
        """Starts a Python program on a machine."""
        self.processes.append(
            subprocess.Popen(
                ["ip", "netns", "exec", space(name), sys.executable]
                + [str(part) for part in command],
                env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        )
        return self.processes[-1]

    def search(self, name, program, folder, host=ADDRESSES[CHIEF], port=PORT):
        """Starts the search of docs/TUNING.md on a machine."""
        with open(folder / f"{name}.log", "a") as log:
            return self.start(
                name,
                [*program.command, folder],
                log,
                KERAS_BACKEND=program.backend,
                TF_CPP_MIN_LOG_LEVEL="3",
                KERASTUNER_TUNER_ID=name,
                KERASTUNER_ORACLE_IP=host,
                KERASTUNER_ORACLE_PORT=str(port),
            )

    def set_cable(self, name, state):
        at("switch", "link", "set", name, state)


def space(name):
    return f"keras-papers-{os.getpid()}-{name}"


def at(name, *arguments):
    ip("-n", space(name), *arguments)


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def is_inside_a_trial(name, home):
    """Returns whether a worker runs a trial other than the first."""
    if not (home / "oracle.json").exists():
        return False
    oracle = json.loads((home / "oracle.json").read_text())
    return name in oracle["ongoing_trials"] and bool(oracle["end_order"])


def measure(program, whom, back):
    """Runs a search once.

    Returns:
        Counts of trials completed and begun again, and of processes left; when
        each machine's process ended, in seconds, and its status; and what each
        has written.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        folder, network = pathlib.Path(folder), stack.enter_context(Network())
        home = folder / program.project
        started = start = time.monotonic()
        running = {
            name: network.search(name, program, folder) for name in MACHINES
        }
        ends, pulled, is_back = {}, None, False
        while time.monotonic() < started + LONGEST and len(ends) < 3:
            for name, process in running.items():
                if name not in ends and process.poll() is not None:
                    ends[name] = time.monotonic()
            if whom and pulled is None:
                if is_inside_a_trial("worker1", home):
                    network.set_cable(whom, "down")
                    start = pulled = time.monotonic()
            elif back and not is_back and time.monotonic() > pulled + back:
                network.set_cable(whom, "up")
                is_back = True
            if whom == CHIEF and not (
                back or is_back or set(WORKERS) - ends.keys()
            ):
                network.set_cable(whom, "up")
                is_back = True
                network.search("worker1", program, folder)
            time.sleep(0.02)
        stop = time.monotonic()
        while (left := processes(folder)) and time.monotonic() < stop + 10:
            time.sleep(0.1)
        completed = sum(
            '"status": "COMPLETED"' in path.read_text()
            for path in home.glob("trial_*/trial.json")
        )
        logs = {name: (folder / f"{name}.log").read_text() for name in MACHINES}
        begun = [row[1] for row in runs(folder) if row[0] == "began"]
        again = max(
            len(begun) - len(set(begun)), logs[CHIEF].count("is run again")
        )
        ended = {
            name: (ends[name] - start, running[name].returncode)
            for name in ends
        }
        return completed, again, len(left), ended, logs


def mistaken(program):
    """Returns, for each mistake, seconds, status and what was written.

    They run at the same time, as they mostly wait.
    """
    with contextlib.ExitStack() as stack:
        network = stack.enter_context(Network())
        holder = network.start(
            CHIEF, ["-c", HOLD, ADDRESSES[CHIEF], PORT], subprocess.PIPE
        )
        holder.stdout.readline()
        start, running, found = time.monotonic(), {}, {}
        for case, (name, *address) in MISTAKES.items():
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            log = pathlib.Path(folder, f"{name}.log")
            running[case] = (
                log,
                network.search(name, program, log.parent, *address),
            )
        while len(found) < len(running) and time.monotonic() < start + LONGEST:
            for case, (log, process) in running.items():
                if case not in found and process.poll() is not None:
                    seconds = time.monotonic() - start
                    found[case] = seconds, process.returncode, log.read_text()
            time.sleep(0.02)
        return found


def ending(ended, name):
    if name not in ended:
        return "waits on"
    seconds, status = ended[name]
    return f"{seconds:.1f}" + f", status {status}" * bool(status)


def sentence(said):
    """Returns the line of a log that names the address."""
    return [line for line in said.splitlines() if "KERASTUNER_" in line][-1]


if __name__ == "__main__":
    if os.geteuid() or not shutil.which("ip"):
        print("bench_machines needs root and iproute2 to make namespaces.")
        sys.exit()
    # So that the namespaces are removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sentences = {}
    print(
        "\n| case | completed | lost | begun again | processes left "
        "| chief's end, s | workers' ends, s |\n|---|---|---|---|---|---|---|"
    )
    for program in PROGRAMS:
        for case, (whom, back) in CASES.items():
            completed, again, left, ended, logs = measure(program, whom, back)
            print(
                f"| {program.name}: {case} "
                f"| {completed} of {program.trials} "
                f"| {program.trials - completed} | {again} | {left} "
                f"| {ending(ended, CHIEF)} "
                f"| {' and '.join(ending(ended, name) for name in WORKERS)} |",
                flush=True,
            )
            for name, said in logs.items():
                if ended.get(name, (0, 0))[1]:
                    sentences[sentence(said)] = case
    print(
        "\n| mistake | seconds | status | lines | traceback |"
        "\n|---|---|---|---|---|"
    )
    for program in PROGRAMS:
        for case, (seconds, status, said) in mistaken(program).items():
            print(
                f"| {program.name}: {case} | {seconds:.1f} | {status} "
                f"| {len(said.splitlines())} | {'Traceback' in said} |",
                flush=True,
            )
            sentences[sentence(said)] = case
    print("\nError messages:", *sentences, sep="\n    ")
