"""Non-maximum suppression with outputs of a fixed size, on each backend."""

from keras import ops

from keras_papers.applications.detection.boxes import intersection_over_union
from keras_papers.suppression_rule import Suppression


def kept_boxes(boxes, is_valid, iou_threshold=0.5):
    """Returns which boxes no better box overlaps.

    Greedy suppression: from the best box on, each one that is kept removes
    those whose overlap with it is larger than the threshold.

    Args:
        boxes: Tensor `(..., n, 4)`, the best first.
        is_valid: Tensor of bools `(..., n)`: which boxes take part.
        iou_threshold: Float in [0, 1]. Defaults to 0.5.

    Returns:
        Tensor of bools `(..., n)`.

    Example:
    >>> boxes = ops.array([[0.0, 0, 4, 4], [1, 0, 5, 4], [3, 0, 7, 4]])
    >>> kept = kept_boxes(boxes, ops.ones(3, "bool"), 0.2)
    >>> ops.convert_to_numpy(kept).tolist()
    [True, False, True]
    """
    number = boxes.shape[-2]
    is_better = ops.triu(ops.ones((number, number), "float32"), 1)
    overlaps = intersection_over_union(boxes, boxes) > iou_threshold
    removes = ops.cast(overlaps, "float32") * is_better

    # A box is kept if no better one that is kept removes it. This equation has
    # one solution. A step settles at least the next box in order; in practice
    # a few steps are enough, where a loop over boxes needs all.
    def step(kept, _):
        return remaining(kept), kept

    def remaining(kept):
        removed = ops.matmul(ops.cast(kept, "float32")[..., None, :], removes)
        return ops.logical_and(is_valid, removed[..., 0, :] < 0.5)

    def differ(kept, before):
        return ops.any(ops.logical_xor(kept, before))

    kept, _ = ops.while_loop(differ, step, (remaining(is_valid), is_valid))
    return kept


def best_boxes(boxes, scores, suppression=Suppression()):  # noqa: B008
    """Returns the boxes of each image that remain, the best first.

    Args:
        boxes: Tensor `(batch, n, 4)`.
        scores: Tensor `(batch, n, classes)`, without background.
        suppression: A `Suppression`, or a list of its values.

    Returns:
        A dict: `"boxes"` `(batch, max_detections, 4)`, `"scores"` and
        `"classes"` `(batch, max_detections)`, ints, and `"counts"`
        `(batch,)`, the number of boxes. Behind them boxes and scores are 0,
        and classes are -1.

    Example:
    >>> boxes = ops.array([[[0.0, 0, 4, 4], [0, 0, 4, 5], [9, 9, 11, 11]]])
    >>> scores = ops.array([[[0.9], [0.8], [0.7]]])
    >>> found = best_boxes(boxes, scores, Suppression(max_detections=3))
    >>> ops.convert_to_numpy(found["counts"]).tolist()
    [2]
    """
    suppression = Suppression.checked(suppression)

    def of_image(image):
        return _of_image(*image, suppression)

    # One image after the other: the overlaps of all classes of a batch would
    # need gigabytes.
    boxes, scores, classes = ops.map(of_image, (boxes, scores))
    counts = ops.sum(ops.cast(classes >= 0, "int32"), axis=-1)
    return {
        "boxes": boxes,
        "scores": scores,
        "classes": classes,
        "counts": counts,
    }


def _of_image(boxes, scores, suppression):
    """Returns boxes, scores and classes of one image, padded."""
    threshold, iou_threshold, candidates, most, per_class = suppression
    number, classes = scores.shape
    candidates = number if candidates is None else min(candidates, number)
    numbers = ops.arange(classes, dtype="int32")[:, None]
    scores = ops.transpose(scores)  # (classes, n)
    if not per_class:
        numbers = ops.cast(ops.argmax(scores, axis=0), "int32")[None]
        scores = ops.max(scores, axis=0, keepdims=True)
    # TensorFlow sorts NaN as the largest, which takes the place of a candidate.
    scores = ops.where(scores >= threshold, scores, -1.0)
    best, places = ops.top_k(scores, candidates)
    candidate_boxes = ops.take(boxes, places, axis=0)
    numbers = (
        ops.broadcast_to(numbers, (classes, candidates))
        if per_class
        else ops.take_along_axis(numbers, ops.cast(places, "int32"), axis=1)
    )

    def kept_of(row):
        return kept_boxes(*row, iou_threshold)

    rows = candidate_boxes, best >= threshold
    # One class after the other: on a CPU its overlaps fit the cache, those of
    # all do not.
    kept = kept_of(rows) if best.shape[0] == 1 else ops.map(kept_of, rows)
    # All that are kept, and as many that are not as the outputs have places.
    rows = [
        ops.reshape(ops.where(kept, best, -1.0), (-1,)),
        ops.reshape(candidate_boxes, (-1, 4)),
        ops.reshape(numbers, (-1,)),
    ]
    missing = most - int(rows[0].shape[0])
    if missing > 0:
        rows[0] = ops.pad(rows[0], (0, missing), constant_values=-1.0)
        rows[1] = ops.pad(rows[1], ((0, missing), (0, 0)))
        rows[2] = ops.pad(rows[2], (0, missing))
    found, places = ops.top_k(rows[0], most)
    is_found = found >= 0
    chosen = ops.take(rows[1], places, axis=0)
    return (
        ops.where(is_found[:, None], chosen, 0.0),
        ops.where(is_found, found, 0.0),
        ops.where(is_found, ops.take(rows[2], places), -1),
    )
