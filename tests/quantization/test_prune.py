"""prune: the requested sparsity, in the requested step."""

import os

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import applications
from keras_papers.quantization import (
    callbacks,
    cluster,
    fine_tune,
    prune,
    register_converter,
    to_keras,
    to_tf_keras,
)
from keras_papers.quantization.layer_converters import CONVERTERS
from keras_papers.quantization.legacy import load_tf_keras, load_tfmot
from tests.quantization.small_network import kernels, small_network, train
from tests.support.answers import perturb, random_images
from tests.support.extra import NEEDS_TFMOT

pytestmark = NEEDS_TFMOT


def zeros(kernel):
    return int((kernel == 0).sum())


def assert_sparse(model, sparsity):
    """Asserts the share of zeros in every kernel, to the weight."""
    for name, kernel in kernels(model).items():
        left = round(kernel.size * (1 - sparsity))
        assert zeros(kernel) == kernel.size - left, name


def wrappers(pruned):
    return {
        layer.layer.name: layer
        for layer in pruned.layers
        if layer.name.startswith("prune_low_magnitude_")
    }


# -- the share of zeros -------------------------------------------------------


@pytest.mark.parametrize("sparsity, steps", [(0.0, 1), (0.5, 1), (0.9, 3)])
def test_the_share_of_zeros_is_exact_in_every_kernel(sparsity, steps):
    model = small_network()
    pruned = train(prune(model, sparsity, steps=steps), steps)
    assert set(wrappers(pruned)) == set(kernels(model))
    sparse = to_keras(pruned, model)
    assert_sparse(sparse, sparsity)
    for name, kernel in kernels(model).items():
        there = kernels(sparse)[name]
        assert np.any(there[there != 0] != kernel[there != 0]), name


def test_one_step_too_few_leaves_it_denser_with_a_warning():
    model = small_network()
    pruned = train(prune(model, 0.6, steps=4), 3)
    with pytest.warns(UserWarning, match="in 4 training steps.*had 3"):
        sparse = to_keras(pruned, model)
    # 0.6 (1 - (1 / 4) ** 3), by equation 1 of the paper.
    assert_sparse(sparse, 0.590625)


def test_a_training_that_will_be_too_short_gets_a_warning():
    images, labels = random_images(8, 8, 8, 3), np.zeros(8)
    loss = "sparse_categorical_crossentropy"
    with pytest.warns(UserWarning, match="in 99 training steps.*gets 1: "):
        fine_tune(
            prune(small_network(), steps=99),
            (images, labels),
            1,
            loss=loss,
            verbose=0,
        )


def test_a_training_as_long_as_the_schedule_is_not_warned_of(recwarn):
    model = small_network()
    to_keras(train(prune(model, 0.6, steps=4), 4), model)
    assert not [one for one in recwarn if "Pruning" in str(one.message)]


@pytest.mark.parametrize("steps", [1, 2, 19, 43, 99, 500, 1999, 12345])
def test_the_last_step_of_the_schedule_finds_masks(steps):
    pruned = prune(small_network(), 0.6, steps=steps)
    schedule = wrappers(pruned)["stem"].pruning_schedule
    prunes, sparsity = schedule(np.int64(steps))
    assert bool(prunes) and float(sparsity) == pytest.approx(0.6, abs=1e-6)
    found = [
        step
        for step in range(1, steps + 1)
        if step % schedule.frequency == steps % schedule.frequency
    ]
    assert len(found) >= min(steps, 20)
    assert schedule.frequency <= 100
    assert not schedule(np.int64(steps + schedule.frequency))[0]


def test_masks_stay_after_the_last_step():
    model = small_network()
    pruned = train(prune(model, 0.5, steps=2), 2)
    first = kernels(to_keras(pruned, model))
    later = kernels(to_keras(train(pruned, 3), model))
    for name, kernel in first.items():
        np.testing.assert_array_equal(later[name] == 0, kernel == 0)
        assert np.any(later[name] != kernel)


def test_the_smallest_weights_go():
    model = small_network()
    pruned = prune(model, 0.5, steps=1)
    pruned(np.ones((1, 8, 8, 3)))
    for wrapper in wrappers(pruned).values():
        wrapper.pruning_step.assign(1)
        wrapper.pruning_obj.conditional_mask_update()
    for name, kernel in kernels(model).items():
        kept = wrappers(pruned)[name].pruning_vars[0][1].numpy() == 1
        assert np.abs(kernel[kept]).min() > np.abs(kernel[~kept]).max()


