"""Base of the blocks that convolve a map in branches."""

import numbers

from keras import layers

from keras_papers.checks import check_bool, plain
from keras_papers.layers._arguments import ARGUMENTS
from keras_papers.layers._conv_norm import conv_norm
from keras_papers.layers._image_axes import channel_axis, known_channels
from keras_papers.layers.block import Block

POOLINGS = {"average": layers.AveragePooling2D, "max": layers.MaxPooling2D}
PADDINGS = ("same", "valid")
ZEROS = "symmetric"  # around the map on each side, which an average counts


def check_branches(name, value):
    """Returns branches as nested tuples in which each step is complete.

    Args:
        name: Name of the argument.
        value: List of branches, each a list of steps.

    Raises:
        ValueError: If a step is none of those that `Inception` describes.
    """
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(_no_branches(name, value))
    branches = []
    for branch in value:
        if not isinstance(branch, list | tuple) or not branch:
            raise ValueError(_no_branches(name, value))
        branches.append(tuple(_check_step(name, step) for step in branch))
    return tuple(branches)


def _no_branches(name, value):
    return (
        f"`{name}` lists the branches of a module, each a list of at least "
        f"one step. Received: {name}={value!r}. Try [[(64, 1)], [(96, 1), "
        "(128, 3)]]."
    )


def _check_step(name, step):
    step = plain(step)
    if isinstance(step, list | tuple) and step:
        first, *rest = step
        if isinstance(first, list | tuple):
            return check_branches(name, step)
        size, strides, padding = [*rest, *(None, 1, "same")[len(rest) :]][:3]
        size = tuple(size) if isinstance(size, list | tuple) else size
        kernel = size if isinstance(size, tuple) else (size, size)
        known = _is_count(first) or first in POOLINGS
        paddings = (*PADDINGS, *[ZEROS] * (first == "average"))
        counts = all(map(_is_count, (*kernel, strides)))
        if (
            known
            and counts
            and len(kernel) == 2
            and len(rest) <= 3
            and padding in paddings
        ):
            return first, kernel, strides, padding
    raise ValueError(
        f"`{name}` has steps of the form (filters, kernel, strides, padding), "
        "or with 'average' or 'max' in place of filters; a kernel is a number "
        "or (height, width), and the padding 'same' or 'valid', of an average "
        f"also 'symmetric'. Received: {name} with the step {step!r}. Try "
        "(64, 3), (64, (1, 7)) or ('max', 3, 2, 'valid')."
    )


def _is_count(value):
    is_int = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return is_int and value >= 1


def _check_bool(name, value):
    value = plain(value)
    check_bool(name, value, "a switch of the module's convolutions")
    return value


CHECKS = {
    **ARGUMENTS,
    "branches": check_branches,
    "normalize": _check_bool,
    "norm_scale": _check_bool,
}


class Fork:
    """Layers in branches from one map, whose outputs are concatenated."""

    def __init__(self, branches, join):
        self.branches = branches  # lists of layers and of `Fork`
        self.join = join  # a `Concatenate`, or None for a single branch

    def trace(self, x, step):
        """Folds `step(layer, x)` over the layers; returns the last result."""
        ends = []
        for branch in self.branches:
            end = x
            for part in branch:
                is_fork = isinstance(part, Fork)
                end = part.trace(end, step) if is_fork else step(part, end)
            ends.append(end)
        return ends[0] if self.join is None else step(self.join, ends)


class BranchedBlock(Block):
    """Concatenates the outputs of branches of convolutions and poolings.

    A subclass documents the arguments: `branches`, `activation`, `normalize`,
    `norm_scale`, `momentum`, `epsilon`, `kernel_initializer`, `data_format`.
    """

    def build(self, input_shape):
        known_channels(self, input_shape)
        self.fork = self._fork("", self.branches)
        body = []

        def step(layer, shape):
            body.extend(self.chain([layer], shape))
            return layer.compute_output_shape(shape)

        self.fork.trace(tuple(input_shape), step)
        self.body = body  # Keras finds the layers to save in a list

    def call(self, inputs):
        return self.fork.trace(inputs, lambda layer, x: layer(x))

    def _fork(self, prefix, branches):
        """Creates the layers of `branches`; their names begin with `prefix`."""
        parts = [
            self._branch(f"{prefix}branch{number}", branch)
            for number, branch in enumerate(branches, start=1)
        ]
        join = None
        if len(branches) > 1:
            join = self.part(
                layers.Concatenate,
                f"{prefix}concat",
                axis=channel_axis(self.data_format),
            )
        return Fork(parts, join)

    def _branch(self, name, steps):
        parts = []
        for number, step in enumerate(steps, start=1):
            if isinstance(step[0], tuple):
                parts.append(self._fork(f"{name}_fork{number}_", step))
            elif step[0] in POOLINGS:
                kind, size, strides, padding = step
                if padding == ZEROS:
                    padding = "valid"
                    parts.append(
                        self.part(
                            layers.ZeroPadding2D,
                            f"{name}_pad{number}",
                            tuple(side // 2 for side in size),
                            data_format=self.data_format,
                        )
                    )
                parts.append(
                    self.part(
                        POOLINGS[kind],
                        f"{name}_pool{number}",
                        size,
                        strides=strides,
                        padding=padding,
                        data_format=self.data_format,
                    )
                )
            else:
                parts += self._convolution(f"{name}_conv{number}", *step)
        return parts

    def _convolution(self, name, filters, kernel, strides, padding):
        return conv_norm(
            self.part,
            name,
            layers.Conv2D,
            filters,
            kernel,
            strides=strides,
            padding=padding,
            activation=self.activation,
            normalize=self.normalize,
            norm_scale=self.norm_scale,
            momentum=self.momentum,
            epsilon=self.epsilon,
            kernel_initializer=self.kernel_initializer,
            data_format=self.data_format,
        )

    def compute_output_shape(self, input_shape):
        return self._fork("", self.branches).trace(
            tuple(input_shape),
            lambda layer, shape: layer.compute_output_shape(shape),
        )
