"""Checks of a .tflite file against the Keras model that it was made of."""

import collections
import math
import pathlib
import warnings
from typing import NamedTuple

import keras
import numpy as np

from keras_papers.checks import check_choice, check_positive_int
from keras_papers.export import metadata
from keras_papers.export.choice_of_boxes import candidates
from keras_papers.export.detection_outputs import POST_PROCESS
from keras_papers.export.file_size import size_text
from keras_papers.export.file_task import task_of
from keras_papers.export.input_images import (
    check_no_normalization,
    normalization_of,
)
from keras_papers.export.integer_file import (
    OF_FLOATS,
    float_tensors,
    layer_of,
    partitions_warning,
)
from keras_papers.export.interpreter import (
    VerificationError,
    open_file,
    predict,
)
from keras_papers.export.latency_process import measure_in_own_process
from keras_papers.export.object_detection import ObjectDetection
from keras_papers.export.operations import operation_names
from keras_papers.extras import require
from keras_papers.pixels.normalization import (
    check_normalization,
    range_of_normalization,
)
from keras_papers.precision import in_float32
from keras_papers.quantization.aware_model import (
    is_quantization_aware,
    parameters_of,
)
from keras_papers.signatures import batches_of, pack, signature_of

# Half precision keeps 11 bits of a weight; a difference adds up over layers.
# What integers lose depends on the model; beyond that, one is warned.
PARITY = {None: 1e-4, "float16": 2e-2, "dynamic": 0.5, "int8": 0.5}
# Share of the codes of an output of ints: near codes are ties up to rounding.
CODES = {None: 1e-2, "float16": 0.1, "dynamic": 0.5, "int8": 0.5}
BYTES = {None: 4, "float16": 2, "dynamic": 1, "int8": 1}  # of one weight
INTEGERS = ("dynamic", "int8")
CHANNEL_BYTES = 40  # of an int8 file: a bias, a scale, a zero point, a name
ANCHOR_BYTES = 40  # in the graph or in the metadata
VARIABLE_OPS = {"VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE"}
IMAGES = 4  # on which the file and the model are compared
ROWS = 32  # the same of examples that are no images


class TFLiteFile(NamedTuple):
    """What was found of a .tflite file; prints as one line."""

    path: pathlib.Path
    bytes: int
    ops: dict  # name of the operation: how many
    partitions: int  # parts of the graph that the XNNPACK delegate runs
    not_delegated: dict  # name of an operation in none of them: how many
    # Largest difference from Keras / range of an output; of ints, such as the
    # codes of an encoder, the share that differs.
    parity: float
    latency_ms: float  # median of one image, batch 1
    latency_iqr_ms: float
    threads: int
    parities: dict  # of each output, by its name
    in_floats: dict = {}  # name of an operation that int8 leaves so: how many

    def __str__(self):
        parts = "partition" if self.partitions == 1 else "partitions"
        parity = f"{self.parity:.1e}"
        if len(self.parities) > 1:
            parity = ", ".join(
                f"{name} {value:.1e}" for name, value in self.parities.items()
            )
        floats = "".join(
            f", {number} {op} in floats"
            for op, number in self.in_floats.items()
        )
        return (
            f"{self.path}: {size_text(self.bytes)}, "
            f"{sum(self.ops.values())} ops in {self.partitions} XNNPACK "
            f"{parts}{floats}, parity {parity}, "
            f"{self.latency_ms:.2f} ms (IQR {self.latency_iqr_ms:.2f}, "
            f"{self.threads} thread{'s' * (self.threads > 1)})"
        )


