"""Trains a compiled network again from new weights: it is traced once."""

import keras


def remember(variables):
    """Returns a function that sets variables to what they are now."""
    values = [keras.ops.convert_to_numpy(each) for each in variables]

    def restore():
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    return restore


def restarter(model, optimizer):
    """Returns a function of a seed, which gives new weights to a network.

    Args:
        model: The network, with initializers of its own for all weights.
        optimizer: The compiled one, before its first step.
    """
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    restore = remember(optimizer.variables)

    def restart(seed):
        keras.utils.set_random_seed(seed)
        model.set_weights(keras.models.clone_model(model).get_weights())
        restore()

    return restart
