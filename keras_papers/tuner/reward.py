"""Accuracy against cost as one number (https://arxiv.org/abs/1807.11626)."""

import numbers

from keras_papers.checks import check_choice, check_positive

COSTS = ("multiply_adds", "parameters", "latency_ms")


class Reward:
    """ACC * (COST / T) ** w: equation 2 of MnasNet, to be maximized.

    It is one metric, because KerasTuner can only add objectives. The paper's
    soft constraint, the default, weighs the cost on both sides of the target;
    the hard one, `Reward.hard`, only above it.

    Args:
        target: Positive float. The target T of the cost: milliseconds, or a
            count.
        exponent: Float, w. Defaults to the paper's -0.07; MobileNetV3-Small
            was searched with -0.15, because accuracy changes more among small
            models (https://arxiv.org/abs/1905.02244, section 4.1).
        of: `"latency_ms"` as in MnasNet, `"multiply_adds"` as for
            EfficientNet-B0, or `"parameters"`. Defaults to `"latency_ms"`.
        exponent_below: Float. The exponent for costs below the target.
            Defaults to None: `exponent`.
        accuracy: Name of the metric. Defaults to `"val_accuracy"`.

    Raises:
        ValueError: If an argument is out of its range.

    Example:
    >>> reward = Reward(target=80)
    >>> round(reward(0.75, 80), 4), round(reward(0.75, 160), 4)
    (0.75, 0.7145)
    """

    def __init__(
        self,
        target,
        exponent=-0.07,
        of="latency_ms",
        exponent_below=None,
        accuracy="val_accuracy",
    ):
        check_positive(
            "target", target, "the cost that is aimed at", "Try 80, for 80 ms."
        )
        check_choice("of", of, COSTS, "the cost that is weighed")
        below = exponent if exponent_below is None else exponent_below
        for name, value in (("exponent", exponent), ("exponent_below", below)):
            if not isinstance(value, numbers.Real) or not -10 <= value <= 0:
                raise ValueError(
                    f"`{name}` is the power of cost over target and must lie "
                    f"from -10 to 0. Received: {name}={value!r}. The paper "
                    "has -0.07."
                )
        self.target = target
        self.exponent = exponent
        self.of = of
        self.exponent_below = below
        self.accuracy = accuracy

    @classmethod
    def hard(cls, target, of="latency_ms", accuracy="val_accuracy"):
        """Returns the hard constraint: w is 0 below the target, -1 above.

        The reward is the accuracy up to the target, and less above (section
        3.1).
        """
        return cls(target, -1.0, of, 0.0, accuracy)

    def __call__(self, accuracy, cost):
        over = cost / self.target
        exponent = self.exponent if over > 1 else self.exponent_below
        return accuracy * over**exponent

    def of_logs(self, logs):
        """Returns the reward of the metrics of an epoch, a dict."""
        if self.accuracy not in logs:
            raise ValueError(
                "`accuracy` names the metric that the reward weighs. "
                f"Received: accuracy={self.accuracy!r}, where an epoch reports "
                f"{', '.join(logs)}. Pass validation_data, or another name."
            )
        return self(logs[self.accuracy], logs[self.of])
