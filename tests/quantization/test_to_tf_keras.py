"""to_tf_keras: the same answers, layer by layer and model by model."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import applications, flatten
from keras_papers.layers import InvertedResidual
from keras_papers.quantization import register_converter, to_tf_keras
from keras_papers.quantization.layer_converters import (
    CONVERTERS,
    SAME_ACTIVATIONS,
)
from keras_papers.quantization.legacy import load_tf_keras
from tests.support.answers import images_for, perturb, random_images, spread
from tests.support.extra import NEEDS_TF_KERAS
from tests.support.models import UNUSUAL, build

pytestmark = NEEDS_TF_KERAS


def drawn(model, seed=0):
    """Draws every weight of a small model, whatever it is called."""
    generator = np.random.default_rng(seed)
    for weight in model.weights:
        if "float" not in weight.dtype:
            continue
        positive = weight.name in ("gamma", "moving_variance", "variance")
        low = 0.5 if positive else -1.0
        weight.assign(generator.uniform(low, 1.5, weight.shape))
    return model


def arrays(answers):
    return [np.asarray(answer) for answer in keras.tree.flatten(answers)]


def assert_same(model, data, **keywords):
    """Asserts that both models answer the same; returns that of tf_keras."""
    tf_model = to_tf_keras(model)
    expected = arrays(model(data, **keywords))
    found = arrays(tf_model(data, **keywords))
    for ours, theirs in zip(expected, found, strict=True):
        assert spread(ours) > 1e-3
        assert theirs.shape == ours.shape
        assert np.abs(theirs - ours).max() <= 1e-5 * spread(ours)
    names = {layer.name for layer in flatten(model).operations}
    assert {layer.name for layer in tf_model.layers} == names
    return tf_model


# -- whole models ------------------------------------------------------------

NETWORKS = [
    ("MobileNet", {"alpha": 0.5}),
    ("MobileNetV2", {"alpha": 0.5}),
    ("MobileNetV3Small", {}),
    ("MobileNetV3Small", {"minimalistic": True}),
    ("MobileNetV3Large", {"alpha": 0.75}),
    ("MobileNetV3Large", {"minimalistic": True}),
]
THEIRS = [*NETWORKS, ("EfficientNetB0", {})]
FOUND = ("MnasNetA1", {"rows": UNUSUAL})


@pytest.mark.parametrize("name, arguments", [*NETWORKS, FOUND])
def test_our_models_answer_the_same(name, arguments):
    model = perturb(build(name, classes=5, **arguments))
    assert_same(model, images_for(model, 4))


@pytest.mark.slow
@pytest.mark.parametrize("name, arguments", THEIRS)
def test_models_of_keras_applications_answer_the_same(name, arguments):
    constructor = getattr(keras.applications, name)
    model = constructor((32, 32, 3), classes=5, weights=None, **arguments)
    perturb(model)
    assert_same(model, images_for(model, 4))


def test_training_mode_is_the_same_moving_statistics_included():
    model = perturb(
        applications.MobileNetV3Small(
            (32, 32, 3), alpha=0.35, classes=5, dropout_rate=0.0
        )
    )
    flat, before = flatten(model), model.get_weights()
    images = images_for(model, 4)
    tf_model = assert_same(model, images)
    expected = arrays(model(images, training=True))[0]
    found = arrays(tf_model(images, training=True))[0]
    # Sums over four numbers at the end of the network, in another order.
    assert np.abs(found - expected).max() <= 1e-4 * spread(expected)
    for layer in flat.layers:
        if isinstance(layer, layers.BatchNormalization):
            norm = tf_model.get_layer(layer.name)
            np.testing.assert_allclose(
                norm.moving_mean, layer.moving_mean, rtol=1e-4, atol=1e-5
            )
            np.testing.assert_allclose(
                norm.moving_variance, layer.moving_variance, rtol=1e-4
            )
    moved = [
        np.any(old != new)
        for old, new in zip(before, model.get_weights(), strict=True)
    ]
    assert sum(moved) == 2 * 34  # the statistics, and nothing else


def test_the_users_model_stays_as_it_is():
    model = applications.MobileNet((32, 32, 3), alpha=0.25, classes=2)
    perturb(model).compile("sgd", "sparse_categorical_crossentropy")
    optimizer, before = model.optimizer, model.get_weights()
    images, labels = images_for(model, 4), np.array([0, 1, 0, 1])
    tf_model = to_tf_keras(model)
    tf_model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    tf_model.fit(images, labels, verbose=0)
    trained = tf_model.get_weights()
    for old, new, other in zip(
        before, model.get_weights(), trained, strict=True
    ):
        np.testing.assert_array_equal(new, old)
        assert np.any(other != old)
    assert model.compiled and model.optimizer is optimizer
    drawn(model, seed=1)
    for old, new in zip(trained, tf_model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


@pytest.mark.slow
def test_the_tf_model_can_be_cloned_and_saved(tmp_path):
    """With the activations that tf_keras lacks, as TF-MOT clones it."""
    model = perturb(
        applications.MobileNetV3Small((32, 32, 3), alpha=0.35, classes=2)
    )
    images = images_for(model, 4)
    tf_model = assert_same(model, images)
    models = load_tf_keras().models
    clone = models.clone_model(tf_model)
    clone.set_weights(tf_model.get_weights())
    tf_model.save(tmp_path / "trained.keras")
    loaded = models.load_model(tmp_path / "trained.keras")
    expected = arrays(tf_model(images))[0]
    for again in (clone, loaded):
        difference = np.abs(arrays(again(images))[0] - expected)
        # tf_keras forgets `fused=False`, so that its normalizations round
        # otherwise.
        assert difference.max() <= 1e-4 * spread(expected)


# -- every layer of the table -------------------------------------------------

MAP = (6, 8, 3)
ROW = (7, 3)


def case(layer_class, shape, **arguments):
    """Describes a layer by its arguments, and what it is called on."""
    return pytest.param(layer_class, shape, arguments, id=layer_class.__name__)


LAYERS = [
    case(layers.Activation, MAP, activation="hard_silu"),
    case(layers.Add, [MAP, MAP]),
    case(layers.AlphaDropout, MAP, rate=0.5),
    case(layers.Average, [MAP, MAP]),
    case(layers.AveragePooling1D, ROW, pool_size=2, padding="same"),
    case(layers.AveragePooling2D, MAP, pool_size=3, padding="same"),
    case(layers.BatchNormalization, MAP),
    case(layers.BatchNormalization, MAP, epsilon=1e-07, scale=False),
    case(layers.BatchNormalization, MAP, renorm=True, synchronized=True),
    case(layers.BatchNormalization, MAP, axis=1, center=False),
    case(layers.Concatenate, [MAP, (5, 8, 3)], axis=1),
    case(layers.Conv1D, ROW, filters=4, kernel_size=3, padding="causal"),
    case(layers.Conv1DTranspose, ROW, filters=4, kernel_size=3, strides=2),
    case(layers.Conv2D, MAP, filters=4, kernel_size=3, dilation_rate=2),
    case(
        layers.Conv2D,
        MAP,
        filters=6,
        kernel_size=3,
        groups=3,
        strides=2,
        padding="same",
        activation="hard_sigmoid",
    ),
    case(
        layers.Conv2DTranspose,
        MAP,
        filters=4,
        kernel_size=3,
        strides=2,
        padding="same",
        use_bias=False,
    ),
    case(
        layers.Conv2DTranspose,
        MAP,
        filters=4,
        kernel_size=3,
        strides=2,
        output_padding=1,
    ),
    case(layers.Cropping1D, ROW, cropping=(1, 2)),
    case(layers.Cropping2D, MAP, cropping=((1, 0), (2, 1))),
    case(layers.Dense, (5, 3), units=4, activation="gelu"),
    case(layers.DepthwiseConv1D, ROW, kernel_size=3, depth_multiplier=2),
    case(layers.DepthwiseConv2D, MAP, kernel_size=3, depth_multiplier=2),
    case(layers.Dot, [(5,), (5,)], axes=1, normalize=True),
    case(layers.Dropout, MAP, rate=0.5, noise_shape=(None, 1, 1, 1)),
    case(layers.ELU, MAP, alpha=0.5),
    case(layers.Embedding, (5,), input_dim=9, output_dim=4, mask_zero=True),
    case(layers.Flatten, MAP),
    case(layers.GaussianDropout, MAP, rate=0.5),
    case(layers.GaussianNoise, MAP, stddev=0.5),
    case(layers.GlobalAveragePooling1D, ROW),
    case(layers.GlobalAveragePooling2D, MAP, keepdims=True),
    case(layers.GlobalMaxPooling1D, ROW, keepdims=True),
    case(layers.GlobalMaxPooling2D, MAP),
    case(layers.Identity, MAP),
    case(layers.LayerNormalization, MAP, axis=[-2, -1]),
    case(layers.LayerNormalization, (5, 3), epsilon=1e-06, center=False),
    case(layers.LeakyReLU, MAP, negative_slope=0.2),
    case(layers.MaxPooling1D, ROW, pool_size=3, strides=1),
    case(layers.MaxPooling2D, MAP, pool_size=3, padding="same"),
    case(layers.Maximum, [MAP, MAP]),
    case(layers.Minimum, [MAP, MAP]),
    case(layers.Multiply, [MAP, (1, 1, 3)]),
    case(
        layers.Normalization,
        MAP,
        mean=[1.0, 2.0, 3.0],
        variance=[4.0, 5.0, 6.0],
    ),
    case(
        layers.Normalization,
        MAP,
        mean=1.0,
        variance=4.0,
        axis=None,
        invert=True,
    ),
    case(layers.PReLU, MAP, shared_axes=[1, 2]),
    case(layers.PReLU, (5, 3)),
    case(layers.Permute, MAP, dims=(3, 1, 2)),
    case(layers.ReLU, MAP, max_value=0.8, negative_slope=0.1, threshold=0.2),
    case(layers.RepeatVector, (5,), n=3),
    case(layers.Rescaling, MAP, scale=[0.5, 1.0, 2.0], offset=-1.0),
    case(layers.Reshape, MAP, target_shape=(-1, 6)),
    case(layers.Resizing, MAP, height=9, width=5),
    case(
        layers.Resizing,
        MAP,
        height=4,
        width=4,
        interpolation="nearest",
        crop_to_aspect_ratio=True,
    ),
    case(
        layers.SeparableConv1D,
        ROW,
        filters=4,
        kernel_size=3,
        depth_multiplier=2,
    ),
    case(
        layers.SeparableConv2D,
        MAP,
        filters=4,
        kernel_size=3,
        depth_multiplier=2,
    ),
    case(layers.Softmax, MAP, axis=1),
    case(layers.SpatialDropout1D, ROW, rate=0.5),
    case(layers.SpatialDropout2D, MAP, rate=0.5),
    case(layers.Subtract, [MAP, MAP]),
    case(layers.UpSampling1D, ROW, size=2),
    case(layers.UpSampling2D, MAP, size=(2, 3), interpolation="bilinear"),
    case(layers.ZeroPadding1D, ROW, padding=(1, 2)),
    case(layers.ZeroPadding2D, MAP, padding=((1, 0), (2, 1))),
]


@pytest.mark.parametrize("layer_class, shape, arguments", LAYERS)
def test_a_layer_answers_the_same(layer_class, shape, arguments):
    joins = isinstance(shape, list)
    shapes = shape if joins else [shape]
    is_embedding = layer_class is layers.Embedding
    data = [
        3 * random_images(4, *shape, seed=seed)
        for seed, shape in enumerate(shapes)
    ]
    if is_embedding:
        data = [np.abs(data[0]).astype("int32")]
    inputs = [
        keras.Input(shape, dtype="int32" if is_embedding else None)
        for shape in shapes
    ]
    layer = layer_class(**arguments)
    outputs = layer(inputs if joins else inputs[0])
    assert_same(drawn(keras.Model(inputs, outputs)), data)


def test_every_layer_of_the_table_is_tested():
    built_in = {
        layer_class
        for layer_class in CONVERTERS
        if layer_class.__module__.startswith("keras.")
    }
    assert {case.values[0] for case in LAYERS} == built_in


@pytest.mark.parametrize(
    "name",
    [
        *SAME_ACTIVATIONS,
        "hard_sigmoid",
        "hard_silu",
        "leaky_relu",
        "log_softmax",
        "relu6",
    ],
)
def test_an_activation_answers_the_same(name):
    inputs = keras.Input((16,))
    x = layers.Activation(name, name="alone")(inputs)
    outputs = [x, layers.Dense(8, activation=name, name="dense")(inputs)]
    data = 8 * random_images(4, 16)
    tf_model = assert_same(drawn(keras.Model(inputs, outputs)), data)
    assert len(tf_model.layers) == 3  # none is split


def test_an_adapted_normalization_answers_the_same():
    inputs = keras.Input((5, 3))
    layer = layers.Normalization()
    layer.adapt(5 + 3 * random_images(8, 5, 3))
    model = keras.Model(inputs, layer(inputs))
    assert_same(model, random_images(4, 5, 3))


# -- operations on tensors ----------------------------------------------------


def test_operators_become_layers():
    inputs = keras.Input((4, 3))
    x = (2.0 - inputs) / 5.0 + 3.0
    y = 0.5 * x - np.array([1.0, 2.0, 3.0])
    z = keras.Model(inputs, [x + y, x - y, x * y, 1.0 - (y - 2.0)])
    tf_model = assert_same(z, random_images(4, 4, 3))
    kinds = {type(layer).__name__ for layer in tf_model.layers}
    assert kinds == {"InputLayer", "Rescaling", "Add", "Subtract", "Multiply"}


def test_keras_ops_become_layers():
    inputs = keras.Input((4, 3))
    ops = keras.ops
    x = ops.transpose(ops.reshape(inputs, (-1, 2, 6)), (0, 2, 1))
    y = ops.squeeze(ops.expand_dims(ops.maximum(x, 0.5 * x), 1), 1)
    outputs = [
        ops.concatenate([x, y], axis=-1),
        ops.minimum(x, ops.tanh(y)),
        ops.relu(x),
        ops.relu6(3 * x),
        ops.sigmoid(x),
        ops.silu(x),
        ops.hard_sigmoid(x),
        ops.hard_silu(x),
        keras.activations.relu(x, negative_slope=0.1, max_value=0.5),
    ]
    tf_model = assert_same(keras.Model(inputs, outputs), random_images(4, 4, 3))
    lambdas = [x for x in tf_model.layers if "Lambda" in type(x).__name__]
    assert not lambdas  # TF-MOT takes layers only


# -- graphs -------------------------------------------------------------------


def test_inner_models_and_sequential_ones_are_opened():
    inner = keras.Sequential(
        [keras.Input((8, 8, 4)), layers.Conv2D(4, 3, name="inner_conv")]
    )
    model = keras.Sequential(
        [
            keras.Input((8, 8, 4)),
            InvertedResidual(4, squeeze_units=2, name="block"),
            inner,
            layers.GlobalAveragePooling2D(),
        ],
        name="outer",
    )
    tf_model = assert_same(perturb(model), random_images(4, 8, 8, 4))
    assert tf_model.name == "outer"


def test_a_shared_layer_stays_shared():
    inputs = keras.Input((4,))
    dense = layers.Dense(4, "tanh")
    model = drawn(keras.Model(inputs, layers.Dense(2)(dense(dense(inputs)))))
    tf_model = assert_same(model, random_images(4, 4))
    assert len(tf_model.layers) == 3 and len(tf_model.weights) == 4


def test_two_inputs_and_two_outputs_keep_their_order():
    first, second = keras.Input((4,), name="b"), keras.Input((6,), name="a")
    x, y = layers.Dense(3, name="z")(first), layers.Dense(3, name="y")(second)
    model = drawn(keras.Model([first, second], [layers.Add()([x, y]), x]))
    data = [random_images(4, 4), random_images(4, 6, seed=1)]
    tf_model = assert_same(model, data)
    assert [x.name for x in tf_model.inputs] == ["b", "a"]


def test_dicts_keep_their_keys():
    inputs = {
        "b": keras.Input((4,), name="b"),
        "a": keras.Input((6,), name="a"),
    }
    outputs = {
        "sum": layers.Dense(3)(
            layers.Concatenate()([inputs["b"], inputs["a"]])
        ),
        "one": layers.Dense(2)(inputs["a"]),
    }
    model = drawn(keras.Model(inputs, outputs))
    data = {"a": random_images(4, 6), "b": random_images(4, 4, seed=1)}
    tf_model = assert_same(model, data)
    assert set(tf_model(data)) == {"sum", "one"}


def test_open_sizes_stay_open():
    model = perturb(
        applications.MobileNetV2(
            (None, None, 3), alpha=0.35, include_top=False, pooling="avg"
        )
    )
    tf_model = assert_same(model, random_images(2, 40, 56, 3))
    assert tf_model.input_shape == (None, None, None, 3)
    assert_same(model, random_images(2, 33, 32, 3))


def test_channels_first_is_passed_through():
    """Drawn only: a CPU does not run its convolutions in TensorFlow."""
    keras.config.set_image_data_format("channels_first")
    model = applications.MobileNetV3Small((3, 32, 32), alpha=0.35, classes=4)
    flat, tf_model = flatten(model), to_tf_keras(model)
    for layer in flat.layers[1:]:
        there = tf_model.get_layer(layer.name)
        assert there.output_shape == layer.output.shape
        formats = [getattr(x, "data_format", None) for x in (layer, there)]
        assert formats[0] == formats[1]


def test_training_as_a_call_keyword_stays():
    inputs = keras.Input((6, 6, 4))
    frozen = InvertedResidual(4, name="frozen")(inputs, training=False)
    outputs = layers.BatchNormalization(name="free")(frozen)
    model = perturb(keras.Model(inputs, outputs))
    data = random_images(4, 6, 6, 4)
    tf_model = assert_same(model, data)
    before = tf_model.get_layer("frozen_project_norm").get_weights()
    inference = arrays(tf_model(data))[0]
    training = arrays(tf_model(data, training=True))[0]
    after = tf_model.get_layer("frozen_project_norm").get_weights()
    assert np.abs(training - inference).max() > 1e-2  # the free one
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(new, old)


def test_a_mask_that_a_layer_reads_is_refused():
    inputs = keras.Input((5,), dtype="int32")
    x = layers.Embedding(9, 4, mask_zero=True)(inputs)
    model = keras.Model(inputs, layers.GlobalAveragePooling1D()(x))
    with pytest.raises(ValueError, match="Received: NotEqual"):
        to_tf_keras(model)


# -- what else a layer has ----------------------------------------------------


def test_frozen_layers_are_frozen():
    inputs = keras.Input((4, 4, 3))
    x = layers.Conv2D(4, 3, trainable=False, name="frozen")(inputs)
    x = layers.BatchNormalization(trainable=False, name="fixed")(x)
    model = drawn(keras.Model(inputs, layers.Conv2D(2, 1, name="free")(x)))
    data = random_images(4, 4, 4, 3)
    tf_model = assert_same(model, data, training=True)
    assert [w.name for w in tf_model.trainable_weights] == [
        "free/kernel:0",
        "free/bias:0",
    ]
    model.trainable = False
    frozen = to_tf_keras(model)
    assert not frozen.trainable and not frozen.trainable_weights


def test_regularizers_and_constraints_are_kept():
    inputs = keras.Input((4,))
    dense = layers.Dense(
        3,
        kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2),
        bias_regularizer="l2",
        activity_regularizer=keras.regularizers.L2(0.3),
        kernel_constraint=keras.constraints.MaxNorm(0.7),
    )
    model = drawn(keras.Model(inputs, dense(inputs)))
    data = random_images(4, 4)
    tf_model = assert_same(model, data)
    losses = sum(float(loss) for loss in model.losses)
    assert losses > 0.1
    assert sum(map(float, tf_model.losses)) == pytest.approx(losses, rel=1e-5)
    constrained = arrays(
        tf_model.layers[1].kernel_constraint(dense.kernel.numpy())
    )
    np.testing.assert_allclose(
        constrained[0], dense.kernel_constraint(dense.kernel), rtol=1e-6
    )


def test_seeds_and_rates_are_kept():
    inputs = keras.Input((4, 4, 3))
    x = layers.Dropout(0.25, (None, 1, 1, 1), seed=7, name="drop")(inputs)
    x = layers.SpatialDropout2D(0.5, seed=8, name="spatial")(x)
    tf_model = to_tf_keras(keras.Model(inputs, layers.GaussianNoise(0.1)(x)))
    drop, spatial, noise = tf_model.layers[1:]
    assert (drop.rate, drop.seed, drop.noise_shape) == (
        0.25,
        7,
        (None, 1, 1, 1),
    )
    assert (spatial.rate, spatial.seed, noise.seed) == (0.5, 8, None)
    whole = arrays(tf_model(np.ones((64, 4, 4, 3), "float32"), training=True))[
        0
    ]
    assert 8 < (np.abs(whole).max(axis=(1, 2, 3)) < 0.6).sum() < 32


@pytest.mark.slow
def test_mixed_precision_becomes_float32():
    arguments = {"alpha": 0.35, "classes": 3}
    exact = perturb(applications.MobileNet((32, 32, 3), **arguments))
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = applications.MobileNet((32, 32, 3), **arguments)
    finally:
        keras.config.set_dtype_policy("float32")
    mixed.set_weights(exact.get_weights())
    images = images_for(exact, 4)
    expected = arrays(exact(images))[0]
    found = arrays(to_tf_keras(mixed)(images))[0]
    assert found.dtype == "float32" and spread(expected) > 1e-3
    assert np.abs(found - expected).max() <= 1e-5 * spread(expected)


# -- converters of a user's ---------------------------------------------------


class Scaled(layers.Layer):
    """A layer of a user's, with weights of its own."""

    def build(self, input_shape):
        self.gain = self.add_weight(shape=(input_shape[-1],), name="gain")
        self.shift = self.add_weight(shape=(input_shape[-1],), name="shift")

    def call(self, inputs):
        return inputs * self.gain + self.shift


