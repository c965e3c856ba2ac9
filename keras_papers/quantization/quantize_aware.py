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
from keras_papers.quantization.layer_converters import FROZEN
from keras_papers.quantization.legacy import (
    check_keras_3,
    load_tf_keras,
    load_tfmot,
)
from keras_papers.quantization.representative_data import (
    has_negatives,
    representative_images,
)
from keras_papers.quantization.to_tf_keras import (
    names_in_inference,
    weight_name,
    write,
)

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
SCHEME = "keras_papers.quantization.scheme"

# Layers by what integers do with them. A kernel's axes that are no channels:
KERNELS = {
    "Conv2D": ("kernel", [0, 1, 2]),
    "DepthwiseConv2D": ("depthwise_kernel", [0, 1]),
    "Dense": ("kernel", [0]),
}
# What has a range of its own:
RANGED = {
    "Add",
    "Average",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "GlobalAveragePooling2D",
    "LeakyReLU",
    "Maximum",
    "Minimum",
    "Multiply",
    "ReLU",
    "Subtract",
    "UpSampling2D",
}
# What moves numbers and leaves them as they are:
MOVED = {
    "Cropping2D",
    "Dropout",
    "Flatten",
    "GlobalMaxPooling2D",
    "Identity",
    "InputLayer",
    "MaxPooling2D",
    "Permute",
    "Reshape",
    "SpatialDropout2D",
    "ZeroPadding2D",
}
# Activations: what is fused, and what the runtime has a range for.
CLIPPED = {"relu", "relu6"}
WRITTEN = {"hard_sigmoid", "mirrored_hard_sigmoid", "sigmoid"}
ENDS = {"linear", "softmax", "Softmax"}


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
            one input and one output.
        representative_data: Images as the model takes them, an array,
            batches, or a function that yields batches, on which the ranges of
            all maps are measured before the first step. Defaults to None: on
            the first batch of the training.
        preserve: `"sparsity"`, so that weights that are zero stay so, after
            `prune`; `"clusters"`, so that equal weights of a kernel stay
            equal, after `cluster`; or both as a tuple. Defaults to neither.
        input_range: What the model takes for a black and for a white pixel.
            Defaults to what the graph shows, as `export.to_tflite` finds it,
            and else to (-1, 1), with a warning unless images confirm it.

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
    tf_keras = load_tf_keras()
    load_tfmot()
    scheme = importlib.import_module(SCHEME)
    wrapper = importlib.import_module(WRAPPER).QuantizeWrapperV2
    flat = flatten(in_float32(model))
    _check_doors(flat)
    given = input_range is not None
    if given:
        found = PixelRange(*check_input_range(input_range))
    else:
        found = find_pixel_range(flat)
    input_range = found[:2]
    images = None
    if representative_data is not None:
        images = representative_images(
            representative_data,
            flat.input_shape[1:],
            *input_range,
            way_out=WAY_OUT,
            given=given,
        )
    if images is None or not has_negatives(images):
        found.warn(model, WAY_OUT)
    lowered = lower(flat)
    twin = write(
        _with_rescaling(lowered, input_range), names_in_inference(model)
    )
    readers = _readers(twin)
    first = twin.layers[1]
    constant = {x.name for x in flat.layers if isinstance(x, RESCALING)}
    kept = {name: False for name in preserve}

    def wrapped(layer):
        options = {}
        kind = _kind(layer)
        if kind == "BatchNormalization":
            options["fused"] = False  # as in `to_tf_keras`
        copy = type(layer).from_config({**layer.get_config(), **options})
        if kind in WRITTEN:
            copy.activation = getattr(scheme, f"{kind}_int8")
            return copy
        kernel, axes = KERNELS.get(kind, (None, None))
        if layer is first:
            output = _range(layer, input_range)
        else:
            output = _output(layer, kind, readers[layer.name])
        normalizes = layer.name in constant and layer in readers[first.name]
        if normalizes and kernel and output == "range":
            output = _range_by_channel(layer, _range(first, input_range))
        if kernel is None and output is None:
            return copy
        quantizer = {}
        if kernel:
            quantizer = {"axes": axes, **_structure(layer, kernel, preserve)}
            for name in quantizer.get("preserve", ()):
                kept[name] = True
        return wrapper(copy, scheme.Int8Config(kernel, output, **quantizer))

    aware = tf_keras.models.clone_model(twin, clone_function=wrapped)
    _check_kept(kept)
    _copy_weights(twin, aware)
    _freeze(aware)
    if images is not None:
        _measure_ranges(aware, images)
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


def _check_doors(model):
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            "`model` must have one input and one output. "
            f"Received: a model with {len(model.inputs)} inputs and "
            f"{len(model.outputs)} outputs. Quantize a part of it: "
            "keras.Model(image, scores)."
        )


def _with_rescaling(lowered, input_range):
    """Returns a model that begins with a rescaling to levels of int8."""
    scale, offset, rest = split_rescaling(lowered)
    offset += shift_to_levels(*(scale * end + offset for end in input_range))
    (door,) = lowered.inputs
    image = keras.Input(batch_shape=door.shape, name=door.name)
    names = {layer.name for layer in rest.layers}
    name = "rescaling" if rest is lowered else lowered.layers[1].name
    while name in names:
        name += "_"
    rescaled = keras.layers.Rescaling(
        scale, offset, name=name, dtype="float32"
    )(image)
    return keras.Model(image, rest(rescaled), name=lowered.name)


def _range(rescaling, input_range):
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


