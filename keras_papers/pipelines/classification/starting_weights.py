"""The trained weights that a training starts from, in words and numbers."""

from typing import NamedTuple

import numpy as np

from keras_papers.applications.pretrained.torch_source import at_width
from keras_papers.applications.pretrained.torch_tags import PREFIX
from keras_papers.applications.registry import get_record
from keras_papers.pipelines.report.page_text import plural


class StartingWeights(NamedTuple):
    """Trained weights, and how the training starts from them."""

    given: str  # the option: a name or a path
    source: str | None  # whose weights these are, where that is known
    mean: list | None  # of pixels in [0, 255], for each channel or for all
    std: list | None  # likewise
    epochs_of_top: int  # the first ones, which train the classifier alone
    epochs: int

    def __str__(self):
        text = self.given
        if self.source not in (None, self.given):
            text += f" ({self.source})"
        if not self.epochs_of_top:
            return f"{text}; trains all layers from the first epoch"
        first = plural(self.epochs_of_top, "epoch")
        rest = self.epochs - self.epochs_of_top
        return (
            f"{text}; trains the classifier alone for {first}, then all "
            f"layers for {rest:,}"
        )


def starting_weights(options, settings, network):
    """Returns the `StartingWeights` of a training, or None without any.

    Args:
        options: The `TrainOptions`.
        settings: The `Settings`, complete.
        network: The classifier, with these weights.
    """
    if options.weights is None:
        return None
    top = sum(
        phase.end - phase.first
        for phase in settings.phases()
        if phase.name == "top"
    )
    return StartingWeights(
        str(options.weights),
        _source(options),
        *_normalization(network),
        top,
        settings.epochs,
    )


def _source(options):
    """Returns whose weights the option stands for, or None."""
    weights, family = options.weights, get_record(options.model).published
    if weights == "imagenet":
        return f"{options.model} of keras.applications"
    if family is None:
        return None
    peer, tag = at_width(weights, family, options.width)
    if tag is not None:
        return f"{PREFIX}/{tag}"
    return peer and f"{peer.name} of {peer.library}"


def _normalization(network):
    """Returns mean and std of pixels that a network of ours computes with."""
    for layer in network.layers:
        if layer.name == "preprocessing":
            scale, offset = np.ravel(layer.scale), np.ravel(layer.offset)
            scale, offset = np.broadcast_arrays(scale, offset)
            mean, std = -offset / scale, 1 / scale
            return [each.round(6).tolist() for each in (mean, std)]
    return None, None
