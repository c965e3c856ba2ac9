"""Average precision of detections, as COCO measures it.

Lin et al., 2014 (https://arxiv.org/abs/1405.0312), and the code of its
evaluation (https://github.com/cocodataset/cocoapi, cocoeval.py), to which the
results are equal.
"""

from typing import NamedTuple

import numpy as np

from keras_papers.checks import check_names, check_positive_int

IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)  # at which the precision is read
MAX_DETECTIONS = (1, 10, 100)  # of an image and a class, the best
AREAS = {  # in square pixels
    "all": (0, 1e10),
    "small": (0, 32**2),
    "medium": (32**2, 96**2),
    "large": (96**2, 1e10),
}
TRUTHS, DETECTIONS = ("boxes", "classes"), ("boxes", "scores", "classes")


class DetectionScores(NamedTuple):
    """Means over the classes that occur, in [0, 1]; NaN if none does.

    Average precisions at 100 boxes of an image and a class at most; average
    recalls at 1, 10 and 100.
    """

    ap: float  # mean over the IoU thresholds from 0.5 to 0.95
    ap50: float  # at IoU 0.5
    ap75: float  # at IoU 0.75
    ap_small: float  # of objects below 32 x 32 pixels
    ap_medium: float
    ap_large: float  # above 96 x 96
    ar_1: float
    ar_10: float
    ar_100: float
    ar_small: float
    ar_medium: float
    ar_large: float


