"""Masks painted over pictures."""

import numpy as np

SHARE = 0.6  # of the color of a class, over the picture
NOT_PAINTED = (0, 255)  # the background, and pixels of no class


def class_colors():
    """Returns a color for each index, uint8 `(256, 3)`: those of Pascal VOC.

    The bits of an index are dealt out to red, green and blue in turn, from the
    highest bit of each on, so that neighbours differ.

    Example:
    >>> class_colors()[:3].tolist()
    [[0, 0, 0], [128, 0, 0], [0, 128, 0]]
    """
    indices = np.arange(256)
    colors = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            part = (indices >> (3 * bit + channel)) & 1
            colors[:, channel] |= (part << (7 - bit)).astype(np.uint8)
    return colors


def painted(pixels, mask):
    """Returns a picture with the colors of classes over it.

    Args:
        pixels: uint8 array `(height, width, 3)`.
        mask: Array of indices `(height, width)`; 0 and 255 are not painted.
    """
    colors = class_colors()[mask]
    mixed = np.rint((1 - SHARE) * pixels + SHARE * colors).astype(np.uint8)
    return np.where(np.isin(mask, NOT_PAINTED)[..., None], pixels, mixed)