def verify(
    path,
    model,
    quantize=None,
    images=None,
    threads=1,
    runs=50,
    *,
    normalization=None,
    task=None,
):
    """Checks a .tflite file against the Keras model that it was made of.

    Args:
        path: The file.
        model: The Keras model.
        quantize: How the file was quantized, as in `to_tflite`.
        images: Batch of images to compare on, as the model takes them; of
            another input, a batch of its shape; of several inputs, a dict of
            batches by their names. Defaults to random ones of the range that
            the model takes. An untrained model answers nearly the same to all
            of them, and the comparison then says little.
        threads: Positive int. Threads whose latency is measured. Defaults
            to 1.
        runs: Positive int. Runs of which the median is taken, after
            warming up. Defaults to 50.
        normalization: `(mean, std)` that make of a pixel what the model
            takes, (pixel - mean) / std. Defaults as in `to_tflite`.
        task: An `ObjectDetection`, of a file of one. Defaults to None: that
            of a `Detector`.

    Returns:
        A `TFLiteFile`.

    Raises:
        VerificationError: A `ValueError`: the file is none, its size does
            not fit the model's weights, it holds variables or operations
            that are not built in, or floats inside an int8 file, other than
            of operations that .tflite files have in floats only; its
            answers are not finite or not those of the model.

    Warns:
        UserWarning: If integers answer far otherwise than the model, or run
            in several partitions, since the delegate lacks an operation.
    """
    path = pathlib.Path(path)
    check_positive_int("threads", threads, "a number of threads", "Try 1.")
    check_positive_int("runs", runs, "a number of measured runs", "Try 50.")
    check_choice(
        "quantize", quantize, tuple(PARITY), "how the file was quantized"
    )
    task = task_of(model, task)
    detection = task if isinstance(task, ObjectDetection) else None
    normalization = _check_pixels(normalization, model)
    data = path.read_bytes()
    if data[4:8] != b"TFL3":
        raise VerificationError(f"{path} is no .tflite file: no 'TFL3' in it.")
    ops = _count_ops(data)
    chooses = detection is not None and detection.choose_boxes
    known = {f"CUSTOM:{POST_PROCESS}"} if chooses else set()
    odd = sorted(
        op
        for op in ops
        if op in VARIABLE_OPS or (":" in op and op not in known)
    )
    if odd:
        raise VerificationError(
            f"{path} holds {', '.join(odd)}: variables that are not frozen, or "
            "operations that the runtime does not have built in."
        )
    anchors = 0 if detection is None else len(detection.anchors)
    _check_size(path, len(data), model, quantize, anchors)
    if quantize == "int8":
        floats = float_tensors(data)
        if floats:
            raise VerificationError(
                f"{path} computes {len(floats)} tensors in floats, such as "
                f"in layer {layer_of(floats, model)!r}, which integers "
                "cannot do. Replace the layer, or export with "
                "quantize='dynamic'."
            )
    measured = measure_in_own_process(path, threads, runs)
    file = open_file(path)
    parities = _compare(path, file, model, images, normalization, detection)
    _judge(path, model, quantize, parities)
    left = partitions_warning(
        measured["not_delegated"],
        quantize,
        len(file.inputs),
        len(file.outputs),
    )
    if left:
        warnings.warn(f"{path} {left}", UserWarning, stacklevel=2)
    return TFLiteFile(
        path,
        len(data),
        ops,
        measured["partitions"],
        measured["not_delegated"],
        max(parities.values()),
        measured["median_ms"],
        measured["iqr_ms"],
        threads,
        parities,
        {op: ops[op] for op in OF_FLOATS if op in ops and quantize == "int8"},
    )


def _check_pixels(normalization, model):
    """Returns `(mean, std)`, or None of a model that takes no image."""
    if not signature_of(model).takes_image:
        check_no_normalization(normalization)
        return None
    if normalization is None:
        normalization = normalization_of(model)
    return check_normalization(normalization)


