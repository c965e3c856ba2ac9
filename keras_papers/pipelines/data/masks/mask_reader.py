"""Masks as indices of classes, from indices or colors in an image file."""

import numpy as np

from keras_papers.extras import require
from keras_papers.pipelines.data.pictures import reason_of

IGNORE = 255  # of a pixel that counts for no class
FOREGROUND = 255  # in a mask of two values
COLORS = ("RGB", "RGBA", "CMYK", "YCbCr")  # modes of Pillow


class MaskReader:
    """Reads masks of one set.

    Args:
        classes: Number of classes.
        ignore: Int in a mask, or index of a color, that stands for no class,
            beside `IGNORE`.
        colors: `ClassColors`, where colors stand for classes. Defaults to
            None: numbers do.
        is_binary: Whether `FOREGROUND` is the second of two classes.
    """

    def __init__(self, classes, ignore=IGNORE, colors=None, is_binary=False):
        self.classes = classes
        self.colors = colors
        self.is_binary = is_binary
        self.indices = np.full(256, -1, np.int16)
        self.indices[:classes] = np.arange(classes)
        self.indices[IGNORE] = IGNORE
        self.indices[ignore] = IGNORE
        if is_binary:
            self.indices[FOREGROUND] = 1

    def read(self, path, size=None):
        """Returns the indices of the classes of a mask, `IGNORE` for none.

        Args:
            path: The file.
            size: `(height, width)`, to which the nearest pixels are taken.
                Defaults to None: the size of the mask.

        Returns:
            A uint8 array `(height, width)`.

        Raises:
            ValueError: If the file cannot be read, or holds a value or a color
                that stands for no class.
        """
        indices = self._indices(path)
        if size is None or indices.shape == tuple(size):
            return indices
        image_module = require("PIL.Image", "mobile")
        image = image_module.fromarray(indices)
        nearest = image_module.Resampling.NEAREST
        return np.asarray(image.resize(size[::-1], nearest))

    def _indices(self, path):
        if self.colors is not None:
            pixels = mask_values(path, as_colors=True)
            indices = self.indices[_of_colors(pixels, self.colors, path)]
            return indices.astype(np.uint8)
        values = mask_values(path)
        known = (values >= 0) & (values <= 255)
        indices = self.indices[np.where(known, values, 254)]
        unknown = ~known | (indices < 0)
        if unknown.any():
            raise ValueError(
                f"`data` must hold masks of the {self.classes:,} classes, "
                f"whose indices are 0 to {self.classes - 1}, and {IGNORE} for "
                f"pixels that are ignored. Received: {str(path)!r} with "
                f"{int(values[unknown][0])} in {int(unknown.sum()):,} pixels. "
                "Correct the mask or the list of classes, or pass the value "
                "as ignore=... (--ignore)."
            )
        return indices.astype(np.uint8)


def _of_colors(pixels, colors, path):
    codes = {
        _code(np.array(color)): index for color, index in colors.indices.items()
    }
    keys = np.array(sorted(codes))
    values = np.array([codes[key] for key in keys], np.uint8)
    found = _code(pixels.astype(np.int64))
    places = np.minimum(np.searchsorted(keys, found), len(keys) - 1)
    unknown = keys[places] != found
    if unknown.any():
        color = tuple(pixels[unknown][0].tolist())
        raise ValueError(
            "`data` must hold masks of the colors in "
            f"{colors.file!r}. Received: {str(path)!r} with {color} in "
            f"{int(unknown.sum()):,} pixels. Add the color to the table, or "
            "store the mask without loss, as PNG."
        )
    return values[places]


def _code(color):
    """Returns red, green and blue as one number."""
    return (color[..., 0] << 16) + (color[..., 1] << 8) + color[..., 2]


def mask_values(path, as_colors=False):
    """Returns the numbers in a mask.

    Args:
        path: The file.
        as_colors: Whether to return colors, `(height, width, 3)`, and not
            indices of a palette or shades.

    Returns:
        An int32 array `(height, width)`, or a uint8 array of colors.

    Raises:
        ValueError: If the file cannot be read, or holds colors where numbers
            are needed.
    """
    image_module = require("PIL.Image", "mobile")
    try:
        with image_module.open(path) as image:
            if as_colors:
                return np.asarray(image.convert("RGB"))
            is_colored = image.mode in COLORS
            pixels = np.asarray(image.convert("RGB") if is_colored else image)
    except Exception as error:  # Pillow's readers let through what they meet
        raise ValueError(
            "A mask must be an image file that can be read whole. Received: "
            f"{str(path)!r} ({reason_of(error)}). Take it out, or fetch it "
            "again."
        ) from error
    if is_colored and np.ptp(pixels, axis=-1).any():
        raise ValueError(
            "`data` must hold a table of the colors of masks in color. "
            f"Received: {str(path)!r} in color, without a table. Write "
            "class_dict.csv into the folder, with name,r,g,b of a class on "
            "each line."
        )
    if pixels.ndim == 3:  # gray in three channels, or with transparency
        pixels = pixels[..., 0]
    return pixels.astype(np.int32)
