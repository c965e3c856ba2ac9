"""Detectors: their targets, training, outputs, and files."""

import functools

import keras
import numpy as np
import pytest
from keras import ops

from keras_papers import applications, losses, metrics
from keras_papers.applications import detection
from keras_papers.applications.detection.targets import anchor_targets
from keras_papers.shapes_only import shapes_only
from keras_papers.testing import check_detector
from tests.applications.detection.overlaps import overlaps
from tests.support.answers import perturb

contract = pytest.mark.contract
ANCHORS = np.array(
    [[0, 0, 16, 16], [16, 0, 32, 16], [0, 16, 16, 32], [16, 16, 32, 32]],
    "float32",
)


def small_detector(
    score_activation="softmax", classes=2, anchors=ANCHORS, **settings
):
    """Builds a detector of four anchors on images of 32 pixels."""
    columns = classes + (score_activation == "softmax")
    images = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 255)(images)
    x = keras.layers.Conv2D(8, 16, 16, activation="relu")(x)
    outputs = {}
    for name, size in (("boxes", 4), ("scores", columns)):
        each = keras.layers.Conv2D(size, 1)(x)
        outputs[name] = keras.layers.Reshape((-1, size), name=name)(each)
    return detection.Detector(
        images,
        outputs,
        anchors,
        classes,
        score_activation=score_activation,
        **settings,
    )


