"""Drawing maps of codes: from cached layers, and by the whole network.

    KERAS_BACKEND=jax python benchmarks/bench_sampling.py
    KERAS_BACKEND=tensorflow python benchmarks/bench_sampling.py

A `GatedPixelCNN` of 8 layers and 64 channels draws 16 maps of 32 x 32 with 512
codes, and the smallest `PixelSNAIL` 16 maps of 16 x 16. The whole network
would be run once for each place; it is compiled by the same compiler, timed at
some places, and scaled to all. The drawn codes must be those of the whole
network to the bit: with the codes before it and the same noise, each code is
the one that the network chooses.

CPU seconds of one thread, where other load counts less than in wall time.
"""

import keras
import numpy as np

from keras_papers.applications.generative import (
    GatedPixelCNN,
    PixelSNAIL,
    sample,
)
from keras_papers.applications.generative.sampling import generators, gumbel

import interleaved  # sets the number of threads before Keras is imported

BATCH, RUNS, NAIVE_PLACES = 16, 3, 4
PRIORS = {
    "GatedPixelCNN, 32 x 32": lambda: GatedPixelCNN((32, 32), num_layers=8),
    "PixelSNAIL, 16 x 16": lambda: PixelSNAIL((16, 16)),
}


def with_noise(model):
    """Adds noise to the weights, so that the logits are not near zero."""
    generator = np.random.default_rng(0)
    for weight in model.trainable_variables:
        noise = generator.normal(size=weight.shape, scale=0.05)
        weight.assign_add(noise.astype("float32"))
    return model


def check_bits(model, codes):
    """Raises AssertionError unless each code is what the network chooses."""
    noise = np.stack(
        [gumbel(each, model.output_shape[1:]) for each in generators(0, BATCH)]
    )
    logits = model.predict_on_batch(codes)
    np.testing.assert_array_equal(np.argmax(logits + noise, axis=-1), codes)
    print(f"  {codes.size} codes equal, {len(np.unique(codes))} different ones")


def compare(name, model):
    """Prints the CPU seconds of both ways to draw, and their ratio."""
    model.compile(jit_compile=keras.config.backend() != "torch")
    print(f"{name}, batch {BATCH}, {model.count_params():,} parameters")

    def cached():
        return sample(model, BATCH, seed=0, verbose=0)

    def whole():
        for _ in range(NAIVE_PLACES):
            model.predict_on_batch(codes)

    codes = cached()  # compiles
    check_bits(model, codes)  # compiles
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(interleaved.cpu_seconds(cached)[0])
        theirs.append(interleaved.cpu_seconds(whole)[0])
    ours, theirs = np.median(ours), np.median(theirs) / NAIVE_PLACES
    places = int(np.prod(codes.shape[1:]))
    print(f"  cached         {ours:9.2f} s for all {places} places")
    print(
        f"  whole network  {theirs * places:9.2f} s, {places} times the "
        f"{theirs:.3f} s of a place, the mean of {NAIVE_PLACES}"
    )
    print(f"  ratio          {theirs * places / ours:9.0f}")


def main():
    print(f"Keras {keras.version()} on {keras.config.backend()}")
    for name, build in PRIORS.items():
        compare(name, with_noise(build()))


if __name__ == "__main__":
    main()
