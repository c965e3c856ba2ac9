"""Codes of a set of images: extracted once, stored, and checked when used."""

import dataclasses
import hashlib
import os
import zipfile

import keras
import numpy as np

from keras_papers.applications.generative.halves import encoder, quantizers
from keras_papers.checks import check_positive_int
from keras_papers.files.drafts import draft_of

# Weights of a quantizer that training counts in, and that change no code.
STATISTICS = {"counts", "sums", "steps", "epoch_counts"}
NUMBERS = (int, float, np.number, np.bool_)  # bool is an int


@dataclasses.dataclass(frozen=True, eq=False)
class Latents:
    """The codes of a set of images.

    Args:
        codes: Tuple of arrays of ints, one for each level from the top down,
            of shape `(number, height, width)`. Codes of several codebooks
            have one more axis.
        num_embeddings: Tuple of ints. Codes of the codebooks of each level.
        labels: Array of numbers or strings of shape `(number, ...)`, or None.
            Defaults to None.
        model_hash: Str. `model_hash` of the autoencoder. Defaults to `""`, for
            not known.

    Raises:
        ValueError: If the levels do not agree in number, a code is not in
            [0, num_embeddings), or labels are neither numbers nor strings.

    Example:
    >>> latents = Latents((np.zeros((3, 8, 8), "int32"),), (512,))
    >>> len(latents), latents.codes[0].shape
    (3, (3, 8, 8))
    """

    codes: tuple
    num_embeddings: tuple
    labels: np.ndarray | None = None
    model_hash: str = ""

    def __post_init__(self):
        codes = tuple(map(np.asarray, self.codes))
        sizes = tuple(map(int, self.num_embeddings))
        if not codes or len(codes) != len(sizes):
            raise ValueError(
                "`codes` and `num_embeddings` have an element for each level. "
                f"Received: {len(codes)} arrays of codes and num_embeddings="
                f"{sizes}. Pass what `extract_latents` returns."
            )
        for level, (each, size) in enumerate(zip(codes, sizes, strict=True)):
            _check_codes(each, size, level)
        lengths = {len(each) for each in codes}
        if self.labels is not None:
            labels = _checked_labels(self.labels)
            object.__setattr__(self, "labels", labels)
            lengths.add(len(labels))
        if len(lengths) > 1:
            raise ValueError(
                "`codes` and `labels` have an element for each image. "
                f"Received: {sorted(lengths)} elements. Pass as many of each."
            )
        codes = tuple(each.astype("int32") for each in codes)
        object.__setattr__(self, "codes", codes)
        object.__setattr__(self, "num_embeddings", sizes)

    def __len__(self):
        return len(self.codes[0])

    def save(self, path):
        """Writes the codes to an `.npz` file, complete or not at all."""
        path = os.fspath(path)
        if not path.endswith(".npz"):
            raise ValueError(
                "`path` is the file to write and ends with .npz. Received: "
                f"path={path!r}. Try 'latents.npz'."
            )
        arrays = {f"codes{level}": each for level, each in _numbered(self)}
        if self.labels is not None:
            arrays["labels"] = self.labels
        with draft_of(path) as draft:
            np.savez_compressed(
                draft,
                num_embeddings=np.array(self.num_embeddings),
                model_hash=np.array(self.model_hash),
                **arrays,
            )


def _numbered(latents):
    return enumerate(latents.codes)


def _checked_labels(labels):
    """Returns an array that can be stored: without Python objects."""
    try:
        found = np.asarray(labels)
    except ValueError as error:
        raise _no_labels("rows of different lengths") from error
    if not found.ndim:
        raise _no_labels(repr(labels))
    if found.dtype.hasobject:
        kinds = set(map(type, found.ravel()))
        # NumPy would turn a missing value among strings into a string.
        if all(issubclass(kind, str) for kind in kinds) or all(
            issubclass(kind, NUMBERS) for kind in kinds
        ):
            found = np.asarray(found.tolist())
        if found.dtype.hasobject:
            names = sorted(kind.__name__ for kind in kinds)
            raise _no_labels(f"objects of {' and '.join(names)}")
    return found


