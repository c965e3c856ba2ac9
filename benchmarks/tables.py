"""Reads and splits tables, and trains networks on them, for benchmarks."""

import argparse
import hashlib
import json
import pathlib
import warnings
from typing import NamedTuple

import keras
import numpy as np
from keras import layers
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from keras_papers.applications.tabular import (
    TabTransformer,
    TabularSchema,
    numeric_edges,
)

from restart import remember

PREDICTED = 1024  # rows of a batch; always as many: one graph
# XLA draws the random numbers of dropout slowly in TensorFlow on a CPU: with it
# a step takes three times as long as without.
XLA = keras.backend.backend() == "jax"
TEST, VALIDATION = 0.2, 0.15  # as in the paper


class Part(NamedTuple):
    """Rows as the networks take them, and their labels."""

    ids: np.ndarray  # (rows, categorical columns), -1 where missing
    numbers: np.ndarray  # (rows, numeric columns), standardized
    labels: np.ndarray  # (rows,), 0 or 1

    def take(self, rows):
        """Returns some of the rows."""
        return Part(*(values[rows] for values in self))


class Split(NamedTuple):
    """The parts of a table; all that is fitted is fitted to `train`."""

    schema: TabularSchema
    edges: dict  # of the intervals of each numeric column
    train: Part
    validation: Part
    test: Part


class Settings(NamedTuple):
    """How a network is trained, with AdamW."""

    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    batch_size: int = 512
    epochs: int = 15


def parser(description):
    """Returns the parser of the arguments that the benchmarks share."""
    arguments = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    arguments.add_argument(
        "csv", nargs="?", help="the table; without it a small one is made up"
    )
    arguments.add_argument("--target", help="name of the column to predict")
    arguments.add_argument(
        "--missing", nargs="*", default=[], help="texts of missing values"
    )
    arguments.add_argument("--splits", type=int, default=5)
    arguments.add_argument("--epochs", type=int, default=15)
    arguments.add_argument(
        "--log", help="file of what was measured, which a next run continues"
    )
    return arguments


def read(arguments):
    """Returns the DataFrame of a CSV file, as texts, and its target."""
    import pandas

    if arguments.csv is None:
        return _made_up(), "answer"
    frame = pandas.read_csv(
        arguments.csv, dtype="object", keep_default_na=False
    )
    return frame, arguments.target


def _made_up(rows=2000):
    """Returns a table whose answer depends on pairs of columns."""
    import pandas

    draws = np.random.default_rng(0)
    levels = draws.integers(0, (3, 5, 8, 4), (rows, 4))
    numbers = draws.normal(size=(rows, 2))
    score = np.where(levels[:, 0] == levels[:, 3], 1, -1) + numbers[:, 0]
    frame = pandas.DataFrame(
        {
            **{
                f"level{i}": np.char.add("v", levels[:, i].astype(str))
                for i in range(4)
            },
            **{
                f"number{i}": numbers[:, i].round(3).astype(str)
                for i in range(2)
            },
        }
    )
    noisy = score + draws.logistic(size=rows)
    frame["answer"] = np.where(noisy > 0, "yes", "no")
    return frame


def split(frame, target, missing, seed):
    """Divides a table into 65 %, 15 % and 20 % of its rows, stratified."""
    answers = frame[target].to_numpy()
    rest, test = train_test_split(
        np.arange(len(frame)),
        test_size=TEST,
        random_state=seed,
        stratify=answers,
    )
    train, validation = train_test_split(
        rest,
        test_size=VALIDATION / (1 - TEST),
        random_state=seed,
        stratify=answers[rest],
    )
    numeric = [
        name
        for name in frame.columns
        if name != target and _is_numeric(frame[name])
    ]
    schema = TabularSchema.of(
        frame.iloc[train], target, numeric=numeric, missing_values=missing
    )
    parts = [
        _encoded(schema, frame.iloc[rows]) for rows in (train, validation, test)
    ]
    edges = numeric_edges(schema, frame.iloc[train])
    return Split(schema, edges, *parts)


