"""Which object an anchor is to find, by their overlap.

Objects are padded to a fixed number; the overlaps of those that only pad are
-1. A match is the number of an object, `BACKGROUND` or `BETWEEN`.
"""

from keras import ops

BACKGROUND = -1
BETWEEN = -2  # neither an object nor background: not trained


def match(overlaps, high=0.5, low=None, keep_best=False):
    """Returns the object of each anchor: that with the largest overlap.

    The matcher of Faster R-CNN (section 3.1.2 of its paper), as torchvision
    has it.

    Args:
        overlaps: Tensor `(batch, objects, anchors)`. A row of -1 is no object.
        high: Float. Smallest overlap of a match. Defaults to 0.5.
        low: Float. Anchors whose overlap is smaller are background. Defaults
            to None: `high`. The first stage of Faster R-CNN has 0.7 and 0.3.
        keep_best: Whether the anchors with the largest overlap of an object,
            several if it is equal, are matched below `high`, too. Each is
            matched with its own best object. Defaults to False.

    Returns:
        Tensor of int32 `(batch, anchors)`: number of the object, or
        `BACKGROUND` (-1), or `BETWEEN` (-2).

    Example:
    >>> overlaps = ops.array([[[0.6, 0.4, 0.1], [0.2, 0.4, 0.3]]])
    >>> ops.convert_to_numpy(match(overlaps, 0.5, 0.3)).tolist()
    [[0, -2, -2]]
    """
    low = high if low is None else low
    best = ops.cast(ops.argmax(overlaps, axis=1), "int32")
    overlap = ops.max(overlaps, axis=1)
    found = ops.where(overlap < low, BACKGROUND, BETWEEN)
    found = ops.where(overlap >= high, best, found)
    if keep_best:
        largest = ops.max(overlaps, axis=2, keepdims=True)
        is_best = ops.logical_and(overlaps == largest, largest >= 0)
        found = ops.where(ops.any(is_best, axis=1), best, found)
    return ops.cast(found, "int32")


def match_each_object(overlaps, threshold=0.5):
    """Returns the object of each anchor, so that each object has an anchor.

    SSD's matching (section 2.2 of its paper): as `match`, and the anchor with
    the largest overlap of an object is of this object in any case. If it is
    that of several objects, it is of the last, as in torchvision.

    Args:
        overlaps: Tensor `(batch, objects, anchors)`. A row of -1 is no object.
        threshold: Float. Smallest overlap of the other matches. Defaults to
            0.5.

    Returns:
        Tensor of int32 `(batch, anchors)`: number of the object, or
        `BACKGROUND` (-1).

    Example:
    >>> overlaps = ops.array([[[0.6, 0.7, 0.1], [0.2, 0.1, 0.3]]])
    >>> ops.convert_to_numpy(match_each_object(overlaps)).tolist()
    [[0, 0, 1]]
    """
    _, objects, anchors = ops.shape(overlaps)
    best = ops.argmax(overlaps, axis=2)
    is_object = ops.max(overlaps, axis=2) >= 0
    # Comparison with the places of all anchors, for a scatter would not say
    # which of two objects wins.
    places = ops.arange(anchors, dtype=best.dtype)
    is_forced = ops.logical_and(best[..., None] == places, is_object[..., None])
    numbers = ops.arange(objects, dtype="int32")[:, None]
    forced = ops.max(ops.where(is_forced, numbers, BACKGROUND), axis=1)
    found = match(overlaps, threshold)
    return ops.where(forced != BACKGROUND, forced, found)
