"""tf_keras models brought back: trained weights, in a Keras 3 model again."""

import importlib

import keras
import numpy as np

from keras_papers.inlining import flatten
from keras_papers.lowering import RESCALING
from keras_papers.quantization.legacy import load_tf_keras, load_tfmot
from keras_papers.quantization.prune import check_reached
from keras_papers.quantization.to_tf_keras import weight_name


def to_keras(twin, model):
    """Returns a copy of `model` that carries the weights trained in `twin`.

    The copy has the blocks and layers of `model`, their names and configs,
    and weights of its own; it is not compiled. Its kernels are those that the
    twin computes with: of a pruned model they are masked, so that every zero
    is exact; of a clustered one they have the values of the clusters alone;
    of a quantization-aware one they are rounded, so that a conversion to int8
    finds the same grid. All other weights are taken as they are.

    Args:
        twin: Model of tf_keras that `to_tf_keras`, `prune`, `cluster` or
            `quantize_aware` made of `model`. It can be trained on.
        model: Keras 3 model that `twin` was made of. It stays as it is.

    Returns:
        A functional or sequential model, as `model` is one.

    Raises:
        ValueError: If `twin` is no model of tf_keras, a layer with weights is
            in one of the two only, or its weights have other shapes.
        MissingExtraError: If the extra `quantization` is not installed.

    Example:
    >>> from keras_papers.quantization import to_tf_keras
    >>> inputs = keras.Input((4,))
    >>> model = keras.Model(inputs, keras.layers.Dense(2, name="d")(inputs))
    >>> twin = to_tf_keras(model)
    >>> twin.get_layer("d").set_weights([np.ones((4, 2)), np.zeros(2)])
    >>> float(to_keras(twin, model)(np.ones((1, 4)))[0, 0])
    4.0
    """
    if not isinstance(twin, load_tf_keras().Model):
        raise ValueError(
            "`twin` is the model of tf_keras that was trained. Received: "
            f"twin={twin!r}. Write to_keras(twin, model), where `twin` is "
            "what to_tf_keras, prune, cluster or quantize_aware returned for "
            "`model`."
        )
    check_reached(twin)
    trained = _trained(twin)
    copy = _copy(model)
    for layer in flatten(copy).layers:
        if isinstance(layer, RESCALING):
            trained.pop(layer.name, None)  # constants, however written
        elif layer.weights:
            _assign(layer, trained.pop(layer.name, None), twin)
    for name, weights in trained.items():
        if weights:
            raise ValueError(
                "`twin` must be made of `model`. Received: model "
                f"{model.name!r}, which has no layer {name!r} with weights, "
                f"as twin {twin.name!r} has. Give the model that the twin was "
                "made of."
            )
    return copy


def _copy(model):
    """Returns a model as `model` is, with weights of its own, not compiled."""
    flat = flatten(model)  # which tells whether it has a graph
    if isinstance(model, keras.Sequential):
        layers = [type(x).from_config(x.get_config()) for x in model.layers]
        door = _door(*model.inputs)
        copy = keras.Sequential([door, *layers], name=model.name)
    else:
        doors = keras.tree.map_structure(_door, model.input)
        if model.compiled:
            # Cloning would compile again, from losses that may have no name.
            graph = keras.Model(model.input, model.output, name=model.name)
        else:
            graph = model
        copy = keras.models.clone_model(graph, input_tensors=doors)
    copy.trainable = model.trainable
    for layer in flatten(copy).layers:
        if layer.weights:
            original, state = flat.get_layer(layer.name), {}
            # As a file does it: a Normalization makes constants of them.
            original.save_own_variables(state)
            layer.load_own_variables(state)
            # Parts of a block are frozen one by one, which no config tells.
            layer.trainable = original.trainable
    return copy


def _door(x):
    # Cloning by itself would call it by the tensor's name.
    name = x._keras_history.operation.name
    return keras.Input(batch_shape=x.shape, dtype=x.dtype, name=name)


def _trained(twin):
    """Returns the weights of all layers in a twin, by the layers' names.

    Each as pairs (name, value) in the order in which the layer made them.
    """
    readers = _readers()
    trained = {}
    for layer in twin.layers:
        for wrapper, reader in readers.items():
            if isinstance(layer, wrapper):
                trained[layer.layer.name] = reader(layer)
                break
        else:
            trained[layer.name] = _plain(layer)
    return trained


def _readers():
    """Returns the functions that read wrapped layers, by TF-MOT's wrapper."""
    load_tfmot()

    def wrapper(path, name):
        core = "tensorflow_model_optimization.python.core"
        return getattr(importlib.import_module(f"{core}.{path}"), name)

    return {
        wrapper("sparsity.keras.pruning_wrapper", "PruneLowMagnitude"): _pruned,
        wrapper("clustering.keras.cluster_wrapper", "ClusterWeights"): (
            _clustered
        ),
        wrapper("quantization.keras.quantize_wrapper", "QuantizeWrapper"): (
            _quantized
        ),
    }


def _plain(layer):
    return [(weight_name(weight), weight) for weight in layer.weights]


def _pruned(wrapper):
    masks = {id(weight): mask for weight, mask, _ in wrapper.pruning_vars}
    return [
        (weight_name(weight), weight * masks.get(id(weight), 1.0))
        for weight in wrapper.layer.weights
    ]


def _clustered(wrapper):
    # The last step of a training moves the centroids once more.
    wrapper.update_clustered_weights_associations()
    weights = _plain(wrapper.layer)
    for place, name in sorted(wrapper.position_original_weights.items()):
        weights.insert(place, (name, wrapper.get_weight_from_layer(name)))
    return weights


def _quantized(wrapper):
    # The wrapper takes the kernels away from the layer, which made them first.
    return [
        (weight_name(kernel), quantizer(kernel, training=False, weights=ranges))
        for kernel, quantizer, ranges in wrapper._weight_vars
    ] + _plain(wrapper.layer)


def _assign(layer, trained, twin):
    """Gives a layer the weights that its twin was trained to."""
    if trained == []:
        return  # Its converter made constants of them.
    ours = {weight.name: weight for weight in layer.weights}
    weights = layer.weights
    trained = trained or []
    names = [name for name, _ in trained]
    if len(ours) == len(weights) and set(ours) == set(names):
        weights = [ours[name] for name in names]
    shapes = [tuple(weight.shape) for weight in weights]
    their_shapes = [tuple(value.shape) for _, value in trained]
    if shapes != their_shapes:
        found = f"weights of the shapes {their_shapes}" if trained else "none"
        raise ValueError(
            "`twin` must be made of `model`. Received: twin "
            f"{twin.name!r}, in which layer {layer.name!r} has {found}; in "
            f"`model`, weights of the shapes {shapes}. Give the twin that was "
            "made of this model."
        )
    for weight, (_, value) in zip(weights, trained, strict=True):
        weight.assign(np.asarray(value))
