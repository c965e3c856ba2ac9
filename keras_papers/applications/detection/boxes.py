"""Boxes as tensors, and the codes that a detector predicts for them.

A box is `(x_min, y_min, x_max, y_max)` in pixels; its area is width times
height, without a pixel more.
"""

import math

from keras import ops

SSD_WEIGHTS = (10.0, 10.0, 5.0, 5.0)  # of the codes, also of R-CNN's heads
# A code of a side that is larger than this would overflow its exponential;
# torchvision's limit, for boxes of 16 to 1000 pixels.
LARGEST = math.log(1000 / 16)


def areas(boxes):
    """Returns the areas of boxes `(..., 4)`; of a box turned round it is 0."""
    sides = ops.maximum(boxes[..., 2:] - boxes[..., :2], 0.0)
    return sides[..., 0] * sides[..., 1]


def intersection_over_union(first, second):
    """Returns the overlap of all pairs of boxes, in [0, 1].

    Args:
        first: Tensor `(..., m, 4)`.
        second: Tensor `(..., n, 4)`.

    Returns:
        Tensor `(..., m, n)`: the area that both have, divided by that of
        their union. It is 0 for boxes without area.

    Example:
    >>> boxes = ops.array([[0.0, 0.0, 2.0, 2.0], [1.0, 0.0, 3.0, 2.0]])
    >>> float(intersection_over_union(boxes[:1], boxes[1:])[0, 0])  # 2 / 6
    0.3333333432674408
    """
    both = _intersection(first, second)
    either = areas(first)[..., :, None] + areas(second)[..., None, :] - both
    return ops.where(either > 0, both / ops.where(either > 0, either, 1.0), 0.0)


def share_inside(anchors, boxes):
    """Returns which share of each anchor is in each box, in [0, 1].

    Args:
        anchors: Tensor `(..., n, 4)` of boxes with positive sides.
        boxes: Tensor `(..., m, 4)`.

    Returns:
        Tensor `(..., m, n)`: the area that both have, divided by that of the
        anchor.

    Example:
    >>> anchor = ops.array([[0.0, 0.0, 4.0, 2.0]])
    >>> float(share_inside(anchor, ops.array([[1.0, 0.0, 9.0, 9.0]]))[0, 0])
    0.75
    """
    return _intersection(boxes, anchors) / areas(anchors)[..., None, :]


def _intersection(first, second):
    """Returns the area that all pairs of boxes have in common, (..., m, n)."""
    # Of each coordinate by itself: a last axis of 2 cannot be vectorized.
    one = [first[..., :, None, place] for place in range(4)]
    other = [second[..., None, :, place] for place in range(4)]

    def side(low, high):
        start = ops.maximum(one[low], other[low])
        end = ops.minimum(one[high], other[high])
        return ops.maximum(end - start, 0.0)

    return side(0, 2) * side(1, 3)


def clip_boxes(boxes, image_size):
    """Returns boxes `(..., 4)` without what is outside the image.

    Args:
        boxes: Tensor `(..., 4)`.
        image_size: `(height, width)` in pixels.

    Example:
    >>> box = clip_boxes(ops.array([-1.0, 2.0, 9.0, 9.0]), (5, 8))
    >>> ops.convert_to_numpy(box).tolist()
    [0.0, 2.0, 8.0, 5.0]
    """
    height, width = image_size
    largest = ops.cast([width, height, width, height], boxes.dtype)
    return ops.minimum(ops.maximum(boxes, 0.0), largest)


def encode_boxes(boxes, anchors, weights=SSD_WEIGHTS):
    """Returns the codes of boxes relative to anchors.

    `(w_x (x - x_a) / w_a, w_y (y - y_a) / h_a, w_w log(w / w_a), w_h log(h /
    h_a))`, with x and y of the centers: R-CNN's, as torchvision weights them.

    Args:
        boxes: Tensor `(..., 4)` of boxes with positive sides.
        anchors: Tensor or array of a shape that is broadcast to theirs.
        weights: Four factors. Defaults to `(10, 10, 5, 5)`, those of SSD and
            of the second stage of Faster R-CNN; its first has `(1, 1, 1, 1)`.

    Returns:
        Tensor `(..., 4)`: `(dx, dy, dw, dh)`.

    Example:
    >>> anchors = ops.array([[0.0, 0.0, 10.0, 10.0]])
    >>> codes = encode_boxes(ops.array([[1.0, 0.0, 11.0, 10.0]]), anchors)
    >>> ops.convert_to_numpy(codes).tolist()
    [[1.0, 0.0, 0.0, 0.0]]
    """
    boxes, anchors = ops.cast(boxes, "float32"), ops.cast(anchors, "float32")
    center, sides = _center_and_sides(boxes)
    place, size = _center_and_sides(anchors)
    codes = [(center - place) / size, ops.log(sides / size)]
    return ops.concatenate(codes, axis=-1) * ops.cast(weights, "float32")


def decode_boxes(codes, anchors, weights=SSD_WEIGHTS):
    """Returns the boxes that codes stand for, the inverse of `encode_boxes`.

    No box is more than 62.5 times as wide or as high as its anchor.

    Args:
        codes: Tensor `(..., 4)`: `(dx, dy, dw, dh)`.
        anchors: Tensor or array of a shape that is broadcast to theirs.
        weights: The four factors of the codes. Defaults to `(10, 10, 5, 5)`.

    Returns:
        Tensor `(..., 4)`: boxes, which may be partly outside the image.

    Example:
    >>> anchors = ops.array([[0.0, 0.0, 10.0, 10.0]])
    >>> boxes = decode_boxes(ops.array([[1.0, 0.0, 0.0, 0.0]]), anchors)
    >>> ops.convert_to_numpy(boxes).tolist()
    [[1.0, 0.0, 11.0, 10.0]]
    """
    codes, anchors = ops.cast(codes, "float32"), ops.cast(anchors, "float32")
    codes = codes / ops.cast(weights, "float32")
    place, size = _center_and_sides(anchors)
    center = codes[..., :2] * size + place
    half = ops.exp(ops.minimum(codes[..., 2:], LARGEST)) * size / 2
    return ops.concatenate([center - half, center + half], axis=-1)


def _center_and_sides(boxes):
    sides = boxes[..., 2:] - boxes[..., :2]
    return boxes[..., :2] + sides / 2, sides
