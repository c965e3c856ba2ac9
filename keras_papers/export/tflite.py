"""Export of Keras models: .tflite files that are described and verified."""

import contextlib
import warnings
from collections.abc import Iterable

import keras

from keras_papers.checks import (
    check_choice,
    check_names,
    check_positive_int,
)
from keras_papers.export import metadata
from keras_papers.export.binary import has_one_score, two_scores
from keras_papers.export.conversion import (
    ConversionError,
    convert,
    convert_aware,
)
from keras_papers.export.conversion_process import (
    LoadingError,
    convert_on_tensorflow,
)
from keras_papers.export.file_task import task_of
from keras_papers.export.input_images import (
    check_no_normalization,
    settle_images,
)
from keras_papers.export.interpreter import VerificationError
from keras_papers.export.metadata import (
    Description,
    image_classification,
    no_task,
    table_rows,
)
from keras_papers.export.object_detection import ObjectDetection
from keras_papers.export.output_path import check_path
from keras_papers.export.verification import PARITY, ROWS, verify
from keras_papers.extras import require
from keras_papers.files.drafts import draft_of
from keras_papers.quantization.aware_model import is_quantization_aware
from keras_papers.quantization.legacy import check_keras_3
from keras_papers.quantization.representative_data import representative_inputs
from keras_papers.signatures import signature_of

WITHOUT_IMAGES = (None, "float16", "dynamic")  # ways to quantize


def to_tflite(
    model,
    path,
    labels=None,
    quantize=None,
    *,
    representative_data=None,
    normalization=None,
    input_shape=None,
    images=None,
    task=None,
    threads=1,
    runs=50,
):
    """Writes `model` as a .tflite file and checks what was written.

    The file of an image classifier takes one float image as the model takes
    it, `image`, and answers `scores`, under the signature `serving_default`;
    an int8 file takes the pixels themselves, as uint8. Metadata inside
    describes to Android's task library how to make that image of a photo, and
    the labels. So does that of a segmenter and of a detector, for the
    library's `ImageSegmenter` and `ObjectDetector`. Any other model keeps the
    names of its inputs and outputs: the keys of dicts, else the names of
    layers. Its files take ids as integers, and all other numbers, of int8
    files too, as floats. The metadata of a `TabularModel` has its schema, by
    which an app makes them of raw rows. The file is written under another
    name, verified, and only then moved to `path`.

    Args:
        model: Functional or built sequential model, of any number of inputs
            and outputs, alone, in lists or in dicts; or what
            `quantization.quantize_aware` made of one, which becomes an int8
            file. Files compute in float32 also what a model in mixed
            precision computes in float16.
        path: Where to write the file, ending with `.tflite`.
        labels: Names of the classes in the order of the one output, of a
            detector without the background. Defaults to None: those of the
            schema of a `TabularModel`, else the classes have numbers only.
            With two labels, a model of one sigmoid p
            becomes a file of two scores, 1 - p and p.
        quantize: None for float32; `"float16"` for weights of half the size,
            or `"dynamic"` for int8 weights, a quarter, of which both answer
            in floats; or `"int8"` for integers throughout.
        representative_data: For int8, images as the model takes them, from
            which the ranges of all tensors are measured: an array, an
            iterable of batches or of batches and labels, or a function that
            yields batches, as TFLiteConverter takes it. A batch of several
            inputs is a dict of arrays by their names. 100 to 300 examples of
            the training set are enough.
        normalization: `(mean, std)`, by which the app turns a pixel in
            [0, 255] into what the model takes, (pixel - mean) / std.
            Defaults to what the graph shows: (0, 1) where pixels are
            rescaled or normalized inside, or where the first normalization
            behind a convolution has seen pixels. Else to (127.5, 127.5),
            which gives [-1, 1], with a warning unless negative numbers in
            `representative_data` or `images` confirm it. For models of one
            image only.
        input_shape: `(height, width, channels)`. Needed where the model
            leaves a size open; a phone needs it fixed. For several inputs, a
            dict of shapes by their names.
        images: Images, as the model takes them, on which the file must
            answer as the model does; for several inputs, a dict of arrays by
            their names. Defaults to random ones, and where the input is no
            image, to examples of `representative_data`.
        task: An `ImageSegmentation` or an `ObjectDetection`, what the app
            does with the outputs. Defaults to None: an `ObjectDetection` of a
            `Detector`, and an `ImageSegmentation` where `labels` are those of
            a map; else the classes of an image, or what an app makes of
            outputs by itself.
        threads: Positive int. Threads whose latency is measured.
        runs: Positive int. Runs of which the median latency is taken.

    Returns:
        A `TFLiteFile`: size, operations, partitions, parity and latency.
        It prints as one line.

    Raises:
        ValueError: If an argument is out of its range, or `path` cannot be
            written; if images do not lie in the range that the model takes.
        ConversionError: A `ValueError`, if the converter refuses the model.
        VerificationError: If the file that was written fails a check. It is
            deleted; one that was at `path` before stays.
        MissingExtraError: If the extra `mobile` is not installed.

    Warns:
        UserWarning: If what the model takes for black and white is assumed.

    Example:
    >>> from keras_papers import applications
    >>> model = applications.MobileNetV3Small((32, 32, 1), classes=10)
    >>> file = to_tflite(model, "digits.tflite")
    >>> file.partitions
    1
    """
    check_environment()
    path = check_path(path)
    _check_model(model)
    signature = _fix_shapes(signature_of(model), input_shape)
    task = task_of(model, task, labels, signature)
    aware = is_quantization_aware(model)
    if not aware:
        check_keras_3(model)
    known = (None, "int8") if aware else tuple(PARITY)
    check_choice("quantize", quantize, known, "how numbers are stored")
    quantize = "int8" if aware else quantize
    if representative_data is not None and (aware or quantize != "int8"):
        raise ValueError(
            "`representative_data` is what ranges are measured on for "
            "quantize='int8'; other files need none, and a quantization-aware "
            "model has its ranges. Received: representative_data with "
            f"quantize={quantize!r}. Leave it out."
        )
    check_positive_int("threads", threads, "a number of threads", "Try 1.")
    check_positive_int("runs", runs, "a number of measured runs", "Try 50.")
    of_user, table = model, _table_of(model)
    if labels is None and table is not None:
        labels = table["classes"]
    if labels is not None and has_one_score(model) and not aware:
        model = two_scores(model)
    measured = quantize == "int8" and not aware
    if signature.takes_image:
        normalization, pixels = settle_images(
            model,
            normalization,
            signature.inputs[0].shape,
            representative_data,
            images,
            measured,
        )
        data = None if pixels is None else [pixels]
    else:
        check_no_normalization(normalization)
        data = None
        if measured:
            data = representative_inputs(representative_data, signature.inputs)
            if images is None:
                names = signature.names("inputs")
                few = (array[:ROWS] for array in data)
                images = dict(zip(names, few, strict=True))
    description = Description(
        model.name,
        _check_labels(labels, signature_of(model), task),
        *(normalization or ()),
        table=table,
    )
    shapes = [spec.shape for spec in signature.inputs]
    with draft_of(path) as draft:
        if aware:
            converted = convert_aware(model, shapes)
        else:
            converted = _convert_anywhere(model, shapes, quantize, data)
        if isinstance(task, ObjectDetection):
            converted = task.finish(converted, signature)
        draft.write_bytes(_described(converted, description, signature, task))
        with _errors_name(path, draft):
            found = verify(
                draft,
                of_user,
                quantize,
                images,
                threads,
                runs,
                normalization=normalization,
                task=task,
            )
    return found._replace(path=path)


