"""A hash of what decides how long a model takes: layers and connections."""

import hashlib
import json
import re

import keras

from keras_papers.inlining import flatten

# Keys of a layer's configuration that do not change how long it takes.
UNTIMED = re.compile(
    "name|trainable|seed|.*_(initializer|regularizer|constraint)"
)


def architecture(model):
    """Returns a hash of a model's layers and of how they are connected.

    It does not depend on names, on weights, or on how they are trained.

    Args:
        model: A functional or built sequential model.

    Raises:
        ValueError: If `model` is another kind of model, or a layer has no
            configuration.
    """
    flat = flatten(model)
    try:
        config = flat.get_config()
    except NotImplementedError as error:
        raise ValueError(
            "`model` is compared with other architectures by the "
            f"configurations of its layers. Received: model {model.name!r}, "
            "where one has none "
            f"({str(error).strip().splitlines()[0]}). Write its get_config."
        ) from error
    layers = config["layers"]
    places = {layer["name"]: place for place, layer in enumerate(layers)}
    rows = [
        [
            layer["module"],
            layer["class_name"],
            {**layer["config"], "name": None},
            layer["inbound_nodes"],
        ]
        for layer in layers
    ]
    ends = keras.tree.flatten([config["input_layers"], config["output_layers"]])
    ends = [places.get(end, end) for end in ends]
    return hash_of([_without_names(rows, places), ends])


def _without_names(value, places):
    """Returns a configuration with the places of layers for their names."""
    if isinstance(value, list | tuple):
        return [_without_names(each, places) for each in value]
    if not isinstance(value, dict):
        return value
    if "keras_history" in value:
        name, *call = value["keras_history"]
        # The inner model of a wrapper has its own layers, which keep names.
        value = {**value, "keras_history": [places.get(name, name), *call]}
    is_layer = "trainable" in value  # names of policies and functions stay
    return {
        key: _without_names(each, places)
        for key, each in value.items()
        if not (is_layer and UNTIMED.fullmatch(key))
    }


def hash_of(value):
    """Returns the hash of a value that JSON can hold, or of its text."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
