"""A folder of pictures in; an autoencoder, priors and samples out."""

import functools
import math
import os

import keras

from keras_papers import export
from keras_papers.applications.generative.halves import quantizers
from keras_papers.applications.generative.latents import (
    extract_latents,
    load_latents,
)
from keras_papers.pipelines.data.images import (
    explains_lost_pictures,
    load_digits,
)
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.data.split import SPLIT, split_of
from keras_papers.pipelines.generation import report_files
from keras_papers.pipelines.generation.halves_files import write_halves
from keras_papers.pipelines.generation.measures import (
    PLACES,
    measured_level,
    reconstruction,
)
from keras_papers.pipelines.generation.networks import (
    inputs_and_codes,
    train_autoencoder,
    train_prior,
)
from keras_papers.pipelines.generation.options import (
    AUTOENCODER,
    LATENTS,
    GenerateOptions,
)
from keras_papers.pipelines.generation.picture_log import as_pixels
from keras_papers.pipelines.generation.pictures import SHOWN, Pictures
from keras_papers.pipelines.generation.report import LEFT_OUT, GenerationReport
from keras_papers.pipelines.generation.sampling import draw
from keras_papers.pipelines.generation.verdict import of_training
from keras_papers.pipelines.options import RESULT, takes
from keras_papers.pipelines.training.compilation_cache import (
    use_compilation_cache,
)
from keras_papers.pipelines.training.output_folder import (
    beside,
    claim,
    releases_claims,
)
from keras_papers.pipelines.training.run_record import run_record
from keras_papers.pipelines.training.training_folder import TrainingFolder


@releases_claims
@takes(GenerateOptions)
def train_image_generator(options):
    """Trains an autoencoder and priors over its codes, and draws samples.

    A VQ-VAE, or a VQ-VAE-2 for several `levels`, learns to reconstruct the
    images; its loss is divided by the variance of their pixels. It gets the
    weights of the epoch with the lowest validation loss. The images are then
    encoded once, and a GatedPixelCNN for each level learns to predict the
    codes. Where `data` holds class folders, the priors are conditioned on the
    class.

    `output` then holds `autoencoder.keras`, `prior.keras` (for several levels
    `prior1.keras`, that of the top level, and so on), `latents.npz` with the
    codes of the training images, `encoder.tflite` and `decoder.tflite`,
    `labels.txt` where there are classes, `split.json`, `history.csv`,
    `samples.png`, `reconstructions.png`, `report.json` and, with the extra
    `report`, `report.html`. Models and files take and return RGB pixels in
    [0, 255]. A training that was stopped continues from its last epoch when it
    is started again with the same arguments and pictures.

    Args:
        data: Folder of pictures, at any depth; or with a folder for each
            class, divided as `train_image_classifier` describes. A fifth is
            held out, and a twentieth of the rest is watched. Defaults to None:
            scikit-learn's 1,797 scanned digits.
        levels: 1 (default), 2 or 3. Maps of codes.
        image_size: Positive int. Height and width that images are resized to.
            Defaults to None: 64, and 32 for the digits.
        output: Folder for the files; made where it does not exist.
        num_embeddings: Int of at least 2. Codes of each codebook. Defaults to
            128.
        embedding_dim: Positive int. Length of their vectors. Defaults to 32.
        epochs: Positive int. Of the autoencoder. Defaults to 20.
        prior_epochs: Positive int. Of each prior. Defaults to 20.
        prior_layers: Positive int. Layers of each prior. Defaults to 8.
        prior_filters: Positive int. Channels of each prior. Defaults to 64.
        dropout: Float in [0, 1). Of the priors. Defaults to 0.1.
        batch_size: Positive int. Defaults to 64.
        learning_rate: Positive float. Peak of the schedules.
        samples: Positive int. Images to draw. Defaults to 16.
        pictures_every: Positive int. Writes pictures of what was learned to
            `output/logs` after so many epochs. Defaults to None: none.
        quantize: `"int8"` for further .tflite files of integers, whose ranges
            are measured on up to 300 training images, of each class in turn.
            Defaults to None.
        strict: Whether a picture that cannot be read is an error.
        overwrite: Whether to replace an earlier training in `output`.
        seed: Int. Draws the held-out images, the weights and the samples.
        verbose: As in `keras.Model.fit`. Defaults to `"auto"`.

    Returns:
        A `GenerationReport`, which prints as a table.

    Raises:
        ValueError: If an argument is out of its range, `data` holds too few
            pictures, or `output` cannot be written, is taken, or another
            process writes to it.
        MissingExtraError: If the extra `mobile` is not installed.
    """
    export.check_environment()
    use_compilation_cache()
    claim(options.output)
    images = _load(options)
    run = run_record("generate train", options)
    split = split_of(images, options.data, options.seed, run)
    keras.utils.set_random_seed(options.seed)
    folder = TrainingFolder(
        options.output,
        {
            **options.of_scope(RESULT),
            "data": options.data and os.path.abspath(options.data),
            "image_size": options.size,
            "classes": images.names,
            "images": split.in_a_line(),
        },
        options.overwrite,
        GenerateOptions,
        options.files(),
    )
    with folder.explains_how_to_resume(), explains_lost_pictures():
        pictures = Pictures(images, options)
        if options.verbose:
            print(pictures, flush=True)
        report = _train(pictures, folder, options, run)
        split.save_for([folder.state / AUTOENCODER], folder.state / SPLIT)
        folder.finish()
    return report


