"""Activations by name."""

import keras

from keras_papers.layers._by_name import resolve_by_name


def resolve_activation(name, value):
    """Returns the function that `value` names; `name` is the argument's."""
    found = resolve_by_name(
        name,
        value,
        keras.activations,
        "the name of an activation of keras.activations, a function, or None "
        "for none",
    )
    if isinstance(value, keras.layers.Layer):
        return found  # saved with its configuration
    if getattr(found, "__name__", "<lambda>") == "<lambda>" or (
        type(found).__module__ == "numpy"
    ):
        raise ValueError(
            f"`{name}` is saved by its name, and must be a function of Keras "
            f"operations that has one. Received: {name}={value!r}. Write it "
            "with def, and register it with "
            "keras.saving.register_keras_serializable."
        )
    return found
