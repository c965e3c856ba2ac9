"""VQ-VAE: digits as 7 x 7 codes, a prior over the codes, and new digits.

    python examples/vq_vae.py --data mnist.npz --epochs 5 --prior-epochs 5

prints, among the logs of `fit` (10,000 digits, 2026-11-30; 115 s of CPU time):

    held-out error / variance: 0.0641
    131/131 - ... val_bits_per_code: 2.7624 - val_loss: 1.9148
    entropy of single codes: 6.58 bits

The file has `x_train` and `y_train`, images as bytes, as that of
keras.datasets.mnist has. Without `--data` the images are scikit-learn's digits,
each pixel repeated twice each way. Three pictures are written: originals above
their reconstructions, samples of each class, and the same at a lower
temperature.
"""

import argparse
import pathlib

import keras
import numpy as np
from PIL import Image

from keras_papers.applications.generative import (
    VQVAE,
    GatedPixelCNN,
    PriorBitsPerCode,
    extract_latents,
    sample_images,
)
from keras_papers.applications.generative.rows import Row
from keras_papers.applications.generative.vq_vae import (
    ReconstructionLoss,
    Table,
)

# fmt: off
# A fifth of the parameters of the default table.
SMALL = Table(
    encoder=(
        #   layer    kernel s filters relu
        Row("conv",       4, 2,   32, True),
        Row("conv",       4, 2,   64, True),
        Row("residual",   3, 1,   32, True),
    ),
    decoder=(
        Row("conv",       3, 1,   64, False),
        Row("residual",   3, 1,   32, True),
        Row("transposed", 4, 2,   32, True),
        Row("transposed", 4, 2, None, False),
    ),
)
# fmt: on
CODES, LENGTH = 128, 16
HELD_OUT = 6  # every sixth image
COLUMNS = 10


def digits(path):
    """Returns images in [-0.5, 0.5], and their labels."""
    if path is None:
        from sklearn.datasets import load_digits

        found = load_digits()
        images = np.kron(found.images, np.ones((2, 2))) / 16
        labels = found.target
    else:
        with np.load(path) as file:
            images, labels = file["x_train"] / 255, file["y_train"]
    return images[..., None].astype("float32") - 0.5, labels.astype("int32")


def write_grid(path, images):
    """Writes images as one PNG file, `COLUMNS` side by side."""
    pixels = np.clip((np.asarray(images) + 0.5) * 255, 0, 255).astype("uint8")
    _, height, width, _ = pixels.shape
    grid = pixels.reshape(-1, COLUMNS, height, width).swapaxes(1, 2)
    grid = grid.reshape(-1, COLUMNS * width)
    Image.fromarray(grid.repeat(2, 0).repeat(2, 1)).save(path)


def main():
    """Trains both models and writes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="a .npz file of digits")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--prior-epochs", type=int, default=10)
    parser.add_argument("--output", type=pathlib.Path, default="vq_vae")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(0)

    images, labels = digits(options.data)
    held_out = np.arange(len(images)) % HELD_OUT == 0
    train, test = images[~held_out], images[held_out]

    model = VQVAE(
        images.shape[1:],
        num_embeddings=CODES,
        embedding_dim=LENGTH,
        table=SMALL,
    )
    model.compile("adam", ReconstructionLoss(train.var()))
    model.fit(train, train, 64, options.epochs, verbose=2)
    outputs = model.predict(test, verbose=0)
    error = np.mean((outputs - test) ** 2) / train.var()
    print(f"held-out error / variance: {error:.4f}")
    rows = np.concatenate([test[:COLUMNS], outputs[:COLUMNS]])
    write_grid(options.output / "reconstructions.png", rows)

    (codes,) = extract_latents(model, images).codes
    prior = GatedPixelCNN(
        codes.shape[1:],
        CODES,
        filters=32,
        num_layers=8,
        num_classes=10,
        dropout=0.1,
    )
    prior.compile(
        "adam",
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[PriorBitsPerCode()],
    )
    inputs, tests = (
        {"codes": codes[part], "labels": labels[part]}
        for part in (~held_out, held_out)
    )
    prior.fit(
        inputs,
        inputs["codes"],
        64,
        options.prior_epochs,
        validation_data=(tests, tests["codes"]),
        verbose=2,
    )
    shares = np.bincount(codes.ravel()) / codes.size
    shares = shares[shares > 0]
    entropy = -np.sum(shares * np.log2(shares))
    print(f"entropy of single codes: {entropy:.2f} bits")

    classes = np.tile(np.arange(10), 4)
    for name, temperature in (("samples", 1.0), ("samples_cool", 0.8)):
        samples = sample_images(
            model,
            prior,
            len(classes),
            labels=classes,
            temperature=temperature,
            seed=0,
            batch_size=len(classes),
        )
        write_grid(options.output / f"{name}.png", samples)


if __name__ == "__main__":
    main()
