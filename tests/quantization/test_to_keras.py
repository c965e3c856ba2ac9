"""to_keras: what was trained in tf_keras comes back whole, and to its place."""

import os

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import applications, export, flatten
from keras_papers.layers import InvertedResidual
from keras_papers.quantization import (
    cluster,
    prune,
    quantize_aware,
    register_converter,
    to_keras,
    to_tf_keras,
)
from keras_papers.quantization.layer_converters import CONVERTERS
from keras_papers.quantization.legacy import load_tf_keras
from tests.quantization.small_network import kernels, small_network, train
from tests.support.answers import (
    answers,
    images_for,
    perturb,
    random_images,
    spread,
)
from tests.support.extra import NEEDS_TFMOT

pytestmark = NEEDS_TFMOT


def shifted(model):
    """Returns the tf_keras model of a model, each weight moved by .125."""
    tf_model = to_tf_keras(model)
    tf_model.set_weights([weight + 0.125 for weight in tf_model.get_weights()])
    return tf_model


def assert_brought_back(model, tf_model, data):
    """Asserts that a copy answers as `tf_model`, and returns it."""
    copy = to_keras(tf_model, model)
    expected = np.asarray(tf_model(data))
    assert spread(expected) > 1e-3
    found = answers(copy, data)
    assert np.abs(found - expected).max() <= 1e-5 * spread(expected)
    assert np.abs(found - answers(model, data)).max() > 1e-3
    for there, here in zip(copy.layers, model.layers, strict=True):
        assert type(there) is type(here)
        assert there.get_config() == here.get_config()
    assert copy.name == model.name and copy.input_shape == model.input_shape
    ours = {id(weight) for weight in model.weights}
    assert not ours & {id(weight) for weight in copy.weights}
    assert not copy.compiled
    return copy


# -- to and fro ---------------------------------------------------------------


def test_there_and_back_nothing_changes():
    model = perturb(
        applications.MobileNetV3Small((32, 32, 3), alpha=0.35, classes=3)
    )
    images = images_for(model, 4)
    copy = to_keras(to_tf_keras(model), model)
    for there, here in zip(copy.weights, model.weights, strict=True):
        np.testing.assert_array_equal(there, here)
    assert spread(answers(model, images)) > 1e-3
    np.testing.assert_array_equal(answers(copy, images), answers(model, images))
    assert copy.get_config() == model.get_config()


def test_every_weight_is_the_tf_models():
    model = small_network()
    tf_model = shifted(model)
    copy = assert_brought_back(model, tf_model, images_for(model, 4))
    for there, here in zip(copy.weights, model.weights, strict=True):
        np.testing.assert_allclose(there, here + 0.125, atol=1e-6)


def test_training_moves_weights_and_statistics():
    model = small_network()
    tf_model = train(to_tf_keras(model), 2)
    copy = assert_brought_back(model, tf_model, images_for(model, 4))
    for there, here in zip(copy.weights, model.weights, strict=True):
        assert np.any(there != here), here.path


def test_the_copy_lives_by_itself():
    model = small_network()
    tf_model = shifted(model)
    copy, trained = to_keras(tf_model, model), tf_model.get_weights()
    before, images = model.get_weights(), images_for(model, 4)
    copy.compile("sgd", "sparse_categorical_crossentropy")
    copy.fit(images, np.zeros(4), verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)
    for old, new in zip(trained, tf_model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


def test_the_process_stays_as_it_is():
    import tensorflow

    variable = os.environ.get("TF_USE_LEGACY_KERAS")
    model = small_network()
    to_keras(to_tf_keras(model), model)
    assert os.environ.get("TF_USE_LEGACY_KERAS") == variable
    assert tensorflow.keras.layers.Dense is layers.Dense


# -- kinds of models ----------------------------------------------------------


def own_loss(labels, scores):
    return keras.ops.mean(keras.ops.square(labels - scores))


@pytest.mark.parametrize("sequential", [False, True])
def test_a_compiled_model_comes_back_of_its_kind_and_not_compiled(sequential):
    model = keras.Sequential(
        [
            keras.Input((6, 6, 4), name="entry"),
            InvertedResidual(4, squeeze_units=2, name="block"),
            layers.GlobalAveragePooling2D(name="pool"),
        ],
        name="outer",
    )
    if not sequential:
        model = keras.Model(model.inputs[0], model.outputs[0], name="outer")
    perturb(model).compile("sgd", own_loss)
    data = random_images(4, 6, 6, 4)
    copy = assert_brought_back(model, shifted(model), data)
    assert isinstance(copy, keras.Sequential) is sequential
    assert model.compiled and model.loss is own_loss


def test_dicts_inner_models_and_shared_layers_come_back():
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(4, "tanh", name="inside")], name="in"
    )
    inputs = {
        "b": keras.Input((4,), name="b"),
        "a": keras.Input((4,), name="a"),
    }
    shared = layers.Dense(4, "tanh", name="shared")
    x = layers.Add()([shared(inputs["b"]), inner(shared(inputs["a"]))])
    model = keras.Model(inputs, x)
    for seed, weight in enumerate(model.weights):
        weight.assign(random_images(*weight.shape, seed=seed))
    data = {"a": random_images(4, 4), "b": random_images(4, 4, seed=1)}
    copy = assert_brought_back(model, shifted(model), data)
    assert set(copy.input) == {"a", "b"}


