"""Classifiers of two classes that have one output, a sigmoid.

`Dense(1, "sigmoid")` answers with p, the score of the second class. Labels and
Android's task library need a score for each class. softmax(0, z) is
(1 - sigmoid(z), sigmoid(z)), so the same weights beside zeros give both.
"""

import keras
import numpy as np

from keras_papers.inlining import flatten, keys_may_differ


def has_one_score(model):
    """Returns whether the output of a model is one number for an image."""
    shape = getattr(model, "output_shape", None)
    return isinstance(shape, tuple) and len(shape) == 2 and shape[-1] == 1


@keys_may_differ()
def two_scores(model):
    """Returns a classifier of one sigmoid as one of two softmax scores.

    The first score is 1 - p and the second p, where p is what the model
    answers; they are those of the classes 0 and 1 that it was trained on.

    Args:
        model: Functional or built sequential model that ends with
            `Dense(1, "sigmoid")`, or with a sigmoid of one number.

    Returns:
        A functional model, not compiled. It shares all layers with `model`
        but the last ones.

    Raises:
        ValueError: If the model does not end with one sigmoid: whether the
            number is a logit, and of which class, cannot be known.

    Example:
    >>> model = keras.Sequential(
    ...     [keras.Input((4,)), keras.layers.Dense(1, "sigmoid")]
    ... )
    >>> two_scores(model).output_shape
    (None, 2)
    """
    flat = flatten(model) if has_one_score(model) else None
    found = flat and _before_sigmoid(flat.outputs[0])
    if not found:
        raise ValueError(
            "`model` must be a classifier: one score for each of two classes "
            "or more, or one sigmoid for two classes. "
            f"Received: model {getattr(model, 'name', model)!r} of output "
            f"shape {getattr(model, 'output_shape', None)}, which does not end "
            "with one sigmoid. For a logit, append "
            "keras.layers.Activation('sigmoid')."
        )
    features, dense = found
    last = keras.layers.Dense(
        2,
        "softmax",
        name=dense.name if dense else "scores",
        dtype=dense.dtype_policy if dense else None,
    )
    scores = last(features)
    last.set_weights(_beside_zeros(dense))
    return keras.Model(flat.input, scores, name=model.name)


def _before_sigmoid(tensor):
    """Follows an output back to its sigmoid.

    Returns:
        The input of the last dense layer, and that layer; or the input of the
        sigmoid, and None; or None where there is no sigmoid at the end.
    """
    layer, inputs = _made_by(tensor)
    if isinstance(layer, keras.layers.Dense):
        is_sigmoid = layer.activation is keras.activations.sigmoid
        return (inputs[0], layer) if is_sigmoid else None
    if isinstance(layer, keras.layers.Identity) or _is(layer, "linear"):
        return _before_sigmoid(inputs[0])
    if not _is(layer, "sigmoid") and type(layer).__name__ != "Sigmoid":
        return None
    before, features = _made_by(inputs[0])
    is_plain = isinstance(before, keras.layers.Dense) and (
        before.activation is keras.activations.linear
    )
    return (features[0], before) if is_plain else (inputs[0], None)


def _made_by(tensor):
    """Returns the layer whose output a tensor is, and that call's inputs."""
    layer, index, _ = tensor._keras_history
    return layer, layer._inbound_nodes[index].input_tensors


def _is(layer, activation):
    return isinstance(layer, keras.layers.Activation) and (
        layer.activation is keras.activations.get(activation)
    )


def _beside_zeros(dense):
    """Returns the weights of the logits (0, z), where z is that of `dense`."""
    if dense is None:
        return [np.array([[0.0, 1.0]]), np.zeros(2)]
    kernel = keras.ops.convert_to_numpy(dense.kernel)
    bias = np.zeros(1)
    if dense.use_bias:
        bias = keras.ops.convert_to_numpy(dense.bias)
    return [
        np.concatenate([np.zeros_like(kernel), kernel], axis=-1),
        np.concatenate([np.zeros_like(bias), bias]),
    ]