def _load(options):
    if options.data is None:
        return load_digits(options.size, options.seed)
    return load_folder(
        options.data, options.seed, options.strict, needs_classes=False
    )


def _train(pictures, folder, options, run):
    images = pictures.images
    autoencoder, trained = train_autoencoder(pictures, folder, options)
    latents = _latents(autoencoder, pictures, folder)
    encode = functools.partial(_extract, autoencoder, pictures)
    watched, held_out = encode(images.validation), encode(images.test)
    priors, histories, levels = [], [trained.history], []
    for level in range(options.levels):
        prior, learned = train_prior(
            level, autoencoder, (latents, watched), folder, options, images
        )
        priors.append(prior)
        histories.append(learned.history)
        levels.append(
            measured_level(
                prior,
                *inputs_and_codes(prior, held_out, level),
                trained_codes=latents.codes[level],
                num_embeddings=latents.num_embeddings[level],
                image_shape=(options.size, options.size, 3),
                best_epoch=learned.best_epoch,
                place=PLACES[options.levels][level],
                layer=quantizers(autoencoder)[level].name,
            )
        )
    names = ("autoencoder", *(path[:-6] for path in options.priors()))
    report_files.write_history(names, histories, folder.state)
    autoencoder.save(folder.state / AUTOENCODER)
    for name, prior in zip(options.priors(), priors, strict=True):
        prior.save(folder.state / name)
    if images.names:
        (folder.state / "labels.txt").write_text(
            "\n".join(images.names) + "\n", encoding="utf-8"
        )
    found = reconstruction(
        lambda batch: autoencoder.predict_on_batch(batch),
        pictures.batches(images.test),
    )
    files = write_halves(autoencoder, pictures, folder.state, options)
    stored = sum(
        math.ceil(each.uniform_bits) * math.prod(each.shape) for each in levels
    )
    report = GenerationReport(
        model="VQVAE" if options.levels == 1 else "VQVAE2",
        classes=len(images.names),
        image_size=options.size,
        epochs=len(trained.history),
        best_epoch=trained.best_epoch,
        train_images=len(images.train),
        validation_images=len(images.validation),
        test_images=len(images.test),
        skipped_files=len(images.skipped),
        mse=found.mse,
        psnr=found.psnr,
        relative_mse=found.mse / found.variance,
        bits_per_pixel=stored / options.size**2,
        levels=levels,
        bits_per_dimension=sum(each.bits_per_dimension for each in levels),
        left_out=LEFT_OUT,
        files=files,
        parameters=autoencoder.count_params(),
        prior_parameters=sum(prior.count_params() for prior in priors),
        training_seconds=sum(
            row["seconds"] for history in histories for row in history
        ),
        output=str(folder.path),
        verdict=[],
        run=run,
    )
    again = options.replace(output=beside(options.output))
    report = report._replace(
        verdict=of_training(
            report, options, again.command_with("generate train")
        )
    )
    shown = pictures.some(images.test, SHOWN)
    drawn, labels = draw(
        autoencoder,
        priors,
        options.samples,
        classes=len(images.names),
        seed=options.seed,
        verbose=0,
    )
    report_files.write(
        report,
        report_files.Shown(
            as_pixels(shown),
            as_pixels(autoencoder.predict(shown, verbose=0)),
            drawn,
            None if labels is None else [images.names[i] for i in labels],
            list(zip(names, histories, strict=True)),
            latents,
            images.skipped,
        ),
        folder.state,
    )
    return report


def _extract(autoencoder, pictures, part):
    return extract_latents(
        autoencoder, pictures.batches(part), labels=part.labels
    )


def _latents(autoencoder, pictures, folder):
    """Returns the codes of the training images, extracted once."""
    path = folder.state / LATENTS
    if not path.exists():
        latents = _extract(autoencoder, pictures, pictures.images.train)
        latents.save(path)
    return load_latents(path)
