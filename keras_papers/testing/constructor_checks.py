"""What the contracts of constructors have in common."""

import inspect
import tempfile

import keras
import numpy as np


def image_shape(size, channels):
    """Returns the shape of an image in Keras' data format."""
    if keras.config.image_data_format() == "channels_first":
        return (channels, size, size)
    return (size, size, channels)


def check_arguments(constructor, names):
    """Fails if an argument is missing, or weights are loaded by default."""
    parameters = inspect.signature(constructor).parameters
    for name in names:
        assert name in parameters, f"{constructor.__name__} has no {name!r}"
    for name, parameter in parameters.items():
        assert not name.startswith("weights") or parameter.default is None, (
            f"{constructor.__name__} downloads weights by default"
        )


def check_gradients(models, images, targets, **loss):
    """Fails for a weight that changes in no training of these models.

    Args:
        models: Models with weights of the same paths, or one model several
            times. In one training a ReLU may be dead by chance.
        images: Inputs.
        targets: Targets.
        **loss: Argument of `compile`, if the model has no loss of its own.
    """
    never = None
    for model in models:
        unmoved = _unmoved(model, images, targets, loss)
        never = unmoved if never is None else never & unmoved
        if not never:
            return
    raise AssertionError(f"no gradient in {', '.join(sorted(never))}")


def _unmoved(model, images, targets, loss):
    """Trains a model; returns the paths of weights that did not change."""
    weights = model.trainable_weights
    before = [keras.ops.convert_to_numpy(weight) for weight in weights]
    # Eager if possible, as tracing would take most of the time.
    eager = keras.config.backend() != "jax"
    model.compile(keras.optimizers.Adam(), run_eagerly=eager, **loss)
    model.fit(images, targets, epochs=2, verbose=0)
    unmoved = set()
    for weight, old in zip(weights, before, strict=True):
        new = keras.ops.convert_to_numpy(weight)
        assert np.isfinite(new).all(), f"{weight.path} is not finite"
        if np.all(new == old):
            unmoved.add(weight.path)
    return unmoved


def check_copies(constructor, model, images, atol=None, **arguments):
    """Compares a model with one upon `input_tensor`, and a loaded one.

    Args:
        constructor: Function that has made the model.
        model: The model, whose weights are changed.
        images: Inputs.
        atol: Largest difference. Defaults to None: a ten-thousandth of the
            range of each output.
        **arguments: Those of the constructor, without the input.
    """
    _perturb(model)
    expected = _outputs(model, images)
    image = keras.Input(model.input_shape[1:], name="user_image")
    halved = keras.layers.Rescaling(0.5, name="user_rescaling")(image)
    joined = constructor(input_tensor=halved, **arguments)
    names = [layer.name for layer in joined.layers]
    assert "user_image" in names and "user_rescaling" in names, (
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
        outputs = _outputs(other, pixels)
        for found, wanted in zip(outputs, expected, strict=True):
            np.testing.assert_allclose(
                found,
                wanted,
                atol=atol or 1e-4 * np.ptp(wanted),
                err_msg=f"the model answers otherwise {when}",
            )


def _perturb(model):
    """Draws statistics with which the outputs of a new model differ."""
    generator = np.random.default_rng(2)
    for weight in model.weights:
        shape, path = weight.shape, weight.path
        if path.endswith("moving_variance") or path.endswith("gamma"):
            weight.assign(generator.uniform(0.5, 1.5, shape))
        elif path.endswith("moving_mean") or path.endswith("beta"):
            weight.assign(generator.normal(0, 0.3, shape))


def _outputs(model, images):
    """Returns the outputs of a model as a list of arrays that differ."""
    outputs = keras.tree.flatten(model(images, training=False))
    arrays = [keras.ops.convert_to_numpy(output) for output in outputs]
    for array in arrays:
        assert np.ptp(array) > 1e-3, "outputs are all alike and prove nothing"
    return arrays
