"""Activations by name."""

import keras

from keras_papers.layers._by_name import resolve_by_name


def resolve_activation(name, value):
    """Returns the function that `value` names; `name` is the argument's."""
    return resolve_by_name(
        name,
        value,
        keras.activations,
        "the name of an activation of keras.activations, a function, or None "
        "for none",
    )
