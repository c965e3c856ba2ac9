"""From noise to images: priors from the top level down, then the decoder."""

import math
import numbers

import keras
import numpy as np

from keras_papers.applications.generative.codes_above import (
    condition_names,
    condition_of,
    levels_above,
)
from keras_papers.applications.generative.halves import decoder, quantizers
from keras_papers.applications.generative.latents import check_prior
from keras_papers.applications.generative.sampling import sample
from keras_papers.checks import check_positive_int, check_seed, plain


def sample_images(
    vqvae,
    priors,
    number=1,
    *,
    labels=None,
    temperature=1.0,
    seed=None,
    batch_size=16,
    classifier=None,
    keep=0.25,
    verbose=1,
):
    """Draws images: codes from priors, level by level, and what they decode to.

    Section 3.2 of VQ-VAE-2 (https://arxiv.org/abs/1906.00446). The codes of
    the top level are drawn first; each level below is drawn on condition of
    the codes above it, with noise of its own.

    With a `classifier`, images of which it does not recognize the class are
    rejected (section 3.3): of each class `1 / keep` times as many images are
    drawn, and the share `keep` is returned of which the classifier is most
    confident. A smaller share gives images that are recognized better and
    differ less.

    Args:
        vqvae: What `VQVAE` or `VQVAE2` returned, or such a model that was
            loaded.
        priors: What `GatedPixelCNN` or `PixelSNAIL` returned, one for each
            level from the top down. Those of lower levels were built with
            `codes_above`. A single prior needs no list.
        number: Positive int. How many images. Defaults to 1.
        labels: Ints of shape `(number,)`, or one for all: their classes, for
            the priors that were built with classes.
        temperature: Positive number for all levels, or one for each from the
            top down. Defaults to 1. See `sample`.
        seed: Int, or None. The same seed gives the same images, whatever the
            batch size is.
        batch_size: Positive int. Images that are drawn side by side.
        classifier: Model, or function, from images as the decoder outputs them
            to the probabilities or the logits of the classes. Rows that do not
            add up to 1 are logits. Needs `labels`. Defaults to None.
        keep: Number in (0, 1]. The share of images that a classifier keeps.
            Defaults to 0.25.
        verbose: 1 shows a progress bar over the rows for each level, 0
            nothing.

    Returns:
        An array of float32 of shape `(number, height, width, channels)`, as
        the decoder outputs it: in the range of the training images, from which
        single values may lie outside. Clip them before they are displayed.

    Raises:
        ValueError: If an argument is out of its range, or the priors are not
            for the codes of the autoencoder.

    Example:
    >>> from keras_papers.applications.generative import GatedPixelCNN, VQVAE2
    >>> vqvae = VQVAE2((16, 16, 1), num_embeddings=8)
    >>> top = GatedPixelCNN((2, 2), 8, num_layers=2)
    >>> bottom = GatedPixelCNN((4, 4), 8, num_layers=2, codes_above=(2, 2, 8))
    >>> sample_images(vqvae, [top, bottom], 3, seed=0, verbose=0).shape
    (3, 16, 16, 1)
    """
    check_positive_int("number", number, "how many images to draw", "Try 16.")
    if isinstance(priors, keras.Model):
        priors = [priors]
    to_images = decoder(vqvae)
    shapes = [tuple(each.shape[1:]) for each in to_images.inputs]
    _check_priors(priors, vqvae, shapes)
    temperatures = _one_a_level(temperature, len(priors))
    if seed is not None:
        check_seed(seed)
    takes_labels = [
        isinstance(prior.input, dict) and "labels" in prior.input
        for prior in priors
    ]
    if labels is not None:
        labels = np.broadcast_to(_checked_labels(labels, number), (number,))
        if classifier is None and not any(takes_labels):
            raise ValueError(
                "`labels` are the classes of the images, for priors that were "
                f"built with num_classes. Received: labels={labels.tolist()} "
                "for priors without classes. Leave labels out."
            )
    wanted = labels
    if classifier is not None:
        wanted = _with_spare(labels, keep)
    drawn = number if wanted is None else len(wanted)
    seeds = np.random.SeedSequence(seed).generate_state(len(priors))
    codes = []
    for prior, classes, each, level_seed in zip(
        priors, takes_labels, temperatures, seeds, strict=True
    ):
        condition = list(condition_of(codes, prior).values())
        codes.append(
            sample(
                prior,
                drawn,
                labels=wanted if classes else None,
                condition=_none_one_or_all(condition),
                temperature=each,
                seed=int(level_seed),
                batch_size=batch_size,
                verbose=verbose,
            )
        )
    images = _in_batches(
        to_images.predict_on_batch, codes, min(batch_size, drawn)
    )
    if classifier is None:
        return images
    scores = _in_batches(
        getattr(classifier, "predict_on_batch", classifier),
        [images],
        min(batch_size, drawn),
    )
    return images[_most_confident(scores, wanted, labels)]


