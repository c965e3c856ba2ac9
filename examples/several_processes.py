"""One training by several processes, on one machine or on several.

    export KERAS_BACKEND=jax
    python examples/several_processes.py --output one.weights.h5

trains in one process. The same training in two, each in its own shell:

    python examples/several_processes.py --output two.weights.h5 \
        --address 127.0.0.1:8476 --processes 2 --process 0
    python examples/several_processes.py --output two.weights.h5 \
        --address 127.0.0.1:8476 --processes 2 --process 1

docs/TRAINING.md shows what they print, and how close the two files are.
"""

import argparse
import os
import re
import socket
import sys
import threading

import keras
import numpy as np
from sklearn import datasets

from keras_papers.applications import EfficientNetB0
from keras_papers.applications.efficientnet import TABLE_1

BATCH = 64  # images of a step, of all processes together
SIZE = 32


def join(address, processes, process, wait):
    """Connects to the other processes, or exits with an error message.

    JAX alone would wait for five minutes and abort with a stack trace. Must be
    called before any computation.
    """

    def give_up():
        print(
            f"Process {process} of {processes} waited {wait:g} seconds at "
            f"{address} for the others. Start all of them, with the address "
            "of process 0, and see that its port can be reached.",
            file=sys.stderr,
            flush=True,
        )
        os._exit(1)  # Python cannot interrupt JAX while it waits

    if process == 0:
        try:
            socket.create_server(("", int(address.split(":")[-1]))).close()
        except (OSError, OverflowError) as error:  # JAX would crash
            sys.exit(f"Process 0 cannot listen at {address}: {error}.")
    patience = threading.Timer(wait, give_up)
    patience.daemon = True
    patience.start()
    keras.distribution.initialize(address, processes, process)
    patience.cancel()
    # Every device has all weights and a part of the batch. The processes read
    # different images already, which Keras is not to divide once more.
    keras.distribution.set_distribution(
        keras.distribution.DataParallel(auto_shard_dataset=False)
    )


def load_share(processes, process):
    """Returns images and labels: this process's part of every batch."""
    digits = datasets.load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    batches = order[: len(order) // BATCH * BATCH].reshape(-1, BATCH)
    share = np.split(batches, processes, axis=1)[process].ravel()
    gray = (255 / 16) * digits.images[share, ..., None].astype("float32")
    pixels = gray.repeat(SIZE // 8, axis=1).repeat(SIZE // 8, axis=2)
    return pixels.repeat(3, axis=3), digits.target[share]


def build():
    """Builds three stages of EfficientNet-B0, the same in every process."""
    keras.utils.set_random_seed(0)
    model = EfficientNetB0(
        input_shape=(SIZE, SIZE, 3),
        classes=10,
        alpha=0.5,
        depth=0.5,
        rows=TABLE_1[:3],
    )
    model.compile(
        keras.optimizers.SGD(0.03, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def parse():
    """Reads the arguments and checks them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", help="host:port of process 0")
    parser.add_argument("--processes", type=int, default=1, help="how many")
    parser.add_argument("--process", type=int, default=0, help="which, from 0")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--output", help="what process 0 saves: .weights.h5")
    parser.add_argument(
        "--wait", type=float, default=60, help="seconds for all to come"
    )
    arguments = parser.parse_args()
    address, processes = arguments.address, arguments.processes
    if processes < 1 or BATCH % processes:
        parser.error(
            f"--processes is how many share a batch of {BATCH} images evenly. "
            f"Received: {processes}. Take 1, 2, 4 or 8."
        )
    if not 0 <= arguments.process < processes:
        parser.error(
            "--process is which of them this one is. Received: "
            f"{arguments.process}. Take 0 to {processes - 1}."
        )
    if processes > 1 and not address:
        parser.error(
            "--address is where the processes meet. Received none for "
            f"{processes} processes. Give host:port of process 0."
        )
    if address and not re.fullmatch(r".+:\d+", address):
        parser.error(
            f"--address is host:port of process 0. Received: {address}. "
            "Take one such as 127.0.0.1:8476."
        )
    if address and keras.config.backend() != "jax":
        parser.error(
            "Keras joins processes on JAX only. Received: KERAS_BACKEND="
            f"{keras.config.backend()}. Set it to jax."
        )
    return arguments


if __name__ == "__main__":
    arguments = parse()
    place = arguments.processes, arguments.process
    if arguments.address:
        join(arguments.address, *place, arguments.wait)
    model = build()
    history = model.fit(
        *load_share(*place),
        batch_size=BATCH // arguments.processes,
        epochs=arguments.epochs,
        shuffle=False,  # a process alone would shuffle in its own way
        verbose=0,
    ).history
    print(
        f"process {arguments.process} of {arguments.processes}: "
        f"loss {history['loss'][-1]:.5f}, "
        f"accuracy {history['accuracy'][-1]:.5f}"
    )
    if arguments.output and arguments.process == 0:
        # Saving makes new variables, for which the others would be awaited.
        keras.distribution.set_distribution(None)
        model.save_weights(arguments.output)
