"""What a quantization-aware model consists of, and what becomes its file."""

import importlib

from keras_papers.quantization.legacy import load_tf_keras
from keras_papers.quantization.to_tf_keras import weight_name
from keras_papers.signatures import pack, signature_of

SCHEME = "keras_papers.quantization.scheme"


def variables(layer):
    """Returns the weights of a layer, by their names, in a wrapper or not.

    A wrapper puts a tensor in the kernel's place, and keeps the variable.
    """
    kernels = [weight for weight, _, _ in getattr(layer, "_weight_vars", ())]
    inside = getattr(layer, "layer", layer)
    return {weight_name(weight): weight for weight in inside.weights + kernels}


def wrappers_of(model):
    """Lists the wrappers of a model, by our configuration inside."""
    return [
        layer
        for layer in getattr(model, "layers", ())
        if type(getattr(layer, "quantize_config", None)).__name__
        == "Int8Config"
    ]


def is_quantization_aware(model):
    """Returns whether `quantize_aware` made a model."""
    return bool(wrappers_of(model))


def input_range_of(aware):
    """Returns what a model takes for a black and for a white pixel.

    None of a model that does not take one image.
    """
    rescaling = _leading_rescaling(aware)
    if rescaling is None:
        return None
    scale = float(rescaling.layer.scale)
    offset = float(rescaling.layer.offset)
    return tuple(
        (end - offset) / scale for end in rescaling.quantize_config.output
    )


def _leading_rescaling(aware):
    """Returns the wrapper of pixels in a range that is known, or None."""
    if not signature_of(aware).takes_image:
        return None
    return wrappers_of(aware)[0]


def parameters_of(aware):
    """Lists the weights of the layers inside, without those of quantizers."""
    return [
        weight for layer in aware.layers for weight in variables(layer).values()
    ]


def integer_part(aware):
    """Returns the function of a model that is converted, of its inputs.

    Of a model of one image it is what follows the rescaling.

    Raises:
        ValueError: If the model never saw a training step.
    """
    measured = [
        float(wrapper._output_quantizer_vars["steps"])
        for wrapper in wrappers_of(aware)
        if wrapper.quantize_config.output == "range"
    ]
    if not all(measured):
        raise ValueError(
            "`model` must have seen a training step, in which the ranges of "
            "its maps are measured. Received: a quantization-aware model that "
            "saw none. Fit it, or pass representative_data to quantize_aware."
        )
    scheme = importlib.import_module(SCHEME)
    rescaling = _leading_rescaling(aware)
    if rescaling is None:

        def answers(*tensors):
            with scheme.baked():
                return aware(pack(aware, tensors), training=False)

        return answers
    rest = load_tf_keras().Model(rescaling.output, aware.output)
    low, high = rescaling.quantize_config.output

    def answers_to_image(image):
        with scheme.baked():
            return rest(scheme.fixed(image, low, high), training=False)

    return answers_to_image
