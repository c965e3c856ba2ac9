"""Papers as Keras 3 layers and models that train, scale and run on a phone."""

__version__ = "0.1.0"

from keras_papers import applications as applications
from keras_papers import cost as cost
from keras_papers import export as export
from keras_papers import layers as layers
from keras_papers import pipelines as pipelines
from keras_papers import quantization as quantization
from keras_papers import testing as testing
from keras_papers import tuner as tuner
from keras_papers.inlining import flatten as flatten
