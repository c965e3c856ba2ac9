"""tf_keras and TF-MOT, imported without a trace in the process.

TF-MOT sets an environment variable when it is imported, by which `tf.keras`
would become tf_keras for the whole process, child processes included.
"""

import contextlib
import importlib.metadata
import os
import sys
import threading
import warnings

import keras

from keras_papers.extras import require

_one_at_a_time = threading.RLock()  # what is restored is the process's
VARIABLE = "TF_USE_LEGACY_KERAS"


def load_tf_keras():
    """Imports and returns tf_keras; `tf.keras` stays what it is.

    Raises:
        MissingExtraError: If the extra `quantization` is not installed.
        ValueError: If tf_keras does not fit the TensorFlow installed.
    """
    tensorflow = require("tensorflow", "quantization")
    _check_versions(tensorflow.__version__)
    with _process_as_found(tensorflow, "tf_keras"):
        return require("tf_keras", "quantization")


def load_tfmot():
    """Imports and returns TF-MOT; `tf.keras` stays what it is.

    Raises:
        MissingExtraError: If the extra `quantization` is not installed.
        ValueError: If tf_keras does not fit the TensorFlow installed.
    """
    tf_keras = load_tf_keras()
    tensorflow = require("tensorflow", "quantization")
    with _process_as_found(tensorflow, "tensorflow_model_optimization"):
        # By this name its registries look up recurrent cells.
        if "tensorflow_model_optimization" not in sys.modules:
            tensorflow.compat.v2.keras = tf_keras
        return require("tensorflow_model_optimization", "quantization")


def check_keras_3(model):
    """Raises ValueError if `model` is one of tf_keras."""
    kinds = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    if "tf_keras" in kinds:
        raise ValueError(
            "`model` must be one of Keras 3. Received: a model of tf_keras, "
            "such as prune, cluster and quantize_aware return. Bring its "
            "weights back first: quantization.to_keras(trained, model), where "
            "`model` is what it was made of."
        )
    if not isinstance(model, keras.Model):
        raise ValueError(
            "`model` must be a model of Keras 3. Received: model="
            f"{model!r}. Pass a functional or a built sequential model; load "
            "a file with keras.models.load_model."
        )


def _check_versions(tensorflow):
    """Raises ValueError unless tf_keras is made for this TensorFlow.

    Asked before the import, which fails in many ways where they do not fit.
    """
    try:
        tf_keras = importlib.metadata.version("tf-keras")
    except importlib.metadata.PackageNotFoundError:
        return  # The import's error names what is missing.
    needed = _minor(tensorflow)
    if _minor(tf_keras) != needed:
        raise ValueError(
            "tf_keras uses the inside of TensorFlow and must be of the same "
            f"minor version. Received: tf_keras {tf_keras} beside tensorflow "
            f"{tensorflow}. Run: pip install 'tf-keras~={needed}.0'"
        )


def _minor(version):
    return ".".join(version.split(".")[:2])


@contextlib.contextmanager
def _process_as_found(tensorflow, module):
    if module in sys.modules:
        yield  # It was imported, and there is no trace to be left.
        return
    with _one_at_a_time, _restored(tensorflow):
        yield


@contextlib.contextmanager
def _restored(tensorflow):
    api = tensorflow.compat.v2
    # Which Keras these two are is decided where they are first touched.
    for name in (tensorflow.keras, api.keras):
        hasattr(name, "layers")
    found, before = api.keras, os.environ.get(VARIABLE)
    try:
        with warnings.catch_warnings():
            # Theirs, about distutils; a user can do nothing about them.
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        api.keras = found
        if before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = before