def piecewise(parts):
    """Replaces each number by its place in each interval of its column.

    For networks of others. `TabTransformer` does the same by `numeric_edges`.

    Returns:
        A `Split`, and the names of the columns of its numbers.
    """
    names = [
        f"{name}_{interval}"
        for name, ends in parts.edges.items()
        for interval in range(1, len(ends))
    ]

    def encoded(part):
        places = [
            np.clip((x[:, None] - ends[:-1]) / np.diff(ends), 0, 1)
            for ends, x in zip(
                parts.edges.values(), part.numbers.T, strict=True
            )
        ]
        return part._replace(numbers=np.hstack(places).astype("float32"))

    return parts._replace(
        train=encoded(parts.train),
        validation=encoded(parts.validation),
        test=encoded(parts.test),
    ), names


def _is_numeric(column):
    try:
        column.astype("float")
    except ValueError:
        return False
    return True


def _encoded(schema, frame):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # levels not in training
        columns = schema.encode(frame)
    return Part(
        _stacked(columns, schema.categorical, len(frame), "int32"),
        _stacked(columns, schema.numeric, len(frame), "float32"),
        schema.encode_target(frame),
    )


def _stacked(columns, names, rows, dtype):
    if not names:
        return np.zeros((rows, 0), dtype)
    return np.stack([columns[name] for name in names], axis=1)


def auc(labels, scores):
    """Returns the area under the ROC curve, exact, ties counted half."""
    return float(roc_auc_score(labels, scores))


def mlp(categorical, numeric, **options):
    """Returns TabTransformer without its transformer layers.

    The columns' vectors go straight into the MLP, which is that of the paper.
    """
    whole = TabTransformer(categorical, numeric, num_layers=1, **options)
    vectors = whole.get_layer("columns").output
    x = layers.Flatten(name="flatten")(vectors)
    names = [layer.name for layer in whole.layers]
    if numeric:
        numbers = whole.get_layer("join").input[1]
        x = layers.Concatenate(name="join")([x, numbers])
    for name in names[names.index("hidden1") :]:
        x = whole.get_layer(name)(x)
    return keras.Model(whole.input, x, name="mlp")


