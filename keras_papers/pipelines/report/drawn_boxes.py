"""Boxes of objects drawn on pictures."""

import numpy as np

from keras_papers.extras import require
from keras_papers.pipelines.report.painted import class_colors


def drawn_boxes(pixels, boxes, classes, texts=None):
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
