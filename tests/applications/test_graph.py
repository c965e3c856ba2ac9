"""Constructors return flat graphs, on which the idioms of Keras work."""

import re
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_papers.layers import LocalResponseNormalization
from tests.support.answers import answers, images_for, perturb
from tests.support.models import ONE_OF_EACH, QUICK, build

pytestmark = pytest.mark.contract
# JAX compiles each operation of an eager call by itself, for each network.
ON_TENSORFLOW = keras.config.backend() == "tensorflow"
NAMES = QUICK if ON_TENSORFLOW else ["MobileNetV2"]


@pytest.fixture(scope="module", params=NAMES)
def model(request):
    """A network that a test leaves as it was, but for moving statistics."""
    return perturb(build(request.param, alpha=0.35, classes=5))


@pytest.mark.parametrize("name", ONE_OF_EACH if ON_TENSORFLOW else NAMES)
def test_every_layer_is_keras_own_and_has_weights_under_its_name(name):
    for layer in build(name, alpha=0.35, classes=5).layers:
        of_keras = type(layer).__module__.startswith("keras.")
        assert of_keras or isinstance(layer, LocalResponseNormalization)
        for weight in layer.weights:
            assert weight.path == f"{layer.name}/{weight.name}"


def test_every_layer_can_be_tapped_by_its_name(model):
    taps = {layer.name: layer.output for layer in model.layers}
    images = images_for(model, 2)
    maps = keras.Model(model.input, taps)(images)
    depthwise = keras.ops.convert_to_numpy(maps["stage2_block1_depthwise"])
    assert depthwise.std() > 1e-3
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(maps["predictions"]), answers(model, images)
    )


def test_a_loop_over_layers_freezes_every_normalization(model):
    norms = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    statistics = [
        weight for weight in model.weights if "moving_" in weight.path
    ]
    assert len(statistics) == 2 * len(norms) > 50
    before = [keras.ops.convert_to_numpy(weight) for weight in statistics]
    for norm in norms:
        norm.trainable = False
    model(images_for(model, 4), training=True)
    for norm in norms:
        norm.trainable = True
    for weight, old in zip(statistics, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(weight), old)


def test_a_loop_over_layers_regularizes_every_kernel(model):
    def regularized(layer):
        config = layer.get_config()
        for name in ("kernel_regularizer", "depthwise_regularizer"):
            if name in config:
                config[name] = keras.regularizers.L2(1e-4)
        return type(layer).from_config(config)

    copy = keras.models.clone_model(model, clone_function=regularized)
    copy.set_weights(model.get_weights())
    kernels = [w for w in model.trainable_weights if "kernel" in w.path]
    assert len(copy.losses) == len(kernels) > 25
    images = images_for(model, 2)
    np.testing.assert_allclose(
        answers(copy, images), answers(model, images), atol=1e-6
    )


def test_frozen_layers_are_frozen_after_loading(tmp_path):
    model = build("MobileNetV3Small", alpha=0.35, classes=5)
    for layer in model.layers:
        layer.trainable = not layer.name.startswith(("stem", "stage1"))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    kept = [weight.path for weight in model.trainable_weights]
    assert [weight.path for weight in loaded.trainable_weights] == kept
    assert 50 < len(kept) < len(model.weights) // 2 + 30
    assert not any(path.startswith(("stem", "stage1_")) for path in kept)


@pytest.mark.tensorflow
def test_grad_cam_by_a_gradient_tape():
    import tensorflow as tf

    model = perturb(build("MobileNetV3Small", alpha=0.35, classes=5))
    tap = keras.Model(
        model.input, [model.get_layer("head_activation").output, model.output]
    )
    with tf.GradientTape() as tape:
        maps, scores = tap(images_for(model, 1))
        score = scores[:, 0]
    importance = tf.reduce_mean(tape.gradient(score, maps), axis=(1, 2))
    assert importance.shape == (1, maps.shape[-1])
    assert float(tf.reduce_max(tf.abs(importance))) > 0


def test_keras_own_int8_quantization_keeps_the_scores():
    model = perturb(build("MobileNetV2", alpha=0.35, classes=5))
    images = images_for(model, 4)
    before = answers(model, images)
    # Keras warns of each class of layers that it leaves in floats.
    with pytest.warns(UserWarning, match="not have a `quantize` method"):
        model.quantize("int8")
    assert (
        keras.backend.standardize_dtype(model.get_layer("logits").kernel.dtype)
        == "int8"
    )
    np.testing.assert_allclose(answers(model, images), before, atol=0.02)


def test_learning_rates_fall_by_depth_along_the_layers():
    """Layer-wise decay as people write it: by the prefix of a layer's name."""
    model = build("MobileNetV2", alpha=0.35, classes=2)
    images, labels = images_for(model, 4), np.array([0, 1, 0, 1])
    rates = {"stem": 0.0, **{f"stage{n}": 0.0 for n in range(1, 7)}}

    weights = model.trainable_weights
    depths = [re.split("[_/]", weight.path)[0] for weight in weights]

    class Decayed(keras.optimizers.SGD):
        def apply(self, gradients, trainable_variables=None):
            scaled = [
                rates.get(depth, 1.0) * gradient
                for depth, gradient in zip(depths, gradients, strict=True)
            ]
            super().apply(scaled, trainable_variables)

    model.compile(
        Decayed(0.1),
        "sparse_categorical_crossentropy",
        run_eagerly=keras.config.backend() != "jax",
    )
    before = [keras.ops.convert_to_numpy(weight) for weight in weights]
    model.fit(images, labels, verbose=0)
    moved = {
        depth
        for depth, weight, old in zip(depths, weights, before, strict=True)
        if np.any(keras.ops.convert_to_numpy(weight) != old)
    }
    assert moved == {"stage7", "head", "logits"}


def test_a_saved_model_loads_where_this_package_is_not(tmp_path):
    model = perturb(build("MobileNetV3Small", alpha=0.35, classes=5))
    images = images_for(model, 2)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "scores.npy", answers(model, images))
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.modules['keras_papers'] = None\n"
            "import keras, numpy as np\n"
            "model = keras.saving.load_model('model.keras')\n"
            "scores = model(np.load('images.npy'))\n"
            "scores = keras.ops.convert_to_numpy(scores)\n"
            "np.testing.assert_allclose("
            "scores, np.load('scores.npy'), atol=1e-6)\n",
        ],
        cwd=tmp_path,
        check=True,
    )