def test_frozen_layers_come_back_frozen():
    model = small_network()
    inside = {layer.name: layer for layer in flatten(model).layers}
    inside["block_expand"].trainable = False
    model.get_layer("stem").trainable = False
    copy = to_keras(to_tf_keras(model), model)
    free = [weight.path for weight in model.trainable_weights]
    assert [weight.path for weight in copy.trainable_weights] == free
    assert free and not any("stem/" in path for path in free)
    assert not any("block_expand/" in path for path in free)
    model.trainable = False
    assert not to_keras(to_tf_keras(model), model).trainable_weights


def test_what_became_a_constant_comes_back_from_the_model():
    inputs = keras.Input((4,))
    normalization = layers.Normalization(name="scale")
    normalization.adapt(random_images(64, 4, high=7))
    x = layers.Dense(3, name="dense")(normalization(inputs))
    model = keras.Model(inputs, x)
    copy = assert_brought_back(model, shifted(model), random_images(4, 4))
    np.testing.assert_array_equal(
        copy.get_layer("scale").mean, normalization.mean
    )


class Scaled(layers.Layer):
    """A layer of a user's, with weights of its own."""

    def build(self, input_shape):
        self.gain = self.add_weight(shape=(input_shape[-1],), name="gain")
        self.shift = self.add_weight(shape=(input_shape[-1],), name="shift")

    def call(self, inputs):
        return inputs * self.gain + self.shift


@pytest.mark.parametrize("names", [("gain", "shift"), ("shift", "gain")])
def test_weights_go_by_their_names_where_they_have_the_same(names):
    class TFScaled(load_tf_keras().layers.Layer):
        def build(self, input_shape):
            for name in names:
                setattr(self, name, self.add_weight(name, (input_shape[-1],)))

        def call(self, inputs):
            return inputs * self.gain + self.shift

    register_converter(Scaled)(lambda layer: TFScaled(name=layer.name))
    try:
        inputs = keras.Input((4,))
        model = keras.Model(inputs, Scaled(name="scaled")(inputs))
        model.set_weights([np.arange(4.0), np.ones(4)])
        assert_brought_back(model, shifted(model), random_images(4, 4))
    finally:
        CONVERTERS.pop(Scaled, None)


# -- wrapped layers -----------------------------------------------------------


@pytest.mark.parametrize("wrap", [lambda x: prune(x, 0.5, steps=2), cluster])
def test_pruned_and_clustered_models_answer_as_their_tf_models(wrap):
    model = small_network()
    tf_model = train(wrap(model), 2)
    # In the last step the optimizer moved weights under the mask.
    tf_model.train_on_batch(images_for(model, 4), np.zeros(4))
    copy = to_keras(tf_model, model)
    images = images_for(model, 8)
    found = answers(copy, images)
    assert spread(found) > 1e-3
    np.testing.assert_allclose(found, tf_model(images), atol=1e-5)
    moved = [
        np.any(there != here)
        for there, here in zip(copy.weights, model.weights, strict=True)
    ]
    assert all(moved)


@pytest.mark.parametrize("wrap", [lambda x: prune(x, steps=1), cluster])
def test_a_tf_model_in_place_of_the_model_is_explained(wrap, tmp_path):
    tf_model = wrap(small_network())
    for use in (
        quantize_aware,
        cluster,
        lambda x: export.to_tflite(x, tmp_path / "x.tflite"),
        lambda x: export.to_tflite(
            x, tmp_path / "x.tflite", None, "int8", representative_data=[1]
        ),
    ):
        with pytest.raises(ValueError, match=r"tf_keras.*to_keras\(trained"):
            use(tf_model)


