"""What small MobileNets learn from few labels, and from a teacher.

    pip install keras-papers[bench]
    python benchmarks/bench_distillation.py
    python benchmarks/bench_distillation.py --images mnist_12k.npz --labels 500

The teacher, the ResNet-20 for CIFAR-10 on images of 32 x 32, is trained with
all labels of the training part. The students are MobileNets of several widths
and resolutions, as in tables 12 and 14 of Howard et al., 2017. Each is trained
three times from the same weights, for the same number of steps:

- with the labels of `--labels` images,
- with the same labels and the teacher's answers on the same images,
- with the teacher's answers on all training images, and no labels, as in
  section 4.5 of that paper.

The images with labels are others for each seed. Differences are those to the
labels alone, seed by seed: mean, standard deviation, and in how many seeds they
are positive. A file of `--images` has `x_train`, `y_train`, `x_test` and
`y_test`; without it they are scikit-learn's digits.
"""

import argparse
import statistics
import time
from typing import NamedTuple

import interleaved  # isort: skip # noqa: F401 (one thread)
import keras
import numpy as np

from keras_papers import cost
from keras_papers.applications import MobileNet, ResNet20
from keras_papers.distillation import Distiller

import small_images
from restart import restarter

SIZE = 32  # of the teacher's images
BATCH = 64
CROSS_ENTROPY = "sparse_categorical_crossentropy"
STUDENTS = ("1.0-32", "0.25-64", "0.5-32", "0.25-32")
WAYS = ("labels", "labels and answers", "answers on all images")


class Drawn(keras.utils.PyDataset):
    """A number of batches of some rows of arrays, each row as often.

    Args:
        arrays: A tuple of the inputs and the targets, nested as for `fit`.
        rows: Those to take.
        steps: Number of batches.
        seed: Of their order.
    """

    def __init__(self, arrays, rows, steps, seed):
        super().__init__()
        self.arrays, self.steps = arrays, steps
        random = np.random.default_rng(seed)
        epochs = -(-steps * BATCH // len(rows))
        self.rows = np.concatenate(
            [random.permutation(rows) for _ in range(epochs)]
        )

    def __len__(self):
        return self.steps

    def __getitem__(self, index):
        rows = self.rows[index * BATCH : (index + 1) * BATCH]
        return keras.tree.map_structure(lambda each: each[rows], self.arrays)


class Learner(NamedTuple):
    """A model to fit, and the function that gives it new weights."""

    model: keras.Model
    restart: object


def learner(model, arguments):
    """Compiles a model that is trained once or several times."""
    schedule = keras.optimizers.schedules.CosineDecay(
        arguments.rate, arguments.steps
    )
    model.compile(
        keras.optimizers.Adam(schedule), CROSS_ENTROPY, jit_compile=False
    )
    network = getattr(model, "student", model)
    return Learner(model, restarter(network, model.optimizer))


def accuracy(model, images, labels):
    """Returns the share of images that a model recognizes."""
    return np.mean(model.predict_on_batch(images).argmax(-1) == labels)


def trained_teacher(parts, arguments):
    """Returns the teacher, trained on all images."""
    images = small_images.scaled(parts["train"], SIZE)
    model = ResNet20(input_shape=images.shape[1:], classes=10)
    found = learner(model, arguments)
    found.restart(arguments.seeds)  # a seed that no student has
    rows = np.arange(len(images))
    arrays = images, parts["train"].labels
    model.fit(Drawn(arrays, rows, arguments.steps, 0), verbose=0)
    return model


def student_of(text):
    """Returns the MobileNet of a width and a size, such as `0.5-32`."""
    alpha, size = text.split("-")
    return MobileNet(
        (int(size), int(size), 1), float(alpha), dropout=0, classes=10
    )


def accuracies(student, teacher, parts, arguments):
    """Returns the accuracies on the held-out images, a list for each way."""
    size = student.input_shape[1]
    images, test = (
        small_images.scaled(parts[name], size) for name in ("train", "test")
    )
    labels = parts["train"].labels
    answers = Distiller(student, teacher).answers(images, 256)
    alone = learner(student, arguments)
    both = learner(
        Distiller(student, label_weight=arguments.label_weight), arguments
    )
    unlabelled = learner(Distiller(student, label_weight=0), arguments)
    everything = np.arange(len(images))
    found = {way: [] for way in WAYS}
    for seed in range(arguments.seeds):
        some = np.random.default_rng(seed).choice(
            len(images), arguments.labels, replace=False
        )
        for way, (model, restart), targets, rows in (
            (WAYS[0], alone, labels, some),
            (WAYS[1], both, (labels, answers), some),
            (WAYS[2], unlabelled, (labels, answers), everything),
        ):
            restart(seed)
            batches = Drawn((images, targets), rows, arguments.steps, seed)
            model.fit(batches, verbose=0)
            found[way].append(accuracy(student, test, parts["test"].labels))
    return found


def points(values, sign=""):
    """Returns mean and standard deviation of shares, in percent."""
    text = f"{100 * statistics.mean(values):{sign}.1f}"
    if len(values) > 1:
        text += f" +- {100 * statistics.stdev(values):.1f}"
    return text


def gain(found, way):
    """Returns the difference of a way to the labels alone."""
    differences = [
        a - b for a, b in zip(found[way], found[WAYS[0]], strict=True)
    ]
    larger = sum(each > 0 for each in differences)
    return f"{points(differences, '+')} ({larger}/{len(differences)})"


def main():
    """Prints the accuracy of the teacher and of all students."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", default="digits")
    parser.add_argument("--students", nargs="+", default=STUDENTS)
    parser.add_argument("--labels", type=int, default=100, help="images")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rate", type=float, default=2e-2)
    parser.add_argument("--label-weight", type=float, default=0.1)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    parts = small_images.load(arguments.images)
    start = time.process_time()
    teacher = trained_teacher(parts, arguments)
    right = accuracy(
        teacher,
        small_images.scaled(parts["test"], SIZE),
        parts["test"].labels,
    )
    of_teacher = cost.count(teacher)
    print(
        f"teacher: {of_teacher.multiply_adds / 1e6:.1f} M multiply-adds, "
        f"{of_teacher.parameters:,} parameters, {100 * right:.1f} %; "
        f"{time.process_time() - start:.0f} s",
        flush=True,
    )
    print(
        "\n| student | multiply-adds | parameters "
        f"| {' | '.join(WAYS)} | CPU time |"
    )
    print("|---|---|---|---|---|---|---|")
    rows = {}
    for text in arguments.students:
        start = time.process_time()
        student = student_of(text)
        found = rows[text] = accuracies(student, teacher, parts, arguments)
        counted = cost.count(student)
        ratio = of_teacher.multiply_adds / counted.multiply_adds
        cells = [
            text,
            f"{counted.multiply_adds / 1e6:.1f} M (1/{ratio:.1f})",
            f"{counted.parameters / 1e6:.2f} M",
            *(points(values) for values in found.values()),
            f"{time.process_time() - start:.0f} s",
        ]
        print(f"| {' | '.join(cells)} |", flush=True)
    print(f"\n| difference | {' | '.join(WAYS[1:])} |\n|---|---|---|")
    for text, found in rows.items():
        print(f"| {text} | {gain(found, WAYS[1])} | {gain(found, WAYS[2])} |")


if __name__ == "__main__":
    main()
