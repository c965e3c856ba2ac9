"""A training step of `VectorQuantizer`, compared with two other ones.

    pip install keras-papers[bench]
    python benchmarks/bench_vector_quantizer.py

A step is the forward pass with the moving averages and the gradient of the
inputs. `vector-quantize-pytorch` computes the same with torch, with decay,
weight and estimator set to ours; ours revives codes, too. Keras' example learns
the codebook by gradients. The matrix product of the vectors and the codebook
alone is the least that an exact search costs.

CPU time in one process, one thread, in turn. The memory is the growth of the
peak of a fresh process at the first step with all vectors, on Linux.
"""

import argparse
import functools
import gc
import importlib.util
import pathlib
import subprocess
import sys

from interleaved import compare, cpu_seconds, header  # isort: skip
import numpy as np
import tensorflow as tf
from keras_io_quantizer import KerasIoQuantizer

from keras_papers.layers import VectorQuantizer

DEPTH = 64
SIZES = ((32768, 512), (8192, 8192))  # vectors, codes
CHUNK = 256  # vectors of a product
TORCH = importlib.util.find_spec("vector_quantize_pytorch") is not None


def in_keras(layer, compiled):
    """Returns the step of a Keras layer, as graph or compiled by XLA."""
    arguments = {}
    if isinstance(layer, VectorQuantizer):
        arguments["training"] = True
    layer.build((None, DEPTH))

    @tf.function(
        jit_compile=compiled,
        input_signature=[tf.TensorSpec((None, DEPTH))],
    )
    def step(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x, **arguments)
            loss = tf.reduce_mean(outputs**2) + sum(layer.losses)
        return tape.gradient(loss, [x, *layer.trainable_variables])

    return lambda x: step(tf.constant(x))[0].numpy()


def in_torch(codes):
    """Returns the step of vector-quantize-pytorch."""
    import torch
    from vector_quantize_pytorch import VectorQuantize

    torch.set_num_threads(1)
    layer = VectorQuantize(
        DEPTH,
        codes,
        decay=0.99,
        commitment_weight=0.25,
        rotation_trick=False,
    )

    def step(x):
        x = torch.tensor(x, requires_grad=True)
        outputs, _, loss = layer(x[None])
        ((outputs**2).mean() + loss.sum()).backward()
        return x.grad.numpy()

    return step


def product(codes):
    """Returns the product of the vectors and the codebook, chunk by chunk."""
    table = tf.constant(vectors(codes).T)

    def step(x):
        for start in range(0, len(x), CHUNK):
            tf.matmul(x[start : start + CHUNK], table)

    return step


WAYS = {
    "ours": lambda codes: in_keras(VectorQuantizer(codes), False),
    "ours, XLA": lambda codes: in_keras(VectorQuantizer(codes), True),
    "keras.io": lambda codes: in_keras(KerasIoQuantizer(codes), False),
    "keras.io, XLA": lambda codes: in_keras(KerasIoQuantizer(codes), True),
    "torch": in_torch,
    "product": product,
}
PAIRS = (
    ("ours", "torch"),
    ("ours, XLA", "torch"),
    ("ours", "keras.io"),
    ("ours, XLA", "keras.io, XLA"),
    ("ours", "product"),
    ("ours, XLA", "product"),
)
NAMES = {
    "torch": "vector-quantize-pytorch",
    "product": "the matrix product alone",
}


def vectors(number):
    """Returns random vectors."""
    generator = np.random.default_rng(number)
    return generator.normal(size=(number, DEPTH)).astype("float32")


def added_memory(way, number, codes):
    """Returns by how many MiB the peak grows at the first step of all vectors.

    A step of few vectors comes first, so that libraries are loaded.
    """
    x, step = vectors(number), WAYS[way](codes)
    step(x[:8])
    gc.collect()
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = kibibytes("VmRSS")
    step(x)
    return (kibibytes("VmHWM") - before) / 1024


def kibibytes(field):
    """Returns a field of Linux' status of this process."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        name, value = line.split(":")
        if name == field:
            return int(value.split()[0])
    raise LookupError(field)


def memory_of(way, number, codes):
    """Returns `added_memory` of a fresh process."""
    command = (sys.executable, __file__, "--memory", way, number, codes)
    ended = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ended.stdout.splitlines()[-1])


def main():
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--memory", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        way, *sizes = options.memory
        print(added_memory(way, *map(int, sizes)))
        return
    ways = [way for way in WAYS if TORCH or way != "torch"]
    if not TORCH:
        print("Without torch's: pip install keras-papers[bench]")
    for number, codes in SIZES:
        x = vectors(number)
        steps = {way: WAYS[way](codes) for way in ways}
        found = {way: [] for way in ways}
        for turn in range(options.rounds + 1):
            for way, step in steps.items():
                seconds, _ = cpu_seconds(functools.partial(step, x))
                if turn:
                    found[way].append(1000 * seconds)
        header("the other")
        for name, peer in PAIRS:
            if peer in ways:
                compare(
                    f"{number} vectors, {codes} codes: {name}; "
                    f"{NAMES.get(peer, peer)}",
                    found[name],
                    found[peer],
                    unit="ms",
                    digits=0,
                )
    print(f"\n| added memory, MiB | {' | '.join(ways)} |")
    print("|---" * (len(ways) + 1) + "|")
    for number, codes in SIZES:
        cells = [f"{memory_of(way, number, codes):.0f}" for way in ways]
        print(f"| {number} vectors, {codes} codes | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
