"""Android's task library, as MediaPipe runs it, on files of ours."""

import pathlib

import cv2
import mediapipe
import numpy as np
import pytest
from mediapipe.tasks.metadata import metadata_schema_py_generated as schema
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import (
    ImageClassifier,
    ImageClassifierOptions,
)
from sklearn.datasets import load_sample_image

from keras_papers import applications, export
from keras_papers.export import metadata
from keras_papers.export.metadata import Description
from keras_papers.pipelines.data.images import load_digits
from tests.support.answers import perturb

DEMO = pathlib.Path(__file__).parents[2] / "demo_output"
FILES = [DEMO / "model.tflite", DEMO / "model.int8.tflite"]
LABELS = ("cat", "dog", "hen", "größe", "cow")


def classify(path, image):
    """Returns the scores by label, from the task library."""
    options = ImageClassifierOptions(BaseOptions(model_asset_path=str(path)))
    with ImageClassifier.create_from_options(options) as classifier:
        (result,) = classifier.classify(
            mediapipe.Image(
                image_format=mediapipe.ImageFormat.SRGB,
                data=np.ascontiguousarray(image, np.uint8),
            )
        ).classifications
    return {each.category_name: each.score for each in result.categories}


def by_litert(path, image, mean=0.0, std=1.0):
    """Returns the same by the interpreter alone, on an image of its size."""
    (scores,) = export.predict(
        path, (image[None].astype("float32") - mean) / std
    )
    return dict(zip(metadata.read(path).labels, scores.tolist(), strict=True))


def as_the_library(photo, size):
    """Resizes as the task library does.

    It maps corners to corners and takes four neighbours of a pixel's corner,
    not of its middle as cv2.resize does.
    """
    height, width = photo.shape[:2]
    scale = np.diag([size / width, size / height, 1.0])
    return cv2.warpPerspective(
        photo, scale, (size, size), flags=cv2.INTER_LINEAR
    )


def network(rescales):
    return perturb(
        applications.MobileNetV2(
            (96, 96, 3),
            alpha=0.35,
            classes=5,
            include_preprocessing=rescales,
        )
    )


@pytest.fixture(scope="module")
def photo():
    return load_sample_image("china.jpg")  # 427 x 640


@pytest.mark.parametrize("rescales", [True, False])
def test_scores_and_labels_are_those_of_the_file(rescales, photo, tmp_path):
    model = network(rescales)
    path = tmp_path / "model.tflite"
    export.to_tflite(model, path, LABELS, runs=1)
    normalization = (0.0, 1.0) if rescales else (127.5, 127.5)
    patch = photo[100:196, 200:296]
    expected = by_litert(path, patch, *normalization)
    assert np.ptp(list(expected.values())) > 0.05
    assert classify(path, patch) == pytest.approx(expected, abs=1e-5)
    wrong = by_litert(path, patch, 100.0, 100.0)
    assert wrong != pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("rescales", [True, False])
def test_a_file_of_integers_takes_pixels_itself(rescales, photo, tmp_path):
    """Whatever its model took; the library hands them over as they are."""
    model = network(rescales)
    patches = [photo[i : i + 96, i : i + 96] for i in range(0, 300, 20)]
    images = np.stack(patches).astype("float32")
    if not rescales:
        images = images / 127.5 - 1
    path = tmp_path / "model.tflite"
    export.to_tflite(
        model,
        path,
        LABELS,
        "int8",
        representative_data=images,
        images=images,
        runs=1,
    )
    assert metadata.read(path) == Description(model.name, LABELS, 0.0, 1.0)
    answers = [classify(path, patch) for patch in patches]
    for patch, found in zip(patches, answers, strict=True):
        assert found == pytest.approx(by_litert(path, patch), abs=1e-6)
    assert np.ptp([found["cat"] for found in answers]) > 0.05


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_demos_files_read_digits(file):
    digits = load_digits(48, seed=0)
    images, labels = digits.test.sources[:30], digits.test.labels[:30]
    right = 0
    for image, label in zip(images, labels, strict=True):
        found = classify(file, image)
        assert found == pytest.approx(by_litert(file, image), abs=1e-5)
        right += max(found, key=found.get) == str(label)
    assert right >= 28


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_photo_of_another_size_is_answered_as_the_resized_one(file):
    """On enlarged digits, whose every resizing is smooth."""
    digits = load_digits(48, seed=0)
    for image in digits.test.sources[:10]:
        photo = cv2.resize(image, (300, 200), interpolation=cv2.INTER_CUBIC)
        expected = by_litert(file, as_the_library(photo, 48))
        found = classify(file, photo)
        assert max(found, key=found.get) == max(expected, key=expected.get)
        assert found == pytest.approx(expected, abs=5e-3)


def test_the_slots_are_those_of_the_published_schema(tmp_path):
    model = applications.MobileNet((32, 32, 3), alpha=0.25, classes=5)
    path = tmp_path / "model.tflite"
    export.to_tflite(model, path, LABELS, normalization=(1, 2), runs=1)
    assert metadata.read(path) == Description(model.name, LABELS, 1.0, 2.0)
    data = path.read_bytes()
    found = schema.ModelMetadataT.InitFromPackedBuf(
        data[data.index(b"M001") - 4 :], 0
    )
    (graph,) = found.subgraphMetadata
    (image,), (scores,) = graph.inputTensorMetadata, graph.outputTensorMetadata
    assert found.name.decode() == model.name
    assert image.content.contentProperties.colorSpace == (
        schema.ColorSpaceType.RGB
    )
    (unit,) = image.processUnits
    assert unit.optionsType == schema.ProcessUnitOptions.NormalizationOptions
    assert (unit.options.mean, unit.options.std) == ([1.0], [2.0])
    assert (image.stats.min, image.stats.max) == ([0.0], [255.0])
    (labels,) = scores.associatedFiles
    assert labels.name.decode() == "labels.txt"
    assert labels.type == schema.AssociatedFileType.TENSOR_AXIS_LABELS
    assert scores.content.contentPropertiesType == (
        schema.ContentProperties.FeatureProperties
    )
