"""Lets TensorFlow forget the graphs of models that are gone.

Some gradients are Python functions: that of each sum over replicas, which
every optimizer takes, and that of each SiLU. TensorFlow registers them anew
for every graph and for good, and each holds on to its whole graph: of one
small MobileNet 126,000 objects, 90 MB (TensorFlow 2.21). A search, which
traces two graphs a trial, grows by that until memory is full.
"""

import inspect
import weakref

import keras

NAME = "CustomGradient-"  # and a number: how TensorFlow registers them
COLLECTION = "keras_papers_gradients"  # of a graph, where it keeps its own


def release_graphs():
    """Lets the graphs go of models that are gone, and those of others later.

    The tuners here call it after each trial; with KerasTuner's own, or in a
    loop that trains one model after another, call it after each of them. It
    ties the gradients that TensorFlow has registered to the lives of their
    graphs: a graph that somebody still uses keeps its gradients.

    Returns:
        Int. How many gradients were not tied before; 0 on other backends,
        which keep no graphs.

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
        # From graph to gradient and back is a circle, which Python's collector
        # knows to break; a table of the process is not.
        graph.add_to_collection(COLLECTION, entry["type"])
        entry["type"] = _Tied(entry["type"])
        weakref.finalize(graph, registered.pop, name, None)
    return len(found)


class _Tied:
    """Calls a function that it does not keep alive."""

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
