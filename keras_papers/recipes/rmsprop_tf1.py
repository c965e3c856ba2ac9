"""RMSProp as TensorFlow 1 has it, by which most papers here trained."""

import keras


@keras.saving.register_keras_serializable(package="keras_papers")
class RMSpropTF1(keras.optimizers.RMSprop):
    """`keras.optimizers.RMSprop` whose mean of squares starts at 1, not at 0.

    From 0, the first step is the rate divided by sqrt(1 - rho), 3.2 times the
    rate, however small the gradient is; from 1 it is about the rate times the
    gradient. In both, epsilon is inside of the root, and the rate is inside of
    the momentum, as in `tf.compat.v1.train.RMSPropOptimizer`.

    Args:
        *args: As for `keras.optimizers.RMSprop`.
        **kwargs: As for `keras.optimizers.RMSprop`.

    Example:
    >>> weight = keras.Variable([1.0])
    >>> optimizer = RMSpropTF1(0.1, rho=0.5, epsilon=0.0)
    >>> optimizer.build([weight])
    >>> optimizer.apply([keras.ops.array([1.0])], [weight])
    >>> round(float(weight[0]), 3)
    0.9
    """

    def add_optimizer_variables(
        self, trainable_variables, name, initializer="zeros"
    ):
        if name == "velocity":
            initializer = "ones"
        return super().add_optimizer_variables(
            trainable_variables, name, initializer
        )
