"""What the pre-trainings of TabTransformer add where few rows have labels.

    pip install keras-papers[bench]
    python benchmarks/bench_few_labels.py income.csv --target income \
        --missing "?"

In each split of 65 % / 15 % / 20 % of the rows the network is pre-trained on
the columns of all of the 65 %, once for each task. Then 50, 200 and 500 of
these rows get their labels, in each of several draws, and all weights are
trained for a fixed number of epochs: with so few labels there are none for
early stopping. The same rows, and the same weights of the MLP, are used
without pre-training. The AUC is that of the 20 %; learning rate and epochs
were chosen on the 15 % of the first split.

The differences are those to the network that was not pre-trained, pair by pair:
mean, standard deviation, and in how many pairs the difference is positive.
"""

import functools
import itertools
import statistics
import time

import interleaved  # isort: skip # noqa: F401 (one thread)
import bench_tables
import keras
import numpy as np
import tables

from keras_papers.applications.tabular import TabTransformer
from keras_papers.pretraining import MaskedColumns, ReplacedColumns

from restart import remember

LABELS = (50, 200, 500)
DROPOUT = 0.2
SETTINGS = tables.Settings(learning_rate=3e-4, batch_size=50, epochs=10)
RATE, BATCH = 1e-3, 512  # of the pre-training
TASKS = {"MLM": MaskedColumns, "RTD": ReplacedColumns}
ALONE = "no pre-training"
MODELS = (ALONE, *TASKS, "logistic regression", "HistGradientBoosting")


class PreTraining:
    """A task on the columns that is compiled once and begun again.

    Args:
        task: Class of the task.
        learner: `tables.Learner` of the network, whose weights it changes.
        names: Of the categorical columns.
    """

    def __init__(self, task, learner, names):
        self.learner, self.names = learner, names
        self.task = task(learner.network, seed=0)
        self.task(np.zeros((1, len(names)), "int32"))  # creates the heads
        optimizer = keras.optimizers.AdamW(RATE, weight_decay=1e-4)
        self.task.compile(optimizer, jit_compile=tables.XLA)
        optimizer.build(self.task.trainable_variables)
        heads = [v for head in self.task.heads for v in head.variables]
        self._restart = remember([*optimizer.variables, *heads])

    def fit(self, part, epochs):
        """Trains the network on the columns, and returns the history."""
        self._restart()
        rows = len(part.ids) // BATCH * BATCH or len(part.ids)
        columns = dict(zip(self.names, part.ids[:rows].T, strict=True))
        return self.task.fit(
            columns, batch_size=BATCH, epochs=epochs, verbose=0
        ).history


@functools.cache
def learners(cardinalities, numeric):
    """Returns the `tables.Learner` of columns, and its `PreTraining`s."""
    names = [name for name, _ in cardinalities]
    learner = tables.Learner(
        functools.partial(
            TabTransformer, dict(cardinalities), numeric, dropout=DROPOUT
        ),
        [*names, *numeric],
        SETTINGS,
    )
    return learner, {
        name: PreTraining(task, learner, names) for name, task in TASKS.items()
    }


def drawn(part, number, seed):
    """Returns rows to label, of both classes."""
    draws = np.random.default_rng(seed)
    while True:
        rows = draws.choice(len(part.labels), number, replace=False)
        labels = part.labels[rows]
        if 0 < labels.sum() < number:
            return part.take(rows)


def measure(parts, split, arguments):
    """Returns the AUC of all models of a split, as entries of the log."""
    learner, tasks = learners(
        tuple(parts.schema.cardinalities.items()), tuple(parts.schema.numeric)
    )
    learner.restart(split)
    starts = {ALONE: learner.weights()}
    for name, task in tasks.items():
        learner.load(starts[ALONE])
        start = time.process_time()
        history = task.fit(parts.train, arguments.pretraining)
        seconds = time.process_time() - start
        print(
            f"split {split}, {name}: loss {history['loss'][-1]:.3f}, accuracy "
            f"{history['accuracy'][-1]:.3f}, {seconds:.0f} s",
            flush=True,
        )
        starts[name] = learner.weights()
    entries = []
    for draw, number in itertools.product(range(arguments.draws), LABELS):
        part = drawn(parts.train, number, (split, draw, number))
        for name in MODELS:
            if name in starts:
                predict = fine_tuned(learner, starts[name], part, draw)
            else:
                predict = bench_tables.FITTED[name](part)
            entries.append(
                {
                    "split": split,
                    "draw": draw,
                    "labels": number,
                    "model": name,
                    "auc": tables.auc(parts.test.labels, predict(parts.test)),
                }
            )
    return entries


def fine_tuned(learner, weights, part, seed):
    """Trains all weights on rows, and returns the function that predicts."""
    learner.begin()
    learner.load(weights)
    draws = np.random.default_rng(seed)
    for _ in range(SETTINGS.epochs):
        tables.train_epoch(learner, part, SETTINGS.batch_size, draws)
    return learner.predict


def print_tables(entries):
    """Prints the AUC of each number of labels, and paired differences."""
    print(f"\n| AUC | {' | '.join(f'{n} labels' for n in LABELS)} |")
    print(f"|---|{'---|' * len(LABELS)}")
    scores = {
        (name, number): [
            e["auc"]
            for e in entries
            if e["model"] == name and e["labels"] == number
        ]
        for name in MODELS
        for number in LABELS
    }
    for name in MODELS:
        cells = [bench_tables.spread(scores[name, n], 3) for n in LABELS]
        print(f"| {name} | {' | '.join(cells)} |")
    print(f"\n| difference | {' | '.join(f'{n} labels' for n in LABELS)} |")
    print(f"|---|{'---|' * len(LABELS)}")
    for name in MODELS[1:]:
        cells = []
        for number in LABELS:
            pairs = zip(
                scores[name, number], scores[ALONE, number], strict=True
            )
            differences = [a - b for a, b in pairs]
            wins = sum(d > 0 for d in differences)
            deviation = statistics.stdev(differences)
            cells.append(
                f"{statistics.mean(differences):+.3f} +- {deviation:.3f} "
                f"({wins}/{len(differences)})"
            )
        print(f"| {name} | {' | '.join(cells)} |")


def main():
    """Measures what the log does not have, and prints the tables."""
    parser = tables.parser(__doc__)
    parser.add_argument("--draws", type=int, default=2, help="of a split")
    parser.add_argument(
        "--pretraining", type=int, default=10, help="epochs of each task"
    )
    arguments = parser.parse_args()
    frame, target = tables.read(arguments)
    log = tables.Log(
        arguments.log,
        tables.conditions(
            frame,
            target,
            arguments,
            SETTINGS,
            dropout=DROPOUT,
            pretraining=[arguments.pretraining, RATE, BATCH],
            draws=arguments.draws,
        ),
    )
    for seed in range(arguments.splits):
        if not log.has(split=seed):
            parts = tables.split(frame, target, arguments.missing, seed)
            log.add(*measure(parts, seed, arguments))
    print_tables([e for e in log.entries if e["split"] < arguments.splits])


if __name__ == "__main__":
    main()
