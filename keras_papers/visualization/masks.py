"""Masks painted over images."""

import numpy as np

SHARE = 0.6  # of the color of a class, over the picture
NOT_PAINTED = (0, 255)  # the background, and pixels of no class


def draw_masks(images, masks):
    """Paints the classes of pixels over images, in the colors of Pascal VOC.

    Args:
        images: Array `(images, height, width, 3)` of RGB in [0, 255].
        masks: Array of ints `(images, height, width)` in [0, 255]: the class
            of each pixel. 0, the background, and 255 are not painted.

    Returns:
        A uint8 array of the shape of `images`.

    Raises:
        ValueError: If the images are no batch of pixels in [0, 255], or the
            masks do not fit them.

    Example:
    >>> images = np.full((1, 2, 2, 3), 100)
    >>> draw_masks(images, np.array([[[0, 1], [255, 0]]]))[0, 0].tolist()
    [[100, 100, 100], [117, 40, 40]]
    """
    pixels, masks = as_pixels(images), np.asarray(masks)
    if pixels.shape[:-1] != masks.shape or masks.dtype.kind not in "iu":
        raise ValueError(
            "`masks` are ints (images, height, width), the class of each pixel "
            f"of `images`. Received: masks of {masks.shape}, {masks.dtype}, "
            f"and images of {pixels.shape}. Of logits take the argmax of the "
            "last axis, at the size of the images."
        )
    if masks.size and not 0 <= masks.min() <= masks.max() <= 255:
        raise ValueError(
            "`masks` are classes of pixels and must lie in [0, 255]. Received: "
            f"masks from {masks.min()} to {masks.max()}. Write 255 where a "
            "pixel has no class."
        )
    return painted(pixels, masks)


def as_pixels(images):
    """Returns a batch of RGB images in [0, 255] as uint8.

    Raises:
        ValueError: If they have other axes, or another range.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] != 3:
        raise ValueError(
            "`images` are a batch of RGB, (images, height, width, 3). "
            f"Received: images of {images.shape}. Add an axis to a single "
            "image, and repeat the channel of a gray one."
        )
    # An image of zeros is black in either range.
    if images.dtype.kind == "f" and images.any() and images.max() <= 1:
        raise ValueError(
            "`images` are pixels in [0, 255]. Received: images from "
            f"{images.min():g} to {images.max():g}. Multiply images in [0, 1] "
            "by 255."
        )
    return np.clip(np.rint(images), 0, 255).astype(np.uint8)


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
    """Returns pictures with the colors of classes over them.

    Args:
        pixels: uint8 array `(..., height, width, 3)`.
        mask: Array of indices `(..., height, width)`; 0 and 255 are not
            painted.
    """
    colors = class_colors()[mask]
    mixed = np.rint((1 - SHARE) * pixels + SHARE * colors).astype(np.uint8)
    return np.where(np.isin(mask, NOT_PAINTED)[..., None], pixels, mixed)
