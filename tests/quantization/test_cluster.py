"""cluster: a few values in every kernel, and zeros that stay zeros."""

import os

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import applications
from keras_papers.quantization import callbacks, cluster, prune, to_keras
from keras_papers.quantization.legacy import load_tf_keras
from tests.quantization.small_network import kernels, small_network, train
from tests.support.answers import perturb
from tests.support.extra import NEEDS_TFMOT

pytestmark = NEEDS_TFMOT


def values(model):
    """Returns how many values each kernel has, by the names of layers."""
    return {
        name: len(np.unique(kernel)) for name, kernel in kernels(model).items()
    }


def test_every_kernel_has_as_many_values_as_asked_for():
    number = 4
    model = small_network()
    clustered = train(cluster(model, number), 2)
    few = to_keras(clustered, model)
    assert values(few) == dict.fromkeys(kernels(model), number)
    untrained = kernels(to_keras(cluster(model, number), model))
    for name, kernel in kernels(few).items():
        assert not np.isin(kernel, untrained[name]).any(), name  # all moved


def test_values_start_evenly_spaced_and_weights_take_the_nearest():
    model = small_network()
    few = kernels(to_keras(cluster(model, 5), model))
    for name, kernel in kernels(model).items():
        spaced = np.linspace(kernel.min(), kernel.max(), 5)
        nearest = spaced[np.abs(kernel[..., None] - spaced).argmin(axis=-1)]
        np.testing.assert_allclose(few[name], nearest, atol=1e-6)


@pytest.mark.slow
def test_a_mobile_network_is_clustered_but_for_its_depthwise_kernels():
    model = applications.MobileNetV3Small((32, 32, 3), alpha=0.35, classes=3)
    few = to_keras(train(cluster(perturb(model), 8), 2), model)
    assert len(kernels(few)) == 43
    assert set(values(few).values()) == {8}
    for layer in few.layers:
        if isinstance(layer, layers.DepthwiseConv2D):
            kernel = keras.ops.convert_to_numpy(layer.kernel)
            assert len(np.unique(kernel)) > 0.9 * kernel.size


def test_small_kernels_and_frozen_layers_stay_as_they_are():
    model = small_network()
    model.get_layer("head").trainable = False
    few = to_keras(train(cluster(model, 36)), model)
    before, after = kernels(model), kernels(few)
    np.testing.assert_array_equal(after["head"], before["head"])
    assert before["predictions"].size == 36
    assert values(few)["predictions"] == 36
    assert values(few)["stem"] <= 36 < before["stem"].size


# -- zeros --------------------------------------------------------------------


def test_zeros_of_a_pruned_model_stay():
    """In 1x1 kernels too, which TF-MOT's own PCQAT spoils (issue 979)."""
    model = small_network()
    sparse = to_keras(train(prune(model, 0.9, steps=1)), model)
    clustered = train(cluster(sparse, 8, preserve_sparsity=True), 3)
    few = to_keras(clustered, sparse)
    for name, kernel in kernels(sparse).items():
        there = kernels(few)[name]
        assert not there[kernel == 0].any(), name
        nonzero = int((kernel != 0).sum())
        # Those nearest to zero may have joined it.
        assert 0.5 * nonzero < (there != 0).sum() <= nonzero, name
        assert values(few)[name] <= 8


def test_without_preservation_zeros_are_lost():
    model = small_network()
    sparse = to_keras(train(prune(model, 0.5, steps=1)), model)
    few = kernels(to_keras(train(cluster(sparse, 8)), sparse))
    assert all(kernel.all() for kernel in few.values())


# -- what stays as it is ------------------------------------------------------


def test_the_users_model_and_the_process_stay_as_they_are():
    import tensorflow

    model = small_network()
    model.compile("sgd", "mse")
    before, optimizer = model.get_weights(), model.optimizer
    variable = os.environ.get("TF_USE_LEGACY_KERAS")
    train(cluster(model, 4))
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)
    assert model.compiled and model.optimizer is optimizer
    assert os.environ.get("TF_USE_LEGACY_KERAS") == variable
    assert tensorflow.keras.layers.Dense is layers.Dense


def test_reading_a_tf_model_leaves_its_training_alone():
    model = small_network()
    images = np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 3))
    clustered = train(cluster(model, 4), 2)
    first = to_keras(clustered, model)
    found = first(images.astype("float32"))
    np.testing.assert_allclose(clustered(images), found, atol=1e-6)
    second = to_keras(train(clustered, 2), model)
    assert values(second) == values(first)
    assert np.any(kernels(second)["head"] != kernels(first)["head"])


# -- what is refused ----------------------------------------------------------


@pytest.mark.parametrize(
    "number, preserve_sparsity",
    [(1, False), (0, False), (2, True), (2.5, False), (None, True)],
)
def test_too_few_clusters_are_refused(number, preserve_sparsity):
    message = "`number_of_clusters` is.*Received: number_of_clusters=.*Try 16"
    with pytest.raises(ValueError, match=message):
        cluster(small_network(), number, preserve_sparsity=preserve_sparsity)


def test_a_model_without_kernels_to_cluster_is_refused():
    message = "Received: model 'small'.*number_of_clusters=9999.*Unfreeze"
    with pytest.raises(ValueError, match=message):
        cluster(small_network(), 9999)


class Coded(keras.Model):
    """A model whose call is code."""

    def call(self, inputs):
        return inputs


@pytest.mark.parametrize("model", [Coded(), keras.Sequential(), None])
def test_what_has_no_graph_is_refused(model):
    with pytest.raises(ValueError, match="`model`.*Received"):
        cluster(model)


# -- a training ---------------------------------------------------------------


@pytest.mark.slow
def test_a_traced_training_mends_what_clustering_broke():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 256)
    images = generator.normal(0, 0.3, (256, 8, 8, 3)).astype("float32")
    images[np.arange(256), :, :, labels] += 1.0
    model = small_network()
    clustered = cluster(model, 4)
    clustered.compile(
        load_tf_keras().optimizers.Adam(3e-3),
        "sparse_categorical_crossentropy",
    )
    history = clustered.fit(
        images, labels, 8, 6, verbose=0, callbacks=callbacks(clustered)
    )
    losses = history.history["loss"]
    assert losses[-1] < 0.2 and losses[-1] < 0.5 * losses[0]
    few = to_keras(clustered, model)
    assert max(values(few).values()) == 4
    found = keras.ops.convert_to_numpy(few(images)).argmax(axis=-1)
    assert (found == labels).mean() > 0.9
