"""How layers of Keras 3 are written in tf_keras, class by class."""

import functools

import keras
import numpy as np
from keras import layers

from keras_papers.extras import require
from keras_papers.lowering import mirrored_hard_sigmoid
from keras_papers.quantization.legacy import load_tf_keras

CONVERTERS = {}  # layer class: converter; `register_converter` adds to it
ANY = object()  # of an option: whatever its value
FROZEN = "FrozenBatchNormalization"  # a class that we add to tf_keras


def register_converter(layer_class):
    """Registers how a layer class is written in tf_keras; a decorator.

    The function takes the layer and returns a layer of tf_keras under the
    layer's name, which is given the weights, in their order. It may return
    another callable on tensors, which then sets any weights itself. A
    converter for a class that has one replaces it. A subclass needs its own.

    Args:
        layer_class: Subclass of `keras.layers.Layer`.

    Raises:
        ValueError: If `layer_class` is none.

    Example:
    >>> class Doubled(keras.layers.Layer):
    ...     def call(self, inputs):
    ...         return 2 * inputs
    >>> @register_converter(Doubled)
    ... def doubled(layer):
    ...     import tf_keras
    ...     return tf_keras.layers.Rescaling(2.0, name=layer.name)
    >>> inputs = keras.Input((4,))
    >>> from keras_papers.quantization import to_tf_keras
    >>> model = keras.Model(inputs, Doubled(name="twice")(inputs))
    >>> copy = to_tf_keras(model)
    >>> copy.layers[1].name, float(copy(np.ones((1, 4)))[0, 0])
    ('twice', 2.0)
    """
    is_class = isinstance(layer_class, type)
    if not is_class or not issubclass(layer_class, keras.layers.Layer):
        raise ValueError(
            "`layer_class` is the class whose layers the function converts, "
            "a subclass of keras.layers.Layer. "
            f"Received: layer_class={layer_class!r}. Write "
            "@register_converter(YourLayer) above the function."
        )

    def register(converter):
        CONVERTERS[layer_class] = converter
        return converter

    return register


def described(operation):
    """Returns what an error calls a layer or an operation."""
    return f"{type(operation).__name__} {operation.name!r}"


def without_converter(operation):
    """Returns the error of what cannot be written, and advice."""
    start = (
        "`model` is written in tf_keras, layer by layer. "
        f"Received: {described(operation)}, "
    )
    if isinstance(operation, keras.layers.Lambda):
        return start + (
            "whose function is code for Keras 3. Write it as a layer of its "
            "own, and register a converter of that."
        )
    if isinstance(operation, keras.layers.Layer):
        return start + (
            "a class that has no converter. Put @keras_papers.quantization."
            f"register_converter({type(operation).__name__}) above a function "
            "that takes the layer and returns one of tf_keras."
        )
    return start + (
        "an operation on tensors that has no layer there. Call a layer in its "
        "place, or write one around it and register a converter of that."
    )


def _same(**lacking):
    """Makes the converter of a layer that tf_keras has by the same name.

    Args:
        **lacking: Options that tf_keras lacks, as `_rebuild` takes them.
    """

    def convert(layer):
        return _rebuild(layer, type(layer).__name__, lacking)

    return convert


def _rebuild(layer, kind, lacking=None, **options):
    """Makes a layer of tf_keras from the config of `layer`.

    Args:
        layer: Layer of Keras 3.
        kind: Class of tf_keras, or its name in tf_keras.layers.
        lacking: Options that tf_keras lacks, and the value at which it needs
            none; `ANY` where none is needed.
        **options: What to set in place of the layer's own.
    """
    config = {
        key: _portable(value)
        for key, value in layer.get_config().items()
        if not key.endswith("_initializer")
    }
    for key, value in (lacking or {}).items():
        if value is ANY or config.get(key) == value:
            config.pop(key, None)
    if "activation" in config:
        config["activation"] = activation(layer, layer.activation)
    config.update(options, dtype="float32")
    if isinstance(kind, str):
        kind = getattr(load_tf_keras().layers, kind)
    try:
        return kind.from_config(config)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "Layers of `model` can have those options only that tf_keras "
            f"has, too. Received: {described(layer)}, of which tf_keras "
            f"says: {error}. Do without the option, or register a converter "
            "of your own."
        ) from error


def _portable(value):
    """Returns a nested object's config as tf_keras writes it."""
    if isinstance(value, dict) and "class_name" in value:
        return {key: value[key] for key in ("class_name", "config")}
    return value


# Activations of both, of one meaning. Not among them: `hard_sigmoid`, which
# is 0.2 x + 0.5 in tf_keras.
SAME_ACTIVATIONS = {
    "elu": "elu",
    "exponential": "exponential",
    "gelu": "gelu",
    "linear": "linear",
    "mish": "mish",
    "relu": "relu",
    "selu": "selu",
    "sigmoid": "sigmoid",
    "silu": "swish",
    "softmax": "softmax",
    "softplus": "softplus",
    "softsign": "softsign",
    "tanh": "tanh",
}


