"""Boxes and their overlaps in NumPy, a pair at a time."""

import numpy as np


def draw_boxes(generator, *shape, size=100):
    """Draws boxes with positive sides, most of them in the image."""
    corner = generator.uniform(-0.1 * size, 0.8 * size, (*shape, 2))
    sides = generator.uniform(0.02 * size, 0.5 * size, (*shape, 2))
    return np.concatenate([corner, corner + sides], axis=-1).astype("float32")


def overlap(one, other):
    """Returns the intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    both = max(0, width) * max(0, height)
    first, second = ((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return both / (first + second - both)


def overlaps(first, second):
    """Returns the overlaps of all pairs, `(m, n)`."""
    found = [[overlap(one, other) for other in second] for one in first]
    return np.array(found, "float32").reshape(len(first), len(second))


def greedy(boxes, threshold):
    """Returns the numbers of the boxes that remain, the best box first."""
    kept = []
    for number, box in enumerate(boxes):
        if all(overlap(box, boxes[k]) <= threshold for k in kept):
            kept.append(number)
    return kept
