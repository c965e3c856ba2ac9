"""Weight decay as the papers have it, a part of the loss."""

import keras

from keras_papers.inlining import flatten
from keras_papers.recipes.recipe import KERNELS, NOT_DEPTHWISE, NOT_NORMS

NORMS = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
)


def add_weight_decay(model, recipe):
    """Adds the weight decay of a recipe to the losses of a model.

    Half the sum of the squares of the weights, times `weight_decay`, as
    `tf.nn.l2_loss` has it: `keras.regularizers.L2` of half the factor. It is a
    part of the loss, and not the decoupled decay of AdamW. It lasts while the
    model is in memory, and is not saved.

    Args:
        model: Functional or Sequential model.
        recipe: A `Recipe`, with `weight_decay` and `decays`.

    Returns:
        The weights that decay, as a list.

    Example:
    >>> from keras_papers import applications, recipes
    >>> model = applications.MobileNetV2(
    ...     input_shape=(32, 32, 3), alpha=0.35, classes=2
    ... )
    >>> decayed = add_weight_decay(model, recipes.get("MobileNetV2"))
    >>> any("depthwise" in weight.path for weight in decayed)
    False
    >>> len(model.losses) == len(decayed)
    True
    """
    regularizer = keras.regularizers.L2(recipe.weight_decay / 2)
    found = [
        weight
        for layer in flatten(model).layers
        for weight in layer.trainable_weights
        if _decays(layer, weight, recipe.decays)
    ]
    for weight in found:
        weight.regularizer = regularizer
    return found


def _decays(layer, weight, decays):
    if decays == NOT_NORMS:
        return not isinstance(layer, NORMS)
    if decays not in (KERNELS, NOT_DEPTHWISE):
        return True
    is_depthwise = isinstance(
        layer, keras.layers.DepthwiseConv1D | keras.layers.DepthwiseConv2D
    )
    if is_depthwise and decays == NOT_DEPTHWISE:
        return False
    return weight.name == "kernel"
