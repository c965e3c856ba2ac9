"""Compound scaling compared with scaling one dimension, at equal multiply-adds.

    python benchmarks/bench_scaling.py [--images FOLDER_OF_FASHION_MNIST]

This is the experiment of EfficientNet's table 3 and figure 8
(arxiv.org/abs/1905.11946), with a small MobileNetV2 on small images. First,
feasible triples are compared on validation images, as in step 1 of the paper,
but at the final budget: at phi=1 any depth above 1, rounded up, doubles a
stage of one block. Then the network is scaled to `--phi` doublings by depth, by
width, by resolution, by the published triple and by the best one, each as large
as the budget allows. Accuracies are measured on images that the search did not
use.
"""

import argparse
import concurrent.futures
import functools
import multiprocessing
import random
import statistics
import sys
import time

import small_images

UNSCALED = (1, 1, 1)
WAYS = {
    "unscaled": UNSCALED,
    "depth": (2, 1, 1),
    "width": (1, 2**0.5, 1),
    "resolution": (1, 1, 2**0.5),
    "published": (1.2, 1.1, 1.15),
}


def build(arguments, factors):
    """Builds the network that depth, width and resolution scale."""
    from keras_papers import applications

    depth, width, resolution = factors
    return applications.scale(
        arguments.model,
        depth,
        arguments.width * width,
        resolution,
        size=arguments.size,
        classes=10,
    )


def multiply_adds(arguments, factors):
    from keras_papers import cost

    return cost.count(build(arguments, factors)).multiply_adds


def largest(arguments, way):
    """Returns factors way ** x, x being as large as the budget allows."""

    def factors(power):
        return tuple(each**power for each in way)

    budget = multiply_adds(arguments, UNSCALED) * 2**arguments.phi
    low, high = 0.0, 4 * arguments.phi
    for _ in range(8):
        middle = (low + high) / 2
        if multiply_adds(arguments, factors(middle)) <= budget:
            low = middle
        else:
            high = middle
    return factors(low)


def trained(arguments, factors, seeds, searching):
    """Returns factors, multiply-adds and accuracies of a scaled network."""
    parts = small_images.load(arguments.images)
    found = small_images.accuracies(
        build(arguments, factors),
        small_images.split(parts) if searching else parts,
        arguments.epochs,
        arguments.batch,
        arguments.rate,
        range(seeds),
    )
    result = factors, multiply_adds(arguments, factors), list(found)
    print(*result, file=sys.stderr, flush=True)
    return result


def scaled(arguments, way, seeds, searching=False):
    """Scales by one way to the budget; returns what `trained` does."""
    factors = way if way == UNSCALED else largest(arguments, way)
    return trained(arguments, factors, seeds, searching)


def row(name, factors, cost, found):
    depth, width, resolution = factors
    print(
        f"| {name} | {depth:.2f} | {width:.2f} | {resolution:.2f} "
        f"| {cost / 1e6:.2f} M | {small_images.mean_and_deviation(found)} |"
    )


def parse():
    """Reads the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", default="digits")
    parser.add_argument("--model", default="MobileNetV2")
    parser.add_argument("--width", type=float, default=0.35)
    parser.add_argument("--size", type=int, default=48)
    parser.add_argument("--phi", type=float, default=2)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--triples", type=int, default=10, help="that are searched"
    )
    parser.add_argument("--search-seeds", type=int, default=1)
    parser.add_argument(
        "--triple", type=float, nargs=3, help="in place of a search"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    return parser.parse_args()


if __name__ == "__main__":
    arguments, start = parse(), time.monotonic()
    pool = concurrent.futures.ProcessPoolExecutor(
        arguments.jobs,
        multiprocessing.get_context("spawn"),
        max_tasks_per_child=1,  # or the graphs of all networks are kept
    )
    with pool:
        ways = {
            name: pool.submit(scaled, arguments, way, arguments.seeds)
            for name, way in WAYS.items()
        }
        triple = arguments.triple
        if triple is None:
            from keras_papers.tuner import feasible_triples

            published, *others = feasible_triples()
            triples = [
                published,
                *random.Random(0).sample(others, arguments.triples - 1),
            ]
            tried = pool.map(
                functools.partial(scaled, arguments, searching=True),
                triples,
                [arguments.search_seeds] * len(triples),
            )
            print("\n| alpha, beta, gamma | multiply-adds | validation |")
            print("|---|---|---|")
            tried = sorted(
                zip(triples, tried, strict=True),
                key=lambda each: -statistics.mean(each[1][2]),
            )
            for each, (_, cost, found) in tried:
                print(
                    f"| {each} | {cost / 1e6:.2f} M "
                    f"| {small_images.mean_and_deviation(found)} |"
                )
            triple = tried[0][0]
        if tuple(triple) != WAYS["published"]:
            ways["found"] = pool.submit(
                scaled, arguments, tuple(triple), arguments.seeds
            )
        print(
            "\n| scaled by | depth | width | resolution | multiply-adds "
            "| held out |\n|---|---|---|---|---|---|"
        )
        for name, way in ways.items():
            row(name, *way.result())
    print(f"{time.monotonic() - start:.0f} s")
