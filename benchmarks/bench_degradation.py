"""Whether deeper networks learn less, without shortcuts and with them.

    python benchmarks/bench_degradation.py
    python benchmarks/bench_degradation.py --images mnist_12k.npz --size 14 \
        --epochs 5

ResNet-20 and ResNet-56 of section 4.2 of He et al., 2015, with the shortcuts of
option A and as plain networks, `shortcut=None`, trained nearly as there:
gradient descent with momentum of 0.9, batches of 128, and a learning rate
divided by 10 after half and three quarters of the steps. Images are not
augmented. The weight decay of 1e-4 is that of the optimizer of Keras, outside
of the momentum: about a tenth of the paper's, which is a part of the loss. A
file of `--images` has `x_train`, `y_train`, `x_test` and `y_test`; without it
they are scikit-learn's digits.

Errors are those after the training. The last table has the differences seed by
seed: mean, standard deviation, and in how many seeds the first is larger.
"""

import argparse
import statistics
import time

import interleaved  # isort: skip # noqa: F401 (one thread)
import keras

from keras_papers import applications

import small_images
from restart import restarter

DEPTHS = (20, 56)
SHORTCUTS = {"plain": None, "residual": "A"}
BATCH = 128
MEASURES = ("training loss", "training error", "held-out error")


def errors(parts, depth, shortcut, arguments):
    """Yields what `MEASURES` names for each seed: nats, shares, shares."""
    (x, y), (x_test, y_test) = parts
    model = applications.get(f"ResNet{depth}")(
        input_shape=x.shape[1:], classes=10, shortcut=shortcut
    )
    steps = arguments.epochs * -(-len(x) // BATCH)
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay(
        [steps // 2, steps * 3 // 4],
        [arguments.rate * factor for factor in (1, 0.1, 0.01)],
    )
    optimizer = keras.optimizers.SGD(schedule, 0.9, weight_decay=1e-4)
    model.compile(
        optimizer,
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    restart = restarter(model, optimizer)
    for seed in range(arguments.seeds):
        restart(seed)
        model.fit(x, y, BATCH, arguments.epochs, verbose=0)
        loss, accuracy = model.evaluate(x, y, BATCH, verbose=0)
        _, held_out = model.evaluate(x_test, y_test, BATCH, verbose=0)
        yield loss, 1 - accuracy, 1 - held_out


def cell(values, unit):
    """Returns the mean of values and their standard deviation."""
    factor, digits = (100, 1) if unit == "%" else (1, 3)
    text = f"{factor * statistics.mean(values):.{digits}f}"
    if len(values) > 1:
        text += f" +- {factor * statistics.stdev(values):.{digits}f}"
    return f"{text} {unit}".strip()


def compare(title, ours, theirs):
    """Prints how much larger the errors of one network are."""
    cells = []
    for index in (1, 2):
        differences = [
            a[index] - b[index] for a, b in zip(ours, theirs, strict=True)
        ]
        larger = sum(each > 0 for each in differences)
        cells.append(f"{cell(differences, '%')} ({larger}/{len(differences)})")
    print(f"| {title} | {' | '.join(cells)} |")


def main():
    """Prints the errors of the four networks, and their differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", default="digits")
    parser.add_argument("--size", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rate", type=float, default=0.03)
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    loaded = small_images.load(arguments.images)
    parts = [
        (small_images.scaled(loaded[name], arguments.size), loaded[name].labels)
        for name in ("train", "test")
    ]
    print(f"\n| network | {' | '.join(MEASURES)} | CPU time a seed |")
    print("|---|---|---|---|---|")
    found = {}
    for depth in DEPTHS:
        for name, shortcut in SHORTCUTS.items():
            start = time.process_time()
            found[name, depth] = list(errors(parts, depth, shortcut, arguments))
            seconds = (time.process_time() - start) / arguments.seeds
            cells = [
                cell(values, unit)
                for values, unit in zip(
                    zip(*found[name, depth], strict=True),
                    ("", "%", "%"),
                    strict=True,
                )
            ]
            print(
                f"| {name}-{depth} | {' | '.join(cells)} | {seconds:.0f} s |",
                flush=True,
            )
    print("\n| difference | training error | held-out error |\n|---|---|---|")
    low, high = DEPTHS
    for name in SHORTCUTS:
        compare(
            f"{name}-{high} to {name}-{low}",
            found[name, high],
            found[name, low],
        )
    for depth in DEPTHS:
        compare(
            f"plain-{depth} to residual-{depth}",
            found["plain", depth],
            found["residual", depth],
        )


if __name__ == "__main__":
    main()