class AveragePrecision:
    """Collects the boxes of images and computes COCO's figures.

    A detection is right if it overlaps an object of its class that no better
    detection has. The precision is read at 101 recalls, and averaged.

    Args:
        classes: Positive int, or list of names. The classes that are counted.

    Raises:
        ValueError: If `classes` is neither.

    Example:
    >>> metric = AveragePrecision(classes=1)
    >>> boxes = [[[0, 0, 10, 10], [20, 20, 40, 40]]]
    >>> metric.update_state(
    ...     {"boxes": boxes, "classes": [[0, 0]]},
    ...     {"boxes": boxes, "classes": [[0, -1]], "scores": [[0.9, 0.0]]},
    ... )
    >>> round(metric.result().ap50, 3)  # one of two is found
    0.505
    """

    def __init__(self, classes):
        if isinstance(classes, tuple | list):
            self.names = [str(name) for name in classes]
        else:
            check_positive_int(
                "classes",
                classes,
                "the number of classes, or a list of their names,",
                "Pass that of the model.",
            )
            self.names = [str(number) for number in range(classes)]
        check_positive_int(
            "classes", len(self.names), "the number of names", "Name one."
        )
        self.reset_state()

    def reset_state(self):
        """Removes all images."""
        self.images = 0
        self._found = [[] for _ in self.names]  # `_Found` of each image
        self._objects = np.zeros((len(self.names), len(AREAS)), int)
        self._curves = None

    def update_state(self, truths, detections):
        """Adds images.

        Boxes are `(x_min, y_min, x_max, y_max)` in the pixels of the original
        images, for small and large are counted in these.

        Args:
            truths: Dict of `"boxes"` `(images, objects, 4)` and `"classes"`
                `(images, objects)`, ints from 0, -1 where there is no object;
                and, where they are known, `"is_crowd"`, bools: regions of
                many objects, in which detections are neither right nor wrong,
                and `"areas"` of the objects, the boxes' by default. Instead
                of arrays of all images, lists of an array for each.
            detections: Dict of `"boxes"`, `"scores"` and `"classes"`, likewise
                padded by classes of -1: what `Detector.predict` returns.

        Raises:
            ValueError: If an array is missing or has another name, if shapes
                or numbers of images differ, or a class is not known.
        """
        check_names(
            "truths",
            truths,
            (*TRUTHS, "is_crowd", "areas"),
            "array of the objects",
            TRUTHS,
        )
        check_names(
            "detections",
            detections,
            (*DETECTIONS, "counts"),
            "array of the detections",
            DETECTIONS,
        )
        numbers = {
            f"{kind}[{name!r}]": len(values)
            for kind, dictionary in (
                ("truths", truths),
                ("detections", detections),
            )
            for name, values in dictionary.items()
        }
        if len(set(numbers.values())) > 1:
            received = ", ".join(f"{k} of {n}" for k, n in numbers.items())
            raise ValueError(
                "`truths` and `detections` are of the same images. Received: "
                f"{received} images. Pass both of one batch."
            )
        for image in range(len(truths["boxes"])):
            objects = self._image("truths", truths, image)
            found = self._image("detections", detections, image)
            for number in np.union1d(objects["classes"], found["classes"]):
                self._add(
                    int(number),
                    _of_class(objects, number),
                    _of_class(found, number),
                )
            self.images += 1
        self._curves = None

    def _image(self, argument, values, image):
        """Returns the arrays of an image, without what only pads."""
        arrays = {
            name: np.asarray(each[image])
            for name, each in values.items()
            if name != "counts"
        }
        boxes = arrays["boxes"].reshape(-1, 4).astype("float64")
        arrays["boxes"] = boxes
        for name, array in arrays.items():
            if len(array) != len(boxes):
                raise ValueError(
                    f"`{argument}` has an entry for each box. Received: "
                    f"{argument}[{name!r}] with {len(array)} and {len(boxes)} "
                    f"boxes for image {self.images}. Pass as many."
                )
        kinds = arrays["classes"]
        if len(kinds) and not (
            kinds.dtype.kind in "iu" or (kinds == np.floor(kinds)).all()
        ):
            raise ValueError(
                f"`{argument}['classes']` are ints. Received: "
                f"{kinds.tolist()} for image {self.images}. Pass the number "
                "of each class."
            )
        if len(kinds) and not -1 <= kinds.min() <= kinds.max() < len(
            self.names
        ):
            raise ValueError(
                f"`{argument}['classes']` count from 0, and -1 is no box. "
                f"Received: {kinds.tolist()} for {len(self.names)} classes "
                f"and image {self.images}. Pass the number of all classes to "
                "AveragePrecision."
            )
        is_there = kinds >= 0
        return {name: array[is_there] for name, array in arrays.items()}

    def _add(self, number, objects, found):
        """Matches the detections of a class with its objects in an image."""
        order = np.argsort(-found["scores"], kind="stable")
        order = order[: MAX_DETECTIONS[-1]]
        boxes, scores = found["boxes"][order], found["scores"][order]
        truths = objects["boxes"]
        is_crowd = np.asarray(
            objects.get("is_crowd", np.zeros(len(truths))), bool
        )
        sizes = objects.get("areas", _areas(truths))
        # (areas, objects): those that are neither to be found nor missed.
        ignored = is_crowd | _outside(sizes)
        self._objects[number] += (~ignored).sum(axis=1)
        overlaps = _overlaps(boxes, truths, is_crowd)
        matched, is_ignored = _match(overlaps, ignored, is_crowd)
        # What overlaps nothing and is of another size is not wrong.
        outside = _outside(_areas(boxes))[:, None]
        is_ignored |= ~matched & outside
        self._found[number].append(_Found(scores, matched, is_ignored))

    def result(self):
        """Returns the `DetectionScores` of all images."""
        precisions, recalls = self._all_curves()
        return DetectionScores(
            _mean(precisions[:, :, :, 0]),
            _mean(precisions[:, 0, :, 0]),
            _mean(precisions[:, 5, :, 0]),
            *(_mean(precisions[:, :, :, area]) for area in (1, 2, 3)),
            *(_mean(recalls[:, :, 0, most]) for most in (0, 1, 2)),
            *(_mean(recalls[:, :, area, 2]) for area in (1, 2, 3)),
        )

    def per_class(self):
        """Returns the average precision of each class.

        Returns:
            A dict of pairs by the name of the class: AP, and AP at IoU 0.5;
            NaN for a class without objects.
        """
        precisions, _ = self._all_curves()
        return {
            name: (_mean(precisions[k, :, :, 0]), _mean(precisions[k, 0, :, 0]))
            for k, name in enumerate(self.names)
        }

    def curve(self, name, iou=0.5):
        """Returns the precision of a class at 101 recalls from 0 to 1.

        Args:
            name: Name of the class, or its number.
            iou: One of 0.5, 0.55 ... 0.95. Defaults to 0.5.

        Returns:
            Two arrays `(101,)`, recall and precision; the precision is that
            of the best threshold of scores with at least this recall, 0 where
            there is none, and NaN for a class without objects.

        Raises:
            ValueError: If there is no such class or threshold.
        """
        if str(name) not in self.names:
            raise ValueError(
                "`name` is one of the classes. Received: "
                f"name={name!r}. There are {', '.join(self.names)}."
            )
        near = np.isclose(IOU_THRESHOLDS, iou)
        if not near.any():
            raise ValueError(
                "`iou` is one of COCO's thresholds, 0.5 to 0.95 in steps of "
                f"0.05. Received: iou={iou!r}. Try 0.5."
            )
        precisions, _ = self._all_curves()
        number = self.names.index(str(name))
        return RECALLS.copy(), precisions[number, near.argmax(), :, 0]

    def _all_curves(self):
        """Returns precisions and recalls of all classes.

        Precisions `(classes, thresholds, 101, areas)` at 100 detections, and
        recalls `(classes, thresholds, areas, 3)`.
        """
        if self._curves is None:
            thresholds = len(IOU_THRESHOLDS)
            self._curves = (
                np.full(
                    (len(self.names), thresholds, len(RECALLS), len(AREAS)),
                    np.nan,
                ),
                np.full(
                    (
                        len(self.names),
                        thresholds,
                        len(AREAS),
                        len(MAX_DETECTIONS),
                    ),
                    np.nan,
                ),
            )
            for number, found in enumerate(self._found):
                self._fill_curves(number, found)
        return self._curves

    def _fill_curves(self, number, found):
        precisions, recalls = self._curves
        for most, limit in enumerate(MAX_DETECTIONS):
            scores, matched, ignored = _joined(found, limit)
            right, wrong = matched & ~ignored, ~matched & ~ignored
            # (areas, thresholds, detections), as floats
            right = np.cumsum(right, axis=2, dtype="float64")
            wrong = np.cumsum(wrong, axis=2, dtype="float64")
            for area, objects in enumerate(self._objects[number]):
                if not objects:
                    continue
                recall = right[area] / objects
                last = recall[:, -1] if len(scores) else 0.0
                recalls[number, :, area, most] = last
                if limit == MAX_DETECTIONS[-1]:
                    precisions[number, :, :, area] = _precisions_at_recalls(
                        right[area], wrong[area], recall
                    )