@pytest.mark.slow
def test_a_mobile_network_is_pruned_but_for_its_depthwise_kernels():
    model = applications.MobileNetV3Small((32, 32, 3), alpha=0.35, classes=3)
    sparse = to_keras(train(prune(perturb(model), 0.6, steps=2), 2), model)
    assert_sparse(sparse, 0.6)
    assert len(kernels(sparse)) == 43
    for layer in sparse.layers:
        if layer.name not in kernels(sparse):
            for weight in layer.trainable_weights:
                assert np.all(weight != 0), weight.path


def test_a_schedule_of_tfmot_is_followed():
    schedule = load_tfmot().sparsity.keras.ConstantSparsity(0.25, 2, 2, 1)
    model = small_network()
    pruned = train(prune(model, schedule), 1)
    with pytest.warns(UserWarning, match="in 2 training steps.*had 1"):
        assert_sparse(to_keras(pruned, model), 0.0)
    assert_sparse(to_keras(train(pruned, 1), model), 0.25)


# -- patterns -----------------------------------------------------------------


@pytest.mark.parametrize("zeros_, block", [(2, 4), (1, 2)])
def test_patterns_hold_along_the_input_channels(zeros_, block):
    model = small_network()
    pruned = train(prune(model, (zeros_, block)), 2)
    sparse = kernels(to_keras(pruned, model))
    dense = sparse.pop("stem")  # of three input channels
    assert np.all(dense != 0)
    for name, kernel in sparse.items():
        channels = np.moveaxis(kernel, -2, -1)
        blocks = channels.reshape(-1, block)
        assert np.all((blocks == 0).sum(axis=-1) == zeros_), name
    outputs = sparse["block_expand"].reshape(-1, block)
    assert np.any((outputs == 0).sum(axis=-1) != zeros_)


def test_in_each_block_the_smallest_weights_go():
    model = small_network()
    pruned = train(prune(model, (2, 4)), 1)
    kernel = kernels(model)["head"][0, 0].T.reshape(-1, 4)
    sparse = kernels(to_keras(pruned, model))["head"][0, 0].T.reshape(-1, 4)
    order = np.argsort(np.abs(kernel), axis=-1)
    assert not np.take_along_axis(sparse, order[:, :2], -1).any()
    assert np.take_along_axis(sparse, order[:, 2:], -1).all()


# -- what stays as it is ------------------------------------------------------


def test_frozen_layers_stay_as_they_are():
    model = small_network()
    model.get_layer("head").trainable = False
    pruned = train(prune(model, 0.5, steps=1))
    before, after = kernels(model), kernels(to_keras(pruned, model))
    np.testing.assert_array_equal(after["head"], before["head"])
    assert zeros(after["stem"]) == after["stem"].size // 2


class Scaled(layers.Layer):
    """A layer with a weight, of which TF-MOT has not heard."""

    def build(self, input_shape):
        self.gain = self.add_weight(shape=(input_shape[-1],), name="gain")

    def call(self, inputs):
        return inputs * self.gain


@pytest.mark.parametrize("prunable", [False, True])
def test_a_layer_of_a_users_is_pruned_if_it_says_how(prunable):
    class TFScaled(load_tf_keras().layers.Layer):
        def build(self, input_shape):
            self.gain = self.add_weight("gain", (input_shape[-1],))

        def call(self, inputs):
            return inputs * self.gain

    if prunable:
        TFScaled.get_prunable_weights = lambda self: [self.gain]
    register_converter(Scaled)(lambda layer: TFScaled(name=layer.name))
    try:
        inputs = keras.Input((8, 8, 3))
        x = layers.Conv2D(4, 3, name="conv")(inputs)
        x = layers.GlobalAveragePooling2D()(Scaled(name="scaled")(x))
        model = perturb(keras.Model(inputs, layers.Softmax()(x)))
        model.get_layer("scaled").gain.assign([1.0, 2.0, 3.0, 4.0])
        pruned = train(prune(model, 0.5, steps=1))
        sparse = to_keras(pruned, model)
    finally:
        CONVERTERS.pop(Scaled, None)
    gain = np.asarray(keras.ops.convert_to_numpy(sparse.layers[2].gain))
    assert zeros(gain) == (2 if prunable else 0)
    assert zeros(kernels(sparse)["conv"]) == 54


