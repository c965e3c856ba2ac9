"""Gradients of functions, on each backend of Keras."""

import keras
from keras import ops


def gradient(function, x):
    """Returns the gradient of a function of one tensor, summed, as an array.

    Args:
        function: From a tensor to a tensor.
        x: The array at which it is computed.
    """
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        x = tf.convert_to_tensor(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(function(x))
        found = tape.gradient(total, x)
    elif keras.config.backend() == "jax":
        import jax

        of_sum = jax.jit(jax.grad(lambda x: ops.sum(function(x))))
        found = of_sum(ops.array(x))
    else:
        import torch

        x = ops.array(x).detach().requires_grad_()
        (found,) = torch.autograd.grad(ops.sum(function(x)), x)
    return ops.convert_to_numpy(found)


def numerical_gradient(function, x, step=1e-3):
    """Returns the same by central differences, for smooth functions."""
    found = x * 0
    for index in range(x.size):
        ends = []
        for sign in (1, -1):
            moved = x.copy()
            moved.flat[index] += sign * step
            ends.append(float(ops.sum(function(ops.array(moved)))))
        found.flat[index] = (ends[0] - ends[1]) / (2 * step)
    return found
