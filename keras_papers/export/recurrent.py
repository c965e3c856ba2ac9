"""Recurrent layers in integers: loops are unrolled into their steps."""

import contextlib

from keras_papers.export.integer_file import layer_of

LOOPS = {"While", "StatelessWhile"}


@contextlib.contextmanager
def unrolled(model):
    """Lets the recurrent layers of a model draw each step, not a loop.

    The converter has no integers for loops, and its calibration ends the
    whole process at one.
    """
    looping = [
        layer
        for layer in _layers(model)
        if getattr(layer, "unroll", None) is False
    ]
    for layer in looping:
        layer.unroll = True
    try:
        yield
    finally:
        for layer in looping:
            layer.unroll = False


def _layers(layer):
    yield layer
    inner = list(getattr(layer, "layers", ()))
    for name in ("layer", "forward_layer", "backward_layer"):  # of wrappers
        inner += [getattr(layer, name)] if hasattr(layer, name) else []
    for each in inner:
        yield from _layers(each)


def find_loop(function, model):
    """Returns the name of a layer that runs in a loop, None without one.

    Args:
        function: Concrete function of TensorFlow.
        model: The model that it computes.
    """
    graph = function.graph.as_graph_def()
    nodes = [*graph.node]
    for inner in graph.library.function:
        nodes += inner.node_def
    for node in nodes:
        if node.op in LOOPS:
            return layer_of([node.name], model)
    return None
