"""Weight clustering (Han et al., 2016, https://arxiv.org/abs/1510.00149).

TF-MOT's wrappers around the kernels of a model that is written in tf_keras.
"""

import importlib

from keras_papers.checks import check_positive_int
from keras_papers.quantization.legacy import load_tf_keras, load_tfmot
from keras_papers.quantization.to_tf_keras import to_tf_keras

CLUSTERING = "tensorflow_model_optimization.python.core.clustering.keras"
# Where the values of a kernel start. Of a MobileNetV3Small trained on digits
# (test loss .026), clustered to 8 values and not trained on, the loss becomes
# .15; it is .30 with DENSITY_BASED and .57 with KMEANS_PLUS_PLUS, which also
# fails where a sparse kernel has fewer weights than clusters.
INITIALIZATION = "LINEAR"


def cluster(model, number_of_clusters=16, *, preserve_sparsity=False):
    """Wraps `model` for a training in which weights share a few values.

    Every kernel, as a whole, is made of `number_of_clusters` values at most.
    They start evenly spaced from its least weight to its greatest, which
    keeps the few large weights (section 3.2 of the paper); training moves
    them, and every weight belongs to the nearest. In a compressed file a
    weight takes as many bits as name its value, 4 for 16.

    What TF-MOT clusters are the kernels of convolutions and of dense layers,
    the first and the last of the network among them, the pointwise half of
    separable convolutions, and embeddings. Depthwise kernels, biases and
    normalizations stay as they are, and so do frozen layers, kernels of
    `number_of_clusters` weights or fewer, and layers that TF-MOT does not
    know.

    A value moves by the gradients of all its weights together: train with
    Adam, or another optimizer that scales gradients, at a rate about 1e-4.

    Args:
        model: Functional or built sequential model, already trained. It stays
            as it is.
        number_of_clusters: Integer of at least 2; of at least 3 where
            sparsity is preserved.
        preserve_sparsity: Whether one of the values is zero, and weights that
            are zero keep it, as after `prune`. Other weights to which it is
            the nearest become zero too. Without it, zeros become the nearest
            value, which is hardly ever zero.

    Returns:
        A functional model of tf_keras, not compiled.

    Raises:
        ValueError: If `number_of_clusters` is out of its range, `model` has
            no kernel that can be clustered, or it cannot be written in
            tf_keras.
        MissingExtraError: If the extra `quantization` is not installed.

    Example:
    >>> import keras, numpy as np
    >>> from keras_papers.quantization import to_keras
    >>> inputs = keras.Input((8,))
    >>> model = keras.Model(inputs, keras.layers.Dense(32)(inputs))
    >>> few = to_keras(cluster(model, 4), model)
    >>> len(np.unique(few.layers[1].kernel))
    4
    """
    _check_number(number_of_clusters, preserve_sparsity)
    load_tfmot()
    wrapper = _module("cluster_wrapper").ClusterWeights
    start = _module("cluster_config").CentroidInitialization[INITIALIZATION]
    wrapped = []

    def wrap(layer):
        if not _is_clusterable(layer, number_of_clusters):
            return layer
        wrapped.append(layer)
        return wrapper(
            layer, int(number_of_clusters), start, bool(preserve_sparsity)
        )

    clone_model = load_tf_keras().models.clone_model
    clustered = clone_model(to_tf_keras(model), clone_function=wrap)
    if not wrapped:
        raise ValueError(
            "`model` must have kernels that can be clustered: trainable ones "
            "of convolutions or dense layers, with more weights than "
            f"clusters. Received: model {model.name!r}, which has none, and "
            f"number_of_clusters={number_of_clusters}. Unfreeze its layers, "
            "or do without clustering."
        )
    return clustered


def _check_number(number_of_clusters, preserve_sparsity):
    meaning = "the number of values that the weights of a kernel share"
    check_positive_int(
        "number_of_clusters", number_of_clusters, meaning, "Try 16."
    )
    # Zero is one of them, and the weights on its sides are clustered apart.
    least = 3 if preserve_sparsity else 2
    if number_of_clusters < least:
        raise ValueError(
            f"`number_of_clusters` is {meaning} and must be at least 2; 3 "
            "where sparsity is preserved. Received: number_of_clusters="
            f"{number_of_clusters} and preserve_sparsity={preserve_sparsity}. "
            "Try 16."
        )


def _is_clusterable(layer, number_of_clusters):
    """Returns whether a layer has kernels of more weights than clusters."""
    registry = _module("clustering_registry").ClusteringRegistry
    if not layer.trainable_weights or not registry.supports(layer):
        return False
    weights = registry.make_clusterable(layer).get_clusterable_weights()
    return bool(weights) and all(
        weight.shape.num_elements() > number_of_clusters
        for _, weight in weights
    )


def _module(name):
    return importlib.import_module(f"{CLUSTERING}.{name}")
