"""The file of a picture's codes.

A header, then the codes of each map in reading order, the top map first, each
in as many bits as the number of codes needs. Where zlib makes the codes
shorter, they are stored so. All numbers are little-endian.

    magic       4  b"KPC1"
    is_zlib     1
    levels      1
    height      4  of the picture
    width       4
    model_hash  8  `model_hash` of the autoencoder
    then for each level: height 2, width 2, num_embeddings 4; then the codes;
    checksum    4  CRC-32 of all that comes before
"""

import struct
import zlib
from typing import NamedTuple

import numpy as np

from keras_papers.files.drafts import draft_of

MAGIC = b"KPC1"
HEADER = struct.Struct("<4sBBII8s")
LEVEL = struct.Struct("<HHI")
CHECKSUM = struct.Struct("<I")


class Codes(NamedTuple):
    """The codes of a picture."""

    size: tuple  # height and width of the picture
    maps: list  # of int32 arrays `(height, width)`, the top one first
    num_embeddings: list
    model_hash: str  # 16 hex digits


def write_codes(path, codes):
    """Writes `Codes`, whole or not at all; returns the number of bytes."""
    levels, packed = b"", b""
    for each, size in zip(codes.maps, codes.num_embeddings, strict=True):
        levels += LEVEL.pack(*each.shape, size)
        packed += pack(each, size)
    shorter = zlib.compress(packed, 9)
    is_zlib = len(shorter) < len(packed)
    header = HEADER.pack(
        MAGIC,
        is_zlib,
        len(codes.maps),
        *codes.size,
        bytes.fromhex(codes.model_hash),
    )
    content = header + levels + (shorter if is_zlib else packed)
    content += CHECKSUM.pack(zlib.crc32(content))
    with draft_of(path) as draft:
        draft.write_bytes(content)
    return len(content)


def read_codes(path):
    """Reads `Codes`.

    Raises:
        ValueError: If the file is none of codes, or is cut off or damaged.
    """
    with open(path, "rb") as file:
        content = file.read()
    if not content.startswith(MAGIC):
        raise _refusal(path, "which does not begin with 'KPC1'")
    content, checksum = content[: -CHECKSUM.size], content[-CHECKSUM.size :]
    is_whole = checksum == CHECKSUM.pack(zlib.crc32(content))
    if len(content) < HEADER.size or not is_whole:
        raise _refusal(path, "which is cut off or damaged")
    _, is_zlib, levels, *size, model_hash = HEADER.unpack_from(content)
    rest = content[HEADER.size :]
    shapes = [
        LEVEL.unpack_from(rest, LEVEL.size * level) for level in range(levels)
    ]
    packed = rest[LEVEL.size * levels :]
    packed = zlib.decompress(packed) if is_zlib else packed
    maps = []
    for height, width, num_embeddings in shapes:
        length = packed_bytes(height * width, num_embeddings)
        codes = unpack(packed[:length], height * width, num_embeddings)
        maps.append(codes.reshape(height, width))
        packed = packed[length:]
    sizes = [num_embeddings for *_, num_embeddings in shapes]
    return Codes(tuple(size), maps, sizes, model_hash.hex())


def bits_of(num_embeddings):
    """Returns how many bits one of so many codes takes.

    Example:
    >>> bits_of(512), bits_of(513), bits_of(1)
    (9, 10, 0)
    """
    return (num_embeddings - 1).bit_length()


def packed_bytes(number, num_embeddings):
    """Returns how many bytes so many codes take."""
    return -(-number * bits_of(num_embeddings) // 8)


def pack(codes, num_embeddings):
    """Returns codes as bytes, the first bit of each code first.

    Example:
    >>> pack(np.array([1, 2, 3, 0]), 4)
    b'l'
    """
    bits = bits_of(num_embeddings)
    shifts = np.arange(bits - 1, -1, -1)
    each = (np.ravel(codes)[:, None] >> shifts) & 1
    return np.packbits(each.astype("uint8")).tobytes()


def unpack(content, number, num_embeddings):
    """Returns so many codes of bytes that `pack` made, as int32."""
    bits = bits_of(num_embeddings)
    each = np.unpackbits(
        np.frombuffer(content, "uint8"), count=number * bits
    ).reshape(number, bits)
    weights = 1 << np.arange(bits - 1, -1, -1)
    return (each * weights).sum(axis=1).astype("int32")


def _refusal(path, why):
    return ValueError(
        "`codes` is a file that generate compress has written. "
        f"Received: {str(path)!r}, {why}. Fetch it again, or check the path."
    )
