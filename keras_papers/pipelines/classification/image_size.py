"""The size of the images that a network takes, where none is given."""

import numpy as np

from keras_papers.applications.registry import get_record
from keras_papers.checks import names_weights
from keras_papers.extras import require

DIGITS = 48  # pixels; the bundled digits are 8 x 8
STEP = 32  # networks halve images five times
SAMPLE = 200  # pictures whose sizes are looked at


def choose_size(model, weights, images, alpha=1.0):
    """Returns a height and width that suits a network and pictures.

    That of the network's paper; less if the pictures have not as many
    pixels, which would be made up. Published weights have a size of their own.

    Args:
        model: Name of a classifier.
        weights: What the training starts from.
        images: An `ImageSet` of files; None for the bundled digits.
        alpha: Width of the network. Defaults to 1.

    Returns:
        The size, and the reason for it in words.
    """
    record = get_record(model)
    largest, smallest = record.size, STEP * -(-record.minimum // STEP)
    if images is None:
        return max(DIGITS, smallest), "that of the bundled digits"
    if names_weights(weights):
        own = record.published and record.published.size_of(weights, alpha)
        return own or largest, "that of the weights"
    side = typical_side(images.train)
    size = max(smallest, STEP * round(side / STEP))
    if size < largest:
        return size, f"since half of the pictures have {side:.0f} or fewer"
    return largest, f"that of {model}'s paper"


def typical_side(part):
    """Returns the median of the shorter sides of the pictures of a `Part`."""
    image_module = require("PIL.Image", "mobile")
    sides = []
    for file in part.files[:: -(-len(part) // SAMPLE)]:
        with image_module.open(file) as image:  # reads the head only
            sides.append(min(image.size))
    return float(np.median(sides))
