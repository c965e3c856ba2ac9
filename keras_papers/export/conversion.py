"""Conversion of Keras models to .tflite, by way of a frozen function.

The graph is traced at batch 1 and a fixed size, and its variables become
constants before the converter sees it. The converter then takes a third of
the time of `from_keras_model`, folds all normalizations, and the file runs in
one partition of the phone's delegate.
"""

import contextlib
import os
import sys
import tempfile
import threading

from keras_papers.export.ranges import widen_ranges
from keras_papers.export.recurrent import find_loop, unrolled
from keras_papers.extras import require
from keras_papers.lowering import lower, shift_to_levels, split_rescaling
from keras_papers.precision import in_float32
from keras_papers.quantization.quantize_aware import integer_part

_one_at_a_time = threading.Lock()  # for the streams are the whole process's


class ConversionError(ValueError):
    """Says why a model cannot become a .tflite file."""


def convert(model, shape, quantize, images=None):
    """Returns the bytes of the .tflite file of a model on TensorFlow.

    Args:
        images: For int8, the array that ranges are measured on.
    """
    model = in_float32(model)
    if quantize == "int8":
        scale, offset, model = split_rescaling(lower(model))
        images = scale * images + offset
        # Its ends are those of all images.
        images += shift_to_levels(float(images.min()), float(images.max()))
        with unrolled(model), quiet():
            module = _freeze(model, shape)
        _check_no_loop(module, model)
        with quiet():
            return _convert_frozen(module, quantize, images)
    with quiet():
        return _convert_frozen(_freeze(model, shape), quantize)


def convert_aware(model, shape):
    """Returns the bytes of the file of a quantization-aware model."""
    function = integer_part(model)
    with quiet():
        return _convert_frozen(_freeze(function, shape), "int8")


def _freeze(model, shape):
    """Traces the model at batch 1; its variables become constants."""
    tf = require("tensorflow", "mobile")
    constants = require(
        "tensorflow.python.framework.convert_to_constants", "mobile"
    )
    image = tf.TensorSpec([1, *shape], tf.float32, name="image")
    traced = tf.function(
        lambda image: model(image, training=False),
        input_signature=[image],
        autograph=False,
    ).get_concrete_function()
    frozen = constants.convert_variables_to_constants_v2(
        traced, lower_control_flow=False
    )
    # The names of the signature come from a function of a module.
    module = tf.Module()
    module.serve = tf.function(
        lambda image: {"scores": frozen(image)[0]},
        input_signature=[image],
        autograph=False,
    )
    return module


def _check_no_loop(module, model):
    loop = find_loop(module.serve.get_concrete_function(), model)
    if loop is not None:
        raise ConversionError(
            "`model` must compute without loops, for quantize='int8'. "
            f"Received: a model with a loop in layer {loop!r}. Use recurrent "
            "layers of Keras, which are unrolled, or export with "
            "quantize='dynamic'."
        )


def _convert_frozen(module, quantize, images=None):
    tf = require("tensorflow", "mobile")
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.serve.get_concrete_function()], module
    )
    if quantize is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if images is not None:
        converter.representative_dataset = lambda: ([x[None]] for x in images)
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        ]
    if quantize == "int8":
        converter.inference_input_type = tf.uint8  # as a camera has pixels
        converter.inference_output_type = tf.float32
    try:
        if images is not None:
            return _quantize_measured(converter)
        return converter.convert()
    except Exception as error:  # the converter's own, and what it lets through
        first = str(error).strip().splitlines()[0][:300]
        raise ConversionError(
            "`model` must consist of operations that .tflite files have, in "
            f"float32. Received: a model that is not convertible ({first}). "
            "Replace a layer that is named."
        ) from error


def _quantize_measured(converter):
    """Converts with ranges that are looked at before they are used."""
    convert_module = require("tensorflow.lite.python.convert", "mobile")
    converter._experimental_calibrate_only = True
    return convert_module.mlir_quantize(
        widen_ranges(converter.convert()),
        input_data_type=converter.inference_input_type,
        output_data_type=converter.inference_output_type,
    )


@contextlib.contextmanager
def quiet():
    """Keeps the converter's own prints, some from C++, off the terminal."""
    with _one_at_a_time, tempfile.TemporaryFile() as sink:
        kept = []
        try:
            for number in (1, 2):
                _flush()
                kept.append((number, os.dup(number)))
                os.dup2(sink.fileno(), number)
            yield
        finally:
            _flush()
            for number, copy in kept:
                os.dup2(copy, number)
                os.close(copy)


def _flush():
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as in a process without a terminal
            stream.flush()