@pytest.fixture
def scaled():
    inputs = keras.Input((4,))
    yield drawn(keras.Model(inputs, Scaled(name="scaled")(inputs)))
    CONVERTERS.pop(Scaled, None)


def tf_scaled(names):
    class TwinOfScaled(load_tf_keras().layers.Layer):
        def build(self, input_shape):
            for name in names:
                weight = self.add_weight(name, (input_shape[-1],))
                setattr(self, name, weight)

        def call(self, inputs):
            return inputs * self.gain + self.shift

    return TwinOfScaled


@pytest.mark.parametrize("names", [("gain", "shift"), ("shift", "gain")])
def test_a_registered_converter_is_used(names, scaled):
    @register_converter(Scaled)
    def convert(layer):
        return tf_scaled(names)(name=layer.name)

    assert convert.__name__ == "convert"
    assert_same(scaled, random_images(4, 4))


def test_a_converter_may_return_a_callable(scaled):
    def convert(layer):
        gain, shift = (weight.numpy() for weight in layer.weights)
        return (
            load_tf_keras()
            .layers.Rescaling(gain.tolist(), shift.tolist(), name=layer.name)
            .__call__
        )

    register_converter(Scaled)(convert)
    assert_same(scaled, random_images(4, 4))


@pytest.mark.parametrize(
    "convert, message",
    [
        (
            lambda layer: load_tf_keras().layers.ReLU(name=layer.name),
            r"same weights.*'scaled'.*\[\(4,\), \(4,\)\], in tf_keras \[\]",
        ),
        (
            lambda layer: load_tf_keras().layers.Flatten(name=layer.name),
            r"same weights.*'scaled'",
        ),
        (
            lambda layer: load_tf_keras().layers.RepeatVector(2),
            "same shape and dtype.*'scaled'.*Correct its converter",
        ),
        (lambda layer: layer, "must return a layer of tf_keras.*'scaled'"),
        (lambda layer: None, "must return a layer of tf_keras.*None"),
    ],
)
def test_a_converter_that_is_wrong_is_explained(convert, message, scaled):
    register_converter(Scaled)(convert)
    with pytest.raises(ValueError, match=message):
        to_tf_keras(scaled)


