"""Quantization-aware training (Jacob et al., 2018, arxiv.org/abs/1712.05877).

TF-MOT's wrappers around the layers of a lowered model, each with a
configuration that follows from what int8 runtimes fuse.
"""

import importlib

import keras
import numpy as np

from keras_papers.checks import MOST_CLUSTERS
from keras_papers.inlining import flatten
from keras_papers.lowering import (
    RESCALING,
    lower,
    shift_to_levels,
    split_rescaling,
)
from keras_papers.pixels.normalization import check_input_range
from keras_papers.pixels.pixel_range import PixelRange, find_pixel_range
from keras_papers.precision import in_float32
from keras_papers.quantization.aware_model import (
    SCHEME,
    variables,
    wrappers_of,
)
from keras_papers.quantization.int8_layers import (
    KERNELS,
    WRITTEN,
    kind_of,
    output_of,
    readers_of,
)
from keras_papers.quantization.legacy import (
    check_keras_3,
    load_tf_keras,
    load_tfmot,
)
from keras_papers.quantization.representative_data import (
    has_negatives,
    representative_images,
    representative_inputs,
)
from keras_papers.quantization.to_tf_keras import (
    names_in_inference,
    weight_name,
    write,
)
from keras_papers.signatures import pack, signature_of

PRESERVED = ("sparsity", "clusters")
WAY_OUT = (
    "Call quantize_aware(..., input_range=(black, white)): (0, 255) for a "
    "model that was trained on pixels as they are, (-1, 1) or (0, 1). On the "
    "command line: --input-range BLACK WHITE."
)
BATCH = 32  # images whose ranges are measured at once
WRAPPER = (
    "tensorflow_model_optimization.python.core.quantization.keras."
    "quantize_wrapper"
)


def quantize_aware(
    model, representative_data=None, *, preserve=(), input_range=None
):
    """Makes a model that is trained as int8 runtimes will compute it.

    The result is a model of tf_keras in TF-MOT's wrappers, with weights of
    its own, that is compiled and fitted (`fine_tune` does both), and exported
    by `export.to_tflite`. It takes what `model` takes. Its h-swish is written
    as int8 runtimes compute it fast, as `lowering.lower` does.

    Args:
        model: Functional or built sequential model of Keras 3, trained, of
            any number of inputs and outputs.
        representative_data: Images as the model takes them, an array,
            batches, or a function that yields batches, on which the ranges of
            all maps are measured before the first step; for several inputs,
            dicts of arrays by their names. Defaults to None: on the first
            batch of the training.
        preserve: `"sparsity"`, so that weights that are zero stay so, after
            `prune`; `"clusters"`, so that equal weights of a kernel stay
            equal, after `cluster`; or both as a tuple. Defaults to neither.
        input_range: What the model takes for a black and for a white pixel.
            Defaults to what the graph shows, as `export.to_tflite` finds it,
            and else to (-1, 1), with a warning unless images confirm it. For
            models of one image only; the ranges of other inputs are measured.

    Returns:
        A functional model of tf_keras, not compiled. What it saves as
        `.keras`, tf_keras loads inside TF-MOT's `quantize_scope`.

    Raises:
        ValueError: If `model` has no graph to open, or a layer that integers
            cannot compute; if images are of another shape or range; or if
            there is nothing to preserve.
        MissingExtraError: If the extra `quantization` is not installed.

    Example:
    >>> image = keras.Input((8, 8, 3))
    >>> x = keras.layers.Rescaling(1 / 255)(image)
    >>> x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    >>> x = keras.layers.GlobalAveragePooling2D()(x)
    >>> model = keras.Model(image, keras.layers.Dense(2)(x))
    >>> aware = quantize_aware(model, np.full((4, 8, 8, 3), 255.0))
    >>> aware.layers[2].name
    'quant_conv'
    """
    preserve = _check_preserve(preserve)
    check_keras_3(model)
    load_tfmot()
    flat = flatten(in_float32(model))
    if signature_of(flat).takes_image:
        input_range, data = _settle_images(
            model, flat, representative_data, input_range
        )
        prepared = _with_rescaling(lower(flat), input_range)
    else:
        data = _settle_inputs(flat, representative_data, input_range)
        input_range = None
        prepared = _with_ranges(lower(flat))
    plain = write(prepared, names_in_inference(model))
    normalizations = {x.name for x in flat.layers if isinstance(x, RESCALING)}
    aware = _wrap(plain, input_range, normalizations, preserve)
    _copy_weights(plain, aware)
    _freeze(aware)
    if data is not None:
        _measure_ranges(aware, data)
    return aware


