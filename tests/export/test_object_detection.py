"""Files of detectors: two outputs, or the boxes themselves.

MediaPipe itself is asked in tests/android.
"""

import keras
import numpy as np
import pytest
from keras import layers

from keras_papers import applications, export
from keras_papers.applications.detection.boxes import clip_boxes, decode_boxes
from keras_papers.applications.detection.suppression import best_boxes
from keras_papers.export import (
    choice_of_boxes,
    detections,
    metadata,
    object_detection,
)
from keras_papers.export.detections import MEDIAPIPE
from keras_papers.export.integer_file import float_tensors
from keras_papers.export.interpreter import VerificationError
from tests.support.answers import perturb, random_images, spread
from tests.support.dense_networks import SIZE, anchors, detector

pytestmark = pytest.mark.tensorflow

LABELS = ["cat", "dog", "größe"]
RULE = export.Suppression(0.0, 0.4, None, 10)
IMAGES = random_images(16, SIZE, SIZE, 3, low=0, high=255)


@pytest.fixture(scope="module")
def model():
    return detector()


def write(model, path, task, quantize=None):
    return export.to_tflite(
        model,
        path / "model.tflite",
        LABELS,
        quantize,
        representative_data=IMAGES if quantize else None,
        images=IMAGES,
        task=task,
        runs=1,
    )


def found_by_keras(model, task, rule, clip=False):
    """Returns the boxes of a model, by the layers of this package.

    Args:
        clip: Whether boxes are clipped before they are compared.
    """
    outputs = model(IMAGES)
    boxes = decode_boxes(outputs["boxes"], task.anchors, task.box_weights)
    if clip:
        boxes = clip_boxes(boxes, (SIZE, SIZE))
    shares = keras.activations.get(task.score_activation)(outputs["scores"])
    found = best_boxes(boxes, shares[..., int(task.background) :], rule)
    return {name: np.asarray(array) for name, array in found.items()}


def assert_same(found, expected):
    assert spread(expected["boxes"]) > 2
    assert spread(expected["scores"]) > 0.02
    assert (expected["counts"] > 0).all()
    np.testing.assert_array_equal(found["counts"], expected["counts"])
    np.testing.assert_array_equal(found["classes"], expected["classes"])
    np.testing.assert_allclose(found["scores"], expected["scores"], atol=1e-5)
    np.testing.assert_allclose(found["boxes"], expected["boxes"], atol=1e-3)


@pytest.mark.parametrize(
    "background, activation",
    [(True, "softmax"), (True, "sigmoid"), (False, "sigmoid")],
)
def test_the_boxes_of_a_file_are_those_of_keras(
    background, activation, tmp_path
):
    model = detector(background=background)
    task = export.ObjectDetection(
        anchors(), (10, 9, 5, 4), background, activation
    )
    file = write(model, tmp_path, task)
    assert file.not_delegated == {}
    outputs = export.predict(file.path, IMAGES)
    assert outputs["location"].shape == (16, 240, 4)
    assert outputs["score"].shape == (16, 240, 3)
    codes = np.asarray(model(IMAGES)["boxes"])
    np.testing.assert_allclose(
        outputs["location"], codes[..., [1, 0, 3, 2]], atol=1e-4
    )
    assert_same(
        export.detect(file.path, IMAGES, "mediapipe"),
        found_by_keras(model, task, MEDIAPIPE),
    )
    rule = export.Suppression(0.0, 0.5, 20, 30)
    assert_same(
        export.detect(file.path, IMAGES, rule),
        found_by_keras(model, task, rule, clip=True),
    )


