"""The state of a training at the end of an epoch, as one file."""

import json

import keras
import numpy as np

from keras_papers.files.drafts import draft_of

HISTORY = "history"  # name of the JSON in the file


def save(model, path, history=()):
    """Writes all variables of a model and its optimizer to an `.npz` file.

    HDF5, which Keras would write, ends the process where the disk is full.

    Args:
        model: A compiled model.
        path: Where to write, ending with `.npz`.
        history: JSON value to save with them, such as a list of the metrics
            of each epoch so far.
    """
    values = map(_to_numpy, _variables(model))
    text = np.array(json.dumps(history))
    with draft_of(path) as draft:
        np.savez(draft, *values, **{HISTORY: text})


def load(model, path, with_optimizer=True):
    """Loads a model and its optimizer from the file of `save`.

    Args:
        model: A compiled model.
        path: Path of a file that `save` wrote.
        with_optimizer: Whether to load the optimizer's variables. Those of
            the model come first in the file.

    Returns:
        The history that was saved with them.
    """
    variables = _variables(model) if with_optimizer else model.variables
    with np.load(path) as file:
        names = [name for name in file.files if name != HISTORY]
        pairs = zip(variables, names, strict=with_optimizer)
        for variable, name in pairs:
            variable.assign(keras.ops.cast(file[name], variable.dtype))
        return json.loads(str(file[HISTORY]))


def read_history(path):
    """Returns the history that was saved with the variables."""
    with np.load(path) as file:
        return json.loads(str(file[HISTORY]))


def _to_numpy(variable):
    """Returns the values of a variable, of a dtype that NumPy's files support.

    NumPy itself has no bfloat16. float32 represents each of its values, and
    those of the eight-bit floats.
    """
    values = keras.ops.convert_to_numpy(variable)
    return values if values.dtype.isbuiltin == 1 else values.astype("float32")


def _variables(model):
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]