def _no_labels(received):
    return ValueError(
        "`labels` is an array with an element for each image, all of them "
        f"numbers or all strings. Received: {received}. Pass one number or "
        "string for each image."
    )


def _check_codes(codes, num_embeddings, level):
    if codes.dtype.kind not in "iu" or codes.ndim < 1:
        raise ValueError(
            "`codes` are indices into the codebook, ints of an array with an "
            f"axis of images. Received: an array of {codes.dtype} of shape "
            f"{codes.shape} for level {level}. Pass what the encoder returns."
        )
    if codes.size and not 0 <= codes.min() <= codes.max() < num_embeddings:
        raise ValueError(
            f"`codes` are indices from 0 to {num_embeddings - 1} into the "
            f"{num_embeddings} codes of level {level}. Received: codes from "
            f"{codes.min()} to {codes.max()}. Extract them again with the "
            "autoencoder in use."
        )


def extract_latents(vqvae, images, batch_size=64, labels=None):
    """Encodes images once, so that priors can be trained on their codes.

    Args:
        vqvae: What `VQVAE` or `VQVAE2` returned, or such a model that was
            loaded.
        images: Array of shape `(number, height, width, channels)`, in the
            range that the model was trained with; or what else `predict`
            takes, such as a `tf.data.Dataset` of batches.
        batch_size: Positive int. Images that are encoded side by side.
            Defaults to 64.
        labels: Array with an element for each image, or None. Stored with the
            codes. Defaults to None.

    Returns:
        A `Latents`.

    Raises:
        ValueError: If the images have another shape than the model takes or
            are not finite, or there are not as many labels.

    Example:
    >>> from keras_papers.applications.generative import VQVAE
    >>> images = np.random.default_rng(0).normal(size=(5, 8, 8, 1))
    >>> extract_latents(VQVAE((8, 8, 1), 16), images).codes[0].shape
    (5, 2, 2)
    """
    check_positive_int("batch_size", batch_size, "a number of images", "Try 64")
    half = encoder(vqvae)
    if hasattr(images, "shape"):
        images = _checked_images(vqvae, half.input_shape[1:], images)
        codes = half.predict(images, batch_size=batch_size, verbose=0)
    else:
        codes = half.predict(images, verbose=0)
    return Latents(
        tuple(codes) if isinstance(codes, list | tuple) else (codes,),
        tuple(each.num_embeddings for each in quantizers(vqvae)),
        labels,
        model_hash(vqvae),
    )


def _checked_images(vqvae, expected, images):
    images = np.asarray(images)
    fits = images.ndim == len(expected) + 1 and all(
        size in (None, found)
        for size, found in zip(expected, images.shape[1:], strict=True)
    )
    if not fits:
        raise ValueError(
            f"`images` have the shape {expected} that {vqvae.name!r} takes. "
            f"Received: images of shape {images.shape}. Resize them or convert "
            "their channels."
        )
    if images.dtype.kind == "f" and not np.isfinite(images).all():
        finite = np.isfinite(images.reshape(len(images), -1)).all(axis=1)
        raise ValueError(
            "`images` are finite numbers. Received: NaN or infinity in "
            f"{(~finite).sum()} of {len(images)} images, first in image "
            f"{np.flatnonzero(~finite)[0]}. Remove these."
        )
    return images