def _settle_images(model, flat, data, input_range):
    """Returns the range of pixels, and the images as a list of one array."""
    given = input_range is not None
    if given:
        found = PixelRange(*check_input_range(input_range))
    else:
        found = find_pixel_range(flat)
    images = None
    if data is not None:
        images = representative_images(
            data,
            tuple(flat.inputs[0].shape[1:]),
            *found[:2],
            way_out=WAY_OUT,
            given=given,
        )
    if images is None or not has_negatives(images):
        found.warn(model, WAY_OUT, stacklevel=4)
    return found[:2], None if images is None else [images]


def _settle_inputs(flat, data, input_range):
    """Returns the examples, an array for each input, or None without any."""
    if input_range is not None:
        raise ValueError(
            "`input_range` is what a model of one image takes for a black and "
            f"for a white pixel. Received: input_range={input_range!r} for a "
            "model of other inputs. Leave it out; ranges are measured."
        )
    if data is None:
        return None
    return representative_inputs(data, signature_of(flat).inputs)


def _wrap(plain, input_range, normalizations, preserve):
    """Returns a copy of a model of tf_keras in TF-MOT's wrappers.

    Args:
        plain: The model.
        input_range: What it takes for a black and for a white pixel, None of
            a model that does not take one image.
        normalizations: Names of the layers that normalize by channel.
        preserve: What training keeps of the weights.
    """
    scheme = importlib.import_module(SCHEME)
    wrapper = importlib.import_module(WRAPPER).QuantizeWrapperV2
    readers = readers_of(plain)
    rescaling = plain.layers[1] if input_range else None
    kept = {name: False for name in preserve}

    def output(layer, kind, kernel):
        if layer is rescaling:
            return _rescaled(layer, input_range)
        found = output_of(layer, kind, readers[layer.name])
        if (
            rescaling
            and kernel
            and found == "range"
            and layer.name in normalizations
            and layer in readers[rescaling.name]
        ):
            return _range_by_channel(layer, _rescaled(rescaling, input_range))
        return found

    def wrapped(layer):
        kind = kind_of(layer)
        options = layer.get_config()
        if kind == "BatchNormalization":
            options["fused"] = False  # as in `to_tf_keras`
        copy = type(layer).from_config(options)
        if kind in WRITTEN:
            copy.activation = getattr(scheme, f"{kind}_int8")
            return copy
        kernel, axes = KERNELS.get(kind, (None, None))
        quantized = output(layer, kind, kernel)
        if kernel is None and quantized is None:
            return copy
        quantizer = {}
        if kernel:
            quantizer = {"axes": axes, **_structure(layer, kernel, preserve)}
            for name in quantizer.get("preserve", ()):
                kept[name] = True
        return wrapper(copy, scheme.Int8Config(kernel, quantized, **quantizer))

    aware = load_tf_keras().models.clone_model(plain, clone_function=wrapped)
    _check_kept(kept)
    return aware


def _check_preserve(preserve):
    is_one = isinstance(preserve, str) or not hasattr(preserve, "__iter__")
    preserve = (preserve,) if is_one else tuple(preserve)
    if not all(name in PRESERVED for name in preserve):
        raise ValueError(
            "`preserve` is what training keeps of the weights. "
            f"Received: preserve={preserve!r}. Pass 'sparsity', 'clusters', "
            "or both as a tuple."
        )
    return preserve


def _with_rescaling(lowered, input_range):
    """Returns a model that begins with a rescaling to levels of int8."""
    scale, offset, rest = split_rescaling(lowered)
    offset += shift_to_levels(*(scale * end + offset for end in input_range))
    (taken,) = lowered.inputs
    image = keras.Input(batch_shape=taken.shape, name=taken.name)
    name = "rescaling" if rest is lowered else lowered.layers[1].name
    rescaling = keras.layers.Rescaling(
        scale, offset, name=_free(name, rest), dtype="float32"
    )
    inputs = pack(lowered, [image])
    rescaled = rescaling(image)
    if rest is lowered:  # which may take it in a dict
        rescaled = pack(lowered, [rescaled])
    return keras.Model(inputs, rest(rescaled), name=lowered.name)


