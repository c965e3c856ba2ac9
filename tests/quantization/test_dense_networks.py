"""Detectors and segmenters: trained as int8, pruned, clustered."""

import warnings

import keras
import numpy as np
import pytest

from keras_papers import applications, export, quantization
from keras_papers.applications.detection import Detector
from keras_papers.export import metadata
from keras_papers.export.integer_file import float_tensors
from tests.support.answers import perturb, random_images, spread
from tests.support.dense_networks import SIZE, anchors, detector, segmenter
from tests.support.extra import NEEDS_TFMOT
from tests.support.file_kernels import kernels_of_file

pytestmark = NEEDS_TFMOT

IMAGES = random_images(16, SIZE, SIZE, 3, low=0, high=255)
NO_CLASS = 255  # of the pixels of a third of the rows
MASKS = np.random.default_rng(0).integers(0, 4, (16, SIZE, SIZE))
MASKS[:, ::3] = NO_CLASS
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(
    from_logits=True, ignore_class=NO_CLASS
)
OBJECTS = {  # the second row of half of the images has none
    "boxes": np.tile(
        np.array([[8, 8, 40, 30], [30, 20, 60, 60]], "float32"), (16, 1, 1)
    ),
    "classes": np.tile([[2, 0], [1, -1]], (8, 1)),
}


def trained(model, labels, loss, **options):
    quantization.fine_tune(
        model, (IMAGES, labels), 1, loss=loss, metrics=[], verbose=0, **options
    )


def test_a_segmenter_is_trained_as_its_file_will_compute(tmp_path):
    model = segmenter()
    before = np.asarray(model(IMAGES))
    assert spread(before) > 0.05
    aware = quantization.quantize_aware(model, IMAGES)
    trained(aware, MASKS, CROSS_ENTROPY)
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
@pytest.mark.parametrize("name", ["LRASPPMobileNetV3Small", "SSDLiteMobileNet"])
def test_a_network_of_the_package_is_trained_as_its_file_computes(
    name, tmp_path
):
    build = applications.get(name)
    model = perturb(build((SIZE, SIZE, 3), 0.35, classes=4))
    aware = quantization.quantize_aware(model, IMAGES)
    task = None
    if name.startswith("SSD"):
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
    if name.startswith("SSD"):
        answers, found = answers["boxes"], found["location"][..., [1, 0, 3, 2]]
    together = np.corrcoef(np.ravel(answers), np.ravel(found))
    assert together[0, 1] > 0.9


@pytest.fixture(scope="module")
def model():
    network = detector()
    return Detector(network.input, network.output, anchors(), classes=3)


@pytest.fixture(scope="module")
def aware_detector(model):
    aware = quantization.quantize_aware(model, IMAGES)
    before = np.asarray(aware(IMAGES, training=False)["scores"])
    trained(aware, OBJECTS, model.object_loss(), learning_rate=1e-3)
    after = np.asarray(aware(IMAGES, training=False)["scores"])
    assert np.abs(after - before).max() > 0.01
    return aware


@pytest.mark.parametrize("choose_boxes", [False, True])
def test_a_detector_is_trained_as_its_file_will_compute(
    choose_boxes, model, aware_detector, tmp_path
):
    file = export.to_tflite(
        aware_detector,
        tmp_path / "model.tflite",
        ["cat", "dog", "hen"],
        images=IMAGES,
        task=export.ObjectDetection.of(model, choose_boxes=choose_boxes),
        runs=1,
    )
    assert float_tensors(file.path.read_bytes()) == []
    assert file.partitions == 1
    assert list(file.parities) == ["location", "score"]
    assert file.parity < 0.03
    found = export.detect(file.path, IMAGES)
    assert spread(found["boxes"]) > 2


def test_zeros_and_clusters_of_a_detector_are_in_its_files(model, tmp_path):
    pruned = quantization.prune(model, 0.5, steps=1)
    trained(pruned, OBJECTS, model.object_loss())
    sparse = quantization.to_keras(pruned, model)
    clustered = quantization.cluster(sparse, 5, preserve_sparsity=True)
    small = quantization.to_keras(clustered, sparse)
    file = export.to_tflite(
        small, tmp_path / "model.tflite", images=IMAGES, runs=1
    )
    assert file.parity < 1e-4
    assert_zeros_and_clusters(file.path)
    kept = "sparsity", "clusters"
    aware = quantization.quantize_aware(small, IMAGES, preserve=kept)
    file = export.to_tflite(
        aware,
        tmp_path / "model.qat.tflite",
        images=IMAGES,
        task=export.ObjectDetection.of(small),
        runs=1,
    )
    assert_zeros_and_clusters(file.path)


def assert_zeros_and_clusters(path):
    *kernels, swap = kernels_of_file(path)
    assert len(kernels) == 8 and swap.shape == (4, 4)  # of x and y
    for kernel in kernels:
        assert (kernel == 0).mean() >= 0.5
        assert 2 < most_values(kernel) <= 5


def most_values(kernel):
    """Returns how many values the filters of a kernel have, at most.

    A normalization is multiplied into the filters, each by a factor.
    """
    return max(len(np.unique(each)) for each in kernel)


def test_the_clusters_of_a_segmenter_are_in_its_file(tmp_path):
    model = segmenter()
    clustered = quantization.cluster(model, 4)
    trained(clustered, MASKS, CROSS_ENTROPY)
    small = quantization.to_keras(clustered, model)
    file = export.to_tflite(
        small,
        tmp_path / "model.tflite",
        images=IMAGES,
        task=export.ImageSegmentation(),
        runs=1,
    )
    assert file.parity < 1e-4
    kernels = kernels_of_file(file.path)
    assert len(kernels) == 8
    assert all(2 < most_values(kernel) <= 4 for kernel in kernels)
