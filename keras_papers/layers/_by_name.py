"""What Keras knows by name, with an error that offers the nearest one."""

from keras_papers.checks import offer_nearest


def resolve_by_name(name, value, module, meaning):
    """Returns what `value` names.

    Args:
        name: The argument's name.
        value: What was passed for it.
        module: Module of Keras with a `get`, such as `keras.activations`.
        meaning: What the argument may be, as the error tells it.

    Raises:
        ValueError: If Keras has nothing by that name.
    """
    try:
        return module.get(value)
    except (TypeError, ValueError) as error:
        known = [each for each in dir(module) if each[0] != "_"]
        raise ValueError(
            f"`{name}` is {meaning}. Received: {name}={value!r}. "
            f"{offer_nearest(value, known)}"
        ) from error
