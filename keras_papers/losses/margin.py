"""The margin losses of LossFunctions.jl, as classes and as functions.

Formulas, derivatives and names are those of LossFunctions.jl 1.2,
https://github.com/JuliaML/LossFunctions.jl; the formulas are written so that
no finite agreement overflows in between. At agreements where a second
derivative does not exist, `second_derivative` has the value of that package.
"""

import math

import keras
from keras import ops

from keras_papers.checks import check_positive, plain
from keras_papers.losses.agreement import MarginLoss, MarginTraits

register = keras.saving.register_keras_serializable(package="keras_papers")


@register
class ZeroOneLoss(MarginLoss):
    """Counts outputs of the wrong sign: 1 if a < 0, NaN if it is, and else 0.

    A metric: its derivative is 0 at all outputs, so that nothing can be
    trained by it. An attempt to train raises a ValueError.

    Args:
        binary_labels: Whether the targets are 0 and 1. Defaults to False: they
            are -1 and 1.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Raises:
        ValueError: If a gradient is requested, as `fit` does.

    Example:
    >>> float(ZeroOneLoss()([-1.0, 1.0], [0.3, 0.2]))
    0.5
    """

    traits = MarginTraits(
        convex=False,
        strictly_convex=False,
        strongly_convex=False,
        lipschitz=None,  # LossFunctions.jl has it as Lipschitz; it jumps at 0
        smoothness=None,
        kinks=(0.0,),
        second_kinks=(0.0,),
        clips_at=0.0,
        calibrated=True,  # of all outputs but 0, at which it never counts
        probabilities=False,
    )

    def value(self, agreement):
        return ops.custom_gradient(_count)(ops.convert_to_tensor(agreement))

    def first_derivative(self, agreement):
        return ops.zeros_like(agreement)

    def second_derivative(self, agreement):
        return ops.zeros_like(agreement)


def _count(agreement):
    """Returns the losses, and what is called for a gradient."""

    def gradient(*args, upstream=None):
        raise ValueError(
            "ZeroOneLoss is no loss to train by, because its derivative is 0 "
            "at all outputs. Received: a request for its gradient. Pass it in "
            "`metrics` of `compile`, and train by a loss such as L1HingeLoss."
        )

    # A comparison with NaN is false, and would count it as right.
    wrong = ops.cast(agreement < 0, agreement.dtype)
    return ops.where(ops.isnan(agreement), agreement, wrong), gradient


@register
class PerceptronLoss(MarginLoss):
    """The loss of the perceptron: max(0, -a).

    An output of 0 costs nothing whatever the target is. A model whose outputs
    all shrink to 0 is therefore a minimum of it.

    Args:
        binary_labels: Whether the targets are 0 and 1. Defaults to False: they
            are -1 and 1.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Example:
    >>> float(PerceptronLoss()([-1.0, 1.0], [0.5, 0.5]))
    0.25
    """

    traits = MarginTraits(
        convex=True,
        strictly_convex=False,
        strongly_convex=False,
        lipschitz=1.0,
        smoothness=None,
        kinks=(0.0,),
        second_kinks=(0.0,),
        clips_at=0.0,
        calibrated=False,
        probabilities=False,
    )

    def value(self, agreement):
        return ops.relu(-agreement)

    def first_derivative(self, agreement):
        return ops.where(agreement < 0, -1.0, 0.0)

    def second_derivative(self, agreement):
        return ops.zeros_like(agreement)


@register
class L1HingeLoss(MarginLoss):
    """The hinge loss of support vector machines: max(0, 1 - a).

    Args:
        binary_labels: Whether the targets are 0 and 1. Defaults to False: they
            are -1 and 1.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Example:
    >>> float(L1HingeLoss()([-1.0, 1.0], [-0.5, 2.0]))
    0.25
    """

    traits = MarginTraits(
        convex=True,
        strictly_convex=False,
        strongly_convex=False,
        lipschitz=1.0,
        smoothness=None,
        kinks=(1.0,),
        second_kinks=(1.0,),
        clips_at=1.0,
        calibrated=True,
        probabilities=False,
    )

    def value(self, agreement):
        return ops.relu(1 - agreement)

    def first_derivative(self, agreement):
        return ops.where(agreement < 1, -1.0, 0.0)

    def second_derivative(self, agreement):
        return ops.zeros_like(agreement)


