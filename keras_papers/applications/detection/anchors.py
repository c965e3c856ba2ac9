"""Anchors: the boxes that a detector's codes are relative to, as arrays.

All are `(anchors, 4)`, float32, `(x_min, y_min, x_max, y_max)` in pixels. They
are in the order of the maps, of the rows and columns of a map, and of the
anchors at a place. SSD's are of two kinds, which have the same boxes in
another order, so that weights for one do not serve the other.
"""

import math

import numpy as np

from keras_papers.checks import check_positive, check_positive_int

LOWEST, HIGHEST = 0.2, 0.95  # scales of SSD, section 2.2
SMALL_SCALE = 0.1  # of the square on the first map, in the authors' code


def spaced_scales(levels, low=LOWEST, high=HIGHEST):
    """Returns the scale of each map, and one more for the last square.

    Equation 4 of SSD (Liu et al., 2015, https://arxiv.org/abs/1512.02325).

    Args:
        levels: Positive int. Number of maps.
        low: Scale of the first map, as a share of the image. Defaults to 0.2.
        high: Scale of the last map. Defaults to 0.95.

    Returns:
        A tuple of `levels + 1` floats, of which the last is 1.

    Example:
    >>> [round(scale, 2) for scale in spaced_scales(6)]
    [0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0]
    """
    check_positive_int("levels", levels, "the number of maps", "SSD has 6.")
    step = (high - low) / max(1, levels - 1)
    return (*(low + step * level for level in range(levels)), 1.0)


def default_boxes(map_sizes, image_size, ratios, scales=None, steps=None):
    """Returns the default boxes of SSD in torchvision's order.

    At each place a square of the map's scale, a square between this scale and
    the next, and for each ratio a wide and a high box. Boxes are at most as
    large as the image, and some are partly outside.

    Args:
        map_sizes: List of `(height, width)`, a pair for each map.
        image_size: `(height, width)` in pixels.
        ratios: List of tuples: width over height of the wide boxes of each
            map, such as `(2, 3)`.
        scales: Floats, one more than maps: sizes of the squares as shares of
            the image. Defaults to `spaced_scales`.
        steps: Ints, pixels between two places of each map. Defaults to None:
            the image is divided into as many parts as the map has places.

    Returns:
        Array `(anchors, 4)`, `(x_min, y_min, x_max, y_max)` in pixels.

    Raises:
        ValueError: If the lists are not of one length.

    Example:
    >>> default_boxes([(1, 1)], (100, 100), [(2,)], scales=(0.5, 0.5)).round()
    array([[25., 25., 75., 75.],
           [25., 25., 75., 75.],
           [15., 32., 85., 68.],
           [32., 15., 68., 85.]], dtype=float32)
    """
    _check_image_size(image_size)
    scales = spaced_scales(len(map_sizes)) if scales is None else scales
    _check_lengths(map_sizes, ratios=ratios, steps=steps)
    _check_scales(map_sizes, scales)
    boxes = []
    for level, (rows, columns) in enumerate(map_sizes):
        scale, following = scales[level], scales[level + 1]
        between = math.sqrt(scale * following)
        sides = [(scale, scale), (between, between)]
        for ratio in ratios[level]:
            wide, high = scale * math.sqrt(ratio), scale / math.sqrt(ratio)
            sides += [(wide, high), (high, wide)]
        parts = rows, columns
        if steps is not None:
            parts = [side / steps[level] for side in image_size]
        centers = _centers((rows, columns), parts)
        boxes.append(_around(centers, np.clip(sides, 0, 1)))
    return _in_pixels(boxes, image_size)


def object_detection_boxes(
    map_sizes,
    image_size,
    ratios=(1, 2, 1 / 2, 3, 0.3333),
    scales=None,
    reduced_first=True,
):
    """Returns SSD's boxes in the order of TensorFlow's Object Detection API.

    At each place a box for each ratio, and last the square between the map's
    scale and the next. Boxes of an image that is not square are relative to
    its shorter side, and may be larger than the image.

    Args:
        map_sizes: List of `(height, width)`, a pair for each map.
        image_size: `(height, width)` in pixels.
        ratios: Widths over heights, the same for all maps. Defaults to
            `(1, 2, 1/2, 3, 0.3333)`.
        scales: Floats, one more than maps: sizes of the squares as shares of
            the image. Defaults to `spaced_scales`.
        reduced_first: Whether places of the first map have three boxes: a
            square of 0.1, and the ratios 2 and 1/2. Defaults to True.

    Returns:
        Array `(anchors, 4)`, `(x_min, y_min, x_max, y_max)` in pixels.

    Raises:
        ValueError: If there is not one scale more than maps.

    Example:
    >>> maps = [(20, 20), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)]
    >>> object_detection_boxes(maps, (320, 320)).shape
    (2034, 4)
    """
    _check_image_size(image_size)
    scales = spaced_scales(len(map_sizes)) if scales is None else scales
    _check_scales(map_sizes, scales)
    shorter = min(image_size)
    boxes = []
    for level, size in enumerate(map_sizes):
        scale, following = scales[level], scales[level + 1]
        kinds = [(scale, ratio) for ratio in ratios]
        kinds.append((math.sqrt(scale * following), 1))
        if reduced_first and level == 0:
            kinds = [(SMALL_SCALE, 1), (scale, 2), (scale, 1 / 2)]
        sides = [
            (
                side * math.sqrt(ratio) * shorter / image_size[1],
                side / math.sqrt(ratio) * shorter / image_size[0],
            )
            for side, ratio in kinds
        ]
        boxes.append(_around(_centers(size, size), sides))
    return _in_pixels(boxes, image_size)


