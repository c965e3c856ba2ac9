"""All that a training is at the end of an epoch, as one file."""

import json

import keras
import numpy as np

from keras_papers.files.drafts import draft_of

TOLD = "history"  # as what the JSON stands in the file


def save(model, path, told=()):
    """Writes all variables of a model and its optimizer, as NumPy does.

    HDF5, which Keras would write, takes the process with it where the disk is
    full.

    Args:
        model: A compiled model.
        path: Where to write, ending with `.npz`.
        told: What to keep beside them, of what JSON can hold: such as a
            list of the metrics of each epoch so far.
    """
    values = map(_to_numpy, _variables(model))
    text = np.array(json.dumps(told))
    with draft_of(path) as draft:
        np.savez(draft, *values, **{TOLD: text})


def load(model, path, with_optimizer=True):
    """Gives a model and its optimizer what `save` wrote; returns `told`.

    Args:
        model: A compiled model.
        path: Of a file that `save` wrote.
        with_optimizer: Whether the optimizer's variables are in question.
            Those of the model come first in the file.
    """
    variables = _variables(model) if with_optimizer else model.variables
    with np.load(path) as file:
        names = [name for name in file.files if name != TOLD]
        pairs = zip(variables, names, strict=with_optimizer)
        for variable, name in pairs:
            variable.assign(keras.ops.cast(file[name], variable.dtype))
        return json.loads(str(file[TOLD]))


def told(path):
    """Returns what was kept beside the variables."""
    with np.load(path) as file:
        return json.loads(str(file[TOLD]))


def _to_numpy(variable):
    """Returns the values of a variable, of a type that NumPy's files know.

    NumPy itself has no bfloat16 and would read two bytes of nothing. float32
    holds each of its numbers, and those of the eight-bit floats.
    """
    values = keras.ops.convert_to_numpy(variable)
    return values if values.dtype.isbuiltin == 1 else values.astype("float32")


def _variables(model):
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    return [*model.variables, *model.optimizer.variables]