@register
class SmoothedL1HingeLoss(MarginLoss):
    """The hinge loss with a parabola in place of its kink.

    max(0, 1 - a)^2 / (2 gamma) if a >= 1 - gamma, and else 1 - gamma / 2 - a.

    Args:
        gamma: Positive number. Width of the parabola; with less the loss is
            nearer to `L1HingeLoss`, and differs by gamma / 2 at most.
            Defaults to 1.
        binary_labels: Whether the targets are 0 and 1. Defaults to False: they
            are -1 and 1.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Raises:
        ValueError: If `gamma` is no positive number.

    Example:
    >>> float(SmoothedL1HingeLoss(gamma=2)([-1.0, 1.0], [1.0, 0.0]))
    0.625
    """

    def __init__(self, gamma=1.0, binary_labels=False, **kwargs):
        super().__init__(binary_labels, **kwargs)
        check_positive(
            "gamma", plain(gamma), "the width of the parabola", "Try 1."
        )
        self.gamma = float(gamma)

    @property
    def traits(self):
        """The traits for this gamma."""
        return MarginTraits(
            convex=True,
            strictly_convex=False,
            strongly_convex=False,
            lipschitz=1.0,
            smoothness=1 / self.gamma,
            kinks=(),
            second_kinks=(1 - self.gamma, 1.0),
            clips_at=1.0,
            calibrated=True,
            probabilities=True,
        )

    def value(self, agreement):
        missing = ops.relu(1 - agreement)
        # Without a square of large numbers, which would be infinite in float16.
        curved = ops.minimum(missing, self.gamma)
        return curved * (missing - curved / 2) / self.gamma

    def first_derivative(self, agreement):
        return -ops.minimum(ops.relu(1 - agreement) / self.gamma, 1.0)

    def second_derivative(self, agreement):
        curved = ops.logical_and(1 - self.gamma <= agreement, agreement <= 1)
        return ops.where(curved, 1 / self.gamma, 0.0)

    def get_config(self):
        return {**super().get_config(), "gamma": self.gamma}


@register
class ModifiedHuberLoss(MarginLoss):
    """The squared hinge loss, straight below -1 (Zhang, 2004).

    max(0, 1 - a)^2 if a >= -1, and else -4 a: four times
    `SmoothedL1HingeLoss(gamma=2)`. Outliers have less weight than in
    `L2HingeLoss`, and clipped outputs are probabilities: (1 + output) / 2.

    Args:
        binary_labels: Whether the targets are 0 and 1. Defaults to False: they
            are -1 and 1.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Example:
    >>> float(ModifiedHuberLoss()([-1.0, 1.0], [2.0, 0.0]))
    4.5
    """

    traits = MarginTraits(
        convex=True,
        strictly_convex=False,
        strongly_convex=False,
        lipschitz=4.0,
        smoothness=2.0,
        kinks=(),
        second_kinks=(-1.0, 1.0),
        clips_at=1.0,
        calibrated=True,
        probabilities=True,
    )

    def value(self, agreement):
        missing = ops.relu(1 - agreement)
        curved = ops.minimum(missing, 2.0)
        return curved * (2 * missing - curved)

    def first_derivative(self, agreement):
        return -2 * ops.minimum(ops.relu(1 - agreement), 2.0)

    def second_derivative(self, agreement):
        return ops.where(ops.abs(agreement) <= 1, 2.0, 0.0)


@register
class DWDMarginLoss(MarginLoss):
    """Distance weighted discrimination (Marron et al., 2007).

    1 - a if a <= q / (q + 1), and else q^q / (q + 1)^(q + 1) / a^q: the hinge
    loss with a tail, so that examples far on the right side still count. With
    a larger q it is nearer to `L1HingeLoss`.

    Args:
        q: Positive number. The power of the tail. Defaults to 1.
        binary_labels: Whether the targets are 0 and 1. Defaults to False: they
            are -1 and 1.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Raises:
        ValueError: If `q` is no positive number.

    Example:
    >>> float(DWDMarginLoss()([-1.0, 1.0], [0.0, 1.0]))
    0.625
    """

    def __init__(self, q=1.0, binary_labels=False, **kwargs):
        super().__init__(binary_labels, **kwargs)
        check_positive("q", plain(q), "the power of the tail", "Try 1.")
        self.q = float(q)
        self._knot = self.q / (self.q + 1)

    @property
    def traits(self):
        """The traits for this q."""
        return MarginTraits(
            convex=True,
            strictly_convex=False,
            strongly_convex=False,
            lipschitz=1.0,
            smoothness=(self.q + 1) ** 2 / self.q,
            kinks=(),
            # LossFunctions.jl has none; L'' jumps from 0 to (q + 1)^2 / q.
            second_kinks=(self._knot,),
            clips_at=None,
            calibrated=True,
            probabilities=True,
        )

    def _of_knot(self, agreement):
        """Returns knot / a: 1 at the knot, and before it, where a may be 0."""
        return self._knot / ops.maximum(agreement, self._knot)

    def value(self, agreement):
        tail = self._of_knot(agreement) ** self.q / (self.q + 1)
        return ops.where(agreement <= self._knot, 1 - agreement, tail)

    def first_derivative(self, agreement):
        return -(self._of_knot(agreement) ** (self.q + 1))

    def second_derivative(self, agreement):
        ratio = self._of_knot(agreement)
        tail = (self.q + 1) / self._knot * ratio ** (self.q + 2)
        return ops.where(agreement <= self._knot, 0.0, tail)

    def get_config(self):
        return {**super().get_config(), "q": self.q}