def sliding_anchors(map_sizes, image_size, sizes, ratios=(0.5, 1.0, 2.0)):
    """Returns the anchors of Faster R-CNN, as torchvision has them.

    Ren et al., 2015 (https://arxiv.org/abs/1506.01497), section 3.1.1. The
    sides are whole pixels, and the box of a place is around the corner of its
    pixels, not around their middle.

    Args:
        map_sizes: List of `(height, width)`, a pair for each map.
        image_size: `(height, width)` of the padded image in pixels.
        sizes: List of tuples: square roots of the areas of each map's
            anchors, in pixels.
        ratios: Heights over widths, the same for all maps. Defaults to
            `(0.5, 1, 2)`.

    Returns:
        Array `(anchors, 4)`, `(x_min, y_min, x_max, y_max)` in pixels.

    Raises:
        ValueError: If there are not as many `sizes` as maps.

    Example:
    >>> sliding_anchors([(1, 1)], (32, 32), [(32,)])
    array([[-23., -11.,  23.,  11.],
           [-16., -16.,  16.,  16.],
           [-11., -23.,  11.,  23.]], dtype=float32)
    """
    _check_image_size(image_size)
    _check_lengths(map_sizes, sizes=sizes)
    boxes = []
    for (rows, columns), scales in zip(map_sizes, sizes, strict=True):
        roots = np.sqrt(np.array(ratios, "float32"))[:, None]
        scales = np.array(scales, "float32")[None]
        widths, heights = (scales / roots).ravel(), (scales * roots).ravel()
        base = np.stack([-widths, -heights, widths, heights], axis=1) / 2
        base = np.round(base)  # half to even
        strides = [
            side // places
            for side, places in zip(image_size, (rows, columns), strict=True)
        ]
        y, x = np.meshgrid(
            np.arange(rows) * strides[0],
            np.arange(columns) * strides[1],
            indexing="ij",
        )
        corners = np.stack([x, y, x, y], axis=-1).reshape(-1, 1, 4)
        boxes.append((corners + base).reshape(-1, 4))
    return np.concatenate(boxes).astype("float32")


def _centers(size, parts):
    """Returns the middles of a map's places, `(places, 2)`, as shares."""
    y, x = np.meshgrid(
        (np.arange(size[0]) + 0.5) / parts[0],
        (np.arange(size[1]) + 0.5) / parts[1],
        indexing="ij",
    )
    return np.stack([x.ravel(), y.ravel()], axis=1)


def _around(centers, sides):
    """Returns a box of each of `sides` around each center."""
    half = np.array(sides)[None] / 2
    corners = [centers[:, None] - half, centers[:, None] + half]
    return np.concatenate(corners, axis=-1).reshape(-1, 4)


def _in_pixels(boxes, image_size):
    height, width = image_size
    whole = np.concatenate(boxes) * [width, height, width, height]
    return whole.astype("float32")


def _check_image_size(image_size):
    for side in image_size:
        check_positive(
            "image_size", side, "(height, width) in pixels", "Try (320, 320)."
        )


def _check_lengths(map_sizes, **lists):
    for name, values in lists.items():
        if values is not None and len(values) != len(map_sizes):
            raise ValueError(
                f"`{name}` has an entry for each map. Received: {name}="
                f"{values} for {len(map_sizes)} maps. Pass as many."
            )


def _check_scales(map_sizes, scales):
    if len(scales) != len(map_sizes) + 1:
        raise ValueError(
            "`scales` has an entry for each map, and one more for the larger "
            f"square of the last. Received: scales={scales} for "
            f"{len(map_sizes)} maps. See spaced_scales."
        )
