"""Images drawn from the priors of a trained autoencoder."""

from typing import NamedTuple

import keras
import numpy as np

from keras_papers.applications.generative import (
    load_latents,
    model_hash,
    sample_images,
)
from keras_papers.checks import offer_nearest
from keras_papers.pipelines.generation.compression import load_autoencoder
from keras_papers.pipelines.generation.options import (
    LATENTS,
    SampleOptions,
    generator_files,
)
from keras_papers.pipelines.generation.picture_log import as_pixels, grid
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.report.picture_file import write_picture


def draw(
    autoencoder,
    priors,
    number,
    *,
    classes=0,
    label=None,
    temperature=1.0,
    batch_size=16,
    seed=0,
    verbose=0,
):
    """Draws images.

    Args:
        autoencoder: An autoencoder of pixels in [0, 255].
        priors: Its priors, that of the top level first.
        number: Positive int. How many images.
        classes: Int. Classes of the priors; 0 for priors without.
        label: Int. Class of all images. Defaults to None: each in turn.
        temperature: Positive number. Divides the logits.
        batch_size: Positive int. Images that are drawn side by side.
        seed: Int.
        verbose: 1 shows a progress bar.

    Returns:
        A uint8 array `(number, height, width, 3)`, and the labels or None.
    """
    labels = None
    if classes:
        labels = np.arange(number) % classes
        labels = labels if label is None else np.full(number, label)
    images = sample_images(
        autoencoder,
        priors,
        number,
        labels=labels,
        temperature=temperature,
        seed=seed,
        batch_size=batch_size,
        verbose=verbose,
    )
    return as_pixels(images), labels


class Samples(NamedTuple):
    """Images that were drawn, and the file that they are in."""

    output: str
    number: int
    labels: list | None  # name of the class of each

    def __str__(self):
        classes = f" of {', '.join(dict.fromkeys(self.labels or ()))}"
        return f"{self.number:,} samples{classes * bool(self.labels)}"


@takes(SampleOptions)
def draw_samples(options):
    """Draws images from a trained generator, as one picture.

    Args:
        model: Folder that `train_image_generator` has written.
        output: Path of the picture, ending with `.png`.
        number: Positive int. How many images. Defaults to 16.
        label: Str. Class of the images, one of `labels.txt`. Defaults to
            None: each class in turn.
        temperature: Positive float. Divides the logits of the priors.
        batch_size: Positive int. Images that are drawn side by side.
        seed: Int. The same seed gives the same images.
        verbose: As in `keras.Model.fit`.

    Returns:
        A `Samples`.

    Raises:
        ValueError: If an argument is out of its range, the folder has no
            generator, or the priors are for another autoencoder.
    """
    path, files = generator_files(options.model)
    names = _names(path.parent)
    if options.label is not None and options.label not in names:
        known = ", ".join(map(repr, names))
        raise ValueError(
            "`label` is a class of the generator. Received: "
            f"label={options.label!r}, where it "
            + (
                f"has {known}. {offer_nearest(options.label, names)}"
                if names
                else "was trained without classes. Leave it out."
            )
        )
    autoencoder = load_autoencoder(path)
    priors = [_load_prior(file) for file in files]
    _check_hash(path, autoencoder)
    label = None if options.label is None else names.index(options.label)
    images, labels = draw(
        autoencoder,
        priors,
        options.number,
        classes=len(names),
        label=label,
        temperature=options.temperature,
        batch_size=options.batch_size,
        seed=options.seed,
        verbose=int(options.verbose not in (0, 2)),
    )
    write_picture(options.output, grid(images))
    drawn = None if labels is None else [names[each] for each in labels]
    return Samples(str(options.output), options.number, drawn)


def _names(folder):
    path = folder / "labels.txt"
    return path.read_text("utf-8").splitlines() if path.exists() else []


def _check_hash(path, autoencoder):
    """Raises ValueError if the priors' codes are of another autoencoder."""
    latents = path.with_name(LATENTS)
    if not latents.exists():
        return
    trained_on, there = (
        load_latents(latents).model_hash,
        model_hash(autoencoder),
    )
    if trained_on != there:
        raise ValueError(
            "`model` is a folder with the priors of its autoencoder. "
            f"Received: {str(path.parent)!r}, whose priors were trained on "
            f"codes of the hash {trained_on}, with an autoencoder of {there}. "
            "Put the autoencoder of the training back."
        )


def _load_prior(path):
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras' own, and what zip and JSON raise
        first = (str(error).strip().splitlines() or ["no reason"])[0]
        raise ValueError(
            "`model` is a folder with a prior for each map of codes. "
            f"Received: {str(path)!r}, which cannot be read ({first[:200]}). "
            "Train it again."
        ) from error
