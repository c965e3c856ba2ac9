"""The values of black and white pixels at the input of a model.

Three probes, black, gray and white in [0, 255], are propagated from the input
through all layers, operations and inner graphs without trainable weights. Their
values at the first layer with weights show the expected range of the images,
since networks are trained on numbers around [-1, 1]. If nothing changes the
probes, the statistics of a normalization after that layer can show the range
(`pixel_statistics`).
"""

import inspect
import warnings
from typing import NamedTuple

import keras
import numpy as np

from keras_papers.inlining import calls, functional, is_graph
from keras_papers.layers.block import drawing
from keras_papers.pixels.normalization import PIXELS, SIGNED, UNIT, WAY_OUT
from keras_papers.pixels.pixel_statistics import (
    has_seen_nothing,
    judge_statistics,
    statistics_behind,
)

PROBES = (0.0, 64.0, 255.0)
OPEN_SIZE = 64  # height and width of a probe if they are open in the model
ROUNDING = 0.02  # tolerance for half precision, as a share of the range


class PixelRange(NamedTuple):
    """The values of black and white pixels at the input of a model."""

    black: float
    white: float
    known: bool = True  # False: assumed, since the graph does not show it
    trained: bool = True  # False: the model is untrained and fits no range yet

    def warn(self, model, way_out=WAY_OUT, stacklevel=3):
        """Warns if the range of a model of images is an assumption."""
        is_image = len(model.inputs[0].shape) == 4
        if self.known or not self.trained or not is_image:
            return
        warnings.warn(
            f"the graph of {model.name!r} does not show whether it takes "
            "pixels in [0, 255], [0, 1] or [-1, 1]; "
            f"[{self.black:g}, {self.white:g}] is assumed. {way_out}",
            UserWarning,
            stacklevel=stacklevel,
        )


def find_pixel_range(model):
    """Finds the values of black and white pixels at the input of a model.

    Args:
        model: A functional or built sequential model.

    Returns:
        A `PixelRange` of (0, 255), (0, 1) or (-1, 1), the last of which is
        assumed if the graph does not show it.

    Example:
    >>> image = keras.Input((32, 32, 3))
    >>> x = keras.layers.Conv2D(4, 3)(image / 127.5 - 1)
    >>> find_pixel_range(keras.Model(image, x))[:3]
    (0.0, 255.0, True)
    >>> x = keras.layers.Conv2D(4, 3)(image)
    >>> find_pixel_range(keras.Model(image, x))[:3]
    (-1.0, 1.0, False)
    """
    found, is_fresh = _examine(model)
    return PixelRange(*(found or SIGNED), found is not None, not is_fresh)


def with_pixels(model, mean, std):
    """Returns a model that takes pixels in [0, 255] and calls `model`."""
    if (mean, std) == (0.0, 1.0):
        return model
    image = keras.Input(batch_shape=model.inputs[0].shape, name="pixels")
    rescaling = keras.layers.Rescaling(1 / std, -mean / std, name="from_pixels")
    return keras.Model(image, model(rescaling(image)), name=model.name)


class _Line(NamedTuple):
    """A linear function of the input: slope * (input - zero)."""

    slope: float
    zero: float


class _Reached(NamedTuple):
    """The first layer with weights on a path from the input."""

    line: _Line
    layer: object  # None: an output of the model, or not linear
    follower: object  # the only layer that reads it, or None


def _examine(model):
    """Returns the range or None, and whether the model is untrained."""
    (image, *others) = functional(model).inputs
    if others or len(image.shape) < 2:
        return None, False
    shape = [size or OPEN_SIZE for size in image.shape[1:]]
    probes = np.stack([np.full(shape, probe) for probe in PROBES])
    walk = _Walk()
    outputs = walk.follow(
        functional(model), [keras.ops.cast(probes, image.dtype)]
    )
    walk.reached += [
        _Reached(_line(output), None, None)
        for output in outputs
        if output is not None
    ]
    if len(walk.made) == 1:
        return walk.made.pop(), False
    found = {_judge(*place.line) for place in walk.reached if place.line}
    found.discard(None)
    if len(found) == 1:
        return found.pop(), False
    if found:
        return None, False
    if "int" in str(image.dtype) and len(image.shape) == 4:
        return PIXELS, False
    return _by_statistics(walk.reached)


def _by_statistics(reached):
    found, fresh = set(), []
    for line, layer, follower in reached:
        if line is None or layer is None:
            continue
        fresh.append(has_seen_nothing(layer, follower))
        seen = statistics_behind(layer, follower)
        if seen is not None:
            slope = abs(line.slope)
            found.add(
                judge_statistics(
                    seen._replace(
                        mean=line.zero + seen.mean / line.slope,
                        deviation=seen.deviation / slope,
                        least_deviation=seen.least_deviation / slope,
                    )
                )
            )
    found.discard(None)
    one = found.pop() if len(found) == 1 else None
    return one, any(fresh)


