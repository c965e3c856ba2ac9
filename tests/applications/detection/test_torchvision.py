"""Detectors beside torchvision's, with the same random weights.

`make test-timm` runs this where torchvision is installed.
"""

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers import applications
from keras_papers.applications import detection
from keras_papers.losses.detection import FocalLoss, smooth_l1
from tests.applications.detection.overlaps import draw_boxes
from tests.support.answers import random_images

pytestmark = pytest.mark.slow
pytest.importorskip("safetensors")
torch = pytest.importorskip("torch")
try:
    from tests.support import torch_detectors as theirs
    from tests.support import torch_networks
except ModuleNotFoundError as error:
    pytest.skip(f"needs {error.name}", allow_module_level=True)

torchvision = torch_networks.torchvision
models = torchvision.models.detection
NETWORKS = {
    "ssdlite320_mobilenet_v3_large": (
        "SSDLiteMobileNetV3Large",
        320,
        {"reduced_tail": "detection"},
    ),
    "ssd300_vgg16": ("SSD300VGG16", 300, {}),
}


@pytest.fixture(scope="module", params=NETWORKS)
def pair(request, tmp_path_factory):
    """Returns theirs, ours with its weights, and images."""
    name, size, arguments = NETWORKS[request.param]
    # The statistics of the last map, of one place, need several images.
    number = 3 if size == 300 else 12
    images = random_images(number, size, size, 3, low=0, high=255)
    images = images.astype("float64")
    network = theirs.create_detector(request.param, images)
    images = images[:3]
    path = tmp_path_factory.mktemp("torch") / f"{request.param}.safetensors"
    torch_networks.save(network, path)
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")  # rounding grows through the layers
    keras.config.set_dtype_policy("float64")
    yield (
        network,
        applications.get(name)(weights=path, **arguments),
        images,
    )
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


def objects_of(size):
    """Returns three objects, one object and none."""
    boxes = np.zeros((3, 3, 4))
    # No anchor overlaps one of them as much as another does.
    boxes[0] = [
        [0.03, 0.07, 0.88, 0.93],
        [0.21, 0.12, 0.33, 0.25],
        [0.52, 0.61, 0.91, 0.83],
    ]
    boxes[1, 0] = [0.11, 0.33, 0.43, 0.92]
    boxes *= size
    classes = np.array([[4, 0, 89], [7, -1, -1], [-1, -1, -1]])
    return {"boxes": boxes, "classes": classes}


def test_codes_and_logits_are_those_of_torchvision(pair):
    network, model, images = pair
    expected, anchors = theirs.raw(network, images)
    np.testing.assert_allclose(model.anchors, anchors[0], atol=1e-3)
    found = model(images, training=False)
    for ours, key in (("boxes", "bbox_regression"), ("scores", "cls_logits")):
        values = np.asarray(expected[key])
        assert values.std(axis=0).mean() > 0.1
        difference = np.abs(ops.convert_to_numpy(found[ours]) - values)
        # Their pixels are normalized in float32.
        assert difference.max() <= 1e-4 * values.std()


def test_losses_are_those_of_torchvision(pair):
    network, model, images = pair
    objects = objects_of(images.shape[1])
    outputs, anchors = theirs.raw(network, images)
    box_loss, class_loss = theirs.losses(network, outputs, anchors, objects)
    model.compile("sgd")
    found = model.evaluate(images, objects, verbose=0, return_dict=True)
    assert min(box_loss, class_loss) > 0.1
    assert found["box_loss"] == pytest.approx(box_loss, rel=1e-4)
    assert found["class_loss"] == pytest.approx(class_loss, rel=1e-4)


def test_detections_are_those_of_torchvision(pair):
    network, model, images = pair
    expected = theirs.detections(network, images)
    found = model.predict(images, verbose=0)
    for image, theirs_ in enumerate(expected):
        number = len(theirs_["scores"])
        assert found["counts"][image] == number > 50
        # Rounding may exchange neighbors of nearly equal scores.
        np.testing.assert_allclose(
            found["scores"][image, :number], theirs_["scores"], atol=1e-4
        )
        ours = np.column_stack(
            [found["classes"][image] + 1, found["boxes"][image]]
        )[:number]
        labels = np.column_stack([theirs_["labels"], theirs_["boxes"]])
        same = np.abs(ours - labels).max(axis=1) < 1e-2
        assert same.mean() > 0.98


