"""Trials that a search loses when its processes are killed: none.

    python benchmarks/bench_faults.py 10
    python benchmarks/bench_faults.py 10 launcher

The first argument is the number of runs of each case; a word after it selects
the cases whose names contain it. In each run a chief and two workers, started
by `keras_papers.tuner.launch`, search through eight trials that sleep.
Processes are killed with signal 9, at a different moment in each run.

"Lost" counts trials that were not completed, and "run twice" completed trials
that were started again. Seconds are medians: of the whole run, and from the end
of the last trial until no process is left.
"""

import contextlib
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "numpy")  # starts fastest

ROOT = pathlib.Path(__file__).parents[1]
SEARCH = ROOT / "tests" / "tuner" / "sleeping_search.py"
TRIALS, SECONDS = 8, 0.5
LAUNCH = """
import sys
from keras_papers.tuner import SearchFailedError, launch
try:
    launch([sys.executable, *sys.argv[3:]], int(sys.argv[1]),
           log_folder=sys.argv[2], chief_to_log=True)
except SearchFailedError as error:
    sys.exit(f"failed: {error}")
"""
# Case: options of the search, what is killed.
CASES = {
    "a worker is killed in a trial": ([], "worker"),
    "the chief is killed": ([], "chief"),
    "every trial fails": (["--failing"], None),
    "the space is declared late": (["--late"], None),
    "the launcher is killed, launched again": ([], "launcher"),
}


def launched(folder, trials, seconds, *options, workers=2):
    """Starts a launcher of a search that writes to a folder."""
    trials = ["--trials", str(trials), "--seconds", str(seconds)]
    return subprocess.Popen(
        [sys.executable, "-c", LAUNCH, str(workers), folder / "logs"]
        + [SEARCH, folder, *trials, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def runs(folder):
    """Returns the lines that trials wrote: what, trial, worker, process."""
    path = folder / "runs.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.split() for line in lines]


def processes(folder):
    """Returns the ids of the processes of a search, by their names."""
    found = {}
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder) not in (process / "cmdline").read_text():
                continue
            variables = (process / "environ").read_text().split("\0")
            names = [
                each.partition("=")[2]
                for each in variables
                if each.startswith("KERASTUNER_TUNER_ID=")
            ]
            found[names[0] if names else "launcher"] = int(process.name)
    return found


def kill(whom, folder, dice):
    """Kills a process at a moment in one of the first trials."""
    after = dice.randrange(1, TRIALS - 2)
    while len(runs(folder)) < after:
        time.sleep(0.005)
    time.sleep(dice.uniform(0, SECONDS))
    while True:
        there = processes(folder)
        if whom == "worker":
            ended = {each[1] for each in runs(folder) if each[0] == "ended"}
            busy = {
                each[3]: each[1] for each in runs(folder) if each[0] == "began"
            }
            inside = [
                int(process)
                for process, trial in busy.items()
                if trial not in ended and int(process) in there.values()
            ]
            if inside:
                os.kill(dice.choice(inside), signal.SIGKILL)
                return
        elif whom in there:
            os.kill(there[whom], signal.SIGKILL)
            return


def measure(options, whom, dice):
    """Runs a search once.

    Returns:
        Counts of trials completed, lost and run twice, of processes left, and
        of those that ended with an error; seconds of all and of the end.
    """
    with tempfile.TemporaryDirectory() as folder:
        folder, start = pathlib.Path(folder), time.time()
        launcher = launched(folder, TRIALS, SECONDS, *options)
        if whom:
            kill(whom, folder, dice)
        if whom == "launcher":
            launcher.communicate()
            while processes(folder):
                time.sleep(0.01)
            launcher = launched(folder, TRIALS, SECONDS, *options)
        error = launcher.communicate()[1]
        rows = runs(folder)
        last = max(float(row[4]) for row in rows)
        left = processes(folder)
        while left and time.time() < last + 30:
            time.sleep(0.05)
            left = processes(folder)
        stop = time.time()
        twice = 0
        ended = set()
        for what, trial, *_ in rows:
            twice += what == "began" and trial in ended
            if what == "ended":
                ended.add(trial)
        failed = sum(
            "SearchFailedError" in log.read_text()
            for log in (folder / "logs").iterdir()
        ) + error.startswith("failed: 3 trials in a row failed")
        completed = sum(
            '"status": "COMPLETED"' in path.read_text()
            for path in folder.glob("search/trial_*/trial.json")
        )
        return completed, twice, len(left), failed, stop - start, stop - last


if __name__ == "__main__":
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    word = sys.argv[2] if len(sys.argv) > 2 else ""
    print(
        f"\n| case, {times} times | completed | lost | run twice | processes "
        "left | ended with an error | seconds | of which after the end |"
        "\n|---|---|---|---|---|---|---|---|"
    )
    for case, (options, whom) in CASES.items():
        if word not in case:
            continue
        found = [
            measure(options, whom, random.Random(number))
            for number in range(times)
        ]
        completed, twice, left, failed, whole, end = zip(*found, strict=True)
        expected = 0 if "--failing" in options else TRIALS * times
        print(
            f"| {case} | {sum(completed)} of {expected} "
            f"| {expected - sum(completed)} | {sum(twice)} | {sum(left)} "
            f"| {sum(failed)} of {4 * times} | {statistics.median(whole):.1f} "
            f"| {statistics.median(end):.1f}, at most {max(end):.1f} |",
            flush=True,
        )
