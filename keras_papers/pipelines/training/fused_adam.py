"""AdamW that updates a weight by one operation of TensorFlow.

Keras writes an update out in some 25 operations, and evaluates a schedule
again for each weight that decays. All of them are traced and optimized before
the first step of a training, which takes longer than the network itself.
"""

import keras

DTYPES = {"float16", "bfloat16", "float32", "float64"}  # of the operation


class _Step:
    """What the updates of one step share: made once, not for each weight."""

    def __init__(self, optimizer, learning_rate):
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.by_dtype = {}

    def scalars(self, dtype):
        """Returns the scalar arguments of `ResourceApplyAdam` in a dtype."""
        if dtype not in self.by_dtype:
            cast, power = keras.ops.cast, keras.ops.power
            optimizer = self.optimizer
            count = cast(optimizer.iterations + 1, dtype)
            beta_1 = cast(optimizer.beta_1, dtype)
            beta_2 = cast(optimizer.beta_2, dtype)
            self.by_dtype[dtype] = {
                "lr": cast(self.learning_rate, dtype),
                "beta1": beta_1,
                "beta2": beta_2,
                "beta1_power": power(beta_1, count),
                "beta2_power": power(beta_2, count),
                "epsilon": cast(optimizer.epsilon, dtype),
            }
        return self.by_dtype[dtype]


@keras.saving.register_keras_serializable("keras_papers")
class FusedAdamW(keras.optimizers.AdamW):
    """`keras.optimizers.AdamW` whose first step comes sooner on TensorFlow.

    Arguments, and variables in their order, are those of
    `keras.optimizers.AdamW`, so that either loads the state of the other.
    Updates are equal up to rounding. Sparse gradients and AMSGrad are updated
    by Keras, and so is everything on another backend and under a
    `tf.distribute` strategy. A compiled model that is saved names this class;
    the trainings of this package save models without an optimizer.
    """

    _step = None  # a `_Step` while `apply` runs

    @keras.optimizers.AdamW.learning_rate.getter
    def learning_rate(self):
        if self._step is None:
            return super().learning_rate
        return self._step.learning_rate

    def apply(self, grads, trainable_variables=None):
        # Replicas of a strategy are threads, which would share `_step`.
        if not _is_tensorflow_alone():
            return super().apply(grads, trainable_variables)
        self._step = _Step(self, super().learning_rate)
        try:
            return super().apply(grads, trainable_variables)
        finally:
            self._step = None

    def update_step(self, gradient, variable, learning_rate):
        if self._step is None or not self._is_fused(gradient, variable):
            return super().update_step(gradient, variable, learning_rate)
        import tensorflow as tf

        index = self._get_variable_index(variable)
        dtype = variable.dtype.name
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            grad=keras.ops.cast(gradient, dtype),
            **self._step.scalars(dtype),
        )

    def _is_fused(self, gradient, variable):
        import tensorflow as tf

        return (
            not self.amsgrad
            and isinstance(gradient, tf.Tensor)
            and variable.dtype.name in DTYPES
        )

    # Keras has no public method for the following two, which it calls for all
    # weights at once. Its own go through a merge of replicas, which costs some
    # operations for each weight.

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        if self._step is None:
            return super()._backend_update_step(
                grads, trainable_variables, learning_rate
            )
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            self.update_step(gradient, _tensorflows(variable), learning_rate)

    def _apply_weight_decay(self, variables):
        if self._step is None or self.weight_decay is None:
            return super()._apply_weight_decay(variables)
        for variable in variables:
            variable = _tensorflows(variable)
            if self._use_weight_decay(variable):
                rate = self._step.scalars(variable.dtype.name)["lr"]
                variable.assign_sub(variable * self.weight_decay * rate)


def _is_tensorflow_alone():
    """Returns whether no other backend and no strategy runs the step."""
    if keras.config.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.distribute.has_strategy()


def _tensorflows(variable):
    """Returns the `tf.Variable` of a variable of Keras."""
    return variable.value if isinstance(variable, keras.Variable) else variable
