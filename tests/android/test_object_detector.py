"""MediaPipe's ObjectDetector, on files of ours of both kinds."""

import mediapipe
import numpy as np
import pytest
from mediapipe.tasks.metadata import (
    metadata_schema_py_generated as schema,
)
from mediapipe.tasks.metadata import (
    object_detector_metadata_schema_py_generated as options_schema,
)
from mediapipe.tasks.python import BaseOptions
from mediapipe.tasks.python.vision import (
    ObjectDetector,
    ObjectDetectorOptions,
)

from keras_papers import applications, export
from tests.support.answers import perturb, random_images, spread
from tests.support.dense_networks import SIZE, anchors, detector

LABELS = ["cat", "dog", "größe"]
PHOTOS = random_images(6, SIZE, SIZE, 3, low=0, high=255).round()
MOST = 10


def detected(path, photo):
    """Returns (label, score, box) of each object, from the task library."""
    options = ObjectDetectorOptions(
        BaseOptions(model_asset_path=str(path)), max_results=MOST
    )
    with ObjectDetector.create_from_options(options) as library:
        result = library.detect(
            mediapipe.Image(
                image_format=mediapipe.ImageFormat.SRGB,
                data=np.ascontiguousarray(photo, np.uint8),
            )
        )
    rows = []
    for each in result.detections:
        (category,) = each.categories
        box = each.bounding_box
        rows.append(
            (
                category.category_name,
                category.score,
                [box.origin_x, box.origin_y, box.width, box.height],
            )
        )
    return rows


def by_numpy(path, photo):
    """Returns the same of our decoder; the library has whole pixels."""
    found = export.detect(path, photo[None], "mediapipe")
    rows = []
    for place in range(min(MOST, int(found["counts"][0]))):
        left, top, right, bottom = found["boxes"][0, place]
        rows.append(
            (
                LABELS[found["classes"][0, place]],
                found["scores"][0, place],
                # A corner outside the image is at its edge.
                [max(left, 0), max(top, 0), right - left, bottom - top],
            )
        )
    return rows


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Writes four files of one detector, and returns a way to get one."""
    folder, model = tmp_path_factory.mktemp("detector"), detector()

    def write(quantize, chooses):
        path = folder / f"{quantize}_{chooses}.tflite"
        if not path.exists():
            rule = export.Suppression(max_detections=MOST)
            task = export.ObjectDetection(
                anchors(), suppression=rule, choose_boxes=chooses
            )
            export.to_tflite(
                model,
                path,
                LABELS,
                quantize,
                representative_data=PHOTOS if quantize else None,
                images=PHOTOS,
                task=task,
                runs=1,
            )
        return path

    return write


@pytest.mark.parametrize("chooses", [False, True])
@pytest.mark.parametrize("quantize", [None, "int8"])
def test_boxes_and_labels_are_those_of_our_decoder(quantize, chooses, files):
    path = files(quantize, chooses)
    boxes = []
    for photo in PHOTOS:
        found, expected = detected(path, photo), by_numpy(path, photo)
        assert len(found) == len(expected) == MOST
        for (label, score, box), (name, share, corner) in zip(
            found, expected, strict=True
        ):
            assert label == name
            assert score == pytest.approx(share, abs=1e-5)
            np.testing.assert_allclose(box, corner, atol=1.01)
        boxes.append([box for *_, box in found])
    assert spread(np.array(boxes)) > 5


def test_a_file_may_choose_fewer_boxes_than_it_has_place_for(tmp_path):
    """Also a number that does not divide that of the places."""
    few = export.Suppression(0.5, max_detections=MOST)
    path = tmp_path / "model.tflite"
    task = export.ObjectDetection(anchors(), suppression=few, choose_boxes=True)
    export.to_tflite(detector(), path, LABELS, task=task, runs=1)
    numbers = []
    for photo in PHOTOS:
        found, expected = detected(path, photo), by_numpy(path, photo)
        assert [row[0] for row in found] == [row[0] for row in expected]
        numbers.append(len(found))
    assert any(number and MOST % number for number in numbers)


def test_boxes_are_in_pixels_of_the_photo(files):
    """A photo of equal halves beside each other is stretched back."""
    path = files(None, False)
    wide = PHOTOS[0].repeat(2, axis=1)
    for (label, _, box), (name, _, expected) in zip(
        detected(path, wide)[:3], by_numpy(path, PHOTOS[0])[:3], strict=True
    ):
        assert label == name
        left, top, width, height = expected
        np.testing.assert_allclose(
            box, [2 * left, top, 2 * width, height], atol=6
        )


def test_ssd_lite_is_opened(tmp_path):
    model = perturb(
        applications.SSDLiteMobileNetV3Small((96, 96, 3), 0.35, classes=3)
    )
    path = tmp_path / "model.tflite"
    export.to_tflite(model, path, LABELS, runs=1)
    photo = random_images(1, 96, 96, 3, low=0, high=255)[0].round()
    found, expected = detected(path, photo), by_numpy(path, photo)
    for (label, score, box), (name, share, corner) in zip(
        found, expected, strict=True
    ):
        assert label == name
        assert score == pytest.approx(share, abs=1e-4)
        np.testing.assert_allclose(box, corner, atol=1.1)


def test_the_slots_are_those_of_the_published_schemas(files):
    data = files(None, False).read_bytes()
    found = schema.ModelMetadataT.InitFromPackedBuf(
        data[data.index(b"M001") - 4 :], 0
    )
    (graph,) = found.subgraphMetadata
    location, score = graph.outputTensorMetadata
    assert (location.name, score.name) == (b"location", b"score")
    box = location.content.contentProperties
    assert box.type == schema.BoundingBoxType.BOUNDARIES
    assert box.coordinateType == schema.CoordinateType.RATIO
    assert list(box.index) == [1, 0, 3, 2]
    (custom,) = graph.customMetadata
    assert custom.name == b"DETECTOR_METADATA"
    options = options_schema.ObjectDetectorOptionsT.InitFromPackedBuf(
        bytes(custom.data), 0
    )
    decoding = options.tensorsDecodingOptions
    assert (decoding.numClasses, decoding.numBoxes) == (3, 240)
    assert (decoding.numCoords, decoding.numValuesPerKeypoint) == (4, 2)
    scales = [getattr(decoding, f"{name}Scale") for name in "xywh"]
    assert scales == [10, 10, 5, 5]
    assert decoding.applyExponentialOnBoxSize and not decoding.sigmoidScore
    known = options.ssdAnchorsOptions.fixedAnchorsSchema.anchors
    sizes = [(anchor.width, anchor.height) for anchor in known]
    corners = anchors()
    expected = (corners[:, 2:] - corners[:, :2]) / SIZE
    np.testing.assert_allclose(sizes, expected, atol=1e-6)


def test_labels_of_a_file_that_chooses_are_those_of_values(files):
    data = files(None, True).read_bytes()
    found = schema.ModelMetadataT.InitFromPackedBuf(
        data[data.index(b"M001") - 4 :], 0
    )
    (graph,) = found.subgraphMetadata
    named = {each.name: each for each in graph.outputTensorMetadata}
    assert named.keys() == {
        b"location",
        b"category",
        b"score",
        b"number of detections",
    }
    (labels,) = named[b"category"].associatedFiles
    assert labels.type == schema.AssociatedFileType.TENSOR_VALUE_LABELS