@pytest.mark.parametrize(
    "per_class, activation", [(True, "softmax"), (False, "sigmoid")]
)
def test_a_file_that_chooses_has_the_boxes_of_keras(
    per_class, activation, model, tmp_path
):
    task = export.ObjectDetection(
        anchors(),
        score_activation=activation,
        suppression=RULE._replace(per_class=per_class),
        choose_boxes=True,
    )
    file = write(model, tmp_path, task)
    assert file.ops["CUSTOM:TFLite_Detection_PostProcess"] == 1
    assert list(file.parities) == ["location", "score"]
    expected = found_by_keras(model, task, task.suppression)
    for suppression in ("model", "mediapipe"):
        assert_same(export.detect(file.path, IMAGES, suppression), expected)
    with pytest.raises(ValueError, match="`suppression` is for files of two"):
        export.detect(file.path, IMAGES, export.Suppression())


def test_a_file_may_choose_boxes_that_do_not_overlap_at_all(model, tmp_path):
    rule = RULE._replace(iou_threshold=0.0)
    task = export.ObjectDetection(
        anchors(), suppression=rule, choose_boxes=True
    )
    found = export.detect(write(model, tmp_path, task).path, IMAGES)
    expected = found_by_keras(model, task, rule)
    assert expected["counts"].min() > 1
    assert_same(found, expected)


def test_the_rule_of_a_file_is_that_of_its_model(model, tmp_path):
    rule = export.Suppression(0.2, 0.5, 5, 30)
    task = export.ObjectDetection(anchors(), suppression=rule)
    path = write(model, tmp_path, task).path
    assert metadata.read(path).suppression == rule
    expected = found_by_keras(model, task, rule, clip=True)
    for suppression in (None, "model", rule):
        assert_same(export.detect(path, IMAGES, suppression), expected)
    cut = export.detect(path, IMAGES, MEDIAPIPE)
    others = export.detect(path, IMAGES, "mediapipe")
    assert (cut["classes"] != others["classes"]).any()
    with pytest.raises(ValueError, match="is 'model', 'mediapipe' or a"):
        export.detect(path, IMAGES, "phone")


def test_a_file_is_verified_with_its_rule_and_its_anchors(model, tmp_path):
    task = export.ObjectDetection(anchors())
    path = write(model, tmp_path, task).path
    other = task._replace(suppression=RULE)
    with pytest.raises(VerificationError, match="suppresses boxes by Supp"):
        export.verify(path, model, task=other, images=IMAGES, runs=1)
    other = task._replace(anchors=anchors() + 1)
    with pytest.raises(VerificationError, match="other anchors than the mo"):
        export.verify(path, model, task=other, images=IMAGES, runs=1)


def test_a_file_whose_rule_was_removed_is_read_without(model, tmp_path):
    path = write(model, tmp_path, export.ObjectDetection(anchors())).path
    data = path.read_bytes()
    path.write_bytes(data[: data.rindex(b"PK\3\4")])  # no zip file any more
    assert metadata.read(path).suppression is None
    assert export.detect(path, IMAGES)["counts"].max() > 0


def test_a_file_without_a_rule_is_read_as_the_task_library_does(
    model, tmp_path, monkeypatch
):
    """As those that others have written."""
    task = export.ObjectDetection(anchors())
    with monkeypatch.context() as patch:
        described = export.ObjectDetection.describe
        patch.setattr(
            export.ObjectDetection,
            "describe",
            lambda *args: described(*args)._replace(suppression=None),
        )
        path = write(model, tmp_path, task).path
    expected = found_by_keras(model, task, MEDIAPIPE)
    assert_same(export.detect(path, IMAGES), expected)
    with pytest.raises(ValueError, match="'model'` is the rule in the file"):
        export.detect(path, IMAGES, "model")


def test_a_file_is_run_once_for_several_rules(model, tmp_path, monkeypatch):
    path = write(model, tmp_path, export.ObjectDetection(anchors())).path
    opened, runs = detections.OpenDetector.of(path), []
    run = detections.run
    monkeypatch.setattr(
        detections, "run", lambda *args: runs.append(args) or run(*args)
    )
    found = opened.detect(IMAGES, ["model", "mediapipe"])
    assert len(runs) == 1
    for each, suppression in zip(found, ("model", "mediapipe"), strict=True):
        assert_same(each, export.detect(path, IMAGES, suppression))


