"""Initializers by name, and one for each of a block's kernels."""

import keras

from keras_papers.argument_checks import offer_nearest


def resolve_initializer(name, value):
    """Returns the initializer that `value` names; `name` is the argument's."""
    try:
        return keras.initializers.get(value)
    except (TypeError, ValueError) as error:
        known = [each for each in dir(keras.initializers) if each[0] != "_"]
        raise ValueError(
            f"`{name}` is the name of an initializer of keras.initializers, "
            f"its config, or a function. Received: {name}={value!r}. "
            f"{offer_nearest(value, known)}"
        ) from error


def own_initializer(initializer):
    """Returns an initializer for one kernel.

    Keras' initializers draw the same numbers each time that they are called.
    """
    if isinstance(initializer, keras.initializers.Initializer):
        return initializer.clone()
    return initializer
