"""VQ-VAE-2: pictures as two maps of codes, two priors, and new pictures.

    python examples/vq_vae_2.py kodak --limit 1500 --epochs 6 --prior-epochs 6

prints, among the logs of `fit` (the 24 Kodak pictures, 2026-11-30; 111 s of CPU
time):

    held-out error / variance: 0.1216
    24/24 - ... val_bits_per_code: 2.2511 - val_loss: 1.5603
    24/24 - ... val_bits_per_code: 3.7719 - val_loss: 2.6145

The pictures of the folder are cut into patches of 32 x 32 pixels; every sixth
picture is held out. Without a folder the patches are textures that the script
makes. Two pictures are written: originals above their reconstructions, and
samples.
"""

import argparse
import pathlib

import keras
import numpy as np
from PIL import Image

from keras_papers.applications.generative import (
    VQVAE2,
    GatedPixelCNN,
    PriorBitsPerCode,
    condition_of,
    extract_latents,
    sample_images,
)
from keras_papers.applications.generative.vq_vae import ReconstructionLoss

PATCH, CODES, LENGTH = 32, 256, 32
HELD_OUT = 6
COLUMNS = 12
ENDINGS = (".png", ".jpg", ".jpeg")


def textures(number, generator):
    """Returns patches with waves of one direction in two colors."""
    rows, columns = np.mgrid[:PATCH, :PATCH] / PATCH
    patches = []
    for _ in range(number):
        angle, shift = generator.uniform(0, 2 * np.pi, 2)
        place = rows * np.sin(angle) + columns * np.cos(angle)
        wave = np.sin(2 * np.pi * generator.uniform(1, 5) * place + shift)
        first, second = generator.uniform(0, 255, (2, 3))
        patches.append(first + (wave[..., None] + 1) / 2 * (second - first))
    return np.stack(patches).astype("uint8")


def patches_of(path):
    """Returns the patches of a picture."""
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    rows, columns = (size // PATCH for size in pixels.shape[:2])
    pixels = pixels[: rows * PATCH, : columns * PATCH]
    pixels = pixels.reshape(rows, PATCH, columns, PATCH, 3).swapaxes(1, 2)
    return pixels.reshape(-1, PATCH, PATCH, 3)


def read(folder, limit):
    """Returns patches to train on and held-out ones, in [-0.5, 0.5]."""
    generator = np.random.default_rng(0)
    if folder is None:
        parts = [textures(limit, generator), textures(limit // 5, generator)]
    else:
        paths = sorted(
            path for path in folder.iterdir() if path.suffix in ENDINGS
        )
        groups = [
            [path for index, path in enumerate(paths) if index % HELD_OUT],
            paths[::HELD_OUT],
        ]
        parts = [np.concatenate(list(map(patches_of, each))) for each in groups]
        parts = [generator.permutation(part)[:limit] for part in parts]
    return [part.astype("float32") / 255 - 0.5 for part in parts]


def write_grid(path, images):
    """Writes images as one PNG file, `COLUMNS` side by side."""
    pixels = np.clip((np.asarray(images) + 0.5) * 255, 0, 255).astype("uint8")
    grid = pixels.reshape(-1, COLUMNS, PATCH, PATCH, 3).swapaxes(1, 2)
    Image.fromarray(grid.reshape(-1, COLUMNS * PATCH, 3)).save(path)


def trained_prior(prior, latents, tests, level, epochs):
    """Trains the prior of a level on its codes and those above."""
    prior.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[PriorBitsPerCode()],
    )
    inputs, held_out = (
        {
            "codes": each.codes[level],
            **condition_of(each.codes[:level], prior),
        }
        for each in (latents, tests)
    )
    prior.fit(
        inputs if level else inputs["codes"],
        inputs["codes"],
        64,
        epochs,
        validation_data=(
            held_out if level else held_out["codes"],
            held_out["codes"],
        ),
        verbose=2,
    )
    return prior


def main():
    """Trains the models and writes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--limit", type=int, default=3000, help="patches")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--prior-epochs", type=int, default=10)
    parser.add_argument("--output", type=pathlib.Path, default="vq_vae_2")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(0)

    train, test = read(options.folder, options.limit)
    model = VQVAE2(
        train.shape[1:],
        CODES,
        LENGTH,
        residual_filters=32,
        num_residuals=1,
    )
    model.compile("adam", ReconstructionLoss(train.var()))
    model.fit(train, train, 32, options.epochs, verbose=2)
    outputs = model.predict(test, verbose=0)
    error = np.mean((outputs - test) ** 2) / train.var()
    print(f"held-out error / variance: {error:.4f}")
    rows = np.concatenate([test[:COLUMNS], outputs[:COLUMNS]])
    write_grid(options.output / "reconstructions.png", rows)

    latents, tests = (extract_latents(model, each) for each in (train, test))
    sizes = [codes.shape[1:] for codes in latents.codes]
    settings = {"filters": 32, "num_layers": 8, "dropout": 0.1}
    top = GatedPixelCNN(sizes[0], CODES, **settings)
    bottom = GatedPixelCNN(
        sizes[1], CODES, codes_above=(*sizes[0], CODES), **settings
    )
    priors = [
        trained_prior(prior, latents, tests, level, options.prior_epochs)
        for level, prior in enumerate((top, bottom))
    ]
    samples = sample_images(
        model, priors, 2 * COLUMNS, seed=0, batch_size=2 * COLUMNS
    )
    write_grid(options.output / "samples.png", samples)


if __name__ == "__main__":
    main()
