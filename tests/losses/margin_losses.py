"""The margin losses that are tested, and their values."""

import numpy as np
import pytest
from keras import ops

from keras_papers import losses
from tests.losses.margin_values import VALUES

LOSSES = [getattr(losses, name)(*arguments) for name, arguments in VALUES]
TRAINABLE = [
    loss for loss in LOSSES if not isinstance(loss, losses.ZeroOneLoss)
]
SMOOTH = [loss for loss in LOSSES if not loss.traits.kinks]


def described(loss):
    config = loss.get_config()
    own = [str(config[key]) for key in ("gamma", "q") if key in config]
    return "-".join([type(loss).__name__, *own])


def each(given):
    return pytest.mark.parametrize("loss", given, ids=described)


def array(values):
    return np.array(values, "float32")


def at(function, agreements):
    return ops.convert_to_numpy(function(ops.array(array(agreements))))