def test_fewer_boxes_than_there_is_place_for_are_counted(model, tmp_path):
    rule = RULE._replace(score_threshold=0.7)
    task = export.ObjectDetection(
        anchors(), suppression=rule, choose_boxes=True
    )
    found = export.detect(write(model, tmp_path, task).path, IMAGES)
    counts = found["counts"]
    assert counts.min() < 10 and counts.max() > 0
    for row, count in enumerate(counts):
        assert (found["scores"][row, :count] >= 0.7).all()
        assert (found["classes"][row, count:] == -1).all()
        assert not found["boxes"][row, count:].any()


@pytest.mark.parametrize("choose_boxes", [False, True])
def test_integers_compute_all_but_the_last_operations(
    choose_boxes, model, tmp_path
):
    task = export.ObjectDetection(anchors(), choose_boxes=choose_boxes)
    file = write(model, tmp_path, task, "int8")
    assert float_tensors(file.path.read_bytes()) == []
    assert file.partitions == 1
    chosen = {"TFLite_Detection_PostProcess": 1} if choose_boxes else {}
    assert file.not_delegated == {"QUANTIZE": 1, **chosen}
    assert file.parity < 0.06
    whole = found_by_keras(model, task, task.suppression)
    found = export.detect(file.path, IMAGES)
    same = found["classes"][:, 0] == whole["classes"][:, 0]
    assert same.mean() > 0.8
    distance = np.abs(found["boxes"][:, 0] - whole["boxes"][:, 0]).max(axis=1)
    assert np.median(distance) < 2  # pixels


def test_the_shares_of_an_integer_file_have_more_than_256_levels(
    model, tmp_path
):
    file = write(model, tmp_path, export.ObjectDetection(anchors()), "int8")
    scores = export.predict(file.path, IMAGES)["score"]
    assert len(np.unique(scores)) > 1000


def test_the_metadata_has_the_anchors_and_how_to_decode(model, tmp_path):
    task = export.ObjectDetection(anchors(), (10, 9, 5, 4))
    file = write(model, tmp_path, task)
    found = metadata.read(file.path)
    assert found.labels == tuple(LABELS)
    decoding = found.decoding
    assert (decoding.scales, decoding.num_classes) == ((10, 9, 5, 4), 3)
    assert decoding.sigmoid is False
    centers = np.array(decoding.anchors)[:, :2] * SIZE
    expected = (anchors()[:, :2] + anchors()[:, 2:]) / 2
    np.testing.assert_allclose(centers, expected, atol=1e-5)
    four = write(model, tmp_path, task._replace(choose_boxes=True))
    assert metadata.read(four.path) == metadata.Description(
        "detector",
        tuple(LABELS),
        suppression=export.Suppression(candidates=None),
    )


def test_anchors_of_another_model_are_a_verification_error(
    model, tmp_path, monkeypatch
):
    """Where the file chooses, what it chooses of is compared with NumPy."""
    task = export.ObjectDetection(anchors(), choose_boxes=True)
    write(model, tmp_path, task)
    others = task._replace(anchors=anchors() + 3)
    with pytest.raises(VerificationError, match="chooses other boxes"):
        export.verify(
            tmp_path / "model.tflite", model, images=IMAGES, task=others
        )
    monkeypatch.setattr(choice_of_boxes, "ROUNDING", 1.0)
    export.verify(
        tmp_path / "model.tflite", model, images=IMAGES, task=others, runs=1
    )


def test_codes_in_another_order_are_a_verification_error(
    model, tmp_path, monkeypatch
):
    monkeypatch.setattr(object_detection, "XY_TO_YX", [0, 1, 2, 3])
    with pytest.raises(VerificationError, match="output 'location' differs"):
        write(model, tmp_path, export.ObjectDetection(anchors()))


@pytest.fixture(scope="module")
def ssd_lite():
    return perturb(
        applications.SSDLiteMobileNetV3Small(
            (96, 96, 3),
            0.35,
            classes=3,
            suppression=export.Suppression(0.001, 0.55, 20, 100),
        )
    )


