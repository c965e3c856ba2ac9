"""Inlining of blocks: what detectors, quantization and export build on."""

import keras

from keras_papers.layers.block import Block, drawing


def flatten(model):
    """Returns `model` as one graph of built-in layers that shares its weights.

    Every `Block`, and every model inside the model, is replaced by the graph
    that its `call` draws. Outputs are the same to the bit, in training mode
    too, for the very layers are called; masks and call keywords, such as
    `training=False` at a frozen part, go on to the layers inside. So does
    training one of the two train the other.

    Args:
        model: A functional or a built sequential model.

    Returns:
        A functional model without `Block`s and inner models; `model` itself
        where there is nothing to open.

    Raises:
        ValueError: If `model` has no graph to open.

    Example:
    >>> from keras_papers import applications
    >>> model = applications.MobileNetV2(alpha=0.35)
    >>> len(model.layers), len(flatten(model).layers)
    (27, 153)
    """
    if not getattr(model, "inputs", None) or not isinstance(model, keras.Model):
        raise ValueError(
            "`model` is opened along its graph and must be a functional or a "
            f"built sequential model. Received: model={model!r}. Give a "
            "sequential model its keras.Input first; write a subclassed one "
            "as keras.Model(inputs, outputs)."
        )
    if isinstance(model, keras.Sequential):
        model = keras.Model(*model.inputs, *model.outputs, name=model.name)
    while any(isinstance(layer, Block | keras.Model) for layer in model.layers):
        with drawing():
            model = keras.models.clone_model(
                model, clone_function=lambda layer: layer, call_function=_call
            )
    return model


def _call(layer, *args, **kwargs):
    # An inner model draws its layers where its `call` is used by itself.
    call = layer.call if isinstance(layer, keras.Model) else layer
    return call(*args, **kwargs)