def _judge(path, model, quantize, parities):
    """Raises VerificationError, or warns, of answers that differ too much."""
    outputs = signature_of(model).outputs
    codes = {spec.name for spec in outputs if "int" in spec.dtype}
    limits = {
        name: (CODES if name in codes else PARITY)[quantize]
        for name in parities
    }
    wrong = {
        name: parity
        for name, parity in parities.items()
        if not parity <= limits[name]
    }
    if not wrong:
        return
    name = max(wrong, key=wrong.get)
    which = "the scores differ"
    if len(parities) > 1:
        which = f"output {', '.join(map(repr, wrong))} differs"
    message = (
        f"{path} answers otherwise than {model.name!r}: {which} "
        f"by {wrong[name]:.1e} of their range; at most "
        f"{limits[name]:.0e} is rounding."
    )
    if name in codes:
        message = (
            f"{path} outputs other codes than {model.name!r}: "
            f"{wrong[name]:.1%} differ; at most {limits[name]:.0%} is rounding."
        )
    if quantize not in INTEGERS:
        raise VerificationError(message)
    message += " Quantization-aware training can help."
    warnings.warn(message, UserWarning, stacklevel=3)


def _count_ops(data):
    schema = require("ai_edge_litert.schema_py_generated", "mobile")
    names = operation_names(schema)
    model = schema.Model.GetRootAsModel(data, 0)
    ops = collections.Counter()
    for index in range(model.SubgraphsLength()):
        graph = model.Subgraphs(index)
        for position in range(graph.OperatorsLength()):
            code = model.OperatorCodes(graph.Operators(position).OpcodeIndex())
            # Files of before 2020 hold the number in the other field.
            name = names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            if name == "CUSTOM":
                name = f"CUSTOM:{code.CustomCode().decode()}"
            ops[name] += 1
    return dict(ops)


def _check_size(path, size, model, quantize, anchors):
    """Normalization is folded away; kernels are what a file consists of."""
    width = BYTES[quantize]
    aware = is_quantization_aware(model)
    held = parameters_of(model) if aware else model.weights
    weights = [math.prod(weight.shape) for weight in held]
    kernels = [
        math.prod(weight.shape) for weight in held if len(weight.shape) > 1
    ]
    low, high = width * sum(kernels), 1.1 * width * sum(weights) + 200_000
    high += ANCHOR_BYTES * anchors
    if quantize in INTEGERS:
        high += CHANNEL_BYTES * (sum(weights) - sum(kernels))
    if not low <= size <= high:
        raise VerificationError(
            f"{path} has {size:,} bytes, but the {sum(weights):,} weights of "
            f"{model.name!r} take {low:,} to {int(high):,}: weights were lost "
            "or stored twice."
        )


def _compare(path, file, model, images, normalization, detection):
    """Returns the parity of each output, by its name."""
    signature = signature_of(model)
    names = signature.names("outputs")
    if detection is not None:
        names = detection.file_outputs()
    _check_signature(path, file, signature.names("inputs"), names)
    inputs = _inputs_to_compare(file, model, signature, images, normalization)
    given = dict(zip(signature.names("inputs"), inputs, strict=True))
    if len(given) == 1:  # whatever the file calls it
        (given,) = given.values()
        (details,) = file.inputs.values()
        if normalization and details["dtype"] == np.uint8:
            mean, std = normalization
            given = given * std + mean
    ours = dict(
        zip(signature.names("outputs"), _answers(model, inputs), strict=True)
    )
    if detection is not None:
        ours = detection.answers(ours)
    if detection is not None:
        _check_rule(path, detection, signature)
    if detection is not None and detection.choose_boxes:
        theirs = candidates(path, given, detection, signature)
    else:
        theirs = predict(path, given)
    if not isinstance(theirs, dict):
        theirs = dict.fromkeys(names, theirs)
    return {
        name: _parity(path, model, theirs[name], array)
        for name, array in ours.items()
    }


def _check_rule(path, detection, signature):
    """Compares how a file says that boxes are made of its answers."""
    known = metadata.read(path)
    found, wanted = known and known.suppression, detection.rule
    if found not in (None, wanted):
        raise VerificationError(
            f"{path} suppresses boxes by {found}, and the model by {wanted}."
        )
    anchors = known and known.decoding and known.decoding.anchors
    wanted = detection.relative_anchors(signature).tolist()
    if anchors and [*map(list, anchors)] != wanted:
        raise VerificationError(f"{path} has other anchors than the model.")