@pytest.mark.parametrize("layer_class", [None, layers.Dense(2), str])
def test_converters_are_for_layer_classes(layer_class):
    with pytest.raises(ValueError, match="`layer_class`.*Received.*Write"):
        register_converter(layer_class)


# -- what is refused ----------------------------------------------------------


class Halved(layers.Dense):
    """A subclass of a known layer, which answers otherwise."""

    def call(self, inputs):
        return 0.5 * super().call(inputs)


class Coded(keras.Model):
    """A model whose call is code."""

    def call(self, inputs):
        return inputs


def positive(x):
    return keras.ops.maximum(x, 0)


positive.__name__ = "relu"  # and yet another function


REFUSED = {
    "a layer without converter": (
        lambda x: Halved(2, name="half")(x),
        r"Halved 'half'.*no converter.*register_converter\(Halved\)",
    ),
    "code in a lambda": (
        lambda x: layers.Lambda(positive, name="code")(x),
        "Lambda 'code'.*code for Keras 3.*as a layer",
    ),
    "code in a model": (lambda x: Coded(name="code")(x), "Coded 'code'"),
    "an operation without layer": (
        lambda x: keras.ops.sort(x),
        "Sort 'sort.*operation on tensors.*Call a layer",
    ),
    "a slice": (lambda x: x[:, :2], "GetItem 'get_item.*Call a layer"),
    "one over a tensor": (lambda x: 1.0 / x, "TrueDivide.*Call a layer"),
    "a weight in no layer": (
        lambda x: x * keras.Variable(np.ones(4), name="loose"),
        "must be in a layer.*'loose'",
    ),
    "tensors of several ranks": (
        lambda x: x + layers.RepeatVector(1)(x),
        r"several ranks.*\(None, 4\) and \(None, 1, 4\)",
    ),
    "examples that are mixed": (
        lambda x: keras.ops.reshape(x, (-1, 2)),
        r"within its examples.*\(None, 4\) to \(None, 2\)",
    ),
    "an activation of a user's": (
        lambda x: layers.Dense(2, positive, name="own")(x),
        "Activations.*function positive.*Dense 'own'",
    ),
    "an activation that tf_keras lacks": (
        lambda x: layers.Activation("celu", name="c")(x),
        "Activations.*celu.*Activation 'c'",
    ),
    "a regularizer of a user's": (
        lambda x: layers.Dense(2, kernel_regularizer=Own(), name="r")(x),
        "those options only.*Dense 'r'.*Own",
    ),
    "a name that is no scope": (
        lambda x: layers.Dense(2, name="größe")(x),
        "plain letters.*Dense 'größe'.*Rename",
    ),
}  # fmt: skip


