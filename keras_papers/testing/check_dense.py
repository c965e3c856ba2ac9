"""The contracts of constructors for segmentation and detection."""

import keras
import numpy as np

from keras_papers.testing.constructor_checks import (
    check_arguments,
    check_copies,
    check_gradients,
    image_shape,
)

ARGUMENTS = ("input_shape", "classes", "weights", "input_tensor", "name")
CLASSES = 3
OBJECTS = 48  # of an image, at the most
ROUNDS = 3  # of training, in one of which a ReLU may be dead by chance


def check_segmenter(constructor, size=32, **arguments):
    """Raises AssertionError unless a constructor fulfills the contract.

    The constructor of a network for segmentation

    - has the arguments of those of this package, and downloads nothing by
      default;
    - returns a model with logits for each pixel;
    - builds upon `input_tensor`, including the user's layers before it;
    - creates a model in which each layer is called once, whose trainable
      weights all have a gradient, and whose outputs are the same after saving
      and loading.

    Args:
        constructor: Function such as
            `keras_papers.applications.LRASPPMobileNetV2`.
        size: Int. Height and width of the test images. Defaults to 32.
        **arguments: Other arguments of the constructor, such as `alpha`.

    Example:
    >>> from keras_papers import applications
    >>> check_segmenter(applications.LRASPPMobileNet, alpha=0.25)
    """
    model, images = _built(constructor, size, arguments)
    expected = (None, *image_shape(size, CLASSES))
    assert model.output_shape == expected, (
        f"logits of shape {model.output_shape}, not {expected}"
    )
    shape = (len(images), *expected[1:])
    targets = np.random.default_rng(1).normal(size=shape)
    check_gradients([model] * ROUNDS, images, targets, loss="mse")
    check_copies(constructor, model, images, classes=CLASSES, **arguments)


def check_detector(constructor, size=32, **arguments):
    """Raises AssertionError unless a constructor fulfills the contract.

    The contract is that of `check_segmenter`, of other outputs. The
    constructor of a detector returns a `Detector`, with a box and a score of
    each class for each of its anchors. It is trained with its own loss on
    images of which one has no object.

    Args:
        constructor: Function such as
            `keras_papers.applications.SSDLiteMobileNetV2`.
        size: Int. Height and width of the test images. Defaults to 32.
        **arguments: Other arguments of the constructor, such as `alpha`.

    Example:
    >>> from keras_papers import applications
    >>> check_detector(applications.SSDLiteMobileNet, alpha=0.25)
    """
    model, images = _built(constructor, size, arguments)
    anchors = getattr(model, "anchors", None)
    assert anchors is not None, f"{type(model).__name__} has no anchors"
    columns = CLASSES + (model.score_activation == "softmax")
    for kind, last in (("boxes", 4), ("scores", columns)):
        expected = (None, len(anchors), last)
        shape = model.output[kind].shape
        assert shape == expected, f"{kind} of shape {shape}, not {expected}"
    objects = _objects(anchors, size, len(images))
    check_gradients([model] * ROUNDS, images, objects)
    check_copies(constructor, model, images, classes=CLASSES, **arguments)


def _objects(anchors, size, number):
    """Returns objects like anchors of each map, and an image without any."""
    # The last maps have few anchors, the first ones many.
    behind = np.unique(np.geomspace(1, len(anchors), OBJECTS).astype(int))
    boxes = np.clip(np.asarray(anchors)[-behind], 0, size)
    boxes = boxes[(boxes[:, 2:] - boxes[:, :2]).min(axis=1) > 1]
    classes = np.tile(np.arange(len(boxes)) % CLASSES, (number, 1))
    classes[0] = -1  # no object
    return {"boxes": np.tile(boxes, (number, 1, 1)), "classes": classes}


def _built(constructor, size, arguments):
    """Returns a model, each layer of which is called once, and its images."""
    check_arguments(constructor, ARGUMENTS)
    shape = image_shape(size, 3)
    model = constructor(input_shape=shape, classes=CLASSES, **arguments)
    keras.Model(model.input, [layer.output for layer in model.layers])
    images = np.random.default_rng(0).uniform(0, 255, (4, *shape))
    return model, images.astype("float32")