class _Found(NamedTuple):
    """Detections of a class in an image, the best first."""

    scores: np.ndarray  # (detections,)
    matched: np.ndarray  # (areas, thresholds, detections)
    ignored: np.ndarray  # of the same shape


def _of_class(arrays, number):
    chosen = arrays["classes"] == number
    return {name: array[chosen] for name, array in arrays.items()}


def _areas(boxes):
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def _outside(sizes):
    """Returns which sizes are outside of each area, `(areas, boxes)`."""
    low, high = np.array([*AREAS.values()]).T[..., None]
    return (sizes < low) | (sizes > high)


def _overlaps(boxes, truths, is_crowd):
    """Returns the overlap of detections with objects.

    That with a crowd is divided by the area of the detection alone.
    """
    low = np.maximum(boxes[:, None, :2], truths[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], truths[None, :, 2:])
    both = np.maximum(high - low, 0).prod(axis=-1)
    own = _areas(boxes)[:, None]
    either = np.where(is_crowd, own, own + _areas(truths) - both)
    return np.divide(both, either, out=np.zeros_like(both), where=either > 0)


def _match(overlaps, ignored, is_crowd):
    """Returns which detections are matched, and which with what is ignored.

    Each detection, the best first, takes the object that it overlaps most; of
    objects that are ignored only if there is no other. For all areas and
    thresholds at once.

    Args:
        overlaps: `(detections, objects)`.
        ignored: `(areas, objects)`.
        is_crowd: `(objects,)`. A crowd is matched by many.

    Returns:
        Two arrays of bools `(areas, thresholds, detections)`.
    """
    detections, objects = overlaps.shape
    areas, thresholds = len(ignored), len(IOU_THRESHOLDS)
    matched = np.zeros((areas, thresholds, detections), bool)
    with_ignored = matched.copy()
    if not objects:
        return matched, with_ignored
    enough = np.minimum(IOU_THRESHOLDS, 1 - 1e-10)[:, None]
    taken = np.zeros((areas, thresholds, objects), bool)
    level, threshold = np.ogrid[:areas, :thresholds]
    for detection in np.flatnonzero(overlaps.max(axis=1) >= enough[0]):
        overlap = overlaps[detection]
        able = (overlap >= enough) & (~taken | is_crowd)
        # Objects that count come before those that are ignored.
        values = np.where(
            able, np.where(ignored[:, None], overlap, 2 + overlap), -1
        )
        # The last of equal ones, as COCO's loop takes it.
        chosen = objects - 1 - values[..., ::-1].argmax(axis=-1)
        is_match = able[level, threshold, chosen]
        taken[level, threshold, chosen] |= is_match
        matched[:, :, detection] = is_match
        with_ignored[:, :, detection] = is_match & ignored[level, chosen]
    return matched, with_ignored


def _joined(found, limit):
    """Returns the detections of all images in one `_Found`, the best first."""
    if not found:
        nothing = np.zeros((len(AREAS), len(IOU_THRESHOLDS), 0), bool)
        return _Found(np.zeros(0), nothing, nothing)
    scores = np.concatenate([each.scores[:limit] for each in found])
    order = np.argsort(-scores, kind="stable")
    matched, ignored = (
        np.concatenate(
            [getattr(each, name)[..., :limit] for each in found], axis=2
        )[..., order]
        for name in ("matched", "ignored")
    )
    return _Found(scores[order], matched, ignored)


def _precisions_at_recalls(right, wrong, recall):
    """Returns the precisions of a class, `(thresholds, 101)`."""
    precision = right / (right + wrong + np.spacing(1))
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    values = np.zeros((len(recall), len(RECALLS)))
    for row, of_row in enumerate(recall):
        places = np.searchsorted(of_row, RECALLS, side="left")
        reached = places < len(of_row)
        values[row, reached] = precision[row, places[reached]]
    return values


def _mean(values):
    """Returns the mean of the values that are not NaN, or NaN."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")