class Learner:
    """A Keras network that is compiled once and trained from new weights.

    Args:
        build: Function that returns the network. It takes `missing`, as
            `TabTransformer` does.
        columns: Names of its inputs, those of categorical columns first.
        settings: How it is trained.
        xla: Whether XLA compiles it. Defaults to `XLA`.
    """

    def __init__(self, build, columns, settings, xla=XLA):
        self.columns = columns
        self.network = build(missing="row")
        # The same weights, where values are missing in the test part alone:
        # option 1 of the paper.
        self.averaging = build(missing="average")
        self.optimizer = keras.optimizers.AdamW(
            settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.network.compile(
            self.optimizer, "binary_crossentropy", jit_compile=xla
        )
        self.averaging.compile(jit_compile=xla)
        self.optimizer.build(self.network.trainable_variables)
        self.begin = remember(self.optimizer.variables)

    def restart(self, seed):
        """Draws other weights, and forgets the moments of the optimizer."""
        keras.utils.set_random_seed(seed)
        fresh = keras.models.clone_model(self.network)
        self.network.set_weights(fresh.get_weights())
        self.begin()

    def set_rate(self, rate):
        """Sets the learning rate of the next steps."""
        self.optimizer.learning_rate = rate

    def step(self, part):
        """Trains on a batch."""
        self.network.train_on_batch(self._inputs(part), part.labels)

    def predict(self, part, average=False):
        """Returns the probabilities of rows."""
        network = self.network
        if average:
            network = self.averaging
            network.set_weights(self.network.get_weights())
        number = len(part.labels)
        padded = np.arange(-(-number // PREDICTED) * PREDICTED) % number
        scores = [
            network.predict_on_batch(self._inputs(part.take(rows)))
            for rows in np.split(padded, len(padded) // PREDICTED)
        ]
        return np.concatenate(scores)[:number, 0]

    def _inputs(self, part):
        values = (*part.ids.T, *part.numbers.T)
        return dict(zip(self.columns, values, strict=True))

    def weights(self):
        """Returns a copy of the weights."""
        return self.network.get_weights()

    def load(self, weights):
        """Sets the weights."""
        self.network.set_weights(weights)


def train_epoch(learner, part, batch_size, draws):
    """Trains on the rows in a new order, but the last incomplete batch."""
    batch_size = min(batch_size, len(part.labels))
    steps = len(part.labels) // batch_size
    order = draws.permutation(len(part.labels))[: steps * batch_size]
    for rows in np.split(order, steps):
        learner.step(part.take(rows))


def fit(learner, train, validation, settings, seed, report=None):
    """Trains to the epoch with the best AUC of the validation part.

    The learning rate falls to zero as a cosine, epoch by epoch: at a constant
    rate the AUC goes up and down between epochs.

    Args:
        learner: `Learner`, or another object with its methods.
        train: `Part`.
        validation: `Part`.
        settings: `Settings`.
        seed: Int. Of the order of the rows.
        report: Function that takes the epoch and its AUC, or None.

    Returns:
        The best AUC and its epoch, whose weights the learner then has.
    """
    draws = np.random.default_rng(seed)
    best, best_epoch, weights = -1.0, 0, None
    for epoch in range(1, settings.epochs + 1):
        share = (epoch - 1) / settings.epochs
        fall = (1 + np.cos(np.pi * share)) / 2
        learner.set_rate(settings.learning_rate * fall)
        train_epoch(learner, train, settings.batch_size, draws)
        value = auc(validation.labels, learner.predict(validation))
        if report:
            report(epoch, value)
        if value > best:
            best, best_epoch, weights = value, epoch, learner.weights()
    learner.load(weights)
    return best, best_epoch


def conditions(frame, target, arguments, settings, **others):
    """Returns what all measurements of a run depend on, for its `Log`.

    Args:
        frame: DataFrame of the whole table.
        target: Name of its column to predict.
        arguments: Parsed arguments of `parser`.
        settings: `Settings`.
        **others: Further values that JSON can have.
    """
    text = frame.to_csv(index=False).encode()
    return {
        "table": hashlib.sha256(text).hexdigest(),
        "target": target,
        "missing": arguments.missing,
        "backend": keras.backend.backend(),
        "settings": settings._asdict(),
        **others,
    }


class Log:
    """Measurements as JSON lines of a file, or in memory.

    Args:
        path: Of the file, or None. What it has is not measured again. Lines
            of other conditions stay there and are not read.
        conditions: Dict of what the measurements depend on, which each line
            has, as `conditions` returns it.
    """

    def __init__(self, path, conditions):
        self.path = None if path is None else pathlib.Path(path)
        # As JSON returns it: a tuple is a list.
        self.conditions = json.loads(json.dumps(conditions))
        self.entries = []
        if self.path is not None and self.path.exists():
            lines = self.path.read_text().splitlines()
            entries = [json.loads(line) for line in lines]
            self.entries = [
                entry
                for entry in entries
                if entry.pop("conditions", None) == self.conditions
            ]
            others = len(entries) - len(self.entries)
            if others:
                print(
                    f"{self.path} has {others} measurements of another table "
                    "or of other settings. They are not used."
                )

    def has(self, **key):
        """Returns whether there is a measurement with these values."""
        return bool(self.of(**key))

    def of(self, **key):
        """Returns the measurements with these values."""
        return [e for e in self.entries if key.items() <= e.items()]

    def add(self, *entries):
        """Adds measurements, dicts of values."""
        self.entries += entries
        if self.path is not None:
            lines = [
                json.dumps({**entry, "conditions": self.conditions}) + "\n"
                for entry in entries
            ]
            with self.path.open("a") as file:
                file.writelines(lines)
