"""Average precision, compared with COCO's own code."""

import contextlib
import io
import math
import types

import numpy as np
import pytest

from keras_papers.metrics import AveragePrecision

coco = pytest.importorskip("pycocotools.coco")
cocoeval = pytest.importorskip("pycocotools.cocoeval")

CLASSES = 4  # of which the last has no objects


def drawn(seed, images=12, largest=200.0):
    """Draws objects, and detections near them and elsewhere.

    Sides of all sizes, crowds, images without objects or detections, and
    equal scores and overlaps.
    """
    generator = np.random.default_rng(seed)
    truths = {"boxes": [], "classes": [], "is_crowd": [], "areas": []}
    found = {"boxes": [], "classes": [], "scores": []}
    for image in range(images):
        number = 0 if image == 2 else generator.integers(1, 9)
        corner = generator.uniform(0, 200, (number, 2))
        sides = generator.uniform(4, 14, (number, 2)) ** 2
        boxes = np.concatenate([corner, corner + sides], axis=1)
        classes = generator.integers(0, 3, number)
        truths["boxes"].append(boxes)
        truths["classes"].append(classes)
        truths["is_crowd"].append(generator.uniform(size=number) < 0.15)
        truths["areas"].append(sides.prod(axis=1) * 0.7)  # as of a mask
        near = np.repeat(boxes, 3, axis=0)
        near = near + generator.normal(0, 6, near.shape)
        near[:number] = boxes[:number]  # some are exact
        other = generator.uniform(0, 200, (6, 2))
        other = np.concatenate(
            [other, other + generator.uniform(5, largest, (6, 2))], axis=1
        )
        detected = np.concatenate([near, other])
        detected[:, 2:] = np.maximum(detected[:, 2:], detected[:, :2] + 1)
        kinds = np.concatenate(
            [np.repeat(classes, 3), generator.integers(0, CLASSES, 6)]
        )
        if image == 5:
            detected, kinds = detected[:0], kinds[:0]
        found["boxes"].append(detected)
        found["classes"].append(kinds)
        found["scores"].append(generator.uniform(size=len(kinds)).round(1))
    return truths, found


def as_coco(boxes):
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)


def evaluated(truths, found):
    """Returns what pycocotools computes."""
    annotations, detections = [], []
    for image, boxes in enumerate(truths["boxes"]):
        rows = zip(
            as_coco(boxes).tolist(),
            truths["classes"][image].tolist(),
            truths["is_crowd"][image].tolist(),
            truths["areas"][image].tolist(),
            strict=True,
        )
        for box, kind, is_crowd, area in rows:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": kind,
                    "bbox": box,
                    "area": area,
                    "iscrowd": int(is_crowd),
                }
            )
        rows = zip(
            as_coco(found["boxes"][image]).tolist(),
            found["classes"][image].tolist(),
            found["scores"][image].tolist(),
            strict=True,
        )
        for box, kind, score in rows:
            detections.append(
                {
                    "image_id": image,
                    "category_id": kind,
                    "bbox": box,
                    "score": score,
                }
            )
    with contextlib.redirect_stdout(io.StringIO()):
        ground = coco.COCO()
        ground.dataset = {
            "info": {},
            "images": [{"id": n} for n in range(len(truths["boxes"]))],
            "categories": [{"id": n} for n in range(CLASSES)],
            "annotations": annotations,
        }
        ground.createIndex()
        evaluation = cocoeval.COCOeval(
            ground, ground.loadRes(detections), "bbox"
        )
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation


def padded(images, fill=0):
    """Returns arrays of different lengths as one, `fill` behind them."""
    most = max(map(len, images))
    return np.stack(
        [
            np.concatenate(
                [each, np.full((most - len(each), *each.shape[1:]), fill)]
            )
            for each in images
        ]
    )


@pytest.mark.parametrize("seed", range(4))
def test_all_figures_are_those_of_pycocotools(seed):
    truths, found = drawn(seed)
    theirs = evaluated(truths, found)
    metric = AveragePrecision(CLASSES)
    metric.update_state(truths, found)
    assert metric.images == 12
    assert 0.2 < theirs.stats[0] < 0.9 and len(set(theirs.stats)) > 8
    np.testing.assert_allclose(metric.result(), theirs.stats, atol=1e-6)
    precisions = theirs.eval["precision"][:, :, :, 0, 2]  # -1: no objects
    for number in range(CLASSES):
        expected = precisions[:, :, number]
        ap, ap50 = metric.per_class()[str(number)]
        if number == CLASSES - 1:
            assert (expected == -1).all() and math.isnan(ap)
            continue
        assert ap == pytest.approx(expected.mean(), abs=1e-6)
        assert ap50 == pytest.approx(expected[0].mean(), abs=1e-6)
        recall, precision = metric.curve(number, 0.75)
        np.testing.assert_allclose(recall, np.linspace(0, 1, 101))
        np.testing.assert_allclose(precision, expected[5], atol=1e-6)


