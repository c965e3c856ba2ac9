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
import warnings

import keras

from keras_papers.export.concatenations import split_concatenations
from keras_papers.export.look_up import names_of_scores
from keras_papers.export.ranges import widen_ranges
from keras_papers.export.recurrent import find_loop, unrolled
from keras_papers.export.response_normalization import as_one_operation
from keras_papers.extras import require
from keras_papers.lowering import (
    fuse_relus,
    lower,
    shift_to_levels,
    split_rescaling,
)
from keras_papers.precision import in_float32
from keras_papers.quantization.aware_model import integer_part
from keras_papers.signatures import pack, signature_of

_one_at_a_time = threading.Lock()  # for the streams are the whole process's


class ConversionError(ValueError):
    """Says why a model cannot become a .tflite file."""


def convert(model, shapes, quantize, data=None):
    """Returns the bytes of the .tflite file of a model on TensorFlow.

    Args:
        model: Functional or built sequential model of Keras 3.
        shapes: Shape of an example of each input, all sizes fixed.
        quantize: As in `to_tflite`.
        data: For int8, the array of each input that ranges are measured on.
    """
    model = in_float32(model)
    takes_image = signature_of(model).takes_image
    if quantize == "int8":
        model = as_one_operation(fuse_relus(lower(model)))
        if takes_image:
            scale, offset, model = split_rescaling(model)
            images = scale * data[0] + offset
            # Its ends are those of all images.
            images += shift_to_levels(float(images.min()), float(images.max()))
            data = [images]
        with unrolled(model), quiet():
            module = _freeze_model(model, shapes)
        _check_no_loop(module, model)
        with quiet():
            return _convert_frozen(module, quantize, takes_image, data)
    with quiet():
        module = _freeze_model(model, shapes)
        return _convert_frozen(module, quantize, takes_image)


def convert_aware(model, shapes):
    """Returns the bytes of the file of a quantization-aware model."""
    signature = signature_of(model)
    function = integer_part(model)
    with quiet():
        module = _freeze(function, signature, shapes)
        return _convert_frozen(module, "int8", signature.takes_image)


def _freeze_model(model, shapes):
    def call(*tensors):
        return model(pack(model, tensors), training=False)

    return _freeze(call, signature_of(model), shapes)


def _freeze(call, signature, shapes):
    """Traces a function at batch 1; its variables become constants.

    The inputs and outputs have numbers, `input_0` and `output_0`; the names
    of a model may be such as TensorFlow has no signature for.
    """
    tf = require("tensorflow", "mobile")
    constants = require(
        "tensorflow.python.framework.convert_to_constants", "mobile"
    )
    specs = []
    for number, (spec, shape) in enumerate(
        zip(signature.inputs, shapes, strict=True)
    ):
        is_float = signature.takes_image or "float" in spec.dtype
        dtype = "float32" if is_float else spec.dtype
        specs.append(tf.TensorSpec([1, *shape], dtype, f"input_{number}"))
    traced = tf.function(
        lambda *tensors: keras.tree.flatten(call(*tensors)),
        input_signature=specs,
        autograph=False,
    ).get_concrete_function()
    frozen = constants.convert_variables_to_constants_v2(
        traced, lower_control_flow=False
    )
    # The names of the signature come from a function of a module.
    module = tf.Module()
    module.serve = tf.function(
        lambda *tensors: {
            f"output_{number}": output
            for number, output in enumerate(frozen(*tensors))
        },
        input_signature=specs,
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


def _convert_frozen(module, quantize, takes_image, data=None):
    tf = require("tensorflow", "mobile")
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.serve.get_concrete_function()], module
    )
    if quantize is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if data is not None:
        converter.representative_dataset = lambda: map(
            _feed, zip(*data, strict=True)
        )
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        ]
    if quantize == "int8":
        if takes_image:
            converter.inference_input_type = tf.uint8  # as a camera has pixels
        converter.inference_output_type = tf.float32
    try:
        if data is not None:
            converted = _quantize_measured(converter, takes_image)
        else:
            converted = converter.convert()
    except Exception as error:  # the converter's own, and what it lets through
        first = str(error).strip().splitlines()[0][:300]
        raise ConversionError(
            "`model` must consist of operations that .tflite files have, in "
            f"float32. Received: a model that is not convertible ({first}). "
            "Replace a layer that is named."
        ) from error
    return split_concatenations(converted)


def _feed(example):
    """Returns an example as the calibration takes it."""
    if len(example) == 1:
        return [example[0][None]]
    # The converter chooses the order of the inputs.
    return {f"input_{i}": value[None] for i, value in enumerate(example)}


def _quantize_measured(converter, takes_image):
    """Converts with ranges that are looked at before they are used."""
    convert_module = require("tensorflow.lite.python.convert", "mobile")
    converter._experimental_calibrate_only = True
    with warnings.catch_warnings():
        # It looks up names of several inputs by a class that it deprecates.
        warnings.filterwarnings("ignore", r"\s*Warning: tf.lite.Interpreter")
        calibrated = converter.convert()
    return convert_module.mlir_quantize(
        widen_ranges(calibrated, takes_image),
        input_data_type=converter.inference_input_type,
        output_data_type=converter.inference_output_type,
        denylisted_nodes=names_of_scores(calibrated),
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
