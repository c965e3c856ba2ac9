"""Compound scaling against one dimension alone, at equal multiply-adds.

    python benchmarks/bench_scaling.py [DIR] --triple 1.2 1.1 1.15 --seeds 3

The claim of EfficientNet's table 3 and figure 8, for a small network on small
images: MobileNet is scaled to PHI doublings by depth, by width, by resolution,
and by the triple; each is as large as the budget lets it be. Without DIR,
scikit-learn's digits. Accuracies are those on images held out.
"""

import argparse
import math
import statistics

import keras

from keras_papers import applications, cost
from keras_papers.pipelines.images import batches, load_digits, load_folder
from keras_papers.pipelines.training import Recipe, compile_by

NAME, WIDTH, BATCH, RATE = "MobileNet", 0.25, 64, 4e-3


def build(factors, size, classes):
    """Builds the network that depth, width and resolution scale."""
    depth, width, resolution = factors
    return applications.scale(
        NAME, depth, WIDTH * width, resolution, size=size, classes=classes
    )


def largest(base, budget, size, classes):
    """Returns factors base ** x, x being as large as the budget allows."""

    def factors(power):
        return tuple(each**power for each in base)

    low, high = 0.0, 8.0
    for _ in range(12):
        middle = (low + high) / 2
        model = build(factors(middle), size, classes)
        if cost.count(model).multiply_adds <= budget:
            low = middle
        else:
            high = middle
    return factors(low)


def accuracy(factors, arguments, seed):
    """Trains a network; returns its accuracy on images held out."""
    keras.utils.set_random_seed(seed)
    classes = len(images_of(arguments, arguments.size).names)
    model = build(factors, arguments.size, classes)
    images = images_of(arguments, model.input_shape[1])
    steps = arguments.epochs * math.ceil(len(images.train) / BATCH)
    recipe = Recipe(
        arguments.epochs, BATCH, RATE, 1e-2, 0.1, False, None, None, False
    )
    compile_by(recipe, model, RATE, steps)
    size = model.input_shape[1]
    train = batches(images.train, classes, size, BATCH, seed)
    model.fit(train, epochs=arguments.epochs, verbose=0, shuffle=False)
    test = batches(images.test, classes, size, BATCH)
    return model.evaluate(test, verbose=0, return_dict=True)["accuracy"]


def images_of(arguments, size):
    """Returns the images; the same ones are held out for every seed."""
    if arguments.data is None:
        return load_digits(size, 0)
    return load_folder(arguments.data, 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data", nargs="?")
    parser.add_argument(
        "--triple", type=float, nargs=3, default=(1.2, 1.1, 1.15)
    )
    parser.add_argument("--phi", type=float, default=2)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    classes = len(images_of(arguments, arguments.size).names)
    base = cost.count(build((1, 1, 1), arguments.size, classes)).multiply_adds
    ways = {
        "depth": (2, 1, 1),
        "width": (1, 2**0.5, 1),
        "resolution": (1, 1, 2**0.5),
        "compound": tuple(arguments.triple),
        "published": (1.2, 1.1, 1.15),
    }
    if ways["compound"] == ways["published"]:
        del ways["published"]
    rows = {"unscaled": (1.0, 1.0, 1.0)} | {
        name: largest(way, base * 2**arguments.phi, arguments.size, classes)
        for name, way in ways.items()
    }
    print(
        "| scaled by | depth | width | resolution | multiply-adds | held out |"
    )
    print("|---|---|---|---|---|---|")
    for name, factors in rows.items():
        model = build(factors, arguments.size, classes)
        found = [
            accuracy(factors, arguments, seed)
            for seed in range(arguments.seeds)
        ]
        spread = f" (+-{100 * statistics.stdev(found):.2f})" * (len(found) > 1)
        depth, width, resolution = factors
        print(
            f"| {name} | {depth:.2f} | {width:.2f} | {resolution:.2f} "
            f"| {cost.count(model).multiply_adds:,} "
            f"| {100 * statistics.mean(found):.2f} %{spread} |",
            flush=True,
        )
