"""The arguments that the blocks share: one check each, by name.

A check is `check(name, value)`. It returns the value that the block stores, or
raises ValueError where the value cannot be used.
"""

import numbers

import keras

from keras_papers.checks import (
    check_choice,
    check_fraction,
    check_positive,
    check_positive_int,
    offer_nearest,
    plain,
)

PADDINGS = ("same", "even", "symmetric")
DATA_FORMATS = ("channels_last", "channels_first")
SQUEEZE_PLACES = ("after_activation", "before_activation")


def resolve_activation(name, value):
    """Returns the function that `value` names; `name` is the argument's."""
    activation = _resolve(
        name,
        value,
        keras.activations,
        "the name of an activation of keras.activations, a function, or None "
        "for none",
    )
    if isinstance(activation, keras.layers.Layer):
        return activation  # saved with its configuration
    if getattr(activation, "__name__", "<lambda>") == "<lambda>" or (
        type(activation).__module__ == "numpy"
    ):
        raise ValueError(
            f"`{name}` is saved by its name, and must be a function of Keras "
            f"operations that has one. Received: {name}={value!r}. Write it "
            "with def, and register it with "
            "keras.saving.register_keras_serializable."
        )
    return activation


def _resolve_initializer(name, value):
    return _resolve(
        name,
        value,
        keras.initializers,
        "the name of an initializer of keras.initializers, its config, or a "
        "function",
    )


def _resolve(name, value, module, meaning):
    """Returns what `value` names in a module of Keras with a `get`."""
    try:
        return module.get(value)
    except (TypeError, ValueError) as error:
        known = [each for each in dir(module) if each[0] != "_"]
        raise ValueError(
            f"`{name}` is {meaning}. Received: {name}={value!r}. "
            f"{offer_nearest(value, known)}"
        ) from error


def _resolve_data_format(name, value):
    if value is None:
        return keras.config.image_data_format()
    check_choice(name, value, DATA_FORMATS, "the order of an image's axes")
    return value


def _check_strides(name, value):
    strides = plain(value)
    if strides not in (1, 2) or isinstance(strides, bool | float):
        raise ValueError(
            f"`{name}` is the step of the convolution and must be 1 (keeps "
            f"the map) or 2 (halves it). Received: {name}={value!r}. For "
            "more, put several blocks one after another."
        )
    return strides


def check_dilation(layer):
    """Raises ValueError if a layer has strides and a dilation."""
    if layer.strides > 1 and layer.dilation_rate > 1:
        raise ValueError(
            "`dilation_rate` takes the place of `strides`, one of which must "
            f"be 1. Received: dilation_rate={layer.dilation_rate} and "
            f"strides={layer.strides} in {layer.name!r}. Pass strides=1 for a "
            "map that keeps its size."
        )


def _check_shortcut(name, value):
    shortcut = plain(value)
    if not isinstance(shortcut, bool) and shortcut != "pool":
        raise ValueError(
            f"`{name}` is what the block adds to its output and must be True "
            "(the input), 'pool' (its maximum over the pixels around) or "
            f"False (nothing). Received: {name}={value!r}."
        )
    return shortcut


def _number(check, meaning, advice, optional=False):
    """Makes a check of a number out of a function of `keras_papers.checks`."""

    def check_number(name, value):
        if not (optional and value is None):
            check(name, value, meaning, advice)
        return plain(value)

    return check_number


def _choice(choices, meaning):
    """Makes a check of a name that must be one of `choices`."""

    def check_name(name, value):
        check_choice(name, value, choices, meaning)
        return value

    return check_name


def _check_share(name, value, meaning, advice):
    if not isinstance(value, numbers.Real) or not 0 <= value <= 1:
        raise ValueError(
            f"`{name}` is {meaning} and must lie in [0, 1]. "
            f"Received: {name}={value!r}. {advice}"
        )


ARGUMENTS = {
    "activation": resolve_activation,
    "bottleneck_filters": _number(
        check_positive_int,
        "the number of channels of the 3 x 3 convolution",
        "The papers use a fourth of `filters`.",
    ),
    "data_format": _resolve_data_format,
    "depth_multiplier": _number(
        check_positive_int,
        "the number of depthwise filters per channel",
        "A width multiplier such as 0.5 scales `filters` instead.",
    ),
    "dilation_rate": _number(
        check_positive_int,
        "the distance between the pixels that a kernel sees",
        "1 is an ordinary convolution.",
    ),
    "epsilon": _number(
        _check_share,
        "added to the variance by the batch normalizations",
        "The published weights use 0.001.",
    ),
    "expanded_filters": _number(
        check_positive_int,
        "a number of channels",
        "Pass a factor as `expansion`.",
        optional=True,
    ),
    "expansion": _number(
        check_positive,
        "the factor between the input's channels and the inner ones",
        "Pass channels as `expanded_filters`.",
    ),
    "filters": _number(
        check_positive_int,
        "the number of output channels",
        "Scale a table's channels with a width multiplier, and round them.",
    ),
    "first_dilation_rate": _number(
        check_positive_int,
        "the distance between the pixels that the first kernel sees",
        "Leave it out for that of the second.",
        optional=True,
    ),
    "gate_activation": resolve_activation,
    "kernel_initializer": _resolve_initializer,
    "kernel_size": _number(
        check_positive_int,
        "the height and width of the kernel",
        "Pass one number, such as 3 or 5.",
    ),
    "momentum": _number(
        _check_share,
        "the share of the moving statistics that a step keeps",
        "0.9 suits short trainings, 0.99 and 0.999 long ones.",
    ),
    "padding": _choice(PADDINGS, "the rule by which a map is padded"),
    "project_activation": resolve_activation,
    "shortcut": _check_shortcut,
    "squeeze_activation": resolve_activation,
    "squeeze_place": _choice(
        SQUEEZE_PLACES, "where the squeeze-and-excite stands"
    ),
    "squeeze_units": _number(
        check_positive_int,
        "a number of channels",
        "Multiply a squeeze ratio by the channels it is of.",
        optional=True,
    ),
    "stochastic_depth": _number(
        check_fraction,
        "the probability of dropping the residual branch",
        "0 never drops it.",
    ),
    "strides": _check_strides,
    "units": _number(
        check_positive_int,
        "the number of bottleneck channels",
        "A ratio such as 0.25 is turned into channels by the caller.",
    ),
}