@register
class L2MarginLoss(MarginLoss):
    """Least squares: (1 - a)^2, which is (target - output)^2.

    Outputs beyond the target cost as much as those before it.

    Args:
        binary_labels: Whether the targets are 0 and 1. Defaults to False: they
            are -1 and 1.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Example:
    >>> float(L2MarginLoss()([-1.0, 1.0], [0.0, 3.0]))
    2.5
    """

    traits = MarginTraits(
        convex=True,
        strictly_convex=True,
        strongly_convex=True,
        lipschitz=None,
        smoothness=2.0,
        kinks=(),
        second_kinks=(),
        clips_at=1.0,
        calibrated=True,
        probabilities=True,
    )

    def value(self, agreement):
        return ops.square(1 - agreement)

    def first_derivative(self, agreement):
        return 2 * (agreement - 1)

    def second_derivative(self, agreement):
        return 2 * ops.ones_like(agreement)


@register
class L2HingeLoss(MarginLoss):
    """The squared hinge loss: max(0, 1 - a)^2.

    Args:
        binary_labels: Whether the targets are 0 and 1. Defaults to False: they
            are -1 and 1.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Example:
    >>> float(L2HingeLoss()([-1.0, 1.0], [1.0, 3.0]))
    2.0
    """

    traits = MarginTraits(
        convex=True,
        strictly_convex=False,
        strongly_convex=False,
        lipschitz=None,
        smoothness=2.0,
        kinks=(),
        second_kinks=(1.0,),
        clips_at=1.0,
        calibrated=True,
        probabilities=True,
    )

    def value(self, agreement):
        return ops.square(ops.relu(1 - agreement))

    def first_derivative(self, agreement):
        return -2 * ops.relu(1 - agreement)

    def second_derivative(self, agreement):
        return ops.where(agreement < 1, 2.0, 0.0)


@register
class LogitMarginLoss(MarginLoss):
    """Logistic regression: log(1 + exp(-a)).

    It is the binary cross-entropy of `sigmoid(output)`, in nats.

    Args:
        binary_labels: Whether the targets are 0 and 1. Defaults to False: they
            are -1 and 1.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Example:
    >>> round(float(LogitMarginLoss()([-1.0, 1.0], [0.0, 0.0])), 4)
    0.6931
    """

    traits = MarginTraits(
        convex=True,
        strictly_convex=True,
        strongly_convex=False,
        lipschitz=1.0,
        smoothness=0.25,
        kinks=(),
        second_kinks=(),
        clips_at=None,
        calibrated=True,
        probabilities=True,
    )

    def value(self, agreement):
        return ops.softplus(-agreement)

    def first_derivative(self, agreement):
        return -ops.sigmoid(-agreement)

    def second_derivative(self, agreement):
        return ops.sigmoid(agreement) * ops.sigmoid(-agreement)


@register
class ExpLoss(MarginLoss):
    """The loss of AdaBoost: exp(-a).

    It is infinite for agreements below -88 in float32. One example with a
    wrong label can outweigh all others.

    Args:
        binary_labels: Whether the targets are 0 and 1. Defaults to False: they
            are -1 and 1.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Example:
    >>> round(float(ExpLoss()([-1.0, 1.0], [1.0, 1.0])), 4)
    1.5431
    """

    traits = MarginTraits(
        convex=True,
        strictly_convex=True,
        strongly_convex=False,
        lipschitz=None,
        smoothness=None,
        kinks=(),
        second_kinks=(),
        clips_at=None,
        calibrated=True,
        probabilities=True,
    )

    def value(self, agreement):
        return ops.exp(-agreement)

    def first_derivative(self, agreement):
        return -ops.exp(-agreement)

    def second_derivative(self, agreement):
        return ops.exp(-agreement)


