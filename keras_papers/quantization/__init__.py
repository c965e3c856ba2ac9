"""TF-MOT for Keras 3: quantization-aware training, pruning, clustering.

The only room that knows tf_keras, which is what TF-MOT works on.
"""

from keras_papers.quantization.cluster import cluster as cluster
from keras_papers.quantization.fine_tune import fine_tune as fine_tune
from keras_papers.quantization.layer_converters import (
    register_converter as register_converter,
)
from keras_papers.quantization.prune import callbacks as callbacks
from keras_papers.quantization.prune import prune as prune
from keras_papers.quantization.quantize_aware import (
    quantize_aware as quantize_aware,
)
from keras_papers.quantization.to_keras import to_keras as to_keras
from keras_papers.quantization.to_tf_keras import to_tf_keras as to_tf_keras
