"""MediaPipe's ImageSegmenter, on files of ours."""

import keras
import mediapipe
import numpy as np
import pytest
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import (
    ImageSegmenter,
    ImageSegmenterOptions,
)

from keras_papers import applications, export
from tests.support.answers import (
    answers,
    perturb,
    random_images,
    spread,
)
from tests.support.dense_networks import SIZE, segmenter

LABELS = ("sky", "road", "größe", "car")
PHOTOS = random_images(8, SIZE, SIZE, 3, low=0, high=255).round()


def segmented(path, photo):
    """Returns the shares, the categories and the labels of the library."""
    options = ImageSegmenterOptions(
        BaseOptions(model_asset_path=str(path)),
        output_confidence_masks=True,
        output_category_mask=True,
    )
    with ImageSegmenter.create_from_options(options) as library:
        result = library.segment(
            mediapipe.Image(
                image_format=mediapipe.ImageFormat.SRGB,
                data=np.ascontiguousarray(photo, np.uint8),
            )
        )
        shares = np.stack(
            [mask.numpy_view().squeeze() for mask in result.confidence_masks],
            axis=-1,
        )
        category = result.category_mask.numpy_view().squeeze().copy()
        return shares, category, tuple(library.labels)


def write(model, path, quantize=None, labels=LABELS):
    export.to_tflite(
        model,
        path,
        labels,
        quantize,
        representative_data=PHOTOS if quantize else None,
        images=PHOTOS,
        runs=1,
    )
    return path


@pytest.mark.parametrize(
    "quantize, last, bound",
    [(None, None, 1e-5), (None, "softmax", 1e-5), ("int8", None, 0.1)],
)
def test_shares_and_categories_are_those_of_keras(
    quantize, last, bound, tmp_path
):
    model = segmenter(last=last)
    path = write(model, tmp_path / "model.tflite", quantize)
    scores = answers(model, PHOTOS)
    expected = scores if last else np.asarray(keras.ops.softmax(scores))
    assert spread(expected) > 0.01
    for photo, ours in zip(PHOTOS, expected, strict=True):
        shares, category, labels = segmented(path, photo)
        assert labels == LABELS
        np.testing.assert_allclose(shares.sum(axis=-1), 1, atol=1e-5)
        np.testing.assert_allclose(shares, ours, atol=bound)
        np.testing.assert_array_equal(category, shares.argmax(axis=-1))
        assert len(np.unique(category)) > 1
    of_file = export.predict(path, PHOTOS[-1:])
    if not last:
        of_file = np.asarray(keras.ops.softmax(of_file))
    np.testing.assert_allclose(shares, of_file[0], atol=1e-5)


def test_lr_aspp_is_opened(tmp_path):
    model = perturb(
        applications.LRASPPMobileNetV3Small((SIZE, SIZE, 3), 0.35, classes=4)
    )
    path = write(model, tmp_path / "model.tflite")
    expected = np.asarray(keras.ops.softmax(answers(model, PHOTOS)))
    assert spread(expected) > 0.01
    for photo, ours in zip(PHOTOS[:3], expected, strict=False):
        shares, _, _ = segmented(path, photo)
        np.testing.assert_allclose(shares, ours, atol=1e-4)


def test_a_map_of_a_quarter_is_enlarged_by_the_library(tmp_path):
    path = write(segmenter(stride=4), tmp_path / "model.tflite")
    shares, category, _ = segmented(path, PHOTOS[0])
    assert shares.shape == (SIZE, SIZE, len(LABELS))
    # The library enlarges shares and scores by different rules.
    assert (category == shares.argmax(axis=-1)).mean() > 0.85


def test_one_class_is_0_in_the_category_mask_where_it_is(tmp_path):
    model = segmenter(classes=1)
    path = write(model, tmp_path / "model.tflite", labels=["leaf"])
    expected = np.asarray(keras.ops.sigmoid(answers(model, PHOTOS)))
    for photo, ours in zip(PHOTOS[:3], expected, strict=False):
        shares, category, _ = segmented(path, photo)
        np.testing.assert_allclose(shares, ours, atol=1e-5)
        np.testing.assert_array_equal(
            category, np.where(shares[..., 0] > 0.5, 0, 255)
        )
    assert 0 < (expected > 0.5).mean() < 1
