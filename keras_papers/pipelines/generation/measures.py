"""What an autoencoder with codes and its priors are measured by."""

import math
from typing import NamedTuple

import keras
import numpy as np

from keras_papers.applications.generative import (
    bits_per_code,
    bits_per_dimension,
)

WHITE = 255.0
# Of the maps of codes by their number, as in the figures of VQ-VAE-2.
PLACES = {1: ("",), 2: ("top", "bottom"), 3: ("top", "middle", "bottom")}


class Reconstruction(NamedTuple):
    """How far reconstructions are from their images, in pixels of [0, 255]."""

    mse: float
    psnr: float  # decibels, of the mean squared error of all images
    variance: float  # of the pixels; an MSE of it is that of the mean image


class Level(NamedTuple):
    """One map of codes, and its prior."""

    shape: tuple  # of a map of codes
    num_embeddings: int
    usage: float  # share of the codes that occur in the training images
    perplexity: float  # of all codes of the training images
    bits_per_code: float  # of the prior, on held-out images
    bits_per_dimension: float  # the same for each value of a pixel
    unigram_bits: float  # entropy of the frequencies of the same codes
    uniform_bits: float  # log2 of the number of codes
    best_epoch: int  # of the prior, from 1
    place: str = ""  # one of `PLACES`; none of a single map
    layer: str = "codes"  # of the autoencoder: names the columns of its log
    prior: str = "prior"  # name of the prior, and of its file without .keras

    @property
    def of_map(self):
        """Words that say which map is meant, if there are several."""
        return f" of the {self.place} map" if self.place else ""


def psnr(mse):
    """Returns the peak signal-to-noise ratio of pixels in [0, 255].

    Example:
    >>> round(psnr(255.0**2 / 1000), 6)
    30.0
    """
    return math.inf if mse == 0 else 10 * math.log10(WHITE**2 / mse)


def reconstruction(model, batches):
    """Measures a model on batches of images, as a `Reconstruction`.

    What the phone shows is measured: reconstructions cut to [0, 255].

    Args:
        model: Function of a batch of images.
        batches: Iterable of batches.
    """
    error = total = squares = number = 0.0
    for images in batches:
        images = np.asarray(images, "float64")
        made = np.clip(np.asarray(model(images), "float64"), 0, WHITE)
        error += np.sum((images - made) ** 2)
        total += images.sum()
        squares += np.sum(images**2)
        number += images.size
    mse, mean = error / number, total / number
    return Reconstruction(mse, psnr(mse), squares / number - mean**2)


def frequencies(codes, num_embeddings):
    """Returns the share of each code among codes."""
    counts = np.bincount(np.ravel(codes), minlength=num_embeddings)
    return counts / counts.sum()


def entropy_bits(shares):
    """Returns the entropy of shares, in bits.

    Example:
    >>> float(entropy_bits(np.array([0.5, 0.25, 0.25, 0.0])))
    1.5
    """
    used = shares[shares > 0]
    return -np.sum(used * np.log2(used))


def measured_level(
    prior,
    inputs,
    codes,
    *,
    trained_codes,
    num_embeddings,
    image_shape,
    best_epoch,
    place,
    layer,
):
    """Measures a prior on held-out codes, as a `Level`.

    Args:
        prior: Model of the logits of codes.
        inputs: What it takes for the held-out images.
        codes: Their codes on this level.
        trained_codes: Those of the training images, whose use is measured.
        num_embeddings: Positive int. Codes of the codebook.
        image_shape: Height, width and channels of an image.
        best_epoch: Of the prior, from 1.
        place: One of `PLACES`.
        layer: Name of the quantizer.
    """
    shares = frequencies(trained_codes, num_embeddings)
    # A model of its own: the prior is saved as it was trained.
    measured = keras.Model(prior.input, prior.output)
    measured.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    nats = measured.evaluate(inputs, codes, verbose=0)
    shape = codes.shape[1:]
    return Level(
        shape=shape,
        num_embeddings=num_embeddings,
        usage=float(np.mean(shares > 0)),
        perplexity=float(2 ** entropy_bits(shares)),
        bits_per_code=float(bits_per_code(nats)),
        bits_per_dimension=float(bits_per_dimension(nats, shape, image_shape)),
        unigram_bits=float(entropy_bits(frequencies(codes, num_embeddings))),
        uniform_bits=math.log2(num_embeddings),
        best_epoch=best_epoch,
        place=place,
        layer=layer,
        prior=prior.name,
    )