def _described(converted, description, signature, task):
    """Returns the bytes of a file with its names and its metadata."""
    if task is not None:
        description = task.describe(description, signature, converted)
        names = {"input_0": "image", "output_0": "mask"}
        return metadata.write(converted, description, task.metadata, names)
    names = {
        f"{side}_{number}": spec.name
        for side, specs in (
            ("input", signature.inputs),
            ("output", signature.outputs),
        )
        for number, spec in enumerate(specs)
    }
    if description.table is not None:
        kind = table_rows
    elif signature.classifies_image:
        kind = image_classification
    else:
        kind = no_task
    return metadata.write(converted, description, kind, names)


def _table_of(model):
    """Returns what the schema of a `TabularModel` consists of, or None."""
    schema = getattr(model, "schema", None)
    return None if schema is None else schema.get_config()


def convert_unverified(model, quantize=None):
    """Returns the bytes of a .tflite file to measure, which is not verified.

    Args:
        model: Functional or built sequential model, of fixed sizes.
        quantize: None, `"float16"` or `"dynamic"`, as in `to_tflite`.

    Raises:
        ValueError: If an argument is out of its range.
        ConversionError: A `ValueError`, if the converter refuses the model.
        MissingExtraError: If the extra `mobile` is not installed.
    """
    check_environment()
    _check_model(model)
    signature = _fix_shapes(signature_of(model), None)
    check_keras_3(model)
    check_choice("quantize", quantize, WITHOUT_IMAGES, "how numbers are stored")
    shapes = [spec.shape for spec in signature.inputs]
    return _convert_anywhere(model, shapes, quantize, None)


def check_environment():
    """Raises an error unless models can be exported here.

    For jobs that train first, so that they need not find out at their end.

    Raises:
        MissingExtraError: If the extra `mobile` is not installed.
    """
    require("tensorflow", "mobile")
    require("ai_edge_litert.interpreter", "mobile")


