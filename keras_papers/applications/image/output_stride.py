"""Large maps for dense prediction: dilations in the place of strides.

DeepLabv3 (Chen et al., 2017, https://arxiv.org/abs/1706.05587), section 3.1.
"""

from typing import NamedTuple

from keras_papers.checks import check_choice

OUTPUT_STRIDES = (32, 16, 8)
STARTS = ("behind", "strided")


class Step(NamedTuple):
    """What a layer of a table does, once the map may get no smaller."""

    strides: int
    dilation_rate: int  # of the layer itself
    behind: int  # dilation of the layers behind it, in its block too
    replaced: bool = False  # whether it had a stride


class OutputStride:
    """Replaces the strides of a network, layer by layer.

    Args:
        output_stride: Int. How many times smaller than the image the last
            map may be.
        start: Where a dilation begins: `"strided"`, in the layer whose stride
            it replaces; `"behind"`, in the one behind it. The second gives at
            each second place what the strides would have given.
        stride: Int. Of the map that the first layer gets. Defaults to 2.

    Example:
    >>> strides = OutputStride(8, "behind", stride=4)
    >>> [strides.step(s)[:2] for s in (2, 1, 2, 1)]
    [(2, 1), (1, 1), (1, 1), (1, 2)]
    """

    def __init__(self, output_stride, start, stride=2):
        self.output_stride = output_stride
        self.start = start
        self.stride = stride
        self.dilation_rate = 1

    def step(self, strides):
        """Returns the `Step` of the next layer, which has `strides`."""
        rate = self.dilation_rate
        if self.stride * strides <= self.output_stride:
            self.stride *= strides
            return Step(strides, rate, rate)
        self.dilation_rate *= strides
        own = self.dilation_rate if self.start == "strided" else rate
        return Step(1, own, self.dilation_rate, replaced=True)


def check_output_stride(output_stride, dilation_start):
    """Raises ValueError unless a network can be built with these."""
    if output_stride not in OUTPUT_STRIDES or output_stride is True:
        raise ValueError(
            "`output_stride` is how many times smaller than the image the "
            "last map is and must be 32, 16 or 8. Received: "
            f"output_stride={output_stride!r}. 32 is the network of its paper."
        )
    check_choice(
        "dilation_start",
        dilation_start,
        STARTS,
        "the layer in which a dilation begins",
    )
