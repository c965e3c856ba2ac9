"""The look-up of many categorical columns, and a step of TabTransformer.

    pip install keras-papers[bench]
    python benchmarks/bench_column_embedding.py

`ColumnEmbedding` has one table for all columns. The first table compares it
with one `keras.layers.Embedding` a column, in a model that sums the vectors and
classifies: building the model with its first step of training, and a further
step; compiled by XLA, Keras' default, and not. `--xla with` and `--xla without`
measure one of the two. The second compares training steps of the whole
TabTransformer, which `tables.Learner` compiles by XLA only with JAX or `--xla
with`, with pytorch-widedeep's of the same sizes, on columns as those of UCI
Adult.

CPU time on one thread, in turn.
"""

import argparse
import importlib.util
import itertools

from interleaved import compare, cpu_seconds, header  # isort: skip
import keras
import numpy as np
import tables
from keras import layers

from keras_papers.applications.tabular import TabTransformer
from keras_papers.layers import ColumnEmbedding

XLA = {"with": (True,), "without": (False,), "both": (True, False)}
LEVELS, DIM = 20, 32
ADULT = (8, 16, 7, 14, 6, 5, 2, 41)
NUMBERS = 6


def one_table(columns):
    """Returns the layer under test."""
    return ColumnEmbedding([LEVELS] * columns, DIM, shared=None)


def one_a_column(columns):
    """Returns a function that looks up each column in a layer of its own."""
    each = [layers.Embedding(LEVELS + 1, DIM) for _ in range(columns)]

    def look_up(ids):
        return keras.ops.stack(
            [layer(ids[:, i]) for i, layer in enumerate(each)], axis=1
        )

    return look_up


def first_step(look_up_of, xla, ids, labels):
    """Builds a model, trains it for a step, and returns it."""
    inputs = keras.Input(ids.shape[1:], dtype="int32")
    x = keras.ops.sum(look_up_of(ids.shape[1])(inputs), axis=1)
    model = keras.Model(inputs, layers.Dense(1, "sigmoid")(x))
    model.compile("adam", "binary_crossentropy", jit_compile=xla)
    model.train_on_batch(ids, labels)
    return model


def look_ups(columns, xla, batch, rounds, steps):
    """Compares one table with one layer a column."""
    draws = np.random.default_rng(0)
    ids = draws.integers(0, LEVELS, (batch, columns)).astype("int32")
    labels = draws.integers(0, 2, batch)
    name = f"{columns} columns, {'XLA' if xla else 'no XLA'}"
    firsts, models = ([], []), [None, None]
    for _ in range(rounds):
        for place, kind in enumerate((one_table, one_a_column)):
            seconds, models[place] = cpu_seconds(
                lambda kind=kind: first_step(kind, xla, ids, labels)
            )
            firsts[place].append(seconds)
    compare(f"{name}, first step", *firsts, digits=2)
    laters = ([], [])
    for _ in range(steps):
        for place, model in enumerate(models):
            seconds, _ = cpu_seconds(
                lambda model=model: model.train_on_batch(ids, labels)
            )
            laters[place].append(1000 * seconds)
    compare(f"{name}, a step of {batch} rows", *laters, "ms", 2)


def whole_models(batch, steps, xla):
    """Compares training steps of two TabTransformers."""
    from wide_deep import WideDeep

    draws = np.random.default_rng(0)
    part = tables.Part(
        draws.integers(0, ADULT, (batch, len(ADULT))).astype("int32"),
        draws.normal(size=(batch, NUMBERS)).astype("float32"),
        draws.integers(0, 2, batch),
    )
    cardinalities = {f"level{i}": n for i, n in enumerate(ADULT)}
    numeric = [f"number{i}" for i in range(NUMBERS)]
    settings = tables.Settings()

    def build(missing):
        return TabTransformer(
            cardinalities,
            numeric,
            dropout=0.1,
            attention_dropout=0.2,
            missing=missing,
        )

    columns = [*cardinalities, *numeric]
    ours = tables.Learner(build, columns, settings, xla)
    theirs = WideDeep(cardinalities, numeric, settings, seed=0)
    times = ([], [])
    for step in range(steps + 2):
        for place, learner in enumerate((ours, theirs)):
            seconds, _ = cpu_seconds(lambda learner=learner: learner.step(part))
            if step >= 2:  # the first ones compile
                times[place].append(1000 * seconds)
    compare(f"TabTransformer, a step of {batch} rows", *times, "ms", 1)
    rates = [[1000 * batch / each for each in side] for side in times]
    compare("TabTransformer, training", *rates, "rows/s", 0)


def main():
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--columns", type=int, nargs="*", default=[32, 200])
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--xla", choices=XLA, default="both")
    arguments = parser.parse_args()
    header("one Embedding a column")
    choices = XLA[arguments.xla]
    for columns, xla in itertools.product(arguments.columns, choices):
        look_ups(
            columns, xla, arguments.batch, arguments.rounds, arguments.steps
        )
    if importlib.util.find_spec("pytorch_widedeep") is None:
        print("pytorch-widedeep is left out: it is not installed.")
        return
    header("pytorch-widedeep")
    (xla, *others) = choices
    whole_models(
        arguments.batch, arguments.steps, tables.XLA if others else xla
    )


if __name__ == "__main__":
    main()
