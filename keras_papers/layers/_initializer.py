"""Initializers by name, and one for each of a block's kernels."""

import keras

from keras_papers.layers._by_name import resolve_by_name


def resolve_initializer(name, value):
    """Returns the initializer that `value` names; `name` is the argument's."""
    return resolve_by_name(
        name,
        value,
        keras.initializers,
        "the name of an initializer of keras.initializers, its config, or a "
        "function",
    )


def own_initializer(initializer):
    """Returns an initializer for one kernel.

    Keras' initializers draw the same numbers each time that they are called.
    """
    if isinstance(initializer, keras.initializers.Initializer):
        return initializer.clone()
    return initializer
