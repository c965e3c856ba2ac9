"""Runs a .tflite file by LiteRT, without Keras or TensorFlow."""

import pathlib
import warnings
from typing import NamedTuple

import numpy as np

from keras_papers.checks import check_names
from keras_papers.extras import require


class VerificationError(ValueError):
    """Describes what a .tflite file fails at."""


class OpenFile(NamedTuple):
    """A file in an interpreter, with LiteRT's details of its tensors."""

    interpreter: object
    inputs: dict  # name in the signature: details
    outputs: dict


def predict(path, images):
    """Runs a .tflite file on images, one after the other.

    Args:
        path: The file.
        images: `(batch, height, width, channels)`, of the file's very size;
            a file of integers takes them rounded. For another input, a batch
            of its shape; for several inputs, a dict of batches by their
            names.

    Returns:
        NumPy array of the output, `(batch, ...)`, in float32; of several
        outputs a dict of such arrays by their names.

    Raises:
        ValueError: If the file cannot be run, or the images are not of the
            size that it takes; the runtime would resize its graph instead
            without an error.
    """
    file = open_file(path)
    outputs = run(path, file, images, file.outputs)
    return outputs if len(outputs) > 1 else next(iter(outputs.values()))


def run(path, file, images, tensors):
    """Returns a dict of arrays, what an open file computes.

    Args:
        path: The file.
        file: The same, an `OpenFile`.
        images: As `predict` takes them.
        tensors: Dict from names to LiteRT's details of tensors.
    """
    batches = _batches(path, images, file.inputs)
    found = {name: [] for name in tensors}
    try:
        for example in zip(*batches, strict=True):
            for details, value in zip(
                file.inputs.values(), example, strict=True
            ):
                file.interpreter.set_tensor(details["index"], value[None])
            file.interpreter.invoke()
            for name, details in tensors.items():
                output = file.interpreter.get_tensor(details["index"])
                found[name].append(output[0])
    except RuntimeError as error:
        raise _no_model(path, error) from error
    return {
        name: _dequantized(found[name], details)
        for name, details in tensors.items()
    }


def _dequantized(values, details):
    step, zero = details["quantization"]
    values = np.stack(values).astype("float32")
    return step * (values - zero) if step else values


def open_file(path, keep_tensors=False):
    """Returns an `OpenFile`.

    A file without a signature has the names of its tensors.

    Args:
        path: The file.
        keep_tensors: Whether what is computed between inputs and outputs can
            be read, too, where no delegate computes it.

    Raises:
        ValueError: If the file does not run.
    """
    interpreter_module = require("ai_edge_litert.interpreter", "mobile")
    try:
        if pathlib.Path(path).read_bytes()[4:8] != b"TFL3":
            raise ValueError("there is no 'TFL3' at its beginning")
        with warnings.catch_warnings():
            # All that is kept costs memory.
            warnings.filterwarnings("ignore", ".*preserve_all_tensors")
            interpreter = interpreter_module.Interpreter(
                model_path=str(path),
                experimental_preserve_all_tensors=keep_tensors,
            )
        interpreter.allocate_tensors()
        signatures = interpreter.get_signature_list()
        if len(signatures) == 1:
            runner = interpreter.get_signature_runner(*signatures)
            inputs = runner.get_input_details()
            outputs = runner.get_output_details()
        else:
            inputs, outputs = (
                {details["name"]: details for details in side}
                for side in (
                    interpreter.get_input_details(),
                    interpreter.get_output_details(),
                )
            )
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise _no_model(path, error) from error
    return OpenFile(interpreter, inputs, outputs)


def open_interpreter(path):
    """Returns the interpreter of a file, its input's and its output's details.

    Raises:
        ValueError: If the file does not run, or has several inputs or outputs.
    """
    interpreter, inputs, outputs = open_file(path)
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(
            "A model must be a .tflite file of one input and one output. "
            f"Received: {str(path)!r}, which has {len(inputs)} inputs and "
            f"{len(outputs)} outputs. Run it by keras_papers.export.predict."
        )
    return interpreter, *inputs.values(), *outputs.values()


def _batches(path, images, inputs):
    """Returns a batch for each input, of the type that the file takes."""
    if isinstance(images, dict):
        check_names("images", images, inputs, f"input of {path}")
        images = [images[name] for name in inputs]
    elif len(inputs) > 1:
        raise ValueError(
            f"`images` must be a dict of batches for {path}, which has "
            f"{len(inputs)} inputs. Received: images of type "
            f"{type(images).__name__}. Name them: {', '.join(inputs)}."
        )
    else:
        images = [images]
    batches = [
        _batch(path, batch, details)
        for batch, details in zip(images, inputs.values(), strict=True)
    ]
    sizes = dict(zip(inputs, map(len, batches), strict=True))
    if len(set(sizes.values())) > 1:
        raise ValueError(
            "`images` must hold as many examples of each input. "
            f"Received: {sizes}. Pass batches of the same examples."
        )
    return batches


def _batch(path, images, details):
    images = np.asarray(images)
    if not images.size:
        raise ValueError(
            "`images` must hold one image at least. Received: images of shape "
            f"{images.shape}. Pass a batch."
        )
    size = tuple(details["shape"][1:].tolist())
    if images.shape[1:] != size or not images.ndim:
        raise ValueError(
            f"`images` must have the shape that {path} takes, a batch of "
            f"{size}. Received: images of shape "
            f"{images.shape}. Resize them first."
        )
    if np.issubdtype(details["dtype"], np.integer):
        limits = np.iinfo(details["dtype"])
        images = np.clip(np.rint(images), limits.min, limits.max)
    return images.astype(details["dtype"])


def _no_model(path, error):
    first = (str(error).strip().splitlines() or ["no reason"])[0]
    return ValueError(
        "A model must be a .tflite file that can be run. "
        f"Received: {str(path)!r} ({first[:200]}). It may be cut off or of "
        "another kind; make or fetch it again."
    )