def scenes(number, size, seed=0):
    """Draws red and blue squares; the second image has none."""
    generator = np.random.default_rng(seed)
    images = generator.normal(90, 8, (number, size, size, 3))
    boxes = np.zeros((number, 2, 4), "float32")
    classes = np.full((number, 2), -1, "int32")
    for image in range(number):
        for place in range(0 if image == 1 else 1 + image % 2):
            side = generator.integers(size // 5, size // 2)
            x, y = generator.integers(0, size - side, 2)
            kind = generator.integers(0, 2)
            color = (220, 40, 40) if kind else (40, 60, 220)
            images[image, y : y + side, x : x + side] = color
            boxes[image, place] = x, y, x + side, y + side
            classes[image, place] = kind
    return images.astype("float32"), {"boxes": boxes, "classes": classes}


@contract
def test_anchors_predict_the_objects_that_they_overlap():
    boxes = [[1, 1, 17, 17], [16, 16, 31, 32], [3, 3, 3, 9]]
    objects = {
        "boxes": np.array([boxes, np.zeros((3, 4))], "float32"),
        "classes": np.array([[1, 0, 1], [-1, -1, -1]]),
    }
    found = anchor_targets(objects, ANCHORS, (10, 10, 5, 5), 0.5, (32, 32))
    labels = ops.convert_to_numpy(found["labels"])
    # The third box has no area, the second image no object.
    assert labels.tolist() == [[2, 0, 0, 1], [0, 0, 0, 0]]
    codes = ops.convert_to_numpy(found["boxes"])
    np.testing.assert_allclose(codes[0, 0], [10 / 16, 10 / 16, 0, 0], 1e-5)
    assert np.isfinite(codes).all() and not codes[1].any()


@contract
def test_anchors_inside_a_crowd_do_not_count_unless_they_have_an_object():
    # A crowd covers the two anchors on the left, and 6/16 of the others.
    crowd, cat = [0, 0, 22, 32], [1, 17, 16, 32]
    objects = {
        "boxes": np.array([[crowd, cat]] * 3, "float32"),
        "classes": np.array([[0, 1], [0, -1], [0, 1]]),
        "is_crowd": np.array([[True, False], [True, False], [False, False]]),
    }
    found = anchor_targets(objects, ANCHORS, (10, 10, 5, 5), 0.5, (32, 32))
    labels = ops.convert_to_numpy(found["labels"])
    assert labels[:2].tolist() == [[-1, 0, 2, 0], [-1, 0, -1, 0]]
    assert (labels[2] == 1).sum() == 1  # without the mark it is an object
    assert not ops.convert_to_numpy(found["boxes"])[1].any()


@contract
def test_an_anchor_is_in_a_crowd_by_its_part_in_the_image():
    """Half of this one is outside, as those of SSD at the edges are."""
    objects = {
        "boxes": np.array([[[0, 0, 9, 16]]], "float32"),
        "classes": np.array([[0]]),
        "is_crowd": np.array([[True]]),
    }
    anchor = np.array([[-16, 0, 16, 16], [0, 0, 32, 16]], "float32")
    found = anchor_targets(objects, anchor, (10, 10, 5, 5), 0.9, (32, 32))
    assert ops.convert_to_numpy(found["labels"]).tolist() == [[-1, 0]]


@contract
@pytest.mark.parametrize("score_activation", ["softmax", "sigmoid"])
def test_the_loss_is_that_of_the_targets_of_each_image(score_activation):
    model = small_detector(score_activation)
    images, objects = scenes(4, 32)
    model.compile("sgd")
    found = model.evaluate(
        images, objects, batch_size=4, verbose=0, return_dict=True
    )
    outputs = model(images)
    targets = anchor_targets(objects, ANCHORS, model.box_weights, 0.5, (32, 32))
    loss = losses.MultiBoxLoss()
    if score_activation == "sigmoid":
        loss = losses.FocalLoss(0.75, box_weight=0.25)
    terms = {
        name: float(ops.convert_to_numpy(value).mean())
        for name, value in loss.terms(targets, outputs).items()
    }
    assert min(terms.values()) > 0
    for name, value in terms.items():
        assert found[name] == pytest.approx(value, rel=1e-5)
    total = pytest.approx(sum(terms.values()), rel=1e-5)
    assert found["loss"] == total
    alone = model.object_loss()(objects, outputs)
    assert float(ops.convert_to_numpy(alone)) == total


@contract
@pytest.mark.parametrize("score_activation", ["softmax", "sigmoid"])
def test_fit_takes_images_with_and_without_objects(score_activation):
    keras.utils.set_random_seed(0)
    model = small_detector(score_activation)
    images, objects = scenes(6, 32)
    objects["is_crowd"] = np.zeros_like(objects["classes"], bool)
    objects["is_crowd"][2] = True
    model.compile(keras.optimizers.Adam(3e-3))
    history = model.fit(
        images,
        objects,
        validation_data=(images, objects),
        batch_size=2,
        epochs=8,
        verbose=0,
    ).history
    assert set(history) == {
        f"{part}{name}"
        for part in ("", "val_")
        for name in ("loss", "class_loss", "box_loss")
    }
    assert min(history["loss"][1:]) < history["loss"][0]
    empty = {
        "boxes": np.zeros((6, 1, 4), "float32"),
        "classes": np.full((6, 1), -1, "int32"),
    }
    only_empty = model.evaluate(images, empty, verbose=0, return_dict=True)
    assert np.isfinite(only_empty["loss"]) and only_empty["box_loss"] == 0


@contract
@pytest.mark.parametrize("score_activation", ["softmax", "sigmoid"])
def test_predict_decodes_what_the_model_outputs(score_activation):
    model = small_detector(score_activation)
    perturb(model)
    images, _ = scenes(3, 32)
    model.suppression = detection.Suppression(0.2, 0.5, 4, 5)
    found = model.predict(images, verbose=0)
    outputs = model(images)
    logits = ops.convert_to_numpy(outputs["scores"])
    if score_activation == "softmax":
        scores = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        scores = scores[..., 1:]
    else:
        scores = 1 / (1 + np.exp(-logits))
    boxes = ops.convert_to_numpy(
        detection.clip_boxes(
            detection.decode_boxes(outputs["boxes"], ANCHORS), (32, 32)
        )
    )
    for image in range(3):
        kept = []
        for kind in range(2):
            column = scores[image, :, kind]
            alive = [k for k in np.argsort(-column) if column[k] > 0.2]
            chosen = []
            for k in alive:
                others = overlaps(boxes[image, [k]], boxes[image, chosen])
                if (others <= 0.5).all():
                    chosen.append(k)
            kept += [(column[k], kind, k) for k in chosen]
        kept = sorted(kept, reverse=True)[:5]
        number = len(kept)
        assert found["counts"][image] == number > 0
        np.testing.assert_allclose(
            found["scores"][image, :number], [each[0] for each in kept], 1e-4
        )
        kinds = [each[1] for each in kept]
        assert found["classes"][image, :number].tolist() == kinds
        np.testing.assert_allclose(
            found["boxes"][image, :number],
            boxes[image, [each[2] for each in kept]],
            atol=1e-3,
        )
    model.suppression = model.suppression._replace(score_threshold=1)
    assert not model.predict(images, verbose=0)["counts"].any()


@contract
def test_a_saved_detector_is_a_detector_again(tmp_path):
    model = small_detector("sigmoid", suppression=detection.Suppression(0.3))
    model.compile("adam", losses.FocalLoss(0.5))
    images, objects = scenes(4, 32)
    model.fit(images, objects, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again) is detection.Detector
    np.testing.assert_array_equal(again.anchors, ANCHORS)
    for name in (
        "classes",
        "box_weights",
        "background",
        "score_activation",
        "match_threshold",
        "input_size",
        "suppression",
    ):
        assert getattr(again, name) == getattr(model, name), name
    assert again.loss.alpha == 0.5
    for one, other in zip(again.weights, model.weights, strict=True):
        np.testing.assert_array_equal(
            ops.convert_to_numpy(one), ops.convert_to_numpy(other)
        )
    expected = model.predict(images, verbose=0)
    for name, values in again.predict(images, verbose=0).items():
        np.testing.assert_allclose(values, expected[name], atol=1e-5)
    again.fit(images, objects, verbose=0)  # the optimizer is there, too


@pytest.mark.tensorflow
def test_a_data_set_of_pairs_trains_as_arrays_do():
    import tensorflow as tf

    images, objects = scenes(4, 32)
    data = tf.data.Dataset.from_tensor_slices((images, objects)).batch(2)
    found = []
    for arguments in ((data,), (images, objects)):
        keras.utils.set_random_seed(0)
        model = small_detector()
        model.compile("sgd")
        keywords = {} if len(arguments) == 1 else {"batch_size": 2}
        history = model.fit(*arguments, shuffle=False, verbose=0, **keywords)
        found.append(history.history["loss"])
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_weights_of_images_scale_their_loss():
    model = small_detector()
    images, objects = scenes(2, 32)
    model.compile("sgd")
    whole = model.evaluate(images, objects, verbose=0)
    none = model.evaluate(images, objects, sample_weight=np.zeros(2), verbose=0)
    assert whole[0] > 0 and none[0] == 0


@pytest.mark.slow
def test_ssdlite_learns_eight_images_by_heart():
    keras.utils.set_random_seed(0)
    images, objects = scenes(8, 96)
    model = applications.SSDLiteMobileNetV3Small(
        (96, 96, 3), alpha=0.25, classes=2
    )
    # XLA would take longer than the training.
    model.compile(keras.optimizers.Adam(2e-3), jit_compile=False)
    metric = metrics.AveragePrecision(2)
    metric.update_state(objects, model.predict(images, verbose=0))
    assert metric.result().ap50 < 0.3
    model.fit(images, objects, batch_size=8, epochs=100, verbose=0)
    metric.reset_state()
    metric.update_state(objects, model.predict(images, verbose=0))
    assert metric.result().ap50 >= 0.9


def test_a_backbone_that_is_built_keeps_its_layers():
    with shapes_only():
        backbone = applications.MobileNetV2((64, 64, 3), alpha=0.35)
        model = detection.SSDLite(backbone, classes=3)
    layer = backbone.get_layer("stage2_block1_expand")
    assert model.get_layer("stage2_block1_expand") is layer
    assert model.name == f"ssdlite_{backbone.name}"
    with pytest.raises(ValueError, match="`backbone` is a model.*alpha"):
        detection.SSDLite(backbone, alpha=0.5)


@contract
@pytest.mark.skipif(
    keras.backend.backend() == "tensorflow",
    reason="the example of check_detector",
)
def test_ssdlite_keeps_the_contract():
    keras.utils.set_random_seed(0)
    check_detector(applications.SSDLiteMobileNet, alpha=0.25)


@pytest.mark.tensorflow
def test_both_data_formats_answer_the_same():
    build = functools.partial(
        applications.SSDLiteMobileNet,
        alpha=0.25,
        classes=2,
        padding="symmetric",
    )
    last = perturb(build((64, 64, 3)))
    keras.config.set_image_data_format("channels_first")
    first = build((3, 64, 64))
    assert first.input_size == (64, 64)
    np.testing.assert_array_equal(first.anchors, last.anchors)
    first.set_weights(last.get_weights())
    images, _ = scenes(2, 64)
    expected = last(images, training=False)
    found = first(images.transpose(0, 3, 1, 2), training=False)
    for name, values in expected.items():
        values = ops.convert_to_numpy(values)
        assert values.std() > 1e-3
        np.testing.assert_allclose(
            ops.convert_to_numpy(found[name]), values, atol=1e-4 * values.std()
        )


GOOD = {
    "boxes": np.array([[[1, 2, 9, 9]]], "float32"),
    "classes": np.array([[0]]),
}


@pytest.mark.parametrize(
    "change, message",
    [
        ({"boxes": [[[5, 2, 5, 9]]]}, r"no size.*|\[5.0, 2.0, 5.0, 9.0\] as"),
        ({"boxes": [[[9, 2, 5, 9]]]}, "as object 0 of image 0. A box of no"),
        ({"boxes": [[[1, 2, np.nan, 9]]]}, "as object 0 of image 0"),
        ({"boxes": [[[40, 2, 60, 9]]]}, "in pixels of the model's input, 32"),
        ({"boxes": [[1, 2, 3, 4]]}, r"boxes of \(1, 4\) and classes of"),
        ({"boxes": np.zeros((1, 0, 4)), "classes": np.zeros((1, 0))}, "at lea"),
        ({"classes": [[2]]}, "classes from 2 to 2 for a model of 2"),
        ({"labels": [[2]]}, "`y` must name.*'labels'"),
        ({"is_crowd": [[2]]}, "a bool for each box"),
        ({"is_crowd": [True]}, r"a bool for each box.*array of \(1,\)"),
    ],
)
def test_objects_that_are_none_are_refused(change, message):
    model = small_detector()
    model.compile("sgd")
    objects = {k: np.array(v) for k, v in {**GOOD, **change}.items()}
    with pytest.raises(ValueError, match=message):
        model.fit(np.zeros((1, 32, 32, 3)), objects, verbose=0)


def test_lists_and_labels_in_place_of_objects_are_refused():
    model = small_detector()
    model.compile("sgd")
    images = np.zeros((1, 32, 32, 3))
    with pytest.raises(ValueError, match="`y` is a dict of the objects"):
        model.fit(images, np.zeros(1))
    lists = {key: value.tolist() for key, value in GOOD.items()}
    with pytest.raises(ValueError, match=r"`y\['boxes'\]` is an array"):
        model.fit(images, lists)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: small_detector(classes=0), "`classes` .*classes=0"),
        (
            lambda: small_detector(suppression=detection.Suppression(50)),
            "`score_threshold` .*Received: score_threshold=50",
        ),
        (
            lambda: small_detector(match_threshold=1.5),
            "`match_threshold` .*Received: match_threshold=1.5",
        ),
        (
            lambda: small_detector(box_weights=(10, 10, 5)),
            r"`box_weights` are four.*Received: box_weights=\(10, 10, 5\)",
        ),
        (
            lambda: small_detector(box_weights=(10, 10, -5, 5)),
            "`box_weights` are four positive numbers",
        ),
        (
            lambda: small_detector(anchors=np.zeros((4, 4))),
            r"`anchors` are boxes .*Received: anchors of shape \(4, 4\)",
        ),
        (
            lambda: applications.SSDLiteMobileNet(anchors="retina"),
            "`anchors` .*anchors='retina'",
        ),
        (
            lambda: applications.SSDLiteMobileNetV3Small(
                reduced_tail="segmentation"
            ),
            "one of None, 'detection'.*reduced_tail='segmentation'",
        ),
        (
            lambda: applications.SSDLiteMobileNet((None, None, 3)),
            "`input_shape` must have a height and a width",
        ),
        (
            lambda: applications.SSDLiteMobileNetV2(weights="imagenet"),
            "weights='imagenet'. Pass weights_backbone",
        ),
        (
            lambda: applications.SSD300VGG16((256, 256, 3)),
            "at least 257 x 257",
        ),
    ],
)
def test_arguments_out_of_range_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("loss", ["mse", losses.FocalLoss()])
def test_a_loss_that_does_not_fit_is_refused(loss):
    model = small_detector()
    model.compile("sgd", loss)
    images, objects = scenes(2, 32)
    with pytest.raises(ValueError, match="`loss` .*Received: loss="):
        model.fit(images, objects, verbose=0)


def test_anchors_of_another_number_are_refused():
    model = small_detector()
    with pytest.raises(ValueError, match="`outputs` has the codes.*anchors"):
        detection.Detector(model.input, model.output, ANCHORS[:3], 2)
