"""Small pictures inside a page."""

import base64
import io

import numpy as np

from keras_papers.extras import require

LARGE_THUMBNAIL, SMALL_THUMBNAIL = 128, 96  # pixels of the longer side


def data_uri(pixels):
    """Returns an image as text, as JPEG or PNG, whichever is shorter."""
    image_module = require("PIL.Image", "report")
    image = _resize(image_module.fromarray(np.ascontiguousarray(pixels)))
    if np.ptp(pixels, axis=-1).max() == 0:
        image = image.convert("L")
    files = []
    for name, options in (
        ("jpeg", {"quality": 82}),
        ("png", {"optimize": True}),
    ):
        file = io.BytesIO()
        image.save(file, name, **options)
        files.append((len(file.getvalue()), name, file.getvalue()))
    _, name, content = min(files)
    return f"data:image/{name};base64,{base64.b64encode(content).decode()}"


def _resize(image):
    longer = max(image.size)
    if SMALL_THUMBNAIL <= longer <= LARGE_THUMBNAIL:
        return image
    image_module = require("PIL.Image", "report")
    method = image_module.Resampling.NEAREST  # keeps each pixel a square
    times = -(-SMALL_THUMBNAIL // longer)
    if longer * times > LARGE_THUMBNAIL:
        # Too large, or not small enough for twice the pixels.
        method = image_module.Resampling.LANCZOS
        times = LARGE_THUMBNAIL / longer
    size = [max(1, round(times * side)) for side in image.size]
    return image.resize(size, method)
