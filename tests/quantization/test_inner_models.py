"""Models made of models, and training=False, through tf_keras and TF-MOT."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import applications, export, flatten, quantization
from keras_papers.applications.mnasnet import FIGURE_7
from keras_papers.quantization.aware_model import variables
from tests.support.answers import answers, perturb, spread
from tests.support.extra import NEEDS_TFMOT
from tests.support.inner_models import (
    FORMS,
    IMAGES,
    block,
    built,
    nested,
    nested_twice,
)

pytestmark = [
    *NEEDS_TFMOT,
    pytest.mark.filterwarnings("ignore:.*answers otherwise:UserWarning"),
]
TARGETS = np.random.default_rng(0).normal(size=(len(IMAGES), 3))


def fitted(aware):
    aware.compile("adam", "mse", run_eagerly=True)
    calls = quantization.callbacks(aware)
    aware.fit(
        IMAGES, TARGETS, batch_size=8, epochs=2, verbose=0, callbacks=calls
    )
    return aware


def kernels(model):
    return {
        layer.name: layer.kernel.numpy()
        for layer in flatten(model).layers
        if type(layer) in (layers.Conv2D, layers.Dense)
    }


@pytest.mark.parametrize(
    "form, policy",
    [*((form, "float32") for form in FORMS), (block, "mixed_float16")],
)
def test_tf_keras_answers_the_same(form, policy):
    expected = answers(built(form), IMAGES)
    found = quantization.to_tf_keras(built(form, policy))(IMAGES).numpy()
    assert spread(expected) > 1e-3
    assert np.abs(found - expected).max() <= 1e-5 * spread(expected)


@pytest.mark.parametrize(
    "form, policy", [(nested_twice, "mixed_float16"), (block, "float32")]
)
def test_ranges_are_found_while_statistics_stay(form, policy, tmp_path):
    model = built(form, policy)
    aware = fitted(quantization.quantize_aware(model))
    (name, *_) = [
        layer.name
        for layer in flatten(model).layers
        if isinstance(layer, layers.BatchNormalization)
    ]
    norm = variables(aware.get_layer(f"quant_{name}"))
    for weight in flatten(model).get_layer(name).weights:
        moved = np.abs(norm[weight.name].numpy() - weight.numpy()).max()
        assert (moved == 0) == weight.name.startswith("moving"), weight.name
    file = export.to_tflite(aware, tmp_path / "model.tflite", images=IMAGES)
    assert file.partitions == 1
    scores = aware.predict(IMAGES, verbose=0)
    found = export.predict(file.path, IMAGES)
    assert spread(scores) > 0.01
    assert np.abs(found - scores).max() <= 0.05 * np.ptp(scores)


def test_the_files_of_a_mixed_model_answer_as_in_float32(tmp_path):
    expected = answers(built(nested), IMAGES)
    mixed = built(nested, "mixed_float16")
    path = tmp_path / "model.tflite"
    file = export.to_tflite(mixed, path, images=IMAGES)
    assert file.parity < 1e-5
    found = export.predict(path, IMAGES)
    assert np.abs(found - expected).max() < 1e-5 * np.ptp(expected)
    export.to_tflite(
        *(mixed, path, None, "int8"), representative_data=IMAGES, images=IMAGES
    )
    found = export.predict(path, IMAGES)
    assert 0 < np.abs(found - expected).max() < 0.05 * np.ptp(expected)


def test_pruning_reaches_what_was_called_with_training_false():
    model = built(block)
    pruned = fitted(quantization.prune(model, 0.75, steps=2))
    for name, kernel in kernels(quantization.to_keras(pruned, model)).items():
        assert np.mean(kernel == 0) == pytest.approx(0.75, abs=0.05), name


def test_clustering_reaches_what_was_called_with_training_false():
    model = built(block)
    clustered = quantization.cluster(model, 4)
    back = quantization.to_keras(fitted(clustered), model)
    for name, kernel in kernels(back).items():
        assert len(np.unique(kernel)) <= 4, name
        assert np.abs(kernel - kernels(model)[name]).max() > 1e-3
    scores = clustered.predict(IMAGES, verbose=0)
    assert np.abs(answers(back, IMAGES) - scores).max() < 1e-5 * np.ptp(scores)


def test_a_dropout_of_a_part_in_inference_never_drops():
    def twice(model):
        tf_model = quantization.to_tf_keras(model)
        aware = quantization.quantize_aware(model, IMAGES)
        for each in (tf_model, aware):
            first, second = (each(IMAGES, training=True) for _ in range(2))
            yield float(np.abs(first - second).max())

    model = built(nested)
    assert list(twice(model)) == [0, 0]
    inner = model.get_layer("base")
    image = keras.Input(inner.input_shape[1:])
    free = keras.Model(image, model.layers[-1](model.layers[-2](inner(image))))
    assert min(twice(free)) > 1e-3


def test_training_true_is_replaced_in_prediction_as_keras_replaces_it():
    inner = built(nested).get_layer("base")
    image = keras.Input(inner.input_shape[1:])
    x = layers.GlobalAveragePooling2D()(inner(image, training=True))
    model = keras.Model(image, x)
    expected = model.predict(IMAGES, verbose=0)
    assert spread(expected) > 0.01
    tf_model = quantization.to_tf_keras(model)
    assert np.abs(tf_model.predict(IMAGES, verbose=0) - expected).max() < 1e-5
    aware = quantization.quantize_aware(model, IMAGES)
    difference = np.abs(aware.predict(IMAGES, verbose=0) - expected).max()
    assert difference < 0.05 * np.ptp(expected)


def test_a_normalization_called_in_both_ways_keeps_both():
    image = keras.Input((6, 6, 3))
    norm = layers.BatchNormalization(momentum=0.5, name="norm")
    model = keras.Model(image, [norm(image, training=False), norm(image)])
    data = np.random.default_rng(0).normal(3, 2, (8, 6, 6, 3))
    tf_model = quantization.to_tf_keras(model)
    frozen, free = tf_model(data, training=True)
    assert abs(np.mean(free)) < 1e-3
    # By the statistics, before or after the other call has moved them.
    assert np.mean(frozen) > 0.5
    assert np.all(np.abs(tf_model.get_layer("norm").moving_mean) > 1)


def test_a_frozen_inner_model_comes_back_frozen():
    model = built(nested)
    model.get_layer("base").trainable = False
    aware = fitted(quantization.quantize_aware(model))
    back = quantization.to_keras(aware, model)
    assert len(back.trainable_weights) == len(model.trainable_weights) == 2
    for ours, before in zip(
        back.non_trainable_weights, model.non_trainable_weights, strict=True
    ):
        # A kernel is rounded to the levels of the file.
        atol = np.abs(before).max() / 127
        np.testing.assert_allclose(ours, before, atol=atol)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, policy, arguments",
    [
        ("MobileNet", "mixed_float16", {"shallow": True}),
        ("MobileNetV2", "float32", {}),
        ("MobileNetV3Small", "mixed_float16", {}),
        ("EfficientNetLite0", "float32", {"rows": FIGURE_7[:3]}),
        ("MnasNetA1", "mixed_float16", {"rows": FIGURE_7[1:4]}),
    ],
)
def test_a_frozen_network_inside_goes_all_the_way(
    name, policy, arguments, tmp_path
):
    keras.config.set_dtype_policy(policy)
    try:
        base = applications.get(name)(
            input_shape=(32, 32, 3), alpha=0.35, include_top=False, **arguments
        )
        image = keras.Input((32, 32, 3))
        x = layers.GlobalAveragePooling2D()(base(image, training=False))
        model = keras.Model(image, layers.Dense(3)(x))
    finally:
        keras.config.set_dtype_policy("float32")
    perturb(flatten(model))
    images = np.zeros((8, 32, 32, 3)) + IMAGES[:8, :1, :1]
    if export.verification.normalization_of(model) != (0, 1):
        images = images / 127.5 - 1
    aware = quantization.quantize_aware(model, images)
    aware.compile("sgd", "mse", run_eagerly=True)
    aware.fit(images, TARGETS[:8], verbose=0)
    file = export.to_tflite(aware, tmp_path / "model.tflite", images=images)
    assert file.partitions == 1