def _judge(slope, zero):
    """Returns the input range that a line maps to about [-1, 1], or None.

    Args:
        slope: Of the line.
        zero: The input value that becomes zero: an adapted mean, the middle
            of the range, or black.
    """
    slope = abs(slope)
    if np.isclose(slope, 1) and abs(zero) < 1e-3:
        return None  # unchanged
    if 1.5 < zero <= 256:
        # An adapted mean may be that of dark images, but not 1 % of white.
        return PIXELS if zero > 20 or slope < 0.25 else None
    if not -1.1 <= zero <= 1.5:
        return None
    if slope <= 0.05:
        # [0, 1] would hardly be seen. Below, more than 8 bits are scaled.
        return PIXELS if slope > 1e-3 and zero > -0.1 else None
    if zero > 0.05:
        return UNIT
    if zero < -0.05:
        return SIGNED
    return UNIT if np.isclose(slope, 255, rtol=0.02) else None


def _made_pixels(line):
    """Returns the range that a line maps to pixels in [0, 255], or None."""
    if np.isclose(line.slope, 255, rtol=0.02) and abs(line.zero) < 0.02:
        return UNIT
    signed = np.isclose(line.slope, 127.5, rtol=0.02)
    return SIGNED if signed and np.isclose(line.zero, -1, rtol=0.02) else None


def _line(values):
    """Returns the `_Line` through the probes, or None."""
    values = np.asarray(keras.ops.convert_to_numpy(values), "float64")
    if values.ndim == 0 or len(values) != len(PROBES):
        return None
    black, gray, white = values.reshape(len(PROBES), -1)
    share = (PROBES[1] - PROBES[0]) / (PROBES[2] - PROBES[0])
    reach = np.abs(white - black).max(initial=0.0)
    bent = np.abs(black + share * (white - black) - gray).max(initial=0.0)
    if not 0 < reach < np.inf or not bent <= ROUNDING * reach:
        return None
    slopes = (white - black) / (PROBES[2] - PROBES[0])
    # A padded border, or a channel of coordinates, is the same for all.
    moved = np.abs(slopes) > 1e-3 * np.abs(slopes).max()
    slopes, black = slopes[moved], black[moved]
    return _Line(float(np.median(slopes)), float(np.median(-black / slopes)))


class _Walk:
    """Follows the probes through a graph, and the graphs inside."""

    def __init__(self):
        self.reached = []  # of `_Reached`
        self.made = set()  # ranges that are mapped to pixels on the path

    def follow(self, graph, inputs):
        """Returns the outputs of a graph; None after a layer with weights."""
        values = {
            id(x): value
            for x, value in zip(graph.inputs, inputs, strict=True)
            if value is not None
        }
        nodes = calls(graph)
        readers = {}
        for node in nodes:
            for tensor in node.arguments.keras_tensors:
                readers.setdefault(id(tensor), []).append(node.operation)
        for node in nodes:
            tensors = node.arguments.keras_tensors
            if not tensors or any(id(x) not in values for x in tensors):
                continue
            after = readers.get(id(node.outputs[0]), [])
            follower = after[0] if len(after) == 1 else None
            outputs = self._pass(node, values, follower)
            for tensor, value in zip(node.outputs, outputs, strict=True):
                if value is not None:
                    values[id(tensor)] = value
        return [values.get(id(x)) for x in graph.outputs]

    def _pass(self, node, values, follower):
        layer = node.operation
        nothing = [None] * len(node.outputs)
        given = [values[id(x)] for x in node.arguments.keras_tensors]
        graph = _graph(layer, node.arguments.keras_tensors)
        if graph is not None and len(graph.inputs) == len(given):
            return self.follow(graph, given)
        line = _line(given[0])
        if isinstance(layer, keras.layers.TimeDistributed) and layer.weights:
            self._inside_time(layer.layer, given[0][:, 0], line)
            return nothing
        if _learns(layer):
            self.reached.append(_Reached(line, layer, follower))
            return nothing
        outputs = _computed(node, values)
        lines = [None if x is None else _line(x) for x in outputs]
        if None in lines:
            # Such as an activation, whose input matters.
            self.reached.append(_Reached(line, None, None))
            return nothing
        self.made |= {_made_pixels(x) for x in lines} - {None}
        return outputs

    def _inside_time(self, layer, value, line):
        """Follows the layer that TimeDistributed calls on each time step."""
        if is_graph(layer):
            self.follow(functional(layer), [value])
        else:
            self.reached.append(_Reached(line, layer, None))


def _graph(layer, tensors):
    """Returns what to follow inside a layer, or None."""
    if not is_graph(layer):
        return None
    if isinstance(layer, keras.Model):
        return functional(layer)
    inputs = [keras.Input(batch_shape=x.shape, dtype=x.dtype) for x in tensors]
    with drawing():
        return keras.Model(inputs, layer.call(*inputs))


def _learns(layer):
    adapted = isinstance(layer, keras.layers.Normalization)
    return bool(getattr(layer, "weights", ())) and not adapted


def _computed(node, values):
    """Returns the outputs of a layer or an operation for the probes.

    None for each output if the call fails, since callers can continue without
    the range.
    """
    args, kwargs = keras.tree.map_structure(
        lambda x: values.get(id(x), x),
        (node.arguments.args, dict(node.arguments.kwargs)),
    )
    call = getattr(node.operation, "call", node.operation)
    if "training" in inspect.signature(call).parameters:
        kwargs["training"] = False  # augmentation is then left out
    try:
        return keras.tree.flatten(node.operation(*args, **kwargs))
    except Exception:
        return [None] * len(node.outputs)
