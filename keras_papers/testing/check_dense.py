"""The contracts of constructors for segmentation and detection."""

import inspect
import tempfile

import keras
import numpy as np

from keras_papers.testing.check_application import image_shape, perturb

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
    model.compile(**_compiled(loss="mse"))
    shape = (len(images), *expected[1:])
    _check_gradients(model, images, np.random.default_rng(1).normal(size=shape))
    _check_answers(constructor, model, images, arguments)


def check_detector(constructor, size=32, **arguments):
    """Raises AssertionError unless a constructor fulfills the contract.

    The constructor of a detector

    - has the arguments of those of this package, and downloads nothing by
      default;
    - returns a `Detector`, with a box and a score of each class for each of
      its anchors;
    - builds upon `input_tensor`, including the user's layers before it;
    - creates a model in which each layer is called once, whose trainable
      weights all have a gradient in a training with its own loss, in which
      one image has no object, and whose outputs are the same after saving
      and loading.

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
    model.compile(**_compiled())
    _check_gradients(model, images, _objects(anchors, size, len(images)))
    _check_answers(constructor, model, images, arguments)


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
    """Returns a model, and images for it."""
    parameters = inspect.signature(constructor).parameters
    for name in ("input_shape", "classes", "weights", "input_tensor", "name"):
        assert name in parameters, f"{constructor.__name__} has no {name!r}"
    for name, parameter in parameters.items():
        assert not name.startswith("weights") or parameter.default is None, (
            f"{constructor.__name__} downloads weights by default"
        )
    shape = image_shape(size, 3)
    model = constructor(input_shape=shape, classes=CLASSES, **arguments)
    images = np.random.default_rng(0).uniform(0, 255, (4, *shape))
    return model, images.astype("float32")


def _compiled(**loss):
    """Returns arguments of `compile`: eager if possible, without tracing."""
    eager = keras.config.backend() != "jax"
    return {"optimizer": keras.optimizers.Adam(), "run_eagerly": eager, **loss}


def _check_gradients(model, images, targets):
    weights = model.trainable_weights
    never = {weight.path for weight in weights}
    for _ in range(ROUNDS):
        before = [keras.ops.convert_to_numpy(weight) for weight in weights]
        model.fit(images, targets, epochs=2, verbose=0)
        for weight, old in zip(weights, before, strict=True):
            new = keras.ops.convert_to_numpy(weight)
            assert np.isfinite(new).all(), f"{weight.path} is not finite"
            if np.any(new != old):
                never.discard(weight.path)
        if not never:
            return
    raise AssertionError(f"no gradient in {', '.join(sorted(never))}")


def _check_answers(constructor, model, images, arguments):
    """Compares the outputs of a model with those of others of its weights."""
    perturb(model)
    taps = [layer.output for layer in model.layers]  # of one call each
    keras.Model(model.input, taps)
    expected = _outputs(model, images)
    image = keras.Input(model.input_shape[1:], name="user_image")
    halved = keras.layers.Rescaling(0.5, name="user_rescaling")(image)
    joined = constructor(input_tensor=halved, classes=CLASSES, **arguments)
    assert "user_rescaling" in [layer.name for layer in joined.layers], (
        "input_tensor's layers are lost"
    )
    joined.set_weights(model.get_weights())
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.keras")
        loaded = keras.saving.load_model(f"{folder}/model.keras")
    for other, pixels, when in (
        (joined, 2 * images, "upon input_tensor"),
        (loaded, images, "after loading"),
    ):
        for found, wanted in zip(
            _outputs(other, pixels), expected, strict=True
        ):
            np.testing.assert_allclose(
                found,
                wanted,
                atol=1e-4 * np.ptp(wanted),
                err_msg=f"the model answers otherwise {when}",
            )


def _outputs(model, images):
    """Returns the outputs of a model as a list of arrays that differ."""
    outputs = keras.tree.flatten(model(images, training=False))
    arrays = [keras.ops.convert_to_numpy(output) for output in outputs]
    for array in arrays:
        assert np.ptp(array) > 1e-3, "outputs are all alike and prove nothing"
    return arrays