def test_zeros_are_exact_where_the_optimizer_had_the_last_word():
    model = small_network()
    tf_model = train(prune(model, 0.5, steps=1))
    tf_model.train_on_batch(images_for(model, 4), np.zeros(4))
    wrapper = tf_model.get_layer("prune_low_magnitude_stem")
    assert np.any(wrapper.layer.kernel * (1 - wrapper.pruning_vars[0][1]) != 0)
    kernel = kernels(to_keras(tf_model, model))["stem"]
    assert (kernel == 0).sum() == kernel.size // 2


def test_kernels_of_a_quantization_aware_model_are_rounded():
    model = small_network()
    tf_model = train(quantize_aware(model, input_range=(-1, 1)), 2)
    copy = to_keras(tf_model, model)
    there = {getattr(x, "layer", x).name: x for x in tf_model.layers}
    rounded = []
    for layer in flatten(copy).layers:
        trained = there.get(layer.name)
        for weight, quantizer, kept in getattr(trained, "_weight_vars", ()):
            kernel = quantizer(weight, training=False, weights=kept)
            np.testing.assert_array_equal(layer.kernel, kernel)
            assert np.any(kernel != weight)
            rounded.append(layer.name)
        if isinstance(layer, layers.BatchNormalization):
            norm = getattr(trained, "layer", trained)
            np.testing.assert_array_equal(layer.gamma, norm.gamma)
            np.testing.assert_array_equal(layer.moving_mean, norm.moving_mean)
        elif getattr(layer, "bias", None) is not None:
            np.testing.assert_array_equal(layer.bias, trained.layer.bias)
    assert set(rounded) == {*kernels(model), "block_depthwise"}


@pytest.mark.slow
def test_a_sparse_model_goes_on_to_quantization_aware_training():
    model = small_network()
    sparse = to_keras(train(prune(model, 0.5, steps=1)), model)
    aware = train(
        quantize_aware(sparse, preserve="sparsity", input_range=(-1, 1)), 2
    )
    there = kernels(to_keras(aware, sparse))
    for name, kernel in kernels(sparse).items():
        assert not there[name][kernel == 0].any(), name
        assert there[name].any(), name


# -- what is refused ----------------------------------------------------------


def another(change):
    """Draws the small network but for one layer."""
    inputs = keras.Input((8, 8, 3))
    filters = 9 if change == "shape" else 8
    name = "stam" if change == "name" else "stem"
    x = layers.Conv2D(filters, 3, name=name)(inputs)
    if change == "more":
        x = layers.Conv2D(8, 3, name="more")(x)
    if change == "bias":
        x = layers.Conv2D(4, 1, use_bias=False, name="head")(x)
    else:
        x = layers.Conv2D(4, 1, name="head")(x)
    return keras.Model(inputs, x, name=f"other_{change}")


@pytest.mark.parametrize(
    "change, message",
    [
        ("shape", r"layer 'stem' has weights of the shapes \[\(3, 3, 3, 9\)"),
        ("name", "layer 'stem' has none; in `model`"),
        ("bias", r"layer 'head' has weights of the shapes \[\(1, 1, 8, 4\)\]"),
        ("more", "which has no layer 'more' with weights"),
    ],
)
@pytest.mark.parametrize("wrap", [to_tf_keras, cluster])
def test_a_tf_model_of_another_model_is_refused(wrap, change, message):
    model, tf_model = another(None), wrap(another(change))
    pattern = f"`trained` must be made of `model`. Received: .*{message}.*Give"
    with pytest.raises(ValueError, match=pattern) as error:
        to_keras(tf_model, model)
    assert f"other_{change}" in str(error.value)


class Coded(keras.Model):
    """A model whose call is code."""

    def call(self, inputs):
        return inputs


def test_a_model_without_a_graph_is_refused():
    with pytest.raises(ValueError, match="`model`.*Received"):
        to_keras(to_tf_keras(another(None)), Coded())


def test_what_is_no_tf_model_is_refused():
    model = another(None)
    for tf_model in (model, None):
        with pytest.raises(ValueError, match="`trained` is.*Received.*Write"):
            to_keras(tf_model, model)
    with pytest.raises(ValueError, match="`trained` is.*Received.*Write"):
        to_keras(model, to_tf_keras(model))