@contextlib.contextmanager
def _errors_name(path, draft):
    """Lets errors and warnings name the file as the user does."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except VerificationError as error:
            message = str(error).replace(str(draft), str(path))
            raise VerificationError(message) from None
    for warning in caught:
        message = str(warning.message).replace(str(draft), str(path))
        warnings.warn(message, warning.category, stacklevel=4)


def _check_model(model):
    inputs = getattr(model, "inputs", None)
    if not inputs or not getattr(model, "outputs", None):
        raise ValueError(
            "`model` must be built, with one input or more. "
            f"Received: model={model!r}. Give a sequential model its "
            "keras.Input first; write a subclassed one as "
            "keras.Model(inputs, outputs)."
        )
    for spec in signature_of(model).inputs:
        if spec.dtype == "string":
            raise ValueError(
                "`model` must take numbers. Received: input "
                f"{spec.name!r} of text. Look up ids before the model."
            )


def _fix_shapes(signature, input_shape):
    """Returns a signature whose inputs have the sizes that the file has."""
    specs = signature.inputs
    shapes = input_shape
    if isinstance(input_shape, dict):
        needed = [spec.name for spec in specs if None in spec.shape]
        names = signature.names("inputs")
        check_names("input_shape", input_shape, names, needed=needed)
    elif len(specs) == 1 or input_shape is None:
        shapes = {specs[0].name: input_shape}
    else:
        raise ValueError(
            "`input_shape` must be a dict of shapes for a model of several "
            f"inputs. Received: input_shape={input_shape!r}. Name them: "
            f"{', '.join(signature.names('inputs'))}."
        )
    return signature._replace(
        inputs=tuple(
            spec._replace(shape=_fixed(spec, shapes.get(spec.name), signature))
            for spec in specs
        )
    )


def _fixed(spec, given, signature):
    """Returns the shape of an input, the sizes of which are all fixed."""
    shape = spec.shape if given is None else given
    shape = tuple(shape) if isinstance(shape, Iterable) else (shape,)
    fits = len(shape) == len(spec.shape) and all(
        there in (None, size)
        for size, there in zip(shape, spec.shape, strict=True)
    )
    if fits and None not in shape:
        return shape
    one = len(signature.inputs) == 1
    if signature.takes_image:
        what, example = "the image that the model takes", (224, 224, 3)
    else:
        what = f"input {spec.name!r}"
        example = tuple(size or 16 for size in spec.shape)
    raise ValueError(
        f"`input_shape` must fix every size of {what}, for a phone needs a "
        f"fixed graph. Received: input_shape={shape} for a model of input "
        f"shape {spec.shape}. Pass for example "
        f"{example if one else {spec.name: example}}."
    )


def _check_labels(labels, signature, task):
    if labels is None:
        return ()
    if task is None and (
        len(signature.outputs) > 1 or not signature.outputs[0].shape
    ):
        raise ValueError(
            "`labels` names the classes of the one output of a model. "
            "Received: labels for a model of the outputs "
            f"{', '.join(signature.names('outputs'))}. Leave them out."
        )
    if isinstance(labels, str) or not hasattr(labels, "__iter__"):
        raise ValueError(
            "`labels` is a list of the classes' names. "
            f"Received: labels={labels!r}. Pass one string for each class."
        )
    labels = [str(label) for label in labels]
    if task is not None:
        classes = task.num_classes(signature)
    else:
        classes = signature.outputs[0].shape[-1]
    if len(labels) != classes or len(set(labels)) != classes:
        raise ValueError(
            "`labels` names each class of the output once, in its order. "
            f"Received: labels={labels[:5]}{'...' * (len(labels) > 5)}, "
            f"{len(set(labels))} different of {len(labels)}, for "
            f"{classes} classes. "
            + (
                "Make two scores of one first: quantize_aware("
                "export.two_scores(model))."
                if classes == 1 and task is None
                else "Give every class a name of its own."
            )
        )
    if any(label.splitlines() != [label] for label in labels):
        raise ValueError(
            "`labels` become lines of a text file, so each must be one line "
            f"that is not empty. Received: labels={labels[:5]}. Take out the "
            "line breaks."
        )
    return tuple(labels)


def _convert_anywhere(model, shapes, quantize, data):
    if keras.config.backend() == "tensorflow":
        return convert(model, shapes, quantize, data)
    try:
        return convert_on_tensorflow(model, shapes, quantize, data)
    except LoadingError as error:
        raise ConversionError(
            "`model` is saved, and loaded again by a process whose Keras runs "
            "on TensorFlow. Received: a model that cannot be loaded there: "
            f"{str(error)[:500]}. Register layers of your own with "
            "keras.saving.register_keras_serializable in a module that can be "
            "imported, or export under KERAS_BACKEND=tensorflow."
        ) from error
    except RuntimeError as error:
        raise ConversionError(str(error)) from error