@functools.cache
def _written_activations():
    """Returns the activations that tf_keras lacks, by their Keras 3 names.

    Registered there, so that a model that has them can be saved and cloned.
    """
    tensorflow = require("tensorflow", "quantization")
    register = load_tf_keras().saving.register_keras_serializable(
        "keras_papers"
    )

    @register
    def relu6(x):
        return tensorflow.nn.relu6(x)

    @register
    def hard_sigmoid(x):
        return tensorflow.nn.relu6(x + 3.0) / 6.0

    @register
    def hard_swish(x):
        return x * (tensorflow.nn.relu6(x + 3.0) / 6.0)

    @register
    def leaky_relu(x):
        return tensorflow.nn.leaky_relu(x, 0.2)

    @register
    def log_softmax(x):
        return tensorflow.nn.log_softmax(x)

    @register
    def mirrored_hard_sigmoid(x):
        return 1.0 - tensorflow.nn.relu6(3.0 - x) / 6.0

    return {
        "mirrored_hard_sigmoid": mirrored_hard_sigmoid,
        "relu6": relu6,
        "hard_sigmoid": hard_sigmoid,
        "hard_silu": hard_swish,
        "leaky_relu": leaky_relu,
        "log_softmax": log_softmax,
    }


def activation(layer, function):
    """Returns the function of tf_keras for a function of keras.activations."""
    name = getattr(function, "__name__", "")
    known = {**SAME_ACTIVATIONS, **_written_activations()}
    # One of a user's may have the same name.
    theirs = getattr(keras.activations, name, None)
    if function in (theirs, mirrored_hard_sigmoid) and name in known:
        return load_tf_keras().activations.get(known[name])
    raise ValueError(
        "Activations of `model` must be known in tf_keras: "
        f"{', '.join(known)}. Received: activation={function!r} in "
        f"{described(layer)}. Put a layer of its own in its place, and "
        "register a converter of that."
    )


def _activation_layer(layer):
    if layer.activation is keras.activations.relu6:
        # The layer that TF-MOT knows.
        return _rebuild(layer, "ReLU", {"activation": ANY}, max_value=6.0)
    return _rebuild(layer, "Activation")


def _batch_normalization(layer):
    # The fused one multiplies the moving variance by n / (n - 1), which on
    # the last maps of a small batch is much, and raises an epsilon below
    # 1e-5 without a word.
    return _rebuild(layer, "BatchNormalization", fused=False)


def frozen_normalization(layer):
    """Writes a batch normalization that is called with training=False."""
    return _rebuild(layer, _frozen_batch_normalization(), fused=False)


@functools.cache
def _frozen_batch_normalization():
    """Returns the class, for wrappers pass on their own `training`."""
    tf_keras = load_tf_keras()

    @tf_keras.saving.register_keras_serializable("keras_papers")
    class FrozenBatchNormalization(tf_keras.layers.BatchNormalization):
        """Normalizes by its moving statistics, also while it is trained."""

        def call(self, inputs, training=None, mask=None):
            return super().call(inputs, training=False, mask=mask)

    return FrozenBatchNormalization


def _leaky_relu(layer):
    lacking = {"negative_slope": ANY}
    return _rebuild(layer, "LeakyReLU", lacking, alpha=layer.negative_slope)


def _normalization(layer):
    kept = sorted(axis % len(layer.mean.shape) for axis in layer.axis)
    mean, variance = (
        np.reshape(
            keras.ops.convert_to_numpy(statistic),
            [statistic.shape[axis] for axis in kept],
        )
        for statistic in (layer.mean, layer.variance)
    )
    copy = _rebuild(layer, "Normalization", mean=mean, variance=variance)
    # As a plain callable: the statistics are constants, whatever the weights.
    return lambda x: copy(x)


CONVERTERS |= dict.fromkeys(
    (
        layers.Add,
        layers.AlphaDropout,
        layers.Average,
        layers.AveragePooling1D,
        layers.AveragePooling2D,
        layers.Concatenate,
        layers.Conv1D,
        layers.Conv1DTranspose,
        layers.Conv2D,
        layers.Conv2DTranspose,
        layers.Cropping1D,
        layers.Cropping2D,
        layers.DepthwiseConv1D,
        layers.DepthwiseConv2D,
        layers.Dot,
        layers.Dropout,
        layers.ELU,
        layers.Flatten,
        layers.GaussianDropout,
        layers.GaussianNoise,
        layers.GlobalAveragePooling1D,
        layers.GlobalAveragePooling2D,
        layers.GlobalMaxPooling1D,
        layers.GlobalMaxPooling2D,
        layers.Identity,
        layers.MaxPooling1D,
        layers.MaxPooling2D,
        layers.Maximum,
        layers.Minimum,
        layers.Multiply,
        layers.PReLU,
        layers.Permute,
        layers.ReLU,
        layers.RepeatVector,
        layers.Rescaling,
        layers.Reshape,
        layers.SeparableConv1D,
        layers.SeparableConv2D,
        layers.Softmax,
        layers.SpatialDropout1D,
        layers.SpatialDropout2D,
        layers.Subtract,
        layers.UpSampling1D,
        layers.UpSampling2D,
        layers.ZeroPadding2D,
    ),
    _same(),
)
CONVERTERS |= {
    layers.Activation: _activation_layer,
    layers.BatchNormalization: _batch_normalization,
    layers.Dense: _same(quantization_config=None),
    layers.Embedding: _same(quantization_config=None),
    layers.LayerNormalization: _same(rms_scaling=False),
    layers.LeakyReLU: _leaky_relu,
    layers.Normalization: _normalization,
    layers.Resizing: _same(
        antialias=False,
        data_format="channels_last",
        fill_mode=ANY,  # of the padding, which is left out
        fill_value=ANY,
        pad_to_aspect_ratio=False,
    ),
    layers.ZeroPadding1D: _same(data_format="channels_last"),
}
