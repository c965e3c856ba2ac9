"""Names, shapes and types of the inputs and outputs of a model.

The keys of a dict are names; what is in a list or alone has the name of its
layer. An image classifier has the names that apps know, `image` and `scores`.
A model in Keras 3 and its copy in tf_keras have the same signature.
"""

from typing import NamedTuple

import keras
import numpy as np

from keras_papers.checks import check_names


class TensorSpec(NamedTuple):
    """An input or output of a model."""

    name: str
    shape: tuple  # of one example
    dtype: str


class Signature(NamedTuple):
    """The inputs and outputs of a model, in the order of `keras.tree`."""

    inputs: tuple  # of `TensorSpec`
    outputs: tuple
    takes_image: bool  # one input, of height, width and channels
    classifies_image: bool  # and one output, a row of scores

    def names(self, side):
        """Lists the names of the `"inputs"` or the `"outputs"`."""
        return [spec.name for spec in getattr(self, side)]


def signature_of(model):
    """Returns the `Signature` of a built functional or sequential model.

    Example:
    >>> age = keras.Input((), name="age")
    >>> job = keras.Input((2,), name="job")
    >>> x = keras.layers.Dense(3, name="scores")(job)
    >>> found = signature_of(keras.Model({"age": age, "job": job}, [x, age]))
    >>> found.names("inputs"), found.names("outputs")
    (['age', 'job'], ['scores', 'age'])
    """
    inputs = _specs(_structure(model, "input"))
    outputs = _specs(_structure(model, "output"))
    takes_image = len(inputs) == 1 and len(inputs[0].shape) >= 3
    is_plain = not any(
        isinstance(_structure(model, side), dict)
        for side in ("input", "output")
    )
    is_row = len(outputs) == 1 and len(outputs[0].shape) == 1
    classifies_image = takes_image and is_row and is_plain
    if classifies_image:
        inputs = (inputs[0]._replace(name="image"),)
        outputs = (outputs[0]._replace(name="scores"),)
    return Signature(inputs, outputs, takes_image, classifies_image)


def _structure(model, side):
    """Returns the `"input"` or the `"output"`, a dict where it is one."""
    if isinstance(model, keras.Sequential):  # it may have no such attribute
        (tensor,) = getattr(model, f"{side}s")
        return tensor
    return getattr(model, side)


def _specs(structure):
    specs, taken = [], set()
    for path, tensor in keras.tree.flatten_with_path(structure):
        keys = [key for key in path if isinstance(key, str)]
        plain = name = "_".join(keys) or _layer_name(tensor)
        number = 0
        while name in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name)
        dtype = getattr(tensor.dtype, "name", tensor.dtype)
        specs.append(TensorSpec(name, tuple(tensor.shape[1:]), dtype))
    return tuple(specs)


def _layer_name(tensor):
    layer = tensor._keras_history[0]
    if hasattr(layer, "quantize_config"):  # TF-MOT's wrapper renames it
        layer = layer.layer
    return layer.name


def pack(model, arrays):
    """Returns the inputs of a model, structured as it takes them."""
    return keras.tree.pack_sequence_as(_structure(model, "input"), list(arrays))


def batches_of(argument, values, specs):
    """Returns a batch of each input, in the order of the inputs.

    Args:
        argument: What `values` were passed as.
        values: Dict of arrays by the names of the inputs; a list of arrays in
            their order; or one array for one input. Single examples count as
            batches of one.
        specs: `TensorSpec` of each input.

    Raises:
        ValueError: If an input is missing or not known; if an array has no
            numbers, or those of another shape or type; if batches differ in
            size.
    """
    if isinstance(values, dict):
        check_names(argument, values, [spec.name for spec in specs])
        values = [values[spec.name] for spec in specs]
    elif not isinstance(values, tuple | list) or len(specs) == 1:
        values = [values]
    if len(values) != len(specs):
        names = ", ".join(repr(spec.name) for spec in specs)
        raise ValueError(
            f"`{argument}` must hold a batch for each input of the model: "
            f"{names}. Received: {len(values)} "
            f"{'array' if len(values) == 1 else 'arrays'}. Pass a dict from "
            "the names to arrays."
        )
    batches = [
        _batch(argument, value, spec)
        for value, spec in zip(values, specs, strict=True)
    ]
    sizes = {spec.name: len(b) for spec, b in zip(specs, batches, strict=True)}
    if len(set(sizes.values())) > 1:
        raise ValueError(
            f"`{argument}` must hold as many examples of each input. "
            f"Received: {sizes}. Pass arrays of the same examples."
        )
    return batches


def _batch(argument, value, spec):
    try:
        array = np.asarray(keras.ops.convert_to_numpy(value))
        if array.dtype.kind not in "fiub":
            raise TypeError(f"numbers of dtype {array.dtype}")
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`{argument}` must hold numbers. Received: "
            f"{type(value).__name__} for input {spec.name!r} "
            f"({str(error)[:200]}). Encode text as ids first."
        ) from error
    if array.ndim == len(spec.shape):
        # A column (examples,) for an input of one number, or one example.
        is_column = spec.shape == (1,) and len(array) > 1
        array = array[:, None] if is_column else array[None]
    if array.ndim != len(spec.shape) + 1 or any(
        known not in (None, size)
        for known, size in zip(spec.shape, array.shape[1:], strict=True)
    ):
        raise ValueError(
            f"`{argument}` must have the shape (examples, "
            f"{', '.join(map(str, spec.shape))}) for input {spec.name!r}. "
            f"Received: an array of shape {array.shape}. Reshape it."
        )
    if not np.isfinite(array).all():
        raise ValueError(
            f"`{argument}` must hold finite numbers. Received: NaN or "
            f"infinity for input {spec.name!r}. Take those examples out."
        )
    dtype = "float32" if "float" in spec.dtype else spec.dtype
    if "int" in dtype and array.dtype.kind == "f":
        if not (array == np.rint(array)).all():
            raise ValueError(
                f"`{argument}` must hold integers for input {spec.name!r}, "
                f"which is {dtype}. Received: fractions. Pass ids, not scaled."
            )
    return array.astype(dtype)
