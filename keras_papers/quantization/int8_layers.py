"""How integers compute each layer of tf_keras."""

from keras_papers.quantization.layer_converters import FROZEN

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
    "Embedding",
    "GlobalAveragePooling2D",
    "LeakyReLU",
    "Maximum",
    "Minimum",
    "Multiply",
    "ReLU",
    "Subtract",
}
# What moves numbers and leaves them as they are, or interpolates between them,
# for which a file has one range on both sides:
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
    "Resizing",
    "SpatialDropout2D",
    "UpSampling2D",
    "ZeroPadding2D",
}
# Activations: what is fused, and what the runtime has a range for.
CLIPPED = {"relu", "relu6"}
WRITTEN = {"hard_sigmoid", "mirrored_hard_sigmoid", "sigmoid"}
ENDS = {"linear", "softmax", "Softmax"}


def readers_of(model):
    """Returns, by the names of layers, the layers that read each."""
    readers = {layer.name: [] for layer in model.layers}
    for layer in model.layers:
        for node in layer.inbound_nodes:
            for before in node.parent_nodes:
                readers[before.layer.name].append(layer)
    return readers


def kind_of(layer):
    """Returns the class of a layer, or the activation that it applies."""
    name = type(layer).__name__
    if name == "ReLU":
        limits = (layer.max_value, layer.negative_slope, layer.threshold)
        known = limits in ((None, 0, 0), (6, 0, 0))
        other = "limits" if layer.max_value else "a slope"
        return name if known else f"a ReLU with {other}"
    if name == FROZEN:
        return "BatchNormalization"
    return layer.activation.__name__ if name == "Activation" else name


def output_of(layer, kind, readers):
    """Returns how the output of a layer is quantized.

    A convolution, its normalization and a clipping after it are one
    operation of the file, and only what comes out of it is rounded.
    """
    if kind in MOVED or kind in ENDS:
        return None
    after = kind_of(readers[0]) if len(readers) == 1 else None
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
    fits = kind_of(before) in KERNELS and len(readers) == 1
    if not fits or linear.__name__ != "linear":
        raise ValueError(
            "A normalization of `model` must follow a convolution without "
            "activation, into which it is folded. "
            f"Received: BatchNormalization {layer.name!r} after "
            f"{type(before).__name__} {before.name!r}. Export such a model by "
            "quantize='int8' with representative data."
        )
