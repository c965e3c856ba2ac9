"""The contract of a classifier's constructor, as one function."""

import inspect
import tempfile

import keras
import numpy as np

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
    _check_signature(constructor)
    shape = image_shape(size, 3)
    images = np.random.default_rng(0).uniform(-1, 1, (4, *shape))
    images = images.astype("float32")
    model = constructor(input_shape=shape, classes=5, **arguments)
    _check_graph(model, images)
    _check_scores(model, images)
    _check_outputs_and_inputs(constructor, size, open_top, arguments)
    _check_gradients(model, images)
    perturb(model)
    _check_input_tensor(constructor, model, images, arguments)
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.keras")
        loaded = keras.saving.load_model(f"{folder}/model.keras")
    _check_same(model, loaded, images, "after loading")


def image_shape(size, channels):
    """Returns the shape of an image in Keras' data format."""
    if keras.config.image_data_format() == "channels_first":
        return (channels, size, size)
    return (size, size, channels)


def _check_signature(constructor):
    parameters = inspect.signature(constructor).parameters
    for name in (
        "input_shape",
        "include_top",
        "weights",
        "input_tensor",
        "pooling",
        "classes",
        "classifier_activation",
        "include_preprocessing",
        "name",
    ):
        assert name in parameters, f"{constructor.__name__} has no {name!r}"
    assert parameters["weights"].default is None, (
        f"{constructor.__name__} downloads weights by default"
    )


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
    assert scores.shape == (len(images), 5), f"scores of shape {scores.shape}"
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
            {"classes": 5, "classifier_activation": None},
            (None if open_top else size, 3),
            (None, 5),
        ),
    ):
        shape = image_shape(*shape)
        model = constructor(input_shape=shape, **arguments_of_top, **arguments)
        received = f"{arguments_of_top} and input_shape={shape}"
        assert model.input_shape[1:] == shape, received
        assert model.output_shape == output_shape, received


def _check_input_tensor(constructor, alone, images, arguments):
    image = keras.Input(alone.input_shape[1:], name="user_image")
    halved = keras.layers.Rescaling(0.5, name="user_rescaling")(image)
    joined = constructor(input_tensor=halved, classes=5, **arguments)
    names = [layer.name for layer in joined.layers]
    assert "user_image" in names and "user_rescaling" in names, (
        "input_tensor's layers are lost"
    )
    joined.set_weights(alone.get_weights())
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(joined(images)),
        keras.ops.convert_to_numpy(alone(images / 2)),
        atol=1e-5,
        err_msg="upon input_tensor the model answers otherwise",
    )


def _check_gradients(model, images):
    """Fails for a weight that does not change in trainings of several models.

    In one of them the ReLU of a narrow squeeze may be dead by chance.
    """
    never = {weight.path for weight in model.trainable_weights}
    for _ in range(DRAWS):
        never &= _unmoved(keras.models.clone_model(model), images)
        if not never:
            return
    raise AssertionError(f"no gradient in {', '.join(sorted(never))}")


def _unmoved(model, images):
    """Trains a model; returns the paths of weights that did not change."""
    before = [
        keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights
    ]
    # Eager if possible, as tracing would take most of the time.
    model.compile(
        keras.optimizers.Adam(),
        "sparse_categorical_crossentropy",
        run_eagerly=keras.config.backend() != "jax",
    )
    model.fit(images, np.arange(len(images)) % 5, epochs=2, verbose=0)
    unmoved = set()
    for weight, old in zip(model.trainable_weights, before, strict=True):
        new = keras.ops.convert_to_numpy(weight)
        assert np.isfinite(new).all(), f"{weight.path} is not finite"
        if np.all(new == old):
            unmoved.add(weight.path)
    return unmoved


def _check_same(model, other, images, when):
    scores = keras.ops.convert_to_numpy(model(images))
    assert np.ptp(scores) > 1e-3, "the scores are all alike and prove nothing"
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(other(images)),
        scores,
        atol=1e-5,
        err_msg=f"the model answers otherwise {when}",
    )


def perturb(model):
    """Draws statistics with which the scores of a new model differ."""
    generator = np.random.default_rng(2)
    for weight in model.weights:
        shape, path = weight.shape, weight.path
        if path.endswith("moving_variance") or path.endswith("gamma"):
            weight.assign(generator.uniform(0.5, 1.5, shape))
        elif path.endswith("moving_mean") or path.endswith("beta"):
            weight.assign(generator.normal(0, 0.3, shape))
