"""Pictures as people have them, read as the model takes them."""

import hashlib
import io
import warnings

import numpy as np

from keras_papers.extras import require
from keras_papers.pipelines.data import bit_depth

HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1")
ORIENTATION = 274  # EXIF tag
TURNED = (5, 6, 7, 8)  # values of it that swap height and width
# In `info` of an image.
LIKELY_WHITE = "keras_papers.likely_white"
FULL_SIZE = "keras_papers.full_size"  # (height, width), upright

# Pillow's warning does not name the file; that of `_open` does.
warnings.filterwarnings(
    "ignore", "Image size .* could be decompression bomb", append=True
)


def read_picture(path, size=None):
    """Reads a picture file upright, in RGB.

    Cameras turn a picture by an EXIF tag, scanners write 16 bits or CMYK,
    drawings have an alpha channel, which is left away: what comes out is what
    a phone's camera would give. `bit_depth` says how 12 and 16 bits and floats
    become 8 bits.

    Args:
        path: A file of any format that Pillow reads, or HEIC with the extra
            `heif`.
        size: `(height, width)` to resize to, or None for the picture's own.

    Returns:
        A uint8 array `(height, width, 3)`.

    Raises:
        ValueError: If the file is no picture, or breaks off, or holds values
            of which black and white are not known.

    Warns:
        UserWarning: If the picture is larger than Pillow holds for safe.
    """
    return np.asarray(_decode(_read(path), path, size))


def check_picture(path):
    """Reads and decodes a picture file, and keeps nothing of its pixels.

    Args:
        path: A file, as for `read_picture`.

    Returns:
        The SHA-256 of the bytes of the file, in hexadecimal digits; the value
        that was taken for white because the file does not record it, or None;
        and the height and width of the picture, upright.

    Raises:
        ValueError: As `read_picture`.
    """
    content = _read(path)
    # Of a JPEG, small sizes are decoded faster; a broken one breaks.
    # Others are decoded whole, so that the largest value is that of training.
    image = _decode(content, path, (8, 8))
    hashed = hashlib.sha256(content).hexdigest()
    return hashed, image.info.get(LIKELY_WHITE), image.info[FULL_SIZE]


def _read(path):
    """Returns the bytes of a file, which Pillow would read in parts."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ValueError(
            "A picture must be a file that can be read. "
            f"Received: {str(path)!r} ({error.strerror}). Check the path."
        ) from error


def _decode(content, path, size):
    """Returns the image of a file's bytes; errors and warnings name `path`."""
    image_module = require("PIL.Image", "mobile")
    try:
        with _open(image_module, content, path) as image:
            full_size = image.size
            if size is not None:
                # A JPEG is decoded at an eighth, a quarter or half its size
                # where that is enough.
                image.draft("RGB", size[::-1])
            image = _upright_rgb(image_module, image, full_size)
    except image_module.DecompressionBombError as error:
        raise ValueError(
            "A picture must be one that a camera or a scanner makes. "
            f"Received: {str(path)!r} ({error}). Make it smaller first."
        ) from error
    except Exception as error:  # Pillow's readers let through what they meet
        raise _unreadable(path, error) from error
    if size is not None:
        image = image.resize(size[::-1], image_module.Resampling.BILINEAR)
    return image


def _unreadable(path, error):
    return ValueError(
        "A picture must be a file that can be read whole. Received: "
        f"{str(path)!r} ({reason_of(error)}). Take it out, or fetch it again."
    )


def _open(image_module, content, path):
    """Opens a picture of Pillow's formats, or of HEIF, which is an extra."""
    try:
        image = image_module.open(io.BytesIO(content))
    except image_module.UnidentifiedImageError:
        if content[4:8] != b"ftyp" or content[8:12] not in HEIF_BRANDS:
            raise
        require("pillow_heif", "heif").register_heif_opener()
        image = image_module.open(io.BytesIO(content))
    limit = image_module.MAX_IMAGE_PIXELS
    if limit is not None and image.width * image.height > limit:
        warnings.warn(
            f"{path} holds {image.width:,} x {image.height:,} pixels, which "
            f"take long and much memory to read; {limit:,} are safe. Make it "
            "smaller, or take it out if you do not know where it is from",
            UserWarning,
            stacklevel=2,
        )
    return image


def _upright_rgb(image_module, image, full_size):
    image_ops = require("PIL.ImageOps", "mobile")
    cut = bit_depth.is_cut_from_16_bits(image)
    is_turned = image.getexif().get(ORIENTATION) in TURNED
    image_ops.exif_transpose(image, in_place=True)
    if cut:
        bit_depth.check_not_empty(image)
    if image.mode in bit_depth.MODES:
        # `convert` would cut the values off at 255.
        shades, white = bit_depth.eight_bits(image)
        image = image_module.fromarray(shades)
        image.info = {LIKELY_WHITE: white}
    image.info[FULL_SIZE] = full_size if is_turned else full_size[::-1]
    if image.mode == "P":
        image = image.convert("RGBA")
    # `convert` would copy an image of the same mode.
    return image if image.mode == "RGB" else image.convert("RGB")


def reason_of(error):
    """Returns in a line why a picture could not be read, without its path."""
    if getattr(error, "strerror", None):
        return error.strerror
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return "no format that is known" if "cannot identify" in text else text
