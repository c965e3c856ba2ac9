"""The contract of a classifier's constructor, as one function."""

import keras
import numpy as np

from keras_papers.testing.constructor_checks import (
    check_arguments,
    check_copies,
    check_gradients,
    image_shape,
)

ARGUMENTS = (
    "input_shape",
    "include_top",
    "weights",
    "input_tensor",
    "pooling",
    "classes",
    "classifier_activation",
    "include_preprocessing",
    "name",
)
CLASSES = 5
DRAWS = 4  # of weights, to see that each has a gradient


def check_application(constructor, size=32, open_top=True, **arguments):
    """Raises AssertionError unless a constructor fulfills the contract.

    The constructor
    - has the arguments of keras.applications, and downloads nothing by default;
    - returns as many outputs as `classes`, probabilities that sum to one;
    - returns a map without top, and a vector with `pooling`;
    - builds upon `input_tensor`, including the user's layers before it;
    - accepts one and four channels, and an open size;
    - creates a graph in which each layer is called once, so that the output
      of each layer is available by its name;
    - creates a model whose trainable weights all have a gradient, and whose
      outputs are the same after saving and loading.

    Args:
        constructor: Function such as `keras_papers.applications.MobileNet`.
        size: Int. Height and width of the test images. Defaults to 32.
        open_top: Whether images of a model with top may have an open size,
            which those of dense layers on a map, such as VGG's, cannot.
            Defaults to True.
        **arguments: Other arguments of the constructor, such as `alpha`.

    Example:
    >>> from keras_papers import applications
    >>> check_application(applications.MobileNet, alpha=0.25)
    """
    check_arguments(constructor, ARGUMENTS)
    shape = image_shape(size, 3)
    images = np.random.default_rng(0).uniform(-1, 1, (4, *shape))
    images = images.astype("float32")
    model = constructor(input_shape=shape, classes=CLASSES, **arguments)
    _check_graph(model, images)
    _check_scores(model, images)
    _check_outputs_and_inputs(constructor, size, open_top, arguments)
    # Of one narrow squeeze all ReLUs may be dead, whatever it is trained on.
    draws = (keras.models.clone_model(model) for _ in range(DRAWS))
    labels = np.arange(len(images)) % CLASSES
    check_gradients(
        draws, images, labels, loss="sparse_categorical_crossentropy"
    )
    check_copies(constructor, model, images, 1e-5, classes=CLASSES, **arguments)


def _check_graph(model, images):
    taps = [layer.output for layer in model.layers]  # of one call each
    maps = keras.Model(model.input, taps)(images)
    scores = keras.ops.convert_to_numpy(maps[-1])
    np.testing.assert_allclose(
        scores,
        keras.ops.convert_to_numpy(model(images)),
        rtol=1e-5,
        atol=1e-6,
        err_msg="a model of all layers' outputs has other scores",
    )


def _check_scores(model, images):
    scores = keras.ops.convert_to_numpy(model(images))
    assert scores.shape == (len(images), CLASSES), (
        f"scores of shape {scores.shape}"
    )
    np.testing.assert_allclose(
        scores.sum(axis=1), 1, rtol=1e-4, err_msg="the scores do not sum to 1"
    )


def _check_outputs_and_inputs(constructor, size, open_top, arguments):
    """Tests each kind of output with another kind of input.

    Building takes most of the time, and one does not depend on the other.
    """
    shape = image_shape(size, 3)
    features = constructor(input_shape=shape, include_top=False, **arguments)
    assert len(features.output_shape) == 4, "no map without top"
    channels = features.output_shape[1]
    if keras.config.image_data_format() == "channels_last":
        channels = features.output_shape[-1]
    for arguments_of_top, shape, output_shape in (
        ({"include_top": False, "pooling": "avg"}, (size, 1), (None, channels)),
        ({"include_top": False, "pooling": "max"}, (size, 4), (None, channels)),
        # Of an open size a top is harder to build than features are.
        (
            {"classes": CLASSES, "classifier_activation": None},
            (None if open_top else size, 3),
            (None, CLASSES),
        ),
    ):
        shape = image_shape(*shape)
        model = constructor(input_shape=shape, **arguments_of_top, **arguments)
        received = f"{arguments_of_top} and input_shape={shape}"
        assert model.input_shape[1:] == shape, received
        assert model.output_shape == output_shape, received
