"""Detectors and segmenters: trained as int8, pruned, clustered."""

import warnings

import keras
import numpy as np
import pytest

from keras_papers import applications, export, quantization
from keras_papers.export import metadata
from keras_papers.export.integer_file import float_tensors
from tests.support.answers import perturb, random_images, spread
from tests.support.dense_networks import SIZE, anchors, detector, segmenter
from tests.support.extra import NEEDS_TFMOT

pytestmark = NEEDS_TFMOT

IMAGES = random_images(16, SIZE, SIZE, 3, low=0, high=255)
MASKS = np.random.default_rng(0).integers(0, 4, (16, SIZE, SIZE))
CODES = np.full((16, 240, 4), 0.2, "float32")
KINDS = np.random.default_rng(0).integers(0, 4, (16, 240))
LOSSES = {
    "boxes": "mse",
    "scores": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
}


def trained(model, targets, loss):
    quantization.fine_tune(
        model, (IMAGES, targets), 1, loss=loss, metrics=[], verbose=0
    )


def test_a_segmenter_is_trained_as_its_file_will_compute(tmp_path):
    model = segmenter()
    before = np.asarray(model(IMAGES))
    assert spread(before) > 0.05
    aware = quantization.quantize_aware(model, IMAGES)
    trained(aware, MASKS, LOSSES["scores"])
    answers = np.asarray(aware(IMAGES, training=False))
    assert np.abs(answers - before).max() > 0.01  # for it was trained
    file = export.to_tflite(
        aware, tmp_path / "model.tflite", list("abcd"), images=IMAGES, runs=1
    )
    assert float_tensors(file.path.read_bytes()) == []
    assert (file.partitions, file.not_delegated) == (1, {"QUANTIZE": 1})
    # Both enlarge within the range of what is enlarged. Where the training
    # has another range behind that, it is 0.035.
    assert file.parity < 0.015
    assert metadata.read(file.path).activation == "softmax"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["LRASPP", "SSDLite"])
def test_a_network_of_the_package_is_trained_as_its_file_computes(
    name, tmp_path
):
    build = applications.get(f"{name}MobileNetV3Small")
    model = perturb(build((SIZE, SIZE, 3), 0.35, classes=4))
    aware = quantization.quantize_aware(model, IMAGES)
    task = None
    if name == "SSDLite":
        task = export.ObjectDetection.of(model)
    with warnings.catch_warnings():
        # Sixty layers that have learned nothing are not rounded alike.
        warnings.filterwarnings("ignore", ".*answers otherwise")
        file = export.to_tflite(
            aware,
            tmp_path / "model.tflite",
            list("abcd"),
            images=IMAGES,
            task=task,
            runs=1,
        )
    assert float_tensors(file.path.read_bytes()) == []
    assert (file.partitions, file.not_delegated) == (1, {"QUANTIZE": 1})
    answers = aware(IMAGES, training=False)
    found = export.predict(file.path, IMAGES)
    if name == "SSDLite":
        answers, found = answers["boxes"], found["location"][..., [1, 0, 3, 2]]
    together = np.corrcoef(np.ravel(answers), np.ravel(found))
    assert together[0, 1] > 0.9


@pytest.fixture(scope="module")
def aware_detector():
    aware = quantization.quantize_aware(detector(), IMAGES)
    trained(aware, {"boxes": CODES, "scores": KINDS}, LOSSES)
    return aware


@pytest.mark.parametrize("choose_boxes", [False, True])
def test_a_detector_is_trained_as_its_file_will_compute(
    choose_boxes, aware_detector, tmp_path
):
    file = export.to_tflite(
        aware_detector,
        tmp_path / "model.tflite",
        ["cat", "dog", "hen"],
        images=IMAGES,
        task=export.ObjectDetection(anchors(), choose_boxes=choose_boxes),
        runs=1,
    )
    assert float_tensors(file.path.read_bytes()) == []
    assert file.partitions == 1
    assert list(file.parities) == ["location", "score"]
    assert file.parity < 0.03
    found = export.detect(file.path, IMAGES)
    assert spread(found["boxes"]) > 2


def test_a_pruned_detector_becomes_a_file(tmp_path):
    model = detector()
    pruned = quantization.prune(model, 0.5, steps=1)
    trained(pruned, {"boxes": CODES, "scores": KINDS}, LOSSES)
    small = quantization.to_keras(pruned, model)
    kernel = np.asarray(small.get_layer("scores0_conv").kernel)
    assert (kernel == 0).mean() == 0.5
    file = export.to_tflite(
        small,
        tmp_path / "model.tflite",
        images=IMAGES,
        task=export.ObjectDetection(anchors()),
        runs=1,
    )
    assert file.parity < 1e-4


def test_a_clustered_segmenter_becomes_a_file(tmp_path):
    model = segmenter()
    clustered = quantization.cluster(model, 4)
    trained(clustered, MASKS, LOSSES["scores"])
    small = quantization.to_keras(clustered, model)
    assert len(np.unique(small.get_layer("features").kernel)) <= 4
    file = export.to_tflite(
        small,
        tmp_path / "model.tflite",
        images=IMAGES,
        task=export.ImageSegmentation(),
        runs=1,
    )
    assert file.parity < 1e-4
