"""A picture to the codes of an autoencoder in a small file, and back."""

import pathlib
from typing import NamedTuple

import keras
import numpy as np

from keras_papers.applications.generative import (
    decoder,
    encoder,
    model_hash,
)
from keras_papers.applications.generative.halves import quantizers
from keras_papers.pipelines.data.pictures import read_picture
from keras_papers.pipelines.generation.codes_file import (
    Codes,
    read_codes,
    write_codes,
)
from keras_papers.pipelines.generation.measures import psnr
from keras_papers.pipelines.generation.options import (
    CompressOptions,
    DecompressOptions,
    autoencoder_file,
)
from keras_papers.pipelines.generation.picture_log import as_pixels
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.report.picture_file import write_picture
from keras_papers.pixels.pixel_range import find_pixel_range


class Compressed(NamedTuple):
    """A picture that was written as codes."""

    output: str
    bytes: int
    height: int  # of the picture
    width: int
    codes: list  # shape of each map, the top one first
    bits_per_pixel: float  # of the whole file
    psnr: float  # of what `decompress` makes of the file, in decibels

    def __str__(self):
        maps = ", ".join(" x ".join(map(str, shape)) for shape in self.codes)
        return (
            f"{self.height} x {self.width} pixels as {maps} codes: "
            f"{self.bits_per_pixel:.3f} bits per pixel, PSNR "
            f"{self.psnr:.2f} dB"
        )


class Decompressed(NamedTuple):
    """A picture that was made of codes."""

    output: str
    height: int
    width: int
    bits_per_pixel: float  # of the file of the codes

    def __str__(self):
        return (
            f"{self.height} x {self.width} pixels of "
            f"{self.bits_per_pixel:.3f} bits per pixel"
        )


@takes(CompressOptions)
def compress(options):
    """Writes the codes of a picture to a file.

    The picture is encoded in its own size. Where that is no multiple of what
    one code of the top map covers, its last rows and columns are repeated, and
    cut off again by `decompress`.

    Args:
        picture: Path of the picture, of any format that `train` reads.
        model: Folder that `train_image_generator` has written, or its
            `autoencoder.keras`.
        output: Path of the file, ending with `.kpc`. Defaults to None: that of
            the picture with this ending.

    Returns:
        A `Compressed`.

    Raises:
        ValueError: If a file cannot be read or written, or the model is no
            autoencoder of RGB pixels in [0, 255].
    """
    pixels = read_picture(options.picture)
    model = load_autoencoder(options.model)
    height, width, _ = pixels.shape
    padded = _padded(pixels, _stride(model))
    network = at_size(model, padded.shape)
    maps = encoder(network).predict(padded[None].astype("float32"), verbose=0)
    maps = [np.asarray(each)[0] for each in keras.tree.flatten(maps)]
    codes = Codes(
        (height, width),
        maps,
        [each.num_embeddings for each in quantizers(model)],
        model_hash(model),
    )
    made = _decoded(network, codes)
    size = write_codes(options.file, codes)
    error = np.mean((made.astype("float64") - pixels) ** 2)
    return Compressed(
        str(options.file),
        size,
        height,
        width,
        [each.shape for each in maps],
        8 * size / (height * width),
        psnr(error),
    )


@takes(DecompressOptions)
def decompress(options):
    """Writes the picture of a file of codes as PNG.

    Args:
        codes: Path of a file that `compress` wrote.
        model: The autoencoder that it was written with, as for `compress`.
        output: Path of the picture, ending with `.png`. Defaults to None:
            that of the file with the ending `.decoded.png`, as `.png` could
            be the picture that was compressed.

    Returns:
        A `Decompressed`.

    Raises:
        ValueError: If the file is none of codes, is damaged, or has the codes
            of another autoencoder.
    """
    codes = read_codes(options.codes)
    model = load_autoencoder(options.model)
    expected = model_hash(model)
    if codes.model_hash != expected:
        raise ValueError(
            "`model` is the autoencoder whose codes the file has. Received: "
            f"model={str(options.model)!r} of the hash {expected}, and codes "
            f"of {codes.model_hash}. Pass the model that the picture was "
            "compressed with."
        )
    height, width = codes.size
    stride = _stride(model)
    size = [stride * -(-side // stride) for side in codes.size]
    made = _decoded(at_size(model, (*size, 3)), codes)
    write_picture(options.file, made)
    length = pathlib.Path(options.codes).stat().st_size
    return Decompressed(
        str(options.file), height, width, 8 * length / (height * width)
    )


def load_autoencoder(model):
    """Returns the autoencoder in a folder or in a file.

    Raises:
        ValueError: If it is none of RGB pixels in [0, 255].
    """
    path = autoencoder_file(model)
    try:
        network = keras.saving.load_model(path, compile=False)
        quantizers(network)
    except Exception as error:  # Keras' own, and what zip and JSON raise
        first = (str(error).strip().splitlines() or ["no reason"])[0]
        raise ValueError(
            "`model` is an autoencoder with codes. Received: "
            f"{str(path)!r}, which cannot be read as one ({first[:200]}). "
            "Pass what generate train has written."
        ) from error
    low, high, *_ = find_pixel_range(network)
    if network.input_shape[-1] != 3 or (low, high) != (0, 255):
        raise ValueError(
            "`model` is an autoencoder of RGB pixels in [0, 255]. Received: "
            f"{str(path)!r} for {network.input_shape[-1]} channels in "
            f"[{low:g}, {high:g}]. Pass what generate train has written."
        )
    return network


def at_size(model, shape):
    """Returns a copy of a convolutional autoencoder for images of a shape."""
    if tuple(model.input_shape[1:]) == tuple(shape):
        return model
    image = keras.Input(tuple(shape), name="image")
    copy = keras.models.clone_model(model, input_tensors=image)
    copy.set_weights(model.get_weights())
    return copy


def _stride(model):
    """Returns how many pixels a code of the top map covers each way."""
    return model.input_shape[1] // encoder(model).outputs[0].shape[1]


def _padded(pixels, stride):
    """Repeats the last rows and columns up to multiples of `stride`."""
    missing = [(0, -side % stride) for side in pixels.shape[:2]]
    return np.pad(pixels, [*missing, (0, 0)], mode="edge")


def _decoded(network, codes):
    """Returns the picture of codes, uint8 of the size of the picture."""
    maps = [each[None] for each in codes.maps]
    decode = decoder(network)
    made = decode.predict(maps if len(maps) > 1 else maps[0], verbose=0)
    height, width = codes.size
    return as_pixels(made[0])[:height, :width]
