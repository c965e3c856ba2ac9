"""Conversion in a process of its own, for models of other backends.

    python -m keras_papers.export.conversion_process MODEL.keras OUT.tflite \
        '[[[224, 224, 3]], null, []]'

The graph that becomes a .tflite file is TensorFlow's; a model that lives on
JAX or PyTorch is loaded in a second process whose Keras runs on TensorFlow.
"""

import contextlib
import importlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

LOADING, CONVERTING = "loading", "converting"  # steps of the process


class LoadingError(RuntimeError):
    """Says why the process cannot load the model that was saved."""


def convert_on_tensorflow(model, shapes, quantize, data=None):
    """Returns the bytes of the .tflite file, as `conversion.convert` does.

    Raises:
        LoadingError: A `RuntimeError`, if the process cannot load the model.
        RuntimeError: If it cannot be converted, with the message of that
            error; or the last line that the process printed, if it crashed.
    """
    with tempfile.TemporaryDirectory() as folder:
        saved = pathlib.Path(folder, "model.keras")
        converted = pathlib.Path(folder, "model.tflite")
        model.save(saved)
        if data is not None:
            np.savez(_data_beside(saved), *data)
        order = json.dumps([shapes, quantize, sorted(_homes(model))])
        process = subprocess.run(
            [sys.executable, "-m", __spec__.name, saved, converted, order],
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "KERAS_BACKEND": "tensorflow",
                # Packages that are imported from a folder are found here too.
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
        )
        reason = _reason_beside(saved)
        if reason.exists():
            step, message = json.loads(reason.read_text())
            raise (LoadingError if step == LOADING else RuntimeError)(message)
        if process.returncode:
            last = (process.stderr.strip().splitlines() or ["no message"])[-1]
            raise RuntimeError(last)
        return converted.read_bytes()


def _data_beside(saved):
    return pathlib.Path(saved).with_name("data.npz")


def _reason_beside(saved):
    return pathlib.Path(saved).with_name("reason.json")


def _homes(model):
    """Returns the modules whose import registers a model and its layers."""
    homes = {type(layer).__module__ for layer in (model, *model.layers)}
    for layer in model.layers:
        if hasattr(layer, "layers"):
            homes |= _homes(layer)
    return {home for home in homes if home.partition(".")[0] != "keras"}


@contextlib.contextmanager
def _reason_written(step):
    """Writes what ends a step into a file, which the caller reads."""
    try:
        yield
    except Exception as error:  # whatever a user's module or layer raises
        message = str(error).strip() or "no message"
        if step == LOADING:  # Keras puts the reason last, after a config.
            message = message.splitlines()[-1]
        if not isinstance(error, ValueError):
            message = f"{type(error).__name__}: {message}"
        reason = json.dumps([step, message])
        _reason_beside(sys.argv[1]).write_text(reason)
        sys.exit(1)


if __name__ == "__main__":
    import keras

    from keras_papers.export.conversion import convert

    input_shapes, how, homes = json.loads(sys.argv[3])
    with _reason_written(LOADING):
        for home in homes:
            importlib.import_module(home)
        loaded = keras.saving.load_model(sys.argv[1], compile=False)
    arrays = None
    if _data_beside(sys.argv[1]).exists():
        with np.load(_data_beside(sys.argv[1])) as held:
            arrays = [held[f"arr_{i}"] for i in range(len(held.files))]
    with _reason_written(CONVERTING):
        converted_bytes = convert(loaded, input_shapes, how, arrays)
    pathlib.Path(sys.argv[2]).write_bytes(converted_bytes)
