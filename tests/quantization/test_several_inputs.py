"""Training with several inputs and outputs: int8, pruning, clusters."""

import numpy as np
import pytest

from keras_papers import export, quantization
from keras_papers.export.integer_file import float_tensors
from keras_papers.export.interpreter import open_file
from keras_papers.quantization.to_keras import to_keras
from tests.support.answers import random_images, spread
from tests.support.extra import NEEDS_TFMOT
from tests.support.several_inputs import detector, score, table, tabular

pytestmark = NEEDS_TFMOT

IMAGES = random_images(16, 16, 16, 3, low=0, high=255)
TARGETS = {
    "boxes": {"best": np.full((16, 4), 0.5, "float32")},
    "kind": np.arange(16) % 3,
    "mask": np.zeros((16, 8, 8, 2), "float32"),
}
LOSSES = {
    "boxes": {"best": "mse"},
    "kind": "sparse_categorical_crossentropy",
    "mask": "mse",
}


def flat(outputs):
    return {
        "boxes_best": np.asarray(outputs["boxes"]["best"]),
        "kind": np.asarray(outputs["kind"]),
        "mask": np.asarray(outputs["mask"]),
    }


def test_a_detector_is_trained_as_int8_and_exported(tmp_path):
    model = detector()
    aware = quantization.quantize_aware(model, IMAGES)
    before = flat(model(IMAGES))
    for name, answers in flat(aware(IMAGES, training=False)).items():
        assert spread(before[name]) > 0.01
        difference = np.abs(answers - before[name]).max()
        assert 0 < difference < 0.05 * np.ptp(before[name])
    kernel = aware.get_layer("quant_box").get_weights()[0].copy()
    # tf_keras takes one loss for each output in their order.
    aware.compile("adam", ["mse", "sparse_categorical_crossentropy", "mse"])
    aware.fit(IMAGES, TARGETS, epochs=1, batch_size=8, verbose=0)
    assert np.ptp(kernel - aware.get_layer("quant_box").get_weights()[0]) > 0
    file = export.to_tflite(
        aware, tmp_path / "model.tflite", images=IMAGES, runs=1
    )
    assert list(file.parities) == ["boxes_best", "kind", "mask"]
    assert file.parity < 0.05
    assert float_tensors(file.path.read_bytes()) == []
    assert open_file(file.path).inputs["photo"]["dtype"] == np.uint8
    trained = flat(aware(IMAGES, training=False))
    found = export.predict(file.path, IMAGES)
    for name, answers in trained.items():
        difference = np.abs(found[name] - answers).max()
        assert difference < 0.05 * np.ptp(answers)


def test_a_table_is_trained_as_int8_and_exported(tmp_path):
    model, data = tabular(lambda x: {"income": score(x)}), table()
    aware = quantization.quantize_aware(model, data)
    before = np.asarray(model(data)["income"])
    assert spread(before) > 0.05
    answers = np.asarray(aware(data, training=False)["income"])
    assert 0 < np.abs(answers - before).max() < 0.08 * np.ptp(before)
    labels = {"income": np.arange(24) % 3}
    quantization.fine_tune(
        aware,
        (data, labels),
        1,
        loss={"income": "sparse_categorical_crossentropy"},
        metrics={"income": ["accuracy"]},
        verbose=0,
    )
    file = export.to_tflite(
        aware, tmp_path / "model.tflite", images=data, runs=1
    )
    assert float_tensors(file.path.read_bytes()) == []
    dtypes = {
        name: details["dtype"]
        for name, details in open_file(file.path).inputs.items()
    }
    assert dtypes == {
        "job": np.int32,
        "capital-gain": np.float32,
        "the rest": np.float32,
    }
    answers = np.asarray(aware(data, training=False)["income"])
    found = export.predict(file.path, data)
    assert np.abs(found - answers).max() < 0.05 * np.ptp(answers)


def test_the_range_of_pixels_is_of_images_only():
    with pytest.raises(ValueError, match="`input_range`.*other inputs"):
        quantization.quantize_aware(tabular(score), input_range=(0, 255))


def test_wrong_names_are_refused_before_training():
    data = table()
    data["jb"] = data.pop("job")
    with pytest.raises(ValueError, match="no 'job'.*mean 'job'"):
        quantization.quantize_aware(tabular(score), data)


@pytest.mark.parametrize(
    "wrap, check",
    [
        (
            lambda model: quantization.prune(model, 0.5, steps=1),
            lambda kernel: (kernel == 0).mean() == 0.5,
        ),
        (
            lambda model: quantization.cluster(model, 4),
            lambda kernel: len(np.unique(kernel)) <= 4,
        ),
    ],
)
def test_pruned_and_clustered_models_keep_their_inputs_and_outputs(
    wrap, check, tmp_path
):
    model = tabular(lambda x: {"a": score(x), "b": x})
    data = table()
    wrapped = wrap(model)
    targets = {"a": np.arange(24) % 3, "b": np.zeros((24, 16))}
    quantization.fine_tune(
        wrapped,
        (data, targets),
        2,
        loss={"a": "sparse_categorical_crossentropy", "b": "mse"},
        metrics=[],
        verbose=0,
    )
    small = to_keras(wrapped, model)
    assert small.input.keys() == model.input.keys()
    assert check(np.asarray(small.get_layer("hidden").kernel))
    file = export.to_tflite(small, tmp_path / "model.tflite", runs=1)
    found = export.predict(file.path, data)
    for name, answers in small(data).items():
        assert spread(np.asarray(answers)) > 0.01
        np.testing.assert_allclose(found[name], answers, atol=1e-4)
