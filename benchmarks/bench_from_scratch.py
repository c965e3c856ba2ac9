"""Accuracy of networks trained from scratch, ours and keras.applications'.

    python benchmarks/bench_from_scratch.py EfficientNetB0 MnasNetA1 \
        --images FOLDER_OF_FASHION_MNIST

Both are trained with the same recipe, images and seeds. `theirs` is printed if
keras.applications has the network.
"""

import argparse
import concurrent.futures
import multiprocessing
import time

import small_images


def build(arguments, name, whose):
    """Builds a network of ours or of keras.applications."""
    import keras

    from keras_papers import applications

    shape = (arguments.size, arguments.size, 3)
    if whose == "ours":
        return applications.get(name)(input_shape=shape, classes=10)
    constructor = getattr(keras.applications, name)
    return constructor(weights=None, input_shape=shape, classes=10)


def trained(arguments, name, whose):
    """Returns parameters, accuracies and seconds of a network."""
    start = time.monotonic()
    model = build(arguments, name, whose)
    found = small_images.accuracies(
        model,
        small_images.load(arguments.images),
        arguments.epochs,
        arguments.batch,
        arguments.rate,
        range(arguments.seeds),
        mirrored=arguments.images != "digits",
    )
    return model.count_params(), list(found), time.monotonic() - start


def parse():
    """Reads the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", default=["EfficientNetB0"])
    parser.add_argument("--images", default="digits")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    return parser.parse_args()


if __name__ == "__main__":
    import keras

    arguments = parse()
    runs = [
        (name, whose)
        for name in arguments.names
        for whose in ("ours", "theirs")
        if whose == "ours" or hasattr(keras.applications, name)
    ]
    print("\n| network | whose | parameters | held out | seconds |")
    print("|---|---|---|---|---|")
    with concurrent.futures.ProcessPoolExecutor(
        arguments.jobs, multiprocessing.get_context("spawn")
    ) as pool:
        done = [pool.submit(trained, arguments, *run) for run in runs]
        for (name, whose), future in zip(runs, done, strict=True):
            parameters, found, seconds = future.result()
            print(
                f"| {name} | {whose} | {parameters:,} "
                f"| {small_images.mean_and_deviation(found)} | {seconds:.0f} |",
                flush=True,
            )
