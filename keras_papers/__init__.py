"""Papers as Keras 3 layers and models that train, scale and run on a phone."""

__version__ = "0.1.0"

import typing as _typing

from keras_papers.lazy_names import lazy_names as _lazy_names
from keras_papers.registration import (
    register_with_keras as _register_with_keras,
)

if _typing.TYPE_CHECKING:  # imported on first use
    from keras_papers import applications as applications
    from keras_papers import cost as cost
    from keras_papers import distillation as distillation
    from keras_papers import export as export
    from keras_papers import layers as layers
    from keras_papers import losses as losses
    from keras_papers import metrics as metrics
    from keras_papers import pipelines as pipelines
    from keras_papers import pretraining as pretraining
    from keras_papers import quantization as quantization
    from keras_papers import recipes as recipes
    from keras_papers import testing as testing
    from keras_papers import tuner as tuner
    from keras_papers import visualization as visualization
    from keras_papers.first_step import prepare as prepare
    from keras_papers.inlining import flatten as flatten

__all__ = [
    "applications",
    "cost",
    "distillation",
    "export",
    "flatten",
    "layers",
    "losses",
    "metrics",
    "pipelines",
    "prepare",
    "pretraining",
    "quantization",
    "recipes",
    "testing",
    "tuner",
    "visualization",
]
__getattr__, __dir__ = _lazy_names(
    __name__,
    {
        **{name: name for name in __all__},
        "flatten": "inlining.flatten",
        "prepare": "first_step.prepare",
    },
)
_register_with_keras()
