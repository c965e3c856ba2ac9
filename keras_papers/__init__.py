"""Papers as Keras 3 layers and models that train, scale and run on a phone."""

__version__ = "0.1.0"

import importlib

from keras_papers import applications as applications
from keras_papers import cost as cost
from keras_papers import export as export
from keras_papers import layers as layers
from keras_papers import pipelines as pipelines
from keras_papers import quantization as quantization
from keras_papers import testing as testing
from keras_papers.inlining import flatten as flatten


def __getattr__(name):
    """Imports `tuner` when it is asked for.

    Its classes are KerasTuner's, which an extra brings, and which takes time.
    """
    if name == "tuner":
        return importlib.import_module("keras_papers.tuner")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