def test_more_boxes_than_are_counted_are_cut_as_there():
    truths, found = drawn(9, images=4, largest=60.0)
    generator = np.random.default_rng(0)
    for image in range(4):
        for name in ("boxes", "classes"):
            found[name][image] = np.repeat(found[name][image], 8, axis=0)
        number = len(found["classes"][image])
        found["scores"][image] = generator.uniform(size=number)
    most = [np.bincount(kinds).max() for kinds in found["classes"]]
    assert max(most) > 100
    metric = AveragePrecision(CLASSES)
    metric.update_state(truths, found)
    theirs = evaluated(truths, found).stats
    assert theirs[8] > theirs[7] > theirs[6]
    np.testing.assert_allclose(metric.result(), theirs, atol=1e-6)


def test_images_are_added_in_padded_batches():
    truths, found = drawn(0)
    whole, parts = AveragePrecision(CLASSES), AveragePrecision(CLASSES)
    whole.update_state(truths, found)
    fills = {"classes": -1}
    for batch in (slice(0, 5), slice(5, 12)):
        parts.update_state(
            *(
                {
                    name: padded(values[batch], fills.get(name, 0))
                    for name, values in each.items()
                }
                for each in (truths, found)
            )
        )
    assert parts.result() == whole.result()
    parts.reset_state()
    assert parts.images == 0 and math.isnan(parts.result().ap)


def test_classes_have_names():
    metric = AveragePrecision(["cat", "dog"])
    boxes = np.array([[[0, 0, 8, 8], [20, 20, 40, 60]]])
    metric.update_state(
        {"boxes": boxes, "classes": [[1, 0]]},
        {"boxes": boxes, "classes": [[1, 1]], "scores": [[0.9, 0.8]]},
    )
    assert metric.per_class() == {
        "cat": (0.0, 0.0),
        "dog": pytest.approx((1.0, 1.0)),
    }
    assert metric.result().ap == pytest.approx(0.5)
    np.testing.assert_allclose(metric.curve("dog")[1], 1.0)
    np.testing.assert_array_equal(metric.curve("cat")[1], 0.0)


BOXES = np.zeros((1, 2, 4))


@pytest.mark.parametrize(
    "truths, detections, message",
    [
        ({"classes": [[0, 2]]}, {}, r"truths\['classes'\]`.*\[0, 2\] for 2"),
        ({}, {"classes": [[0.5, 0]]}, r"detections\['classes'\]` are ints"),
        ({}, {"scores": [[1.0]]}, r"\['scores'\] with 1 and 2 boxes"),
        ({}, {"scores": [[1.0, 2.0]] * 2}, "of the same images.*of 2"),
        ({"clases": 0}, {}, "`truths` must name.*'clases'"),
        (
            {"boxes": None},
            {},
            "each array of the objects once: 'boxes', 'classes', and may name "
            "'is_crowd', 'areas'. Received: no 'boxes', but 'classes'. Add",
        ),
        ({}, {"scores": None}, "`detections`.*no 'scores', but 'boxes', 'cl"),
    ],
)
def test_what_does_not_fit_is_refused(truths, detections, message):
    metric = AveragePrecision(2)
    whole = {"boxes": BOXES, "classes": [[0, -1]]}
    truths = {**whole, **truths}
    detections = {**whole, "scores": [[1.0, 0.0]], **detections}
    given = (
        {name: array for name, array in each.items() if array is not None}
        for each in (truths, detections)
    )
    with pytest.raises(ValueError, match=message):
        metric.update_state(*given)


def test_objects_may_be_in_any_mapping():
    metric = AveragePrecision(2)
    given = {"boxes": [[[0, 0, 4, 4], [0, 0, 0, 0]]], "classes": [[0, -1]]}
    found = {**given, "scores": [[1.0, 0.0]]}
    metric.update_state(*map(types.MappingProxyType, (given, found)))
    assert metric.result().ap50 == pytest.approx(1)


def test_a_list_of_objects_is_refused():
    with pytest.raises(ValueError, match="truths of type list. Pass a dict"):
        AveragePrecision(2).update_state([BOXES, [[0, -1]]], {})


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: AveragePrecision(0), "`classes` .*Received: classes=0"),
        (lambda: AveragePrecision([]), "`classes` .*Received: classes=0"),
        (
            lambda: AveragePrecision(["a"]).curve("b"),
            "`name` .*name='b'. There are a.",
        ),
        (
            lambda: AveragePrecision(1).curve(0, iou=0.52),
            "`iou` .*Received: iou=0.52",
        ),
    ],
)
def test_arguments_out_of_range_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
