"""The learning rate of the papers: a factor after a number of steps."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="keras_papers")
class Drops(keras.optimizers.schedules.LearningRateSchedule):
    """Multiplies a learning rate after each number of steps, as stairs.

    Args:
        learning_rate: Positive number. Its peak.
        factor: Number in (0, 1).
        every: Positive number. Steps between two drops, of which several may
            come in one step. The warm-up counts.
        warm_up: Number. Steps in which it rises from zero. Defaults to 0.

    Example:
    >>> rate = Drops(0.1, 0.5, every=10)
    >>> [round(float(rate(step)), 3) for step in (0, 9, 10, 20)]
    [0.1, 0.1, 0.05, 0.025]
    """

    def __init__(self, learning_rate, factor, every, warm_up=0):
        self.learning_rate, self.factor = learning_rate, factor
        self.every, self.warm_up = every, warm_up

    def __call__(self, step):
        step = ops.cast(step, "float32")
        drops = ops.floor(step / self.every)
        rate = self.learning_rate * ops.power(float(self.factor), drops)
        if not self.warm_up:
            return rate
        rising = self.learning_rate * step / self.warm_up
        return ops.where(step < self.warm_up, rising, rate)

    def get_config(self):
        return {
            "learning_rate": self.learning_rate,
            "factor": self.factor,
            "every": self.every,
            "warm_up": self.warm_up,
        }
