"""A trained classifier as a file, .keras or .tflite, and what it answers."""

import pathlib
import re
import textwrap
import warnings
import zipfile
from typing import NamedTuple

import numpy as np

from keras_papers.export import metadata
from keras_papers.export.interpreter import open_interpreter, predict
from keras_papers.export.last_operation import last_operation
from keras_papers.pipelines.models.kind import (
    check_kind,
    kind_of_file,
    kind_of_model,
)
from keras_papers.pixels.normalization import (
    WAY_OUT,
    check_normalization,
    normalization_of_range,
)


class ClassifierFile(NamedTuple):
    """An opened file; `scores` takes pixels in [0, 255]."""

    path: pathlib.Path
    size: tuple  # (height, width) of its images
    labels: tuple  # of the classes
    scores: object  # function: images (batch, height, width, 3) to scores


def open_classifier(path, normalization=None):
    """Opens a classifier's file.

    Labels and normalization are read from inside a .tflite file; the labels
    of a .keras file from `labels.txt` beside it, and its normalization from
    its graph. Classes without labels are called by their numbers.

    Args:
        path: The file.
        normalization: `(mean, std)` in place of what the file says.

    Raises:
        ValueError: If the file is none, cut off, or holds no classifier of
            images; if its graph does not show its normalization.
    """
    openers = {".tflite": _open_tflite, ".keras": _open_keras}
    path = check_file(path, *openers)
    if normalization is not None:
        normalization = check_normalization(normalization)
    return openers[path.suffix](path, normalization)


def check_file(path, *endings, argument="model"):
    """Returns the path of a file; raises ValueError if it is not there.

    Args:
        path: The path, which was passed as `argument`.
        *endings: Those that it may have.
        argument: Name of the argument.
    """
    kinds = " or ".join(endings)
    if not isinstance(path, str | pathlib.Path):
        raise ValueError(
            f"`{argument}` is the path of a {kinds} file. "
            f"Received: {argument}={path!r}. Pass a path."
        )
    path = pathlib.Path(path)
    if path.suffix not in endings or not path.is_file():
        what = "of another kind" if path.is_file() else "which is no file"
        if path.is_dir():
            what = f"a folder, in which a training puts model{endings[0]}"
        advice = "Check the path."
        if path.suffix == ".safetensors":
            advice = "Build a network with `weights`, and save it as .keras."
        if path.suffix == ".tflite":
            advice = "Pass the model.keras that it was made of."
        raise ValueError(
            f"`{argument}` must be a {kinds} file that is there. "
            f"Received: {argument}={str(path)!r}, {what}. {advice}"
        )
    return path


def _open_tflite(path, normalization):
    check_kind(path, kind_of_file(path), "classifier")
    _, taken, given = open_interpreter(path)
    if taken["dtype"] not in (np.float32, np.uint8):
        raise ValueError(
            "`model` must take pixels as float32 or uint8. "
            f"Received: model={str(path)!r}, which takes "
            f"{taken['dtype'].__name__}. Export it with another input type."
        )
    is_float = taken["dtype"] == np.float32
    if normalization is not None and not is_float:
        raise ValueError(
            "`normalization` is for files of floats; one of integers takes "
            f"pixels as they are. Received: normalization={normalization!r} "
            f"for model={str(path)!r}. Leave it out."
        )
    found = metadata.read(path)
    if found is None:
        found = metadata.Description(path.stem)
        if is_float and normalization is None:
            warnings.warn(
                f"{path} does not describe how it takes pixels; they are given "
                f"to it as (pixel - {found.mean:g}) / {found.std:g}. {WAY_OUT}",
                UserWarning,
                stacklevel=3,
            )
    mean, std = normalization or (found.mean, found.std)
    _check_shapes(path, taken["shape"].tolist(), given["shape"].tolist())
    height, width = taken["shape"][1:3].tolist()

    def scores(images):
        if is_float:
            images = (images - mean) / std
        answers = predict(path, images)
        if answers.shape[-1] == 1:  # of the second class
            answers = np.concatenate([1 - answers, answers], axis=-1)
        return answers

    classes = given["shape"][-1]
    if classes == 1:
        _check_sigmoid(path)
        classes = 2
    labels = _labels(path, found.labels, classes)
    return ClassifierFile(path, (height, width), labels, scores)


