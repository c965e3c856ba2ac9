"""Pictures as people have them, read as the model takes them."""

import hashlib
import io
import os

import numpy as np

from keras_papers.extras import require

SIXTEEN_BITS = ("I", "I;16", "I;16L", "I;16B", "I;16N")


def read_picture(path, size=None):
    """Reads a picture file upright, in RGB.

    Cameras turn a picture by an EXIF tag, scanners write 16 bits or CMYK,
    drawings have an alpha channel, which is left away: what comes out is what
    a phone's camera would give.

    Args:
        path: A file of any format that Pillow reads.
        size: `(height, width)` to resize to, or None for the picture's own.

    Returns:
        A uint8 array `(height, width, 3)`.

    Raises:
        ValueError: If the file is no picture, or breaks off.
    """
    return np.asarray(_decode(path, path, size))


def check_picture(path):
    """Reads and decodes a picture file, and keeps nothing of its pixels.

    Args:
        path: A file, as for `read_picture`.

    Returns:
        The SHA-256 of the bytes of the file, in hexadecimal digits.

    Raises:
        ValueError: As `read_picture`.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise ValueError(
            "A picture must be a file that can be read. "
            f"Received: {str(path)!r} ({error.strerror}). Check the path."
        ) from error
    # Of a JPEG, small sizes are decoded faster; a broken one breaks.
    _decode(io.BytesIO(content), path, (8, 8))
    return hashlib.sha256(content).hexdigest()


def _decode(source, path, size):
    """Returns the picture of `source`, a file or its path, with errors."""
    image_module = require("PIL.Image", "mobile")
    try:
        with image_module.open(source) as image:
            if size is not None:
                # A JPEG is decoded at an eighth, a quarter or half its size
                # where that is enough.
                image.draft("RGB", size[::-1])
            image = _upright_rgb(image)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ValueError(
            "A picture must be a file. "
            f"Received: {str(path)!r} ({error.strerror}). Check the path."
        ) from error
    except image_module.DecompressionBombError as error:
        raise ValueError(
            "A picture must be one that a camera or a scanner makes. "
            f"Received: {str(path)!r} ({error}). Make it smaller first."
        ) from error
    except Exception as error:  # Pillow's readers let through what they meet
        raise ValueError(
            "A picture must be a file that can be read whole. Received: "
            f"{str(path)!r} ({reason_of(error)}). Take it out, or fetch it "
            "again."
        ) from error
    if size is not None:
        image = image.resize(size[::-1], image_module.Resampling.BILINEAR)
    return image


def _upright_rgb(image):
    image_ops = require("PIL.ImageOps", "mobile")
    image = image_ops.exif_transpose(image)
    if image.mode in SIXTEEN_BITS:
        # `convert` would cut the values off at 255.
        gray = np.asarray(image).astype(np.int64) >> 8
        image_module = require("PIL.Image", "mobile")
        image = image_module.fromarray(gray.clip(0, 255).astype(np.uint8))
    if image.mode == "P":
        image = image.convert("RGBA")
    return image.convert("RGB")


def reason_of(error):
    """Says in a line why a picture could not be read, without its path."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return "no format that is known" if "cannot identify" in text else text


def is_hidden(path):
    """Tells whether a file belongs to the file manager, not to the user."""
    name = os.path.basename(path)
    return name.startswith(".") or name.lower() in ("thumbs.db", "desktop.ini")