class Own(keras.regularizers.Regularizer):
    """A regularizer that tf_keras does not know."""

    def __call__(self, x):
        return keras.ops.sum(x)

    def get_config(self):
        return {}


@pytest.mark.parametrize("case", REFUSED)
def test_what_tf_keras_has_no_option_for_is_refused(case):
    call, message = REFUSED[case]
    inputs = keras.Input((4,))
    with pytest.raises(ValueError, match=f"(?s){message}") as error:
        to_tf_keras(keras.Model(inputs, call(inputs)))
    assert "Received: " in str(error.value)


def test_integers_are_not_made_floats():
    inputs = keras.Input((4,), dtype="int32")
    model = keras.Model(inputs, inputs + 1)
    with pytest.raises(ValueError, match="same shape and dtype.*int32"):
        to_tf_keras(model)


@pytest.mark.parametrize("change", ["quantize", "enable_lora"])
def test_dense_layers_with_other_weights_are_refused(change):
    inputs = keras.Input((4,))
    dense = layers.Dense(8, name="dense")
    model = keras.Model(inputs, dense(inputs))
    getattr(dense, change)({"quantize": "int8", "enable_lora": 2}[change])
    with pytest.raises(ValueError, match="(?s)Received: Dense 'dense'"):
        to_tf_keras(model)


@pytest.mark.parametrize(
    "option",
    [
        {"antialias": True},
        {"data_format": "channels_first"},
        {"pad_to_aspect_ratio": True},
    ],
)
def test_options_that_tf_keras_lacks_are_refused(option):
    inputs = keras.Input((8, 8, 8))
    resizing = layers.Resizing(4, 4, name="small", **option)
    (name,) = option
    message = f"(?s)those options only.*Resizing 'small'.*{name}"
    with pytest.raises(ValueError, match=message):
        to_tf_keras(keras.Model(inputs, resizing(inputs)))


@pytest.mark.parametrize("sparse, optional", [(True, False), (False, True)])
def test_sparse_and_optional_inputs_are_refused(sparse, optional):
    inputs = keras.Input((4,), sparse=sparse, optional=optional, name="entry")
    model = keras.Model(inputs, layers.Dense(2)(inputs))
    with pytest.raises(ValueError, match="dense inputs.*'entry'"):
        to_tf_keras(model)


@pytest.mark.parametrize("model", [Coded(), keras.Sequential(), None])
def test_what_has_no_graph_is_refused(model):
    with pytest.raises(ValueError, match="`model`.*Received"):
        to_tf_keras(model)