def test_a_file_of_91_columns_starts_a_detector_of_other_classes(
    pair, tmp_path
):
    network, model, _ = pair
    name, _, arguments = NETWORKS[
        "ssd300_vgg16" if "ssd300" in model.name else next(iter(NETWORKS))
    ]
    path = tmp_path / "weights.safetensors"
    torch_networks.save(network, path)
    with pytest.warns(UserWarning, match="map1_scores_logits' was left fresh"):
        other = applications.get(name)(weights=path, classes=3, **arguments)
    assert other.output["scores"].shape[-1] == 4
    for layer in ("map2_boxes_codes", "stage2_block1_expand", "fc6_conv"):
        if any(each.name == layer for each in model.layers):
            np.testing.assert_array_equal(
                other.get_layer(layer).get_weights()[0],
                model.get_layer(layer).get_weights()[0],
            )


def test_anchors_of_faster_rcnn_are_those_of_torchvision():
    maps, sizes = [(20, 24), (10, 12), (5, 6)], [(32,), (64, 100), (128,)]
    generator = models.anchor_utils.AnchorGenerator(
        tuple(sizes), ((0.5, 1.0, 2.0),) * 3
    )
    images = theirs.ImageList(torch.zeros(1, 3, 320, 384), [(320, 384)])
    features = [torch.zeros(1, 1, *size) for size in maps]
    (expected,) = generator(images, features)
    found = detection.sliding_anchors(maps, (320, 384), sizes)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("keep_best", [False, True])
@pytest.mark.parametrize("high, low", [(0.7, 0.3), (0.5, 0.5)])
def test_matches_are_those_of_torchvision(high, low, keep_best):
    generator = np.random.default_rng(0)
    # Equal overlaps, too.
    overlaps = generator.uniform(0, 0.8, (6, 40)).round(1).astype("float32")
    expected = models._utils.Matcher(high, low, keep_best)(
        torch.tensor(overlaps)
    )
    found = ops.convert_to_numpy(
        detection.match(overlaps[None], high, low, keep_best)
    )[0]
    expected = np.asarray(expected)
    np.testing.assert_array_equal(found < 0, expected < 0)
    for anchor in np.flatnonzero(found >= 0):  # of equal ones, another
        ours, others = overlaps[[found[anchor], expected[anchor]], anchor]
        assert ours == others


def test_codes_are_those_of_torchvision():
    generator = np.random.default_rng(0)
    boxes, anchors = (draw_boxes(generator, 50) for _ in range(2))
    coder = models._utils.BoxCoder((10.0, 10.0, 5.0, 5.0))
    tensors = torch.tensor(boxes), torch.tensor(anchors)
    expected = coder.encode_single(*tensors)
    codes = ops.convert_to_numpy(detection.encode_boxes(boxes, anchors))
    np.testing.assert_allclose(codes, expected, atol=1e-4)
    wild = generator.normal(0, 30, (50, 4)).astype("float32")
    expected = coder.decode_single(torch.tensor(wild), tensors[1])
    found = ops.convert_to_numpy(detection.decode_boxes(wild, anchors))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-2)


def test_focal_and_smooth_losses_are_those_of_torchvision():
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (1, 30, 5)).astype("float32")
    labels = generator.integers(0, 6, (1, 30))
    there = torch.nn.functional.one_hot(torch.tensor(labels), 6)[..., 1:]
    expected = torchvision.ops.sigmoid_focal_loss(
        torch.tensor(logits), there.float(), 0.3, 1.5, "sum"
    )
    found = FocalLoss(0.3, 1.5).class_losses(
        ops.array(labels, "int32"), ops.array(logits)
    )
    assert float(found[0]) == pytest.approx(float(expected), rel=1e-5)
    expected = torch.nn.functional.smooth_l1_loss(
        torch.tensor(logits), torch.zeros(1, 30, 5), reduction="none", beta=0.2
    )
    np.testing.assert_allclose(
        ops.convert_to_numpy(smooth_l1(ops.array(logits), 0.2)),
        expected,
        atol=1e-6,
    )
