"""The networks of a generator, each trained as a stage of the job."""

import functools

import keras
import numpy as np

from keras_papers.applications.generative import (
    VQVAE,
    VQVAE2,
    GatedPixelCNN,
    ReconstructionLoss,
)
from keras_papers.applications.generative.codes_above import condition_of
from keras_papers.applications.generative.halves import quantizers
from keras_papers.extras import require
from keras_papers.pipelines.generation.measures import PLACES, reconstruction
from keras_papers.pipelines.generation.picture_log import PictureLog
from keras_papers.pipelines.generation.pictures import SHOWN
from keras_papers.pipelines.generation.sampling import draw
from keras_papers.pipelines.training.stages import train_stage


def train_autoencoder(pictures, folder, options):
    """Trains the autoencoder to reconstruct the images.

    Args:
        pictures: The `Pictures` of the training.
        folder: Its `TrainingFolder`.
        options: The `GenerateOptions`.

    Returns:
        The model, and what `train_stage` returned.
    """
    images = pictures.images
    shape = (options.size, options.size, 3)
    codes = options.num_embeddings, options.embedding_dim
    if options.levels == 1:
        network = VQVAE(shape, *codes, include_preprocessing=True)
    else:
        network = VQVAE2(
            shape, *codes, levels=options.levels, include_preprocessing=True
        )
    if options.verbose and options.levels > 1:
        print(_described_maps(network, options), flush=True)
    variance = reconstruction(
        np.zeros_like, pictures.batches(images.train)
    ).variance
    logs = []
    if options.pictures_every is not None:
        shown = pictures.some(images.validation, SHOWN)
        logs = [_log(folder, "autoencoder", options, shown)]
    trained = train_stage(
        network,
        # Pictures of one color have no variance.
        ReconstructionLoss(max(variance, 1.0)),
        lambda done: pictures.pairs(images.train, options.seed + done),
        pictures.pairs(images.validation),
        folder.stage("autoencoder"),
        options.epochs,
        options.learning_rate,
        logs,
        options.verbose,
    )
    return network, trained


def train_prior(level, autoencoder, latents, folder, options, images):
    """Trains the prior of a map of codes, given the maps above it.

    Args:
        level: Int. 0 is the top map.
        autoencoder: The trained autoencoder.
        latents: Pair of `Latents`: of the training and the watched images.
        folder: The `TrainingFolder`.
        options: The `GenerateOptions`.
        images: The `ImageSet`, whose classes the prior is conditioned on.

    Returns:
        The model, and what `train_stage` returned.
    """
    shapes = [each.shape[1:] for each in latents[0].codes]
    above = [(*shape, options.num_embeddings) for shape in shapes[:level]]
    name = options.priors()[level].removesuffix(".keras")
    prior = GatedPixelCNN(
        shapes[level],
        options.num_embeddings,
        options.prior_filters,
        options.prior_layers,
        num_classes=len(images.names) or None,
        codes_above=above or None,
        dropout=options.dropout,
        name=name,
    )
    logs = []
    if options.pictures_every is not None and options.levels == 1:
        sample = functools.partial(
            _samples, autoencoder, prior, options, len(images.names)
        )
        logs = [_log(folder, name, options, sample=sample)]
    trained, watched = [
        inputs_and_codes(prior, each, level) for each in latents
    ]

    def batches(done):
        tf = require("tensorflow", "mobile")
        data = tf.data.Dataset.from_tensor_slices(trained)
        data = data.shuffle(len(latents[0]), options.seed + done)
        return data.batch(options.batch_size).prefetch(1)

    learned = train_stage(
        prior,
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        batches,
        watched,
        folder.stage(name),
        options.prior_epochs,
        options.learning_rate,
        logs,
        options.verbose,
    )
    return prior, learned


def inputs_and_codes(prior, latents, level):
    """Returns the inputs and the labels of a prior."""
    codes = latents.codes[level]
    if not isinstance(prior.input, dict):
        return codes, codes
    inputs = {"codes": codes, **condition_of(latents.codes[:level], prior)}
    if "labels" in prior.input:
        inputs["labels"] = latents.labels.astype("int32")
    return inputs, codes


def _described_maps(network, options):
    """Returns the maps of codes, the top one first, as lines."""
    return "\n".join(
        f"{place} map: {quantizer.output.shape[1]} x "
        f"{quantizer.output.shape[2]} codes of layer {quantizer.name}, {prior}"
        for place, quantizer, prior in zip(
            PLACES[options.levels],
            quantizers(network),
            options.priors(),
            strict=True,
        )
    )


def _log(folder, stage, options, images=None, sample=None):
    place = folder.path / "logs" / stage
    return PictureLog(place, images, sample, options.pictures_every)


def _samples(autoencoder, prior, options, classes):
    return draw(
        autoencoder, [prior], options.samples, classes=classes, verbose=0
    )[0]
