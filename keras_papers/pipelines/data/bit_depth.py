"""Pictures of more than 8 bits as the 8 bits that a model takes.

A file rarely records which values are black and white, so that each is read by
one rule, which depends on nothing but the file:

- TIFF may record it: `SMinSampleValue` and `SMaxSampleValue` are black and
  white, and 12 in `BitsPerSample` makes 4095 white. A PNM and a JPEG 2000
  record it always.
- Else integers up to 255 are 8 bits, up to 4095 12 bits, up to 65535 16 bits.
- Else floats up to 1 are shares of white, and floats up to 255 are 8 bits.
- Everything else is refused: negative values, which are heights or
  temperatures, larger ones, and those that are not finite.
"""

import numpy as np

MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N", "F")  # of one channel
# Tags of a TIFF.
BITS, PHOTOMETRIC, SMALLEST, LARGEST = 258, 262, 340, 341
WHITE_IS_ZERO = 0
EMPTY = 2**4  # of 256: values of 12 bits, or fewer, that lie in 16


def eight_bits(image):
    """Returns the shades of an image of one of `MODES`, and what was taken.

    Returns:
        The shades as uint8; and the value that was taken for white because
        the file does not record it, or None.

    Raises:
        ValueError: With the reason, if no rule applies.
    """
    values = np.asarray(image)
    if values.dtype.kind == "f":
        values = values.astype(np.float64)
        if not np.isfinite(values).all():
            raise ValueError("values that are not finite")
    else:
        values = values.astype(np.int64)
    tags = getattr(image, "tag_v2", {})
    recorded = _recorded(image.format, tags, values)
    black, white = recorded or (0, _likely_white(values))
    if values.min() < black or values.max() > white:
        raise ValueError(
            f"values from {values.min():g} to {values.max():g}, of which "
            "black and white are not known; store them as 8 or 16 bits"
        )
    if white > 255 and black == 0 and (white + 1) % 256 == 0:
        shades = values.astype(np.int64) // ((white + 1) // 256)
    else:
        shades = np.rint((values - black) * (255 / (white - black)))
    if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:
        shades = 255 - shades
    # Black alone is black by any rule.
    is_likely = recorded is None and values.max() > 0
    return shades.astype(np.uint8), white if is_likely else None


def _recorded(format_, tags, values):
    """Returns the values that are black and white by the file, or None."""
    smallest, largest = _first(tags, SMALLEST), _first(tags, LARGEST)
    if largest is not None and largest > (smallest or 0):
        integer = values.dtype.kind == "i"
        # The largest integer that fits is the default, written or not.
        if not (integer and largest >= 2 ** (_first(tags, BITS) or 1) - 1):
            return smallest or 0, largest
    if values.dtype.kind == "f":
        return None
    if format_ in ("PPM", "JPEG2000"):
        return 0, 65535  # Pillow scales them to it
    if _first(tags, BITS) == 12:
        return 0, 4095
    return None


def _likely_white(values):
    """Returns the value that is white by the largest one."""
    if values.dtype.kind == "f":
        return 1.0 if values.max() <= 1 else 255.0
    # The last one is too small for what no rule reads.
    whites = [white for white in (255, 4095) if values.max() <= white]
    return whites[0] if whites else 65535


def describe_whites(whites, named=3):
    """Yields a sentence if files of one set have different values of white.

    Args:
        whites: Dict from a file to the value that was taken for white because
            the file does not record it: an integer, or a float.
        named: Files to name of each value.
    """
    for kind, what in (
        (int, "pictures of more than 8 bits"),
        (float, "pictures of floats"),
    ):
        files = {}
        for file, white in whites.items():
            if isinstance(white, kind):
                files.setdefault(white, []).append(file)
        if len(files) > 1:
            parts = []
            for white, here in sorted(files.items()):
                more = f" and {len(here) - named:,} more"
                parts.append(
                    f"{white:g} of {len(here):,} ({', '.join(here[:named])}"
                    f"{more * (len(here) > named)})"
                )
            yield (
                f"{what} have different values for white, by the largest value "
                f"of each, so that dark ones become bright: {'; '.join(parts)}."
                " If they are of one camera, store all as 8 bits, or as TIFF "
                "with SMaxSampleValue"
            )


def _first(tags, tag):
    """Returns the value of a tag for the first channel, or None."""
    value = tags.get(tag)
    return value[0] if isinstance(value, tuple) else value


def is_cut_from_16_bits(image):
    """Returns whether Pillow will keep the upper 8 of 16 bits of each channel.

    To be called before the pixels are loaded.
    """
    colors = image.mode in ("RGB", "RGBA", "RGBX", "LA")
    return colors and any(";16" in str(tile[3]) for tile in image.tile)


def check_not_empty(image):
    """Raises ValueError if values below 16 bits lay in the 16 of a channel."""
    extremes = image.getextrema()
    colors = extremes[: 1 if image.mode == "LA" else 3]
    if max(high for _, high in colors) < EMPTY:
        raise ValueError(
            "colors of 16 bits of which the upper 4 are empty; store them as "
            "8 bits"
        )