def _check_signature(path, file, inputs, outputs):
    for side, expected in (("inputs", inputs), ("outputs", outputs)):
        there = getattr(file, side)
        if len(there) != len(expected) or (
            len(expected) > 1 and set(there) != set(expected)
        ):
            raise VerificationError(
                f"{path} has the {side} {', '.join(there)}, and the model "
                f"{', '.join(expected)}."
            )


def _inputs_to_compare(file, model, signature, images, normalization):
    """Returns a batch of each input, random unless `images` are given."""
    by_name = zip(signature.inputs, file.inputs.values(), strict=True)
    if len(signature.inputs) > 1:
        by_name = ((spec, file.inputs[spec.name]) for spec in signature.inputs)
    specs = [
        spec._replace(shape=tuple(map(int, details["shape"][1:])))
        for spec, details in by_name
    ]
    if images is None and normalization:
        ends = range_of_normalization(*normalization)
        return [_random_images(specs[0].shape, *ends)]
    if images is None:
        return [
            _random_rows(spec, model, seed) for seed, spec in enumerate(specs)
        ]
    if not normalization:
        return batches_of("images", images, specs)
    if isinstance(images, dict) and len(images) == 1:
        (images,) = images.values()
    images = np.asarray(images)
    if images.dtype.kind not in "fiu":
        raise ValueError(
            "`images` are numbers on which file and model are compared. "
            f"Received: images of dtype {images.dtype}. Read the pictures "
            "first."
        )
    return [images]


def _answers(model, inputs):
    """Returns what the Keras model answers, an array for each output."""
    inputs = pack(model, inputs)
    # A graphics card rounds what it multiplies to fewer bits.
    with keras.device("cpu:0"):
        if is_quantization_aware(model):  # answers tensors of TensorFlow
            outputs = keras.tree.flatten(model(inputs, training=False))
            return list(map(np.asarray, outputs))
        outputs = in_float32(model)(inputs, training=False)
        return [
            keras.ops.convert_to_numpy(output)
            for output in keras.tree.flatten(outputs)
        ]


def _parity(path, model, theirs, ours):
    if np.issubdtype(ours.dtype, np.integer):
        return float(np.mean(theirs != ours))
    if ours.shape[-1] == 1 and theirs.shape[-1] == 2:
        ours = np.concatenate([1 - ours, ours], axis=-1)  # see `binary`
    ours = ours.astype("float32")
    for name, scores in ((path, theirs), (repr(model.name), ours)):
        if not np.isfinite(scores).all():
            raise VerificationError(f"{name} answers with numbers not finite.")
    # Scores that hardly differ, as an untrained model's, are nearly all
    # rounding; a difference is then compared with their size.
    reach = max(np.ptp(ours), 0.01 * np.abs(ours).max(), 1e-30)
    return float(np.abs(theirs - ours).max() / reach)


def _random_images(shape, low, high):
    generator = np.random.default_rng(0)
    # Noise around different shades: pure noise looks all the same to a
    # network, which averages over the map.
    shades = generator.uniform(low, high, (IMAGES, *[1] * len(shape)))
    noise = generator.uniform(low, high, (IMAGES, *shape))
    return (0.6 * shades + 0.4 * noise).astype("float32")


def _random_rows(spec, model, seed):
    """Draws examples of an input; ids are those that every embedding has."""
    generator = np.random.default_rng(seed)
    shape = (ROWS, *spec.shape)
    if "float" in spec.dtype:
        return generator.normal(size=shape).astype("float32")
    sizes = [
        layer.input_dim
        for layer in model._flatten_layers()
        if hasattr(layer, "input_dim")
    ]
    return generator.integers(0, min(sizes, default=2), shape).astype(
        spec.dtype
    )
