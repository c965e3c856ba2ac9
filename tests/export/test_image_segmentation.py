"""Files of segmenters; MediaPipe itself is asked in tests/android."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import export
from keras_papers.export import metadata
from keras_papers.export.integer_file import float_tensors
from keras_papers.export.interpreter import open_file
from tests.support.answers import answers, random_images, spread
from tests.support.dense_networks import SIZE, segmenter

pytestmark = pytest.mark.tensorflow

LABELS = ["sky", "road", "größe", "car"]
IMAGES = random_images(16, SIZE, SIZE, 3, low=0, high=255)


@pytest.mark.parametrize("stride", [1, 4])
@pytest.mark.parametrize("quantize, bound", [(None, 1e-5), ("int8", 0.05)])
def test_a_file_answers_logits_in_one_partition(
    quantize, bound, stride, tmp_path
):
    model = segmenter(stride=stride)
    file = export.to_tflite(
        model,
        tmp_path / "model.tflite",
        LABELS,
        quantize,
        representative_data=IMAGES if quantize else None,
        images=IMAGES,
        runs=1,
    )
    expected = answers(model, IMAGES)
    assert spread(expected) > 0.05
    found = export.predict(file.path, IMAGES)
    assert found.shape == (16, SIZE // stride, SIZE // stride, 4)
    assert np.abs(found - expected).max() < bound * np.ptp(expected)
    assert file.partitions == 1
    assert file.not_delegated == ({"QUANTIZE": 1} if quantize else {})
    if quantize:
        assert float_tensors(file.path.read_bytes()) == []
        classes = found.argmax(-1) == expected.argmax(-1)
        assert classes.mean() > 0.95
    described = metadata.read(file.path)
    assert described.labels == tuple(LABELS)
    assert described.activation == "softmax"
    opened = open_file(file.path)
    assert (list(opened.inputs), list(opened.outputs)) == (["image"], ["mask"])


def test_a_second_label_that_mediapipe_treats_apart_is_warned_of():
    task = export.ImageSegmentation("softmax")
    for labels, warns in ((("skin", "hair"), True), (("hair", "skin"), False)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            described = metadata.Description("name", labels)
            task.describe(described, None, b"")
        assert len(caught) == warns
        assert all("'hair' as its own" in str(each.message) for each in caught)


@pytest.mark.parametrize(
    "classes, last, given, expected",
    [
        (4, None, None, "softmax"),
        (4, "softmax", None, "none"),
        (4, "sigmoid", None, "none"),
        (1, None, None, "sigmoid"),
        (1, "sigmoid", None, "none"),
        (4, None, "sigmoid", "sigmoid"),
    ],
)
def test_the_activation_is_what_the_graph_lacks(
    classes, last, given, expected, tmp_path
):
    file = export.to_tflite(
        segmenter(classes, last),
        tmp_path / "model.tflite",
        task=export.ImageSegmentation(given),
        runs=1,
    )
    assert metadata.read(file.path).activation == expected


def test_a_map_is_a_segmentation_only_if_that_is_said(tmp_path):
    """Another one may be the map of a depth, or of an image."""
    model = segmenter()
    file = export.to_tflite(model, tmp_path / "model.tflite", runs=1)
    assert metadata.read(file.path).activation is None
    assert list(open_file(file.path).outputs) == ["to_image"]


@pytest.mark.parametrize(
    "outputs, message",
    [
        (lambda x: layers.Flatten()(x), r"segmentation of images.*\(256,\)"),
        (lambda x: [x, layers.Identity()(x)], "other outputs"),
        (lambda x: keras.ops.argmax(x, axis=-1, keepdims=True), "an argmax"),
    ],
)
def test_outputs_that_are_no_map_of_scores_are_explained(
    outputs, message, tmp_path
):
    image = keras.Input((8, 8, 3))
    model = keras.Model(image, outputs(layers.Conv2D(4, 1)(image)))
    with pytest.raises(ValueError, match=message):
        export.to_tflite(
            model,
            tmp_path / "model.tflite",
            task=export.ImageSegmentation(),
        )


def test_other_activations_and_labels_are_explained(tmp_path):
    model, path = segmenter(), tmp_path / "model.tflite"
    with pytest.raises(ValueError, match="`activation` is what makes shares"):
        export.to_tflite(model, path, task=export.ImageSegmentation("relu"))
    with pytest.raises(ValueError, match="3 different of 3, for 4 classes"):
        export.to_tflite(model, path, LABELS[:3])
