"""The contract of a layer, as one function."""

import tempfile

import keras
import numpy as np


def check_layer(layer, input_shape, below=None):
    """Raises AssertionError unless `layer` fulfills the contract.

    The layer

    - is registered, and has the same config after `from_config`;
    - returns the shape of `compute_output_shape` when it is called
      symbolically and eagerly, at any batch size;
    - has a gradient in every trainable weight;
    - computes in half precision under a mixed policy;
    - has the same outputs after saving and loading.

    Args:
        layer: An unbuilt layer with one tensor as input.
        input_shape: Shape of a batch, without open sizes.
        below: Positive int. The inputs are then integers from 0 to below
            this. Defaults to None: random numbers.

    Returns:
        A model with this layer only, random inputs, and its outputs for them,
        for further checks.

    Example:
    >>> from keras_papers.layers import SqueezeExcite
    >>> model, data, outputs = check_layer(SqueezeExcite(4), (2, 6, 6, 8))
    >>> outputs.shape
    (2, 6, 6, 8)
    """
    data = _random(np.random.default_rng(0), input_shape, below)
    _check_config(layer)
    model, outputs = _check_shapes(layer, data)
    _check_gradients(layer, model, data, outputs, below)
    _check_mixed_precision(layer, data)
    _check_saving(layer, model, data, outputs)
    return model, data, outputs


def _random(generator, shape, below):
    if below is None:
        return generator.normal(size=shape).astype("float32")
    return generator.integers(below, size=shape).astype("int32")


def _check_config(layer):
    name = type(layer).__name__
    registered = keras.saving.get_registered_name(type(layer))
    assert ">" in registered, f"{name} is not registered as package>{name}"
    config = layer.get_config()
    again = type(layer).from_config(config).get_config()
    assert again == config, f"{name} changes its config: {config} to {again}"


def _check_shapes(layer, data):
    name = type(layer).__name__
    open_shape = (None, *data.shape[1:])
    promised = layer.compute_output_shape(open_shape)
    inputs = keras.Input(batch_shape=open_shape, dtype=data.dtype.name)
    model = keras.Model(inputs, layer(inputs))
    symbolic = model.output_shape
    assert symbolic == promised, f"{name}: {symbolic}, promised {promised}"
    for batch in (data, data[:1]):
        promised = tuple(layer.compute_output_shape(batch.shape))
        outputs = keras.ops.convert_to_numpy(model(batch))
        assert outputs.shape == promised, (
            f"{name}: {outputs.shape}, promised {promised}"
        )
    return model, keras.ops.convert_to_numpy(model(data))


def _check_gradients(layer, model, data, outputs, below):
    if not model.trainable_weights:
        return
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    before = [
        keras.ops.convert_to_numpy(weight) for weight in copy.trainable_weights
    ]
    # One batch may leave a rectifier dead; eight different ones may not.
    generator = np.random.default_rng(1)
    inputs = _random(generator, (8 * len(data), *data.shape[1:]), below)
    targets = generator.normal(size=(len(inputs), *outputs.shape[1:]))
    copy.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss="mse",
        run_eagerly=keras.config.backend() != "jax",
    )
    copy.fit(inputs, targets, batch_size=len(data), verbose=0)
    for weight, old in zip(copy.trainable_weights, before, strict=True):
        new = keras.ops.convert_to_numpy(weight)
        assert np.isfinite(new).all() and np.any(new != old), (
            f"{type(layer).__name__}: no gradient in {weight.path}"
        )


def _check_mixed_precision(layer, data):
    half = type(layer).from_config(
        {**layer.get_config(), "dtype": "mixed_float16"}
    )
    dtype = keras.backend.standardize_dtype(half(data).dtype)
    assert dtype == "float16", f"{type(layer).__name__}: mixed gives {dtype}"
    for weight in half.weights:
        dtype = keras.backend.standardize_dtype(weight.dtype)
        assert dtype != "float16", f"{weight.path} is kept in half precision"


def _check_saving(layer, model, data, outputs):
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/layer.keras")
        loaded = keras.saving.load_model(f"{folder}/layer.keras")
    again = keras.ops.convert_to_numpy(loaded(data))
    np.testing.assert_allclose(
        again,
        outputs,
        rtol=1e-5,
        atol=1e-6,
        err_msg=f"{type(layer).__name__} answers otherwise after loading",
    )
