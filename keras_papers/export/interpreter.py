"""Runs a .tflite file by LiteRT, without Keras or TensorFlow."""

import pathlib

import numpy as np

from keras_papers.extras import require


class VerificationError(ValueError):
    """Says what a .tflite file fails at."""


def predict(path, images):
    """Runs a .tflite file on images, one after the other.

    Args:
        path: The file: one image in, one output.
        images: `(batch, height, width, channels)`, of the file's very size;
            a file of integers takes them rounded.

    Returns:
        NumPy array of the outputs, `(batch, ...)`, in float32.

    Raises:
        ValueError: If the file cannot be run, or the images are not of the
            size that it takes; the runtime would resize its graph instead
            and say nothing.
    """
    interpreter, taken, given = open_interpreter(path)
    images = np.asarray(images)
    if not images.size:
        raise ValueError(
            "`images` must hold one image at least. Received: images of shape "
            f"{images.shape}. Pass a batch."
        )
    size = tuple(taken["shape"][1:].tolist())
    if images.shape[1:] != size or not images.ndim:
        raise ValueError(
            f"`images` must have the shape that {path} takes, a batch of "
            f"{size}. Received: images of shape "
            f"{images.shape}. Resize them first."
        )
    if np.issubdtype(taken["dtype"], np.integer):
        limits = np.iinfo(taken["dtype"])
        images = np.clip(np.rint(images), limits.min, limits.max)
    outputs = []
    try:
        for image in images.astype(taken["dtype"]):
            interpreter.set_tensor(taken["index"], image[None])
            interpreter.invoke()
            outputs.append(interpreter.get_tensor(given["index"])[0])
    except RuntimeError as error:
        raise _no_model(path, error) from error
    step, zero = given["quantization"]
    outputs = np.stack(outputs).astype("float32")
    return step * (outputs - zero) if step else outputs


def open_interpreter(path):
    """Returns the interpreter of a file, its input's and its output's details.

    Raises:
        ValueError: If the file does not run, or has several inputs or outputs.
    """
    interpreter_module = require("ai_edge_litert.interpreter", "mobile")
    try:
        if pathlib.Path(path).read_bytes()[4:8] != b"TFL3":
            raise ValueError("there is no 'TFL3' at its beginning")
        interpreter = interpreter_module.Interpreter(model_path=str(path))
        interpreter.allocate_tensors()
        inputs = interpreter.get_input_details()
        outputs = interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ValueError(
                f"it has {len(inputs)} inputs and {len(outputs)} outputs"
            )
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise _no_model(path, error) from error
    return interpreter, inputs[0], outputs[0]


def _no_model(path, error):
    first = (str(error).strip().splitlines() or ["no reason"])[0]
    return ValueError(
        "A model must be a .tflite file that can be run, one image in, one "
        f"output. Received: {str(path)!r} ({first[:200]}). It may be cut off "
        "or of another kind; make or fetch it again."
    )
