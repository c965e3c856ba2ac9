"""Frees the TensorFlow graphs of models that no longer exist.

Some gradients are Python functions: that of the sum over replicas in every
optimizer, and that of each SiLU. TensorFlow registers them for every graph,
until the process ends, and each keeps its whole graph: for one small
MobileNet 126,000 objects, 90 MB (TensorFlow 2.21). A search traces two graphs
a trial, and would grow by that until memory is full.
"""

import inspect
import weakref

import keras

NAME = "CustomGradient-"  # and a number: how TensorFlow registers them
COLLECTION = "keras_papers_gradients"  # of a graph, where it keeps its own


def release_graphs():
    """Frees the graphs of models that no longer exist.

    The tuners here call it after each trial. With KerasTuner's own, or in a
    loop that trains one model after another, call it after each model. The
    registered gradients are then kept by their graphs only: a graph that is
    still in use keeps its gradients, and is freed later.

    Returns:
        Int. Number of gradients that the call has changed; 0 on other
        backends, which keep no graphs.

    Example:
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> data = keras.ops.ones((4, 1))
    >>> _ = model.fit(data, data, verbose=0)
    >>> del model
    >>> _ = release_graphs()
    """
    if keras.config.backend() != "tensorflow":
        return 0
    from tensorflow.python.framework import ops

    registered = ops.gradient_registry._registry
    found = [
        (name, graph, entry)
        for name, entry in registered.items()
        if name.startswith(NAME)
        and (graph := _graph_of(entry["type"])) is not None
    ]
    for name, graph, entry in found:
        # Python's garbage collector frees a reference cycle of a graph and
        # its gradients, but nothing that a table of the process refers to.
        graph.add_to_collection(COLLECTION, entry["type"])
        entry["type"] = _WeakFunction(entry["type"])
        weakref.finalize(graph, registered.pop, name, None)
    return len(found)


class _WeakFunction:
    """Calls a function to which it has a weak reference."""

    def __init__(self, function):
        self.function = weakref.ref(function)

    def __call__(self, *arguments):
        return self.function()(*arguments)


def _graph_of(gradient):
    """Returns the graph that a registered gradient was traced for, or None."""
    if not inspect.isfunction(gradient):
        return None
    inner = inspect.getclosurevars(gradient).nonlocals.get("tape_grad_fn")
    if inner is None:
        return None
    result = inspect.getclosurevars(inner).nonlocals.get("result")
    for tensor in keras.tree.flatten(result):
        graph = getattr(tensor, "graph", None)
        if graph is not None:
            return graph
    return None