def _with_ranges(lowered):
    """Returns a model in which the range of each float input is measured."""
    inputs = [
        keras.Input(batch_shape=x.shape, dtype=x.dtype, name=x.name)
        for x in keras.tree.flatten(lowered.input)
    ]
    measured = [
        keras.layers.Rescaling(
            1.0, name=_free(f"input_{number}_range", lowered), dtype="float32"
        )(x)
        if keras.backend.is_float_dtype(x.dtype)
        else x
        for number, x in enumerate(inputs)
    ]
    outputs = lowered(pack(lowered, measured))
    return keras.Model(pack(lowered, inputs), outputs, name=lowered.name)


def _free(name, model):
    """Returns a name that no layer of a model has."""
    names = {layer.name for layer in model.layers}
    while name in names:
        name += "_"
    return name


def _rescaled(rescaling, input_range):
    """Returns the range of what the leading rescaling makes."""
    scale, offset = float(rescaling.scale), float(rescaling.offset)
    return [scale * end + offset for end in input_range]


def _range_by_channel(normalization, ends):
    """Returns the range of what a normalization makes of a range.

    It is known, and needs no images; and zero, with which maps are padded, is
    in it, although no pixel may become zero.
    """
    kernel, bias = (weight.numpy() for weight in normalization.weights)
    made = [kernel.ravel() * end + bias for end in ends]
    return [min(0.0, float(np.min(made))), max(0.0, float(np.max(made)))]


def _structure(layer, kernel, preserve):
    """Returns what is kept of the weights of a layer, as it can be."""
    values = getattr(layer, kernel).numpy()
    clusters = len(np.unique(values))
    found = []
    if "sparsity" in preserve and not values.all():
        found.append("sparsity")
    few = clusters <= MOST_CLUSTERS and clusters < values.size
    if "clusters" in preserve and few and kernel == "kernel":
        found.append("clusters")
        return {"preserve": found, "clusters": clusters}
    return {"preserve": found} if found else {}


def _check_kept(kept):
    for name, found in kept.items():
        if not found:
            most = f" ({MOST_CLUSTERS} at most)" * (name == "clusters")
            how = {"sparsity": "prune", "clusters": "cluster"}[name]
            raise ValueError(
                "`preserve` names what the weights of `model` have. "
                f"Received: preserve={name!r} for a model without such "
                f"weights{most}. Call quantization.{how} and fit first."
            )


def _copy_weights(plain, aware):
    there = {
        getattr(layer, "layer", layer).name: layer for layer in aware.layers
    }
    for layer in plain.layers:
        copy = there[layer.name]
        copies = variables(copy)
        for weight in layer.weights:
            copies[weight_name(weight)].assign(weight)
        for weight, _, kept in getattr(copy, "_weight_vars", ()):
            values = weight.numpy()
            if "sparsity" in kept:
                kept["sparsity"].assign(values != 0)
            if "clusters" in kept:
                _, index = np.unique(values, return_inverse=True)
                kept["clusters"].assign(index.reshape(values.shape))


def _freeze(aware):
    """Takes the kernels of frozen layers from what wrappers train."""
    for wrapper in wrappers_of(aware):
        if not wrapper.layer.trainable:
            wrapper._non_trainable_weights += [
                weight for weight, _, _ in wrapper._weight_vars
            ]
            wrapper._trainable_weights = []


def _measure_ranges(aware, data):
    """Runs examples as if to train, which moves ranges and no weights.

    Args:
        aware: The model.
        data: An array for each input.
    """
    inside = [getattr(layer, "layer", layer) for layer in aware.layers]
    norms = [x for x in inside if type(x).__name__ == "BatchNormalization"]
    drops = [x for x in inside if "Dropout" in type(x).__name__]
    trainable = [norm.trainable for norm in norms]
    rates = [drop.rate for drop in drops]
    for norm in norms:
        norm.trainable = False  # and so uses its statistics
    for drop in drops:
        drop.rate = 0.0
    for start in range(0, len(data[0]), BATCH):
        batch = [array[start : start + BATCH] for array in data]
        aware(pack(aware, batch), training=True)
    for norm, before in zip(norms, trainable, strict=True):
        norm.trainable = before
    for drop, rate in zip(drops, rates, strict=True):
        drop.rate = rate
