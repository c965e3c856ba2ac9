"""Losses of the agreement: of targets of -1 and 1 times outputs.

The notation is that of LossFunctions.jl, https://github.com/JuliaML.
"""

from typing import NamedTuple

import keras
from keras import ops

from keras_papers.losses._shapes import shapes_differ


class MarginTraits(NamedTuple):
    """What is known of a margin loss L(a) as a function of the agreement a.

    Attributes:
        convex: Whether L is convex.
        strictly_convex: Whether it is without straight parts.
        strongly_convex: Whether its second derivative is bounded from below
            by a positive number.
        lipschitz: Largest slope |L'|, the Lipschitz constant of L; None if
            there is none.
        smoothness: Largest |L''|, the Lipschitz constant of L'; None if
            there is none.
        kinks: Agreements at which L has no derivative.
        second_kinks: Agreements at which L has no second derivative.
        clips_at: The smallest M for which clipping the outputs to [-M, M]
            never increases the loss; None if there is none.
        calibrated: Whether the output with the least expected loss has the
            sign of the more probable class (classification calibrated, or
            Fisher consistent).
        probabilities: Whether the probability of the classes can be computed
            from that output.
    """

    convex: bool
    strictly_convex: bool
    strongly_convex: bool
    lipschitz: float | None
    smoothness: float | None
    kinks: tuple
    second_kinks: tuple
    clips_at: float | None
    calibrated: bool
    probabilities: bool


class MarginLoss(keras.losses.Loss):
    """A loss of the agreement a = target * output, with a target of -1 or 1.

    Derive a loss of your own from it: define `value`, and `first_derivative`,
    `second_derivative` and `traits` where you need them. Outputs are margins:
    real numbers, whose sign is the predicted class. End the model by a layer
    without activation.

    Args:
        binary_labels: Whether the targets are 0 and 1, which become -1 and 1.
            Defaults to False: they are -1 and 1. Targets between these, as of
            label smoothing, are allowed. Any other target gives a loss of
            NaN, and so does a 0 that should be -1 or 1: it has no sign.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Input shape:
        Targets and outputs of the same shape, `(batch, ...)`; one of them may
        have one axis of size 1 more at the end.

    Output shape:
        Without reduction: that of the outputs without their last axis, over
        which the losses are averaged, but `(batch,)` for `(batch,)`.

    Raises:
        ValueError: If `binary_labels` is no bool, or the shapes of targets and
            outputs differ.
    """

    traits: MarginTraits

    def __init__(self, binary_labels=False, **kwargs):
        super().__init__(**kwargs)
        if binary_labels not in (True, False):
            raise ValueError(
                "`binary_labels` is whether the targets are 0 and 1, and not "
                f"-1 and 1. Received: binary_labels={binary_labels!r}. Pass "
                "True or False."
            )
        self.binary_labels = bool(binary_labels)

    def value(self, agreement):
        """Returns L(a), elementwise."""
        raise NotImplementedError

    def first_derivative(self, agreement):
        """Returns dL/da, elementwise; at a kink the value on its right.

        The derivative for the output is the target times this.
        """
        raise NotImplementedError

    def second_derivative(self, agreement):
        """Returns d2L/da2, elementwise, which is that for the output, too."""
        raise NotImplementedError

    def call(self, y_true, y_pred):
        y_pred = ops.convert_to_tensor(y_pred)
        y_true = ops.cast(y_true, y_pred.dtype)
        y_true, y_pred = same_shape(y_true, y_pred)
        targets = signed_targets(y_true, self.binary_labels)
        return ops.mean(self.value(targets * y_pred), axis=-1)

    def get_config(self):
        return {**super().get_config(), "binary_labels": self.binary_labels}


def signed_targets(y_true, binary_labels):
    """Returns targets from -1 to 1; NaN for targets of another convention."""
    if binary_labels:
        signed = 2 * y_true - 1
        known = ops.abs(signed) <= 1
    else:
        signed = y_true
        known = ops.logical_and(ops.abs(signed) <= 1, signed != 0)
    return ops.where(known, signed, float("nan"))


def same_shape(y_true, y_pred):
    """Returns targets and outputs of one shape, of two axes at least.

    Targets of shape (batch,) and outputs of shape (batch, 1) would be
    broadcast to (batch, batch).
    """
    shapes = tuple(y_true.shape), tuple(y_pred.shape)
    ranks = [*map(len, shapes)]
    if ranks[1] == ranks[0] + 1 and shapes[1][-1] == 1:
        y_true = ops.expand_dims(y_true, -1)
    elif ranks[0] == ranks[1] + 1 and shapes[0][-1] == 1:
        y_pred = ops.expand_dims(y_pred, -1)
    rank = len(y_true.shape)
    if not rank or shapes_differ(y_true, y_pred):
        raise ValueError(
            "`y_true` holds a target for each output of `y_pred`, in the same "
            f"shape. Received: y_true.shape={shapes[0]}, y_pred.shape="
            f"{shapes[1]}. Reshape the targets, or change the units of the "
            "last layer."
        )
    if rank == 1:
        return ops.expand_dims(y_true, -1), ops.expand_dims(y_pred, -1)
    return y_true, y_pred
