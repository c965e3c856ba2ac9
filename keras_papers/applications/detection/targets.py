"""The objects of images: arrays that are checked, and targets of anchors."""

import numpy as np
from keras import ops

from keras_papers.applications.detection.boxes import (
    clip_boxes,
    encode_boxes,
    intersection_over_union,
    share_inside,
)
from keras_papers.applications.detection.matching import match_each_object
from keras_papers.checks import check_names
from keras_papers.losses.detection import BACKGROUND, IGNORED

KEYS = ("boxes", "classes")
CROWD = "is_crowd"
IN_CROWD = 0.5  # share of an anchor


def anchor_targets(objects, anchors, box_weights, threshold, image_size):
    """Returns what each anchor is to predict.

    Args:
        objects: Dict of `"boxes"` `(batch, objects, 4)` in pixels and
            `"classes"` `(batch, objects)`, -1 where there is no object; and
            perhaps `"is_crowd"` `(batch, objects)`, whose boxes are not to be
            found.
        anchors: Array `(anchors, 4)`.
        box_weights: Four factors of the codes.
        threshold: Float. Overlap from which an anchor has an object.
        image_size: `(height, width)` in pixels. An anchor without object does
            not count if a crowd has half of its part in the image.

    Returns:
        A dict of `"labels"`, ints `(batch, anchors)` in which 0 is background,
        class 0 is 1 and -1 does not count, and `"boxes"`, codes `(batch,
        anchors, 4)`.
    """
    anchors = ops.array(anchors)
    boxes = ops.cast(objects["boxes"], "float32")
    classes = ops.cast(objects["classes"], "int32")
    # A box without area would have a code that is not finite.
    has_area = ops.all(boxes[..., 2:] > boxes[..., :2], axis=-1)
    is_object = ops.logical_and(classes >= 0, has_area)
    other = BACKGROUND
    if CROWD in objects:
        is_crowd = ops.logical_and(ops.cast(objects[CROWD], "bool"), is_object)
        is_object = ops.logical_and(is_object, ops.logical_not(is_crowd))
        # A box that is found is clipped, too, before it is measured.
        seen = clip_boxes(anchors, image_size)
        is_inside = share_inside(seen, boxes) >= IN_CROWD
        is_inside = ops.logical_and(is_inside, is_crowd[..., None])
        other = ops.where(ops.any(is_inside, axis=1), IGNORED, BACKGROUND)
    overlaps = intersection_over_union(boxes, anchors)
    overlaps = ops.where(is_object[..., None], overlaps, -1.0)
    matches = match_each_object(overlaps, threshold)
    is_matched = matches >= 0
    number = ops.maximum(matches, 0)
    labels = 1 + ops.take_along_axis(classes, number, axis=1)
    matched = ops.take_along_axis(boxes, number[..., None], axis=1)
    matched = ops.where(is_matched[..., None], matched, anchors)
    return {
        "labels": ops.where(is_matched, labels, other),
        "boxes": encode_boxes(matched, anchors, box_weights),
    }


def check_objects(objects, classes, image_size):
    """Raises ValueError unless arrays describe the objects of images.

    Tensors and data sets are not read; boxes without area in them are left
    out of the targets.

    Args:
        objects: The targets of `fit`.
        classes: Number of classes.
        image_size: `(height, width)` of the images in pixels.
    """
    if not isinstance(objects, dict):
        raise ValueError(
            "`y` is a dict of the objects of each image, 'boxes' (images, "
            "objects, 4) and 'classes' (images, objects). Received: y of type "
            f"{type(objects).__name__}. Pad images of fewer objects by classes "
            "of -1."
        )
    check_names("y", objects, (*KEYS, CROWD), "array of the objects", KEYS)
    for key in objects:
        if not hasattr(objects[key], "shape"):
            raise ValueError(
                f"`y[{key!r}]` is an array. Received: a value of type "
                f"{type(objects[key]).__name__}. Pad images of fewer objects "
                "by classes of -1, and make it a NumPy array."
            )
    if not all(isinstance(each, np.ndarray) for each in objects.values()):
        return
    boxes, kinds = (objects[key] for key in KEYS)
    crowds = objects.get(CROWD, np.zeros(kinds.shape, bool))
    if boxes.ndim != 3 or boxes.shape[2] != 4 or boxes.shape[:2] != kinds.shape:
        raise ValueError(
            "`y` has boxes of shape (images, objects, 4) and classes of shape "
            f"(images, objects). Received: boxes of {boxes.shape} and classes "
            f"of {kinds.shape}. Pad images of fewer objects by classes of -1."
        )
    if crowds.shape != kinds.shape or not np.isin(crowds, (0, 1)).all():
        raise ValueError(
            f"`y[{CROWD!r}]` has a bool for each box, whether it stands for a "
            "group of objects or one that is too difficult. Received: an array "
            f"of {crowds.shape} and {crowds.dtype}, for classes of "
            f"{kinds.shape}. Leave it out if there are no crowds."
        )
    if not boxes.shape[1]:
        raise ValueError(
            "`y` has at least one place for an object in each image. "
            f"Received: boxes of {boxes.shape}. Pad images without objects by "
            "a box of zeros and class -1."
        )
    if kinds.size and not -1 <= kinds.min() <= kinds.max() < classes:
        raise ValueError(
            "`y['classes']` count from 0, and -1 is no object. Received: "
            f"classes from {kinds.min()} to {kinds.max()} for a model of "
            f"{classes}. The background is no class."
        )
    is_object = kinds >= 0
    finite = np.isfinite(boxes).all(axis=-1)
    sides = boxes[..., 2:] - boxes[..., :2]
    _refuse(
        is_object & ~(finite & (sides > 0).all(axis=-1)),
        boxes,
        "are (x_min, y_min, x_max, y_max), larger at the end than at the start",
        "A box of no size cannot be found: leave it out.",
    )
    height, width = image_size
    meets = (boxes[..., :2] < (width, height)).all(axis=-1)
    meets &= (boxes[..., 2:] > 0).all(axis=-1)
    _refuse(
        is_object & ~meets,
        boxes,
        f"are in pixels of the model's input, {width} x {height}",
        "Scale boxes with their images, and leave those outside out.",
    )


def _refuse(wrong, boxes, meaning, advice):
    if wrong.any():
        image, number = np.argwhere(wrong)[0]
        raise ValueError(
            f"`y['boxes']` {meaning}. Received: {boxes[image, number].tolist()}"
            f" as object {number} of image {image}. {advice}"
        )