@register
class SigmoidLoss(MarginLoss):
    """A smooth step from 2 to 0: 1 - tanh(a).

    Wrong labels cost 2 at most, but the gradient vanishes for outputs far on
    the wrong side, too. Start from outputs near 0.

    Args:
        binary_labels: Whether the targets are 0 and 1. Defaults to False: they
            are -1 and 1.
        **kwargs: Keyword arguments of `keras.losses.Loss`.

    Example:
    >>> float(SigmoidLoss()([-1.0, 1.0], [0.5, 0.5]))
    1.0
    """

    traits = MarginTraits(
        convex=False,
        strictly_convex=False,
        strongly_convex=False,
        lipschitz=1.0,
        smoothness=4 / (3 * math.sqrt(3)),
        kinks=(),
        second_kinks=(),
        clips_at=None,
        calibrated=True,
        probabilities=False,
    )

    def value(self, agreement):
        # 1 - tanh(a) would be 0 from 9 on, in float32.
        return 2 * ops.sigmoid(-2 * agreement)

    def first_derivative(self, agreement):
        double = 2 * agreement
        return -4 * ops.sigmoid(double) * ops.sigmoid(-double)

    def second_derivative(self, agreement):
        return -2 * ops.tanh(agreement) * self.first_derivative(agreement)


MARGIN_LOSSES = (
    ZeroOneLoss,
    PerceptronLoss,
    L1HingeLoss,
    SmoothedL1HingeLoss,
    ModifiedHuberLoss,
    DWDMarginLoss,
    L2MarginLoss,
    L2HingeLoss,
    LogitMarginLoss,
    ExpLoss,
    SigmoidLoss,
)


@register
def zero_one_loss(y_true, y_pred, binary_labels=False):
    """Returns the `ZeroOneLoss` of each example: a metric."""
    return ZeroOneLoss(binary_labels).call(y_true, y_pred)


@register
def perceptron_loss(y_true, y_pred, binary_labels=False):
    """Returns the `PerceptronLoss` of each example."""
    return PerceptronLoss(binary_labels).call(y_true, y_pred)


@register
def l1_hinge_loss(y_true, y_pred, binary_labels=False):
    """Returns the `L1HingeLoss` of each example."""
    return L1HingeLoss(binary_labels).call(y_true, y_pred)


@register
def smoothed_l1_hinge_loss(y_true, y_pred, gamma=1.0, binary_labels=False):
    """Returns the `SmoothedL1HingeLoss` of each example."""
    return SmoothedL1HingeLoss(gamma, binary_labels).call(y_true, y_pred)


@register
def modified_huber_loss(y_true, y_pred, binary_labels=False):
    """Returns the `ModifiedHuberLoss` of each example."""
    return ModifiedHuberLoss(binary_labels).call(y_true, y_pred)


@register
def dwd_margin_loss(y_true, y_pred, q=1.0, binary_labels=False):
    """Returns the `DWDMarginLoss` of each example."""
    return DWDMarginLoss(q, binary_labels).call(y_true, y_pred)


@register
def l2_margin_loss(y_true, y_pred, binary_labels=False):
    """Returns the `L2MarginLoss` of each example."""
    return L2MarginLoss(binary_labels).call(y_true, y_pred)


@register
def l2_hinge_loss(y_true, y_pred, binary_labels=False):
    """Returns the `L2HingeLoss` of each example."""
    return L2HingeLoss(binary_labels).call(y_true, y_pred)


@register
def logit_margin_loss(y_true, y_pred, binary_labels=False):
    """Returns the `LogitMarginLoss` of each example."""
    return LogitMarginLoss(binary_labels).call(y_true, y_pred)


@register
def exp_loss(y_true, y_pred, binary_labels=False):
    """Returns the `ExpLoss` of each example."""
    return ExpLoss(binary_labels).call(y_true, y_pred)


@register
def sigmoid_loss(y_true, y_pred, binary_labels=False):
    """Returns the `SigmoidLoss` of each example."""
    return SigmoidLoss(binary_labels).call(y_true, y_pred)
