"""What all classifiers share: convolutions of the graph, top, model."""

import keras
from keras import layers

from keras_papers.applications.pretrained.loading import load_weights
from keras_papers.checks import (
    check_choice,
    check_fraction,
    check_positive_int,
)
from keras_papers.layers._arguments import resolve_activation
from keras_papers.layers._conv_norm import spatial_conv_norm

# Of batch normalization; docs/TRAINING.md explains why not 0.999.
MOMENTUM = 0.9
EPSILON = 1e-3  # likewise, if the weights need no other


def check_top(include_top, weights, pooling, classes, classifier_activation):
    """Raises ValueError unless the arguments of a top fit each other."""
    if include_top not in (True, False):
        raise ValueError(
            "`include_top` is whether the model ends with the classifier, "
            f"True or False. Received: include_top={include_top!r}. Pass the "
            "shape of an image by its name, input_shape=(96, 96, 3): it is "
            "the first argument of some constructors only."
        )
    check_choice(
        "pooling", pooling, (None, "avg", "max"), "how a model without top ends"
    )
    if not include_top:
        return
    check_positive_int(
        "classes",
        classes,
        "the number of classes",
        "Leave the top out with include_top=False.",
    )
    activation = resolve_activation(
        "classifier_activation", classifier_activation
    )
    known = (keras.activations.softmax, keras.activations.linear)
    if weights is not None and activation not in known:
        raise ValueError(
            "`classifier_activation` of a model with trained weights is the "
            "one that it was trained with, 'softmax', or None for the logits. "
            f"Received: classifier_activation={classifier_activation!r}. "
            "Train another one from weights=None."
        )


def normalization(momentum, epsilon=None):
    """Returns the arguments of every batch normalization of a family."""
    check_fraction(
        "batch_norm_momentum",
        momentum,
        "the share of the moving statistics that a step keeps",
        "0.9 suits short trainings, 0.99 and 0.999 long ones.",
    )
    return {"momentum": momentum, "epsilon": epsilon or EPSILON}


def conv_norm_graph(
    x,
    name,
    filters,
    kernel_size,
    strides,
    activation="relu6",
    padding="same",
    **norm,
):
    """Draws convolution, batch normalization and activation."""
    return draw_all(
        x,
        spatial_conv_norm,
        name,
        layers.Conv2D,
        filters,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        activation=activation,
        data_format=keras.config.image_data_format(),
        **norm,
    )


def draw_all(x, list_layers, *args, **kwargs):
    """Draws the layers that a function of `layers._conv_norm` lists."""
    for layer in list_layers(_create, *args, **kwargs):
        x = layer(x)
    return x


def _create(layer_class, name, *args, **kwargs):
    return layer_class(*args, name=name, **kwargs)


def pooled(x, pooling):
    """Returns the output of a model without top, pooled as `pooling` says."""
    if pooling == "avg":
        return layers.GlobalAveragePooling2D(name="pool")(x)
    if pooling == "max":
        return layers.GlobalMaxPooling2D(name="pool")(x)
    return x


def predictions(logits, classifier_activation, name="predictions"):
    """Returns the class scores, in full precision.

    Softmax in half precision rounds small scores to zero, whose logarithm
    the loss then takes.
    """
    return layers.Activation(
        classifier_activation,
        dtype=keras.config.dtype_policy().variable_dtype,
        name=name,
    )(logits)


def classifier(images, outputs, name, source):
    """Closes the graph and loads the weights from `source`, if there is one."""
    # The images may be the output of a user's layers, which are part of it.
    inputs = keras.utils.get_source_inputs(images)
    inputs = inputs[0] if len(inputs) == 1 else inputs
    model = keras.Model(inputs, outputs, name=name)
    if source.file is not None:
        load_weights(model, source)
    return model