def test_the_users_model_and_the_process_stay_as_they_are():
    import tensorflow

    model = small_network()
    model.compile("sgd", "mse")
    before, optimizer = model.get_weights(), model.optimizer
    variable = os.environ.get("TF_USE_LEGACY_KERAS")
    train(prune(model, 0.5, steps=1))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)
    assert model.compiled and model.optimizer is optimizer
    assert os.environ.get("TF_USE_LEGACY_KERAS") == variable
    assert tensorflow.keras.layers.Dense is layers.Dense


def test_the_tf_model_answers_as_the_model_before_it_is_trained():
    model = small_network()
    images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 3))
    answers = model(images.astype("float32"))
    pruned = prune(model, 0.5, steps=9)
    np.testing.assert_allclose(pruned(images), answers, atol=1e-6)
    fused = pruned.get_layer("stem_norm").fused
    assert fused is False  # as in `to_tf_keras`


# -- callbacks ----------------------------------------------------------------


def test_pruned_models_need_a_callback_and_others_none():
    model = small_network()
    names = [type(each).__name__ for each in callbacks(prune(model, steps=1))]
    assert names == ["UpdatePruningStep"]
    assert callbacks(to_tf_keras(model)) == []
    assert callbacks(cluster(model)) == []


def test_without_the_callback_tfmot_says_so():
    tf_model = prune(small_network(), steps=1)
    tf_model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    with pytest.raises(Exception, match="UpdatePruningStep"):
        tf_model.fit(np.ones((2, 8, 8, 3)), np.zeros(2), verbose=0)


# -- what is refused ----------------------------------------------------------


@pytest.mark.parametrize(
    "sparsity", [-0.1, 1.0, 1.5, float("nan"), "half", None, True]
    + [(4, 4), (0, 4), (2, 4, 8), (2.5, 4), ("2", "4")]
)  # fmt: skip
def test_what_is_no_sparsity_is_refused(sparsity):
    with pytest.raises(ValueError, match="`sparsity` is.*Received: sparsity="):
        prune(small_network(), sparsity, steps=5)


@pytest.mark.parametrize("steps", [None, 0, -1, 2.5, True])
def test_steps_must_be_positive(steps):
    with pytest.raises(ValueError, match="`steps` is.*Received: steps=.*Give"):
        prune(small_network(), 0.5, steps=steps)


def test_steps_that_mean_nothing_are_refused():
    with pytest.raises(ValueError, match="`steps`.*Leave `steps` out"):
        prune(small_network(), (2, 4), steps=5)
    schedule = load_tfmot().sparsity.keras.ConstantSparsity(0.25, 0)
    with pytest.raises(ValueError, match="`steps`.*Leave `steps` out"):
        prune(small_network(), schedule, steps=5)


def test_a_model_without_kernels_to_prune_is_refused():
    model = small_network()
    model.trainable = False
    with pytest.raises(ValueError, match="Received: model 'small'.*Unfreeze"):
        prune(model, 0.5, steps=5)
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Dense(4)(inputs))
    with pytest.raises(ValueError, match="multiple of 4 input channels"):
        prune(model, (2, 4))


class Coded(keras.Model):
    """A model whose call is code."""

    def call(self, inputs):
        return inputs


@pytest.mark.parametrize("model", [Coded(), keras.Sequential(), None])
def test_what_has_no_graph_is_refused(model):
    with pytest.raises(ValueError, match="`model`.*Received"):
        prune(model, 0.5, steps=5)


# -- a training ---------------------------------------------------------------


@pytest.mark.slow
def test_a_traced_training_reaches_the_sparsity_and_a_small_loss():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 256)
    images = generator.normal(0, 0.3, (256, 8, 8, 3)).astype("float32")
    images[np.arange(256), :, :, labels] += 1.0
    model = small_network()
    pruned = prune(model, 0.8, steps=123)
    pruned.compile(
        load_tf_keras().optimizers.Adam(1e-2),
        "sparse_categorical_crossentropy",
    )
    history = pruned.fit(
        images, labels, 8, 6, verbose=0, callbacks=callbacks(pruned)
    )
    assert history.history["loss"][-1] < 0.1
    sparse = to_keras(pruned, model)
    assert_sparse(sparse, 0.8)
    found = keras.ops.convert_to_numpy(sparse(images)).argmax(axis=-1)
    assert (found == labels).mean() > 0.9
