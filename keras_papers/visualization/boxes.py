"""Boxes of objects drawn on images."""

import numpy as np

from keras_papers.checks import check_names, check_number
from keras_papers.extras import require
from keras_papers.visualization.masks import as_pixels, class_colors

KEYS = ("boxes", "classes")
OTHERS = ("scores", "counts", "is_crowd")


def draw_boxes(images, objects, names=None, threshold=0.5):
    """Draws a frame around each object, with the name of its class.

    Args:
        images: Array `(images, height, width, 3)` of RGB in [0, 255].
        objects: Dict of `"boxes"` `(images, n, 4)`, `(x_min, y_min, x_max,
            y_max)` in pixels of the images, and `"classes"` `(images, n)`,
            -1 where there is none; with `"scores"` as `Detector.predict`
            returns it, or without as `Detector.fit` takes it.
        names: List of the names of the classes. Defaults to None: frames
            without a text.
        threshold: Float in [0, 1]. Smallest score that is drawn. Defaults to
            0.5.

    Returns:
        A uint8 array of the shape of `images`.

    Raises:
        ValueError: If the images are no batch of pixels in [0, 255], or the
            objects, names or threshold do not fit them.
        MissingExtraError: If the extra `mobile` is not installed.

    Example:
    >>> images = np.full((1, 32, 32, 3), 100)
    >>> objects = {"boxes": [[[4, 4, 20, 28]]], "classes": [[0]]}
    >>> drawn = draw_boxes(images, objects)
    >>> drawn.shape, drawn[0, 4, 4].tolist()
    ((1, 32, 32, 3), [128, 0, 0])
    """
    pixels = as_pixels(images)
    _check_threshold(threshold)
    boxes, classes, scores = _checked(objects, pixels)
    shown = classes >= 0
    if scores is not None:
        shown &= scores >= threshold
    _check_shown(boxes[shown], classes[shown], names)
    for index, image in enumerate(pixels):
        here = np.flatnonzero(shown[index])
        labels, texts = classes[index, here], None
        if names is not None:
            texts = [names[label] for label in labels]
        if names is not None and scores is not None:
            texts = [
                f"{text} {score:.0%}"
                for text, score in zip(texts, scores[index, here], strict=True)
            ]
        pixels[index] = framed(image, boxes[index, here], labels, texts)
    return pixels


def _checked(objects, images):
    """Returns boxes, classes as ints, and scores or None.

    Raises:
        ValueError: If they do not fit the images.
    """
    known = (*KEYS, *OTHERS)
    check_names("objects", objects, known, "array of the objects", KEYS)
    boxes, classes = (np.asarray(objects[key]) for key in KEYS)
    if (
        boxes.shape != (*classes.shape, 4)
        or boxes.shape[:-2] != images.shape[:1]
    ):
        raise ValueError(
            "`objects` has boxes (images, n, 4) and classes (images, n) of "
            f"`images`. Received: boxes of {boxes.shape} and classes of "
            f"{classes.shape}, and images of {images.shape}. Pass a batch of "
            "both."
        )
    if (classes != np.rint(classes)).any():
        raise ValueError(
            "`objects` has classes that are integers, -1 where there is none. "
            f"Received: classes of {classes.dtype} with fractions. Pass their "
            "indices."
        )
    scores = objects.get("scores")
    if scores is not None:
        scores = np.asarray(scores)
        if scores.shape != classes.shape:
            raise ValueError(
                "`objects` has a score for each class, (images, n). Received: "
                f"scores of {scores.shape} and classes of {classes.shape}. "
                "Pass what `Detector.predict` returns."
            )
    return boxes, classes.astype(int), scores


def _check_shown(boxes, classes, names):
    """Raises ValueError unless boxes can be drawn, with their names."""
    if not np.isfinite(boxes).all():
        raise ValueError(
            "`objects` has boxes in pixels, which are finite numbers. "
            "Received: NaN or infinity. Give objects that are none the class "
            "-1."
        )
    if names is not None and classes.size and classes.max() >= len(names):
        raise ValueError(
            "`names` has the name of each class. Received: "
            f"{len(names)} names and the class {classes.max()}. Pass all "
            "names, in the order of the classes."
        )


def _check_threshold(threshold):
    advice = "It is not a percentage."
    check_number("threshold", threshold, "the smallest score drawn", advice)
    if not 0 <= threshold <= 1:
        raise ValueError(
            "`threshold` is the smallest score drawn and must lie in [0, 1]. "
            f"Received: threshold={threshold!r}. {advice}"
        )


def framed(pixels, boxes, classes, texts=None):
    """Returns a picture with a frame around each box, in its class's color.

    Args:
        pixels: uint8 array `(height, width, 3)`.
        boxes: Array `(n, 4)`: x_min, y_min, x_max, y_max in pixels.
        classes: Array of ints `(n,)`, from 0.
        texts: List of n texts to write above the boxes. Defaults to None.
    """
    image_module = require("PIL.Image", "mobile")
    image_draw = require("PIL.ImageDraw", "mobile")
    image = image_module.fromarray(np.ascontiguousarray(pixels))
    draw = image_draw.Draw(image)
    # Thick enough to be seen when the picture is made smaller.
    width = max(1, round(max(image.size) / 100))
    colors = class_colors()
    for index, (box, label) in enumerate(zip(boxes, classes, strict=True)):
        low, high = np.floor(box[:2]), np.ceil(box[2:]) - 1
        corners = [*low, *np.maximum(low, high)]
        color = tuple(map(int, colors[(label + 1) % 256]))
        draw.rectangle(corners, outline=color, width=width)
        if texts is not None:
            place = (float(low[0]) + width + 1, float(low[1]) + width)
            around = draw.textbbox(place, texts[index])
            draw.rectangle(around, fill=color)
            draw.text(place, texts[index], fill=_readable(color))
    return np.asarray(image)


def _readable(color):
    """Returns black or white, which differs more from a color."""
    red, green, blue = color
    bright = 0.299 * red + 0.587 * green + 0.114 * blue > 127
    return (0, 0, 0) if bright else (255, 255, 255)
