"""Graphs that TensorFlow would keep for ever, and those that are in use."""

import gc
import weakref

import keras
import numpy as np
import pytest

from keras_papers import tuner
from keras_papers.tuner.engine.traced_graphs import release_graphs

pytestmark = pytest.mark.tensorflow

X = np.linspace(-1, 1, 8, dtype="float32")[:, None]


@pytest.fixture(autouse=True)
def quick_steps():
    """Traces, in place of the fixture by which other tests do not."""


def build(hp=None):
    """Builds a model with both gradients that are registered for good.

    Those of SiLU, and of the sum over replicas in an optimizer.
    """
    if hp is not None:
        hp.Int("units", 1, 100)
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(2, "silu", use_bias=False)]
    )
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def graphs(others=()):
    """Counts the graphs of functions that are in memory, without `others`."""
    gc.collect()
    return sum(
        type(each).__name__ == "FuncGraph" and each not in others
        for each in gc.get_objects()
    )


def graphs_of_other_tests():
    """The graphs that are there already, and that may go at any time."""
    return weakref.WeakSet(
        each for each in gc.get_objects() if type(each).__name__ == "FuncGraph"
    )


def gradients():
    """Returns the names of all gradients that are registered."""
    from tensorflow.python.framework import ops

    return {*ops.gradient_registry.list()}


def test_the_graphs_of_a_model_that_is_gone_are_forgotten():
    others, known = graphs_of_other_tests(), gradients()
    build().fit(X, X, verbose=0)
    assert graphs(others) > 0 and gradients() - known
    assert release_graphs() >= 2
    assert graphs(others) == 0 and not gradients() - known
    assert release_graphs() == 0


def test_a_model_that_is_in_use_trains_on_in_other_graphs():
    model, copy = build(), build()
    copy.set_weights(model.get_weights())
    as_they_are = {"shuffle": False, "verbose": 0}  # sums in the same order
    for each in (model, copy):
        each.fit(X, X, batch_size=8, epochs=1, **as_they_are)
        if each is model:
            release_graphs()
        each.fit(X[:4], X[:4], batch_size=4, epochs=1, **as_they_are)
    np.testing.assert_array_equal(*(m.get_weights()[0] for m in (model, copy)))
    assert np.abs(model.get_weights()[0]).max() > 1e-3


def test_a_function_that_is_in_use_keeps_its_gradient():
    """Traced without a gradient, which another graph takes."""
    import tensorflow as tf

    @tf.function
    def inner(x):
        return tf.nn.silu(x)

    @tf.function
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = inner(x)
        return tape.gradient(y, x)

    x = tf.constant(X)
    inner(x)
    assert release_graphs() >= 1
    gc.collect()
    sigmoid = 1 / (1 + np.exp(-X))
    expected = sigmoid * (1 + X * (1 - sigmoid))
    assert np.abs(expected).min() > 0.01
    np.testing.assert_allclose(slope(x), expected, rtol=1e-5)


def test_a_search_keeps_no_graph_of_a_finished_trial(tmp_path):
    others = graphs_of_other_tests()
    kept, traced = [], []

    class Counting(tuner.RandomSearch):
        def pre_create_trial(self):
            super().pre_create_trial()
            kept.append(graphs(others))

        def on_trial_end(self, trial):
            traced.append(graphs(others) - kept[-1])
            super().on_trial_end(trial)

    search = Counting(
        build, "val_loss", max_trials=4, seed=1, directory=tmp_path
    )
    search.search(X, X, validation_data=(X, X), epochs=1, verbose=0)
    assert len(traced) == 4 and min(traced) > 0
    assert len(kept) >= 4 and kept[1] == kept[3]
