"""Pictures and masks as PNG files."""

import numpy as np

from keras_papers.extras import require
from keras_papers.files.drafts import draft_of
from keras_papers.visualization.masks import class_colors


def write_picture(path, pixels):
    """Writes a uint8 array as a PNG file, whole or not at all."""
    image_module = require("PIL.Image", "mobile")
    if pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    with draft_of(path) as draft:
        image_module.fromarray(np.ascontiguousarray(pixels)).save(draft)


def write_mask(path, mask):
    """Writes a uint8 mask as a PNG of indices, with colors as its palette."""
    image_module = require("PIL.Image", "mobile")
    image = image_module.fromarray(mask)
    image.putpalette(class_colors().ravel().tolist())
    with draft_of(path) as draft:
        image.save(draft)


def unique_name(name, names):
    """Returns a name that is not in a set of names, and adds it.

    Example:
    >>> names = {"a"}
    >>> unique_name("a", names), unique_name("b", names)
    ('a_2', 'b')
    """
    number, unique = 1, name
    while unique in names:
        number += 1
        unique = f"{name}_{number}"
    names.add(unique)
    return unique
