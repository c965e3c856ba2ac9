"""Conversion of models in mixed precision to float32, for export."""

import keras

from keras_papers.inlining import flatten, is_cast_of_floats, redraw

HALF = ("float16", "bfloat16")


def in_float32(model):
    """Returns a copy of `model` that computes in float32.

    In mixed precision the weights are float32 and the activations are half
    precision. The outputs of the copy differ by the rounding of activations.

    Args:
        model: A functional or built sequential model; it is not changed.

    Returns:
        A flat functional model of copies, not compiled; `model` itself if no
        layer computes in half precision.

    Raises:
        ValueError: If `model` has no graph that can be opened, or a layer in
            half precision that cannot be copied.
    """
    if not any(_is_half(layer) for layer in model._flatten_layers()):
        return model
    flat = flatten(model)
    inputs = keras.tree.map_structure(_input_of, flat.input)
    copies = {
        layer: _copy(layer)
        for layer in flat.layers
        if any(_is_half(part) for part in layer._flatten_layers())
        and not isinstance(layer, keras.layers.InputLayer)
    }

    def call(layer, *args, **kwargs):
        if is_cast_of_floats(layer):
            return args[0]
        return copies.get(layer, layer)(*args, **kwargs)

    exact = redraw(flat, call, inputs=inputs)
    for layer, copy in copies.items():
        copy.set_weights(layer.get_weights())
        if isinstance(copy, keras.layers.Normalization):
            copy.finalize_state()  # which makes constants of them
    if not model.trainable:  # True would also apply to the frozen copies
        exact.trainable = False
    return exact


def _is_half(layer):
    # Integer weights depend on the precision that they were made for.
    quantized = layer.quantization_mode is not None
    return layer.compute_dtype in HALF and not quantized


def _input_of(x):
    dtype = "float32" if x.dtype in HALF else x.dtype
    name = x._keras_history.operation.name
    return keras.Input(batch_shape=x.shape, dtype=dtype, name=name)


def _copy(layer):
    if type(layer) is keras.layers.Lambda:
        # Its config holds the function as bytes, without what it refers to.
        return keras.layers.Lambda(
            layer.function,
            layer._output_shape,
            layer.mask,
            layer.arguments,
            name=layer.name,
            dtype="float32",
        )
    try:
        config = {**layer.get_config(), "dtype": "float32"}
        copy = type(layer).from_config(config)
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(
            "A layer of `model` in mixed precision must be made again in "
            "float32 from its config. "
            f"Received: {type(layer).__name__} {layer.name!r} ({error}). Give "
            "it a `get_config`, or build the model under the float32 policy "
            "with the same weights."
        ) from error
    for part in copy._flatten_layers():
        part.dtype_policy = "float32"
    return copy
