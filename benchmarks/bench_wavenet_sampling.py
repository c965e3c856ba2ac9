"""Sampling from a WaveNet: with ring buffers, and by the whole network.

    KERAS_BACKEND=jax python benchmarks/bench_wavenet_sampling.py
    KERAS_BACKEND=tensorflow python benchmarks/bench_wavenet_sampling.py

Draws sounds of 8 kHz from the table `SMALL` (153,376 parameters). The whole
network would be run once for each sample, over the samples of its receptive
field; it is timed, compiled by the same compiler, at some of them. The drawn
sounds must be those of the whole network to the bit: with the samples before
it and the same noise, each sample is the one that the network chooses.

CPU seconds of one thread, where other load counts less than in wall time.
"""

import keras
import numpy as np

from keras_papers.applications.generative import (
    WaveNet,
    receptive_field,
    sample,
)
from keras_papers.applications.generative.sampling import generators, gumbel
from keras_papers.applications.generative.wavenet import SMALL

import interleaved  # sets the number of threads before Keras is imported

LENGTH, BATCH, RUNS, NAIVE_PLACES = 2048, 4, 3, 8
BLOCK = 512  # samples for which noise is drawn at once


def network(length):
    """Returns a network whose logits are not near zero."""
    model = WaveNet((length,), table=SMALL)
    generator = np.random.default_rng(0)
    model.set_weights(
        [
            weight + generator.normal(size=weight.shape, scale=0.1)
            for weight in model.get_weights()
        ]
    )
    return model


def check_bits(model, codes):
    """Raises AssertionError unless each sample is what the network chooses."""
    noise = np.stack(
        [
            np.concatenate(
                [gumbel(source, (BLOCK, 256)) for _ in range(LENGTH // BLOCK)]
            )
            for source in generators(0, BATCH)
        ]
    )
    logits = model.predict(codes, verbose=0)
    np.testing.assert_array_equal(np.argmax(logits + noise, axis=-1), codes)
    different = len(np.unique(codes))
    print(f"{codes.size} samples of {different} levels equal to the bit")


def main():
    model = network(LENGTH)
    window = receptive_field(SMALL)
    naive = network(window)
    naive.compile(jit_compile=True)

    def cached():
        return sample(model, BATCH, seed=0, verbose=0)

    def whole():
        for _ in range(NAIVE_PLACES):
            naive.predict_on_batch(codes[:, :window])

    codes = cached()  # compiles
    check_bits(model, codes)
    whole()  # compiles
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(interleaved.cpu_seconds(cached)[0])
        seconds, _ = interleaved.cpu_seconds(whole)
        theirs.append(seconds * LENGTH / NAIVE_PLACES)
    print(
        f"{keras.config.backend()}, {BATCH} sounds of {LENGTH} samples; the "
        f"whole network at {NAIVE_PLACES} samples, scaled to all"
    )
    interleaved.header("whole network")
    interleaved.compare("CPU time", ours, theirs)
    ratio = np.median(theirs) / np.median(ours)
    print(f"\nRing buffers take 1/{ratio:.0f} of the CPU time.")


if __name__ == "__main__":
    main()