def test_a_detector_describes_itself(ssd_lite, tmp_path):
    images = random_images(4, 96, 96, 3, low=0, high=255)
    file = export.to_tflite(
        ssd_lite, tmp_path / "model.tflite", LABELS, images=images, runs=1
    )
    # It has six maps, and XNNPACK joins five.
    assert (file.partitions, file.not_delegated) == (1, {})
    decoding = metadata.read(file.path).decoding
    assert len(decoding.anchors) == len(ssd_lite.anchors) == 312
    expected = ssd_lite.predict(images, verbose=0)
    found = export.detect(file.path, images, "model")
    # Of each class 20 boxes take part; without that limit there are more.
    assert expected["counts"].max() < 60
    np.testing.assert_array_equal(found["counts"], expected["counts"])
    assert spread(expected["boxes"]) > 2
    same = found["classes"] == expected["classes"]
    assert same.mean() > 0.98  # of near scores the order may differ
    for name, bound in (("scores", 1e-4), ("boxes", 1e-2)):
        difference = np.abs(found[name] - expected[name])[same]
        assert np.quantile(difference, 0.95) < bound


def test_the_task_of_a_detector_is_read_from_it(ssd_lite):
    task = export.ObjectDetection.of(ssd_lite, export.Suppression(0.7))
    assert task.suppression.score_threshold == 0.7
    own = export.ObjectDetection.of(ssd_lite).suppression
    assert own == ssd_lite.suppression != export.Suppression()
    assert task.box_weights == (10, 10, 5, 5)
    assert (task.background, task.score_activation) == (True, "softmax")
    with pytest.raises(ValueError, match="`detector` is a Detector"):
        export.ObjectDetection.of(detector())


@pytest.mark.parametrize(
    "task, message",
    [
        ("object_detection", "`task` is what the app does"),
        (export.ObjectDetection(anchors()[:7]), r"240 rows.*\(7, 4\)"),
        (export.ObjectDetection(anchors()[:, ::-1]), "`anchors` must be a box"),
        (export.ObjectDetection(anchors(), (1, 2, 0, 1)), "four positive"),
        (export.ObjectDetection(anchors(), background=1), "`background`"),
        (
            export.ObjectDetection(anchors(), score_activation="relu"),
            "`score_activation`",
        ),
        (
            export.ObjectDetection(anchors(), suppression=10),
            "`suppression` is which",
        ),
        (
            export.ObjectDetection(
                anchors(), suppression=export.Suppression(1.5)
            ),
            "`score_threshold` is a threshold",
        ),
        (export.ObjectDetection(anchors(), choose_boxes=1), "`choose_boxes`"),
        (export.ImageSegmentation(), "segmentation of images.*'boxes'"),
    ],
)
def test_a_task_that_does_not_fit_is_explained(task, message, model, tmp_path):
    with pytest.raises(ValueError, match=message):
        export.to_tflite(model, tmp_path / "model.tflite", task=task)
    assert not list(tmp_path.iterdir())


def test_other_outputs_and_labels_are_explained(model, tmp_path):
    image = keras.Input((SIZE, SIZE, 3))
    other = keras.Model(image, layers.Conv2D(3, 1, name="map")(image))
    task = export.ObjectDetection(anchors())
    with pytest.raises(ValueError, match=r"'boxes' \(anchors, 4\).*'map'"):
        export.to_tflite(other, tmp_path / "model.tflite", task=task)
    with pytest.raises(ValueError, match="4 different of 4, for 3 classes"):
        export.to_tflite(
            model, tmp_path / "model.tflite", list("abcd"), task=task
        )


def test_a_file_of_no_detector_is_not_run(tmp_path):
    image = keras.Input((8, 8, 3))
    other = keras.Model(image, layers.Conv2D(3, 1, name="map")(image))
    path = tmp_path / "model.tflite"
    export.to_tflite(other, path, normalization=(0, 1), runs=1)
    with pytest.raises(ValueError, match="A detector must be a .tflite"):
        export.detect(path, np.zeros((1, 8, 8, 3)))
