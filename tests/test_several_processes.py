"""Several processes train the model that one process trains."""

import contextlib
import importlib.util
import os
import pathlib
import socket
import subprocess
import sys

import h5py
import numpy as np
import pytest

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"
EXAMPLE = str(EXAMPLES / "several_processes.py")
HALF = f"""
import sys
sys.path.insert(0, {str(EXAMPLES)!r})
from several_processes import BATCH, build, load_share
model = build()
model.save_weights("start.weights.h5")
model.fit(*load_share(2, 0), batch_size=BATCH // 2, shuffle=False, verbose=0)
model.save_weights("half.weights.h5")
"""  # what one of the two would learn alone
TOLERANCE = 1e-5  # of the way that the weights went in training

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("jax") is None, reason="needs JAX"
    ),
]


def run(folder, *commands):
    """Runs Python once a command, all together, on one CPU device each.

    Returns each one's exit status and what it printed. None outlives the call.
    """
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(EXAMPLES.parent),
        "XLA_FLAGS": "",
    }
    with contextlib.ExitStack() as stack:
        processes = []
        for command in commands:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)  # JAX does not end at SIGTERM
            processes.append(process)
        printed = [process.communicate(timeout=400)[0] for process in processes]
        return [
            (process.returncode, text)
            for process, text in zip(processes, printed, strict=True)
        ]


def free_address():
    """Returns a port of this machine that nobody listened at just now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def read(path):
    """Reads the weights, and apart from them the moving statistics."""
    trained, statistics = {}, {}
    with h5py.File(path) as file:

        def collect(name, item):
            if isinstance(item, h5py.Dataset):
                normalization = "batch_normalization" in name
                moving = normalization and name.endswith(("/2", "/3"))
                (statistics if moving else trained)[name] = item[()]

        file["layers"].visititems(collect)
    assert trained and statistics
    return [
        np.concatenate([part[name].ravel() for name in sorted(part)])
        for part in (trained, statistics)
    ]


def test_two_processes_train_the_model_that_one_trains(tmp_path):
    both = [EXAMPLE, "--output", "two.weights.h5", "--processes", "2"]
    both += ["--address", free_address(), "--wait", "300"]
    ended = run(
        tmp_path, [*both, "--process", "0"], [*both, "--process", "1"]
    ) + run(
        tmp_path,
        [EXAMPLE, "--output", "one.weights.h5"],
        ["-c", HALF],
    )
    for status, printed in ended:
        assert status == 0, printed
    parts = zip(
        *(
            read(tmp_path / f"{name}.weights.h5")
            for name in ("start", "one", "two", "half")
        ),
        strict=True,
    )
    for start, one, two, half in parts:
        change = np.linalg.norm(one - start)
        assert change > 0.01 * np.linalg.norm(start)
        assert np.linalg.norm(two - one) < TOLERANCE * change
        assert np.linalg.norm(half - one) > 0.1 * change


def test_a_process_that_stays_alone_ends_with_one_sentence(tmp_path):
    addresses = free_address(), free_address()
    ended = run(
        tmp_path,
        *(
            [EXAMPLE, "--address", address, "--wait", "2"]
            + ["--processes", "2", "--process", str(process)]
            for process, address in enumerate(addresses)
        ),
    )
    for process, (status, printed) in enumerate(ended):
        assert status == 1, printed
        assert printed.count("\n") == 1, printed
        assert printed.startswith(
            f"Process {process} of 2 waited 2 seconds at {addresses[process]}"
        )


def test_a_port_that_is_taken_is_an_error_of_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        [(status, printed)] = run(
            tmp_path, [EXAMPLE, "--address", address, "--processes", "2"]
        )
    assert status == 1, printed
    assert printed.count("\n") == 1, printed
    assert printed.startswith(f"Process 0 cannot listen at {address}: ")
