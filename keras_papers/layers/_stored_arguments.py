"""Arguments of `__init__` as attributes of a layer, and as its config."""

import functools
import inspect

import keras

PENDING = "_arguments_to_store"
SIMPLE = (str, int, float, bool, type(None))  # written to a config as they are
SERIALIZERS = {  # by the last word of the argument's name
    "activation": keras.activations.serialize,
    "initializer": keras.initializers.serialize,
}


def with_stored_arguments(init, checks):
    """Wraps an `__init__` so that `store_arguments` finds what was passed.

    Args:
        init: The `__init__` of a class.
        checks: Dict of `check(name, value)` by the name of an argument. A
            check returns the value to store, or raises ValueError.

    Returns:
        An `__init__` of the same signature. Its `checks` has a key for each
        named argument, with None where there is no check.
    """
    signature = inspect.signature(init)
    variadic = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
    names = [
        name
        for name, parameter in list(signature.parameters.items())[1:]
        if parameter.kind not in variadic
    ]
    checks = {name: checks.get(name) for name in names}

    @functools.wraps(init)
    def checking_init(self, *args, **kwargs):
        try:
            passed = signature.bind(self, *args, **kwargs)
        except TypeError:
            return init(self, *args, **kwargs)  # raises Python's own error
        passed.apply_defaults()
        pending = vars(self).setdefault(PENDING, {})
        for name, check in checks.items():
            value = passed.arguments[name]
            if check is not None:
                pending[name] = check(name, value)
            elif _is_simple(value):
                pending[name] = value
        return init(self, *args, **kwargs)

    # Keras reads the signature without following `__wrapped__`.
    checking_init.__signature__ = signature
    checking_init.checks = checks
    return checking_init


def store_arguments(layer):
    """Sets the arguments passed to `__init__` as attributes of `layer`.

    A name that the layer has already is left alone: `name`, for example, or a
    property of the class.
    """
    for name, value in vars(layer).pop(PENDING, {}).items():
        if not hasattr(type(layer), name) and not hasattr(layer, name):
            setattr(layer, name, value)


def stored_config(layer):
    """Returns the arguments of `layer`, serialized, by their names."""
    checks = {}
    for cls in reversed(type(layer).__mro__):
        own = getattr(vars(cls).get("__init__"), "checks", {})
        # A subclass inherits the check of an argument that it names again.
        checks |= {name: own[name] or checks.get(name) for name in own}
    config = {}
    for name, check in checks.items():
        value = getattr(layer, name, None)
        if check is not None or _is_simple(value):
            config[name] = _serialize(name, value)
    return config


def _is_simple(value):
    return all(isinstance(x, SIMPLE) for x in keras.tree.flatten(value))


def _serialize(name, value):
    if _is_simple(value):
        return value
    kind = name.rpartition("_")[2]
    serialize = SERIALIZERS.get(kind, keras.saving.serialize_keras_object)
    return serialize(value)
