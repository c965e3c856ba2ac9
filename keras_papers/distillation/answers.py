"""The outputs of a model that are compared in distillation."""

import keras
import numpy as np
from keras import ops

from keras_papers.checks import check_choice

TINY = float(np.finfo("float32").tiny)


def answering(model, role, outputs, features):
    """Returns a model with the same layers that outputs what is compared.

    Args:
        model: Functional or Sequential model with one output.
        role: What the model is, for messages: `"student"` or `"teacher"`.
        outputs: `"logits"` or `"embeddings"`.
        features: Names of layers.

    Returns:
        A functional model, whose output is a dict: `outputs` of the model,
        `answers`, which are compared, and `features`, a dict by the names of
        the layers.

    Raises:
        ValueError: If the model is of another kind, a layer is not there, or
            logits cannot be had.
    """
    tensors = getattr(model, "outputs", None) or ()
    if not isinstance(model, keras.Model) or len(tensors) != 1:
        raise ValueError(
            f"`{role}` is a functional or Sequential model with one output. "
            f"Received: {role}={model!r}. Pass a model of layers, with an "
            "Input."
        )
    (tensor,) = tensors
    names = [layer.name for layer in model.layers]
    for name in features:
        check_choice(
            "features", name, names, f"the name of a layer of the {role}"
        )
    answers = tensor if outputs == "embeddings" else _logits(tensor, role)
    return keras.Model(
        model.inputs,
        {
            "outputs": tensor,
            "answers": answers,
            "features": {
                name: model.get_layer(name).output for name in features
            },
        },
        name=f"{role}_answers",
    )


def _logits(tensor, role):
    """Returns the logits of a classifier's output, up to a constant."""
    layer, index, _ = tensor._keras_history
    activation = getattr(layer, "activation", None)
    if isinstance(layer, keras.layers.Softmax):
        activation = keras.activations.softmax
    if activation in (None, keras.activations.linear):
        return tensor
    if activation is not keras.activations.softmax:
        name = getattr(activation, "__name__", repr(activation))
        raise ValueError(
            f"`{role}` ends with logits or a softmax, as a classifier does. "
            f"Received: a {role} that ends with {name}. Pass the outputs of "
            "the teacher as the labels of a loss, or outputs='embeddings'."
        )
    if isinstance(layer, keras.layers.Activation | keras.layers.Softmax):
        return layer._inbound_nodes[index].input_tensors[0]
    # Their logarithms are the logits but for a constant of each example, which
    # no softmax sees.
    return ops.log(ops.maximum(tensor, TINY))


def resized(images, shape):
    """Returns images, or maps of features, of the height and width of a shape.

    Args:
        images: Tensor `(batch, height, width, channels)`, or with channels
            first where that is Keras' default.
        shape: Shape of images. None in it leaves the size.
    """
    first = 1 if keras.config.image_data_format() == "channels_last" else 2
    size = tuple(shape[first : first + 2])
    if None in size or tuple(images.shape[first : first + 2]) == size:
        return images
    return ops.image.resize(images, size, antialias=True)