def _none_one_or_all(arrays):
    if len(arrays) < 2:
        return arrays[0] if arrays else None
    return arrays


def _check_priors(priors, vqvae, shapes):
    """Raises ValueError unless priors are for the codes of an autoencoder."""
    good = isinstance(priors, list | tuple)
    if not good or not all(isinstance(each, keras.Model) for each in priors):
        raise ValueError(
            "`priors` is a prior, or a list of one for each level from the top "
            f"down. Received: priors={priors!r}. Pass what GatedPixelCNN or "
            "PixelSNAIL returned."
        )
    if len(priors) != len(shapes):
        raise ValueError(
            "`priors` has a prior for each level of the autoencoder, from the "
            f"top down. Received: {len(priors)} for {len(shapes)} levels. Pass "
            f"{len(shapes)}."
        )
    sizes = [each.num_embeddings for each in quantizers(vqvae)]
    levels = [(*shape, size) for shape, size in zip(shapes, sizes, strict=True)]
    for level, prior in enumerate(priors):
        check_prior(prior, vqvae, level)
        above = levels_above(prior)
        nearest = levels[max(0, level - len(above)) : level]
        if (above and above != nearest) or len(condition_names(prior)) > level:
            raise ValueError(
                "`priors` of lower levels are built with the codes_above of "
                f"the levels above. Received: {prior.name!r} for codes above "
                f"of {above}, where the levels above have {nearest}, as "
                "(height, width, num_embeddings). Pass the priors of this "
                "autoencoder, the top level first."
            )


def _one_a_level(temperature, levels):
    temperatures = plain(temperature)
    if isinstance(temperatures, numbers.Real):
        temperatures = [temperatures] * levels
    several = isinstance(temperatures, list | tuple)
    if not several or len(temperatures) != levels:
        raise ValueError(
            "`temperature` is a number for all levels, or one for each. "
            f"Received: temperature={temperature!r} for {levels} levels. Try 1."
        )
    return temperatures


def _checked_labels(labels, number):
    labels = np.asarray(labels)
    if labels.shape not in ((), (number,)) or labels.dtype.kind not in "iu":
        raise ValueError(
            "`labels` are the classes of the images: an int for each, or one "
            f"for all. Received: {labels.dtype} of shape {labels.shape} for "
            f"number={number}. Pass ints of shape ({number},)."
        )
    return labels


def _with_spare(labels, keep):
    """Repeats the labels so that a share of the images can be kept."""
    if labels is None:
        raise ValueError(
            "`classifier` keeps the images of which it recognizes the class. "
            "Received: labels=None. Pass the classes of the images as labels."
        )
    if not isinstance(keep, numbers.Real) or not 0 < keep <= 1:
        raise ValueError(
            "`keep` is the share of images that are kept and must lie in "
            f"(0, 1]. Received: keep={keep!r}. Try 0.25."
        )
    classes, counts = np.unique(labels, return_counts=True)
    # 3 images at 0.3 are 10, not the 11 that rounding errors would make.
    drawn = [math.ceil(round(count / keep, 6)) for count in counts]
    return np.repeat(classes, drawn)


def _in_batches(function, arrays, batch_size):
    """Applies a function to batches of arrays, all of the same size."""
    number, outputs = len(arrays[0]), []
    for start in range(0, number, batch_size):
        places = np.minimum(np.arange(start, start + batch_size), number - 1)
        batch = [each[places] for each in arrays]
        result = function(batch if len(batch) > 1 else batch[0])
        outputs.append(keras.ops.convert_to_numpy(result))
    return np.concatenate(outputs)[:number]


def _most_confident(scores, drawn, wanted):
    """Returns which of the drawn images are kept, one for each wanted label."""
    if scores.ndim != 2 or scores.shape[1] <= drawn.max():
        raise ValueError(
            "`classifier` returns a score of each class. Received: scores of "
            f"shape {scores.shape} for labels up to {drawn.max()}. Pass a "
            "classifier of the classes that the labels name."
        )
    if not np.allclose(scores.sum(axis=1), 1, atol=1e-3) or scores.min() < 0:
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        scores = scores / scores.sum(axis=1, keepdims=True)
    kept = np.zeros(len(wanted), int)
    for label in np.unique(wanted):
        places = np.flatnonzero(drawn == label)
        best = np.argsort(-scores[places, label], kind="stable")
        of_label = np.flatnonzero(wanted == label)
        kept[of_label] = places[best[: len(of_label)]]
    return kept
