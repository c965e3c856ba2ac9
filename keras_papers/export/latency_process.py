"""Latency of a .tflite file, measured in a process of its own."""

import json
import subprocess
import sys

from keras_papers.export import latency
from keras_papers.export.interpreter import VerificationError

PATIENCE = 900  # seconds for all runs of a latency


def measure_in_own_process(path, threads, runs, seconds=0.0):
    """Runs latency.py on a file; returns what `latency.measure` does."""
    command = [sys.executable, latency.__file__, str(path)]
    command += [f"--threads={threads}", f"--runs={runs}"]
    command += [f"--seconds={seconds}"]
    try:
        process = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired as error:
        raise VerificationError(
            f"{path} was stopped: {runs} runs did not end within {PATIENCE} s. "
            "Ask for fewer runs, or for a smaller model."
        ) from error
    if process.returncode:
        last = (process.stderr.strip().splitlines() or ["no message"])[-1]
        raise VerificationError(
            f"{path} does not run: the interpreter ended with "
            f"{process.returncode} ({last})."
        )
    return json.loads(process.stdout.splitlines()[-1])