def _readers(twin):
    """Returns, by the names of layers, the layers that read each."""
    readers = {layer.name: [] for layer in twin.layers}
    for layer in twin.layers:
        for node in layer.inbound_nodes:
            for before in node.parent_nodes:
                readers[before.layer.name].append(layer)
    return readers


def _kind(layer):
    name = type(layer).__name__
    if name == "ReLU":
        limits = (layer.max_value, layer.negative_slope, layer.threshold)
        known = limits in ((None, 0, 0), (6, 0, 0))
        limited = "a ReLU of limits" if layer.max_value else "a bent ReLU"
        return name if known else limited
    if name == FROZEN:
        return "BatchNormalization"
    return layer.activation.__name__ if name == "Activation" else name


def _output(layer, kind, readers):
    """Returns how the output of a layer is quantized.

    A convolution, its normalization and a clipping after it are one
    operation of the file, and only what comes out of it is rounded.
    """
    if kind in MOVED or kind in ENDS:
        return None
    after = _kind(readers[0]) if len(readers) == 1 else None
    clipped = after in CLIPPED or after == "ReLU"
    if kind == "BatchNormalization":
        _check_normalization(layer)
        return None if clipped else "range"
    if kind in KERNELS:
        alone = clipped or after == "BatchNormalization"
        return None if alone else "range"
    if kind in RANGED or kind in CLIPPED:
        return "range"
    if kind == "Rescaling" and (layer.scale == 1 or layer.offset == 0):
        return "range"
    raise ValueError(
        "`model` must consist of layers that integers compute. "
        f"Received: {kind} in layer {layer.name!r}. Put another layer in its "
        "place, or export with quantize='dynamic'."
    )


def _check_normalization(layer):
    (before,) = (node.layer for node in layer.inbound_nodes[0].parent_nodes)
    readers = before.outbound_nodes
    linear = getattr(before, "activation", None)
    fits = _kind(before) in KERNELS and len(readers) == 1
    if not fits or linear.__name__ != "linear":
        raise ValueError(
            "A normalization of `model` must follow a convolution without "
            "activation, into which it is folded. "
            f"Received: BatchNormalization {layer.name!r} after "
            f"{type(before).__name__} {before.name!r}. Export such a model by "
            "quantize='int8' with representative data."
        )


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


def variables(layer):
    """Returns the weights of a layer, by their names, in a wrapper or not.

    A wrapper puts a tensor in the kernel's place, and keeps the variable.
    """
    kernels = [weight for weight, _, _ in getattr(layer, "_weight_vars", ())]
    inside = getattr(layer, "layer", layer)
    return {weight_name(weight): weight for weight in inside.weights + kernels}


def _copy_weights(twin, aware):
    there = {
        getattr(layer, "layer", layer).name: layer for layer in aware.layers
    }
    for layer in twin.layers:
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
    for wrapper in _wrappers(aware):
        if not wrapper.layer.trainable:
            wrapper._non_trainable_weights += [
                weight for weight, _, _ in wrapper._weight_vars
            ]
            wrapper._trainable_weights = []


def _measure_ranges(aware, images):
    """Runs images as if to train, which moves ranges and no weights."""
    inside = [getattr(layer, "layer", layer) for layer in aware.layers]
    norms = [x for x in inside if type(x).__name__ == "BatchNormalization"]
    drops = [x for x in inside if "Dropout" in type(x).__name__]
    trainable = [norm.trainable for norm in norms]
    rates = [drop.rate for drop in drops]
    for norm in norms:
        norm.trainable = False  # and so uses its statistics
    for drop in drops:
        drop.rate = 0.0
    for start in range(0, len(images), BATCH):
        aware(images[start : start + BATCH], training=True)
    for norm, before in zip(norms, trainable, strict=True):
        norm.trainable = before
    for drop, rate in zip(drops, rates, strict=True):
        drop.rate = rate


def _wrappers(model):
    """Lists the wrappers of a model, by our configuration inside."""
    return [
        layer
        for layer in getattr(model, "layers", ())
        if type(getattr(layer, "quantize_config", None)).__name__
        == "Int8Config"
    ]


def is_quantization_aware(model):
    """Tells whether a model is one that `quantize_aware` made."""
    return bool(_wrappers(model))


def input_range_of(aware):
    """Returns what a model takes for a black and for a white pixel."""
    first = _wrappers(aware)[0]
    scale, offset = float(first.layer.scale), float(first.layer.offset)
    ends = [(end - offset) / scale for end in first.quantize_config.output]
    return tuple(ends)


def parameters_of(aware):
    """Lists the weights of the layers inside, without those of quantizers."""
    return [
        weight for layer in aware.layers for weight in variables(layer).values()
    ]


def integer_part(aware):
    """Returns what follows the rescaling, as a function to be converted.

    Raises:
        ValueError: If the model never saw a training step.
    """
    first, *wrappers = _wrappers(aware)
    steps = [
        float(wrapper._output_quantizer_vars["steps"])
        for wrapper in wrappers
        if wrapper.quantize_config.output == "range"
    ]
    if not all(steps):
        raise ValueError(
            "`model` must have seen a training step, in which the ranges of "
            "its maps are measured. Received: a quantization-aware model that "
            "saw none. Fit it, or pass representative_data to quantize_aware."
        )
    tf_keras = load_tf_keras()
    scheme = importlib.import_module(SCHEME)
    rest = tf_keras.Model(first.output, aware.output)
    low, high = first.quantize_config.output

    def scores(x, training):
        with scheme.baked():
            return rest(scheme.fixed(x, low, high), training=False)

    return scores