def load_latents(path):
    """Reads the file that `Latents.save` wrote.

    Raises:
        ValueError: If it is no such file, or a code is out of its range.

    Example:
    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "codes.npz")
    >>> Latents((np.zeros((3, 8, 8), "int32"),), (512,)).save(path)
    >>> len(load_latents(path))
    3
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            levels = range(len(file["num_embeddings"]))
            found = {
                "codes": tuple(file[f"codes{level}"] for level in levels),
                "num_embeddings": tuple(file["num_embeddings"].tolist()),
                "labels": file["labels"] if "labels" in file.files else None,
                "model_hash": str(file["model_hash"]),
            }
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as e:
        raise ValueError(
            "`path` is a file that Latents.save wrote. Received: "
            f"path={os.fspath(path)!r} ({type(e).__name__}: {e}). Check the "
            "path, or extract the codes again."
        ) from e
    return Latents(**found)


def model_hash(vqvae):
    """Returns what identifies the codes of an autoencoder, as 16 hex digits.

    It is computed from the weights of the encoder and the codebooks: of those
    of a decoder, and of the statistics of training, no code depends.

    Args:
        vqvae: What `VQVAE` or `VQVAE2` returned, or such a model that was
            loaded.

    Example:
    >>> from keras_papers.applications.generative import VQVAE
    >>> model, other = VQVAE((8, 8, 1), 16), VQVAE((8, 8, 1), 16)
    >>> len(model_hash(model)), model_hash(model) == model_hash(other)
    (16, False)
    """
    levels = quantizers(vqvae)
    found = sorted(
        hashlib.sha256(
            f"{weight.shape}".encode()
            + keras.ops.convert_to_numpy(weight).tobytes()
        ).digest()
        for weight in encoder(vqvae).weights
        if weight.name not in STATISTICS and "seed" not in weight.name
    )
    sizes = str([each.num_embeddings for each in levels]).encode()
    return hashlib.sha256(sizes + b"".join(found)).hexdigest()[:16]


def check_prior(prior, vqvae, level=0, prior_hash=""):
    """Raises ValueError unless a prior is one for the codes of an autoencoder.

    The shape of the map and the number of codes are compared always. Two
    autoencoders can agree in both and have different codes. Therefore their
    hashes are compared, too, where both are known.

    Args:
        prior: Model of codes to logits, such as a `GatedPixelCNN`.
        vqvae: The autoencoder, or a `Latents`.
        level: Int. Which level's codes the prior is for, 0 (default) for the
            top.
        prior_hash: Str. `model_hash` of the `Latents` that the prior was
            trained on. Defaults to `""`, for not known.

    Raises:
        ValueError: If it is not.

    Example:
    >>> from keras_papers.applications.generative import GatedPixelCNN
    >>> latents = Latents((np.zeros((3, 8, 8), "int32"),), (512,))
    >>> check_prior(GatedPixelCNN((8, 8), 512, num_layers=1), latents)
    """
    if isinstance(vqvae, Latents):
        shapes = [each.shape[1:] for each in vqvae.codes]
        sizes, expected_hash = vqvae.num_embeddings, vqvae.model_hash
    else:
        shapes = [each.shape[1:] for each in encoder(vqvae).outputs]
        sizes = [each.num_embeddings for each in quantizers(vqvae)]
        expected_hash = model_hash(vqvae) if prior_hash else ""
    if level not in range(len(shapes)):
        raise ValueError(
            f"`level` is one of the {len(shapes)} levels of the autoencoder, "
            f"counted from the top. Received: level={level!r}. Pass no more "
            "priors than there are levels."
        )
    expected = (*shapes[level], sizes[level])
    found = tuple(prior.output_shape[1:])
    if found != expected:
        raise ValueError(
            "`prior` is for the codes of another autoencoder. Received: "
            f"{prior.name!r} for maps of {_size(found[:-1])} and {found[-1]} "
            f"codes, where level {level} has {_size(expected[:-1])} and "
            f"{expected[-1]}. Train a prior on the codes of this one."
        )
    if prior_hash and expected_hash and prior_hash != expected_hash:
        raise ValueError(
            "`prior` was trained on the codes of another autoencoder. "
            f"Received: hash {prior_hash!r} where that of the autoencoder is "
            f"{expected_hash!r}. Extract the codes again and train a prior on "
            "them."
        )


def _size(shape):
    return " x ".join(map(str, shape))
