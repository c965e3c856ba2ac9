"""Activations by name, with an error that offers the nearest one."""

import keras

from keras_papers.argument_checks import offer_nearest


def resolve_activation(name, value):
    """Returns the function that `value` names; `name` is the argument's."""
    try:
        return keras.activations.get(value)
    except (TypeError, ValueError) as error:
        known = [each for each in dir(keras.activations) if each[0] != "_"]
        raise ValueError(
            f"`{name}` is the name of an activation of keras.activations, a "
            f"function, or None for none. Received: {name}={value!r}. "
            f"{offer_nearest(value, known)}"
        ) from error