def _open_keras(path, normalization):
    from keras_papers.export.binary import has_one_score, two_scores

    model = load_keras(path)
    check_kind(path, kind_of_model(model), "classifier")
    if has_one_score(model):
        model = two_scores(model)
    # A model of several inputs has a list or a dict here.
    shape = getattr(model, "input_shape", None)
    classes = getattr(model, "output_shape", None)
    _check_shapes(path, shape, classes)
    mean, std = normalization or known_normalization(path, model)

    def scores(images):
        return model.predict((images - mean) / std, verbose=0)

    labels = _labels(path, labels_beside(path), classes[-1])
    return ClassifierFile(path, tuple(shape[1:3]), labels, scores)


def known_normalization(path, model):
    """Returns the `(mean, std)` that the graph of a model shows.

    Raises:
        ValueError: If it does not: with another one, the scores would be
            wrong without a sign of it.
    """
    from keras_papers.pixels.pixel_range import find_pixel_range

    found = find_pixel_range(model)
    if not found.known:
        raise ValueError(
            "`model` must show in its graph what it takes for a black and for "
            "a white pixel, as a Rescaling in front does. "
            f"Received: model={str(path)!r}, which does not. {WAY_OUT}"
        )
    return normalization_of_range(found.black, found.white)


def labels_beside(path):
    """Returns the lines of `labels.txt` beside a file, none without one."""
    beside = path.with_name("labels.txt")
    return beside.read_text("utf-8").splitlines() if beside.is_file() else []


def read_labels(path):
    """Returns the lines of a file of labels.

    Raises:
        ValueError: If it cannot be read.
    """
    try:
        return pathlib.Path(path).read_text("utf-8").splitlines()
    except (OSError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(
            "`labels` is the path of a text file with a label on each line. "
            f"Received: labels={str(path)!r} ({error}). Check the path."
        ) from error


def load_keras(path, argument="model"):
    """Loads a .keras file, which may not bring code along.

    Args:
        path: The path, which was passed as `argument`.
        argument: Name of the argument.

    Raises:
        ValueError: If the file is none, cut off, would run code, or holds a
            class that is not known.
    """
    path = check_file(path, ".keras", argument=argument)
    import keras

    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is no archive, or its end is missing")
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # of zip, h5 and json readers, and Keras' own
        if "enable_unsafe_deserialization" in str(error):
            raise ValueError(
                f"`{argument}` must be a file that holds no code of its own, "
                "for code would run here. "
                f"Received: {argument}={str(path)!r}, which "
                "keras.saving refuses in safe_mode. Load it yourself with "
                "safe_mode=False if you trust where it comes from."
            ) from error
        unknown = re.search(r"Could not locate (\w+ '[^']+')", str(error))
        if unknown:
            raise ValueError(
                f"`{argument}` must be a file of layers that are known here. "
                f"Received: {argument}={str(path)!r}, whose {unknown[1]} is "
                "not. Register it with "
                "keras.saving.register_keras_serializable, and load the file "
                "in Python, where its module is imported."
            ) from error
        raise ValueError(
            f"`{argument}` must be a .keras file that can be read. "
            f"Received: {argument}={str(path)!r} ({_reason(error)}). It may be "
            "cut off or of another kind; make or fetch it again."
        ) from error


def _reason(error):
    """Returns one line on why Keras does not load a file."""
    # Each class that another lies inside says first that it failed.
    last = str(error).rpartition("Exception encountered: ")[-1].strip()
    first = (last.splitlines() or [type(error).__name__])[0]
    return textwrap.shorten(first, 200, placeholder=" ...")


def _check_shapes(path, images, scores):
    fixed = isinstance(images, tuple | list) and None not in images[1:]
    one = isinstance(scores, tuple | list) and len(scores) == 2
    if not fixed or not one or len(images) != 4 or images[3] != 3:
        raise ValueError(
            "`model` must be a classifier of RGB images of one size: images "
            "(batch, height, width, 3) to scores (batch, classes). "
            f"Received: model={str(path)!r}, which takes {images} and "
            f"answers {scores}. Run it with its own code."
        )


def _check_sigmoid(path):
    """Raises ValueError unless one score is of the second of two classes."""
    last = last_operation(path)
    if last != "LOGISTIC":
        raise ValueError(
            "`model` must be a classifier: one score for each of two classes "
            "or more, or one sigmoid for two classes. "
            f"Received: model={str(path)!r}, which answers one number, of the "
            f"operation {last}. Export it with a sigmoid at its end."
        )


def _labels(path, labels, classes):
    """Returns the labels, or the numbers where there are none that fit."""
    if len(labels) == classes:
        return tuple(labels)
    if labels:
        warnings.warn(
            f"{path} answers with {classes} scores, and its labels are "
            f"{len(labels)}; the classes are called by their numbers",
            UserWarning,
            stacklevel=4,
        )
    return tuple(str(index) for index in range(classes))
