"""tf_keras models brought back: trained weights, in a Keras 3 model again."""

import importlib

import keras
import numpy as np

from keras_papers.inlining import flatten
from keras_papers.lowering import RESCALING
from keras_papers.quantization.legacy import load_tf_keras, load_tfmot
from keras_papers.quantization.prune import check_reached
from keras_papers.quantization.to_tf_keras import weight_name


def to_keras(trained, model):
    """Returns a copy of `model` that has the weights of `trained`.

    The copy has the blocks and layers of `model`, their names and configs,
    and weights of its own; it is not compiled. Its kernels are those that
    `trained` computes with: of a pruned model they are masked, so that every
    zero is exact; of a clustered one they have the values of the clusters
    alone; of a quantization-aware one they are rounded, so that a conversion
    to int8 finds the same grid. All other weights are taken as they are.

    Args:
        trained: Model of tf_keras that `to_tf_keras`, `prune`, `cluster` or
            `quantize_aware` made of `model`. It can be trained on.
        model: Keras 3 model that `trained` was made of. It stays as it is.

    Returns:
        A functional or sequential model, or a `Detector`, as `model` is one.

    Raises:
        ValueError: If `trained` is no model of tf_keras, a layer with weights
            is in one of the two only, or its weights have other shapes.
        MissingExtraError: If the extra `quantization` is not installed.

    Example:
    >>> from keras_papers.quantization import to_tf_keras
    >>> inputs = keras.Input((4,))
    >>> model = keras.Model(inputs, keras.layers.Dense(2, name="d")(inputs))
    >>> trained = to_tf_keras(model)
    >>> trained.get_layer("d").set_weights([np.ones((4, 2)), np.zeros(2)])
    >>> float(to_keras(trained, model)(np.ones((1, 4)))[0, 0])
    4.0
    """
    if not isinstance(trained, load_tf_keras().Model):
        raise ValueError(
            "`trained` is the model of tf_keras that was trained. Received: "
            f"trained={trained!r}. Write to_keras(trained, model), where "
            "`trained` is what to_tf_keras, prune, cluster or quantize_aware "
            "returned for `model`."
        )
    check_reached(trained)
    weights_of = _weights_of(trained)
    copy = _copy(model)
    for layer in flatten(copy).layers:
        if isinstance(layer, RESCALING):
            weights_of.pop(layer.name, None)  # constants, however written
        elif layer.weights:
            _assign(layer, weights_of.pop(layer.name, None), trained.name)
    for name, weights in weights_of.items():
        if weights:
            raise ValueError(
                "`trained` must be made of `model`. Received: model "
                f"{model.name!r}, which has no layer {name!r} with weights, "
                f"as {trained.name!r} has. Give the model that was trained."
            )
    return copy


def _copy(model):
    """Returns a model as `model` is, with weights of its own, not compiled."""
    flat = flatten(model)  # which raises if it has no graph
    if isinstance(model, keras.Sequential):
        layers = [type(x).from_config(x.get_config()) for x in model.layers]
        taken = _input_like(*model.inputs)
        copy = keras.Sequential([taken, *layers], name=model.name)
    elif _has_own_config(model):
        copy = type(model).from_config(model.get_config())
    else:
        inputs = keras.tree.map_structure(_input_like, model.input)
        if model.compiled:
            # Cloning would compile again, from losses that may have no name.
            graph = keras.Model(model.input, model.output, name=model.name)
        else:
            graph = model
        copy = keras.models.clone_model(graph, input_tensors=inputs)
    copy.trainable = model.trainable
    for layer in flatten(copy).layers:
        if layer.weights:
            original, state = flat.get_layer(layer.name), {}
            # As a file does it: a Normalization makes constants of them.
            original.save_own_variables(state)
            layer.load_own_variables(state)
            # Parts of a block are frozen one by one, which no config has.
            layer.trainable = original.trainable
    return copy


def _has_own_config(model):
    """Returns whether a class knows more than its graph, as a `Detector`."""
    return not type(model).from_config.__module__.startswith("keras.")


def _input_like(x):
    # Cloning by itself would call it by the tensor's name.
    name = x._keras_history.operation.name
    return keras.Input(batch_shape=x.shape, dtype=x.dtype, name=name)


def _weights_of(trained):
    """Returns the weights of all layers, by the layers' names.

    Each as pairs (name, value) in the order in which the layer made them.
    """
    readers = _readers()
    found = {}
    for layer in trained.layers:
        for wrapper, reader in readers.items():
            if isinstance(layer, wrapper):
                found[layer.layer.name] = reader(layer)
                break
        else:
            found[layer.name] = _plain(layer)
    return found


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


def _assign(layer, trained, name):
    """Gives a layer the trained weights, of a model of some name."""
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
            "`trained` must be made of `model`. Received: "
            f"{name!r}, in which layer {layer.name!r} has {found}; in "
            f"`model`, weights of the shapes {shapes}. Give what was made of "
            "this model."
        )
    for weight, (_, value) in zip(weights, trained, strict=True):
        weight.assign(np.asarray(value))
