"""What a VQ-VAE learns, with each way to learn the codebook.

    python benchmarks/bench_generation_learning.py --mnist mnist_12k.npz
    python benchmarks/bench_generation_learning.py --pictures FOLDER

Without arguments the images are scikit-learn's digits. A file of `--mnist` has
`x_train`, `y_train`, `x_test` and `y_test`; of the pictures of a folder, in the
order of their names, the last sixth is held out.

Three tables: the autoencoder, with each quantizer and all else equal; a prior
on its codes, in bits per held-out code; and, where there are labels, a linear
classifier of the codes.
"""

import argparse
import pathlib
import statistics
from typing import NamedTuple

import keras
import numpy as np
from keras_io_quantizer import KerasIoQuantizer

from keras_papers.applications.generative import (
    VQVAE,
    GatedPixelCNN,
    encoder,
)
from keras_papers.applications.generative.halves import quantizers
from keras_papers.applications.generative.rows import Row
from keras_papers.applications.generative.vq_vae import (
    ReconstructionLoss,
    Table,
)
from keras_papers.layers import VectorQuantizer

import interleaved  # noqa: F401 (one thread)
import small_images

# fmt: off
# The network of Keras' example.
KERAS_IO = Table(
    encoder=(
        Row("conv",       3, 2,   32, True),
        Row("conv",       3, 2,   64, True),
    ),
    decoder=(
        Row("transposed", 3, 2,   64, True),
        Row("transposed", 3, 2,   32, True),
        Row("transposed", 3, 1, None, False),
    ),
)
# Sonnet's at half the width.
HALF_SONNET = Table(
    encoder=(
        Row("conv",       4, 2,   32, True),
        Row("conv",       4, 2,   64, True),
        Row("conv",       3, 1,   64, False),
        Row("residual",   3, 1,   16, False),
        Row("residual",   3, 1,   16, True),
    ),
    decoder=(
        Row("conv",       3, 1,   64, False),
        Row("residual",   3, 1,   16, False),
        Row("residual",   3, 1,   16, True),
        Row("transposed", 4, 2,   32, True),
        Row("transposed", 4, 2, None, False),
    ),
)
# fmt: on
PATCH = 32  # pixels
QUANTIZERS = {
    "keras.io": KerasIoQuantizer,
    "gradients": lambda codes: VectorQuantizer(codes, ema_decay=None),
    "averages, no revival": lambda codes: VectorQuantizer(codes, revival=None),
    "averages": VectorQuantizer,
}


class Task(NamedTuple):
    """Images in [-0.5, 0.5], their labels if any, and sizes for them."""

    train: np.ndarray
    test: np.ndarray
    labels: tuple | None
    table: Table
    num_embeddings: int
    embedding_dim: int


def digits(path=None):
    """Returns the digits of scikit-learn, or of a file."""
    parts = small_images.load(path or "digits")
    parts = [parts[name] for name in ("train", "test")]
    return Task(
        *(_scaled(part.images[..., None]) for part in parts),
        tuple(part.labels for part in parts),
        KERAS_IO,
        num_embeddings=128,
        embedding_dim=16,
    )


def patches(folder, every):
    """Returns the patches of the pictures of a folder, or a share of them."""
    from PIL import Image

    paths = sorted(pathlib.Path(folder).glob("*.png"))
    held_out = max(1, len(paths) // 6)
    parts = ([], [])
    for index, path in enumerate(paths):
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        rows, columns = (size // PATCH for size in pixels.shape[:2])
        pixels = pixels[: rows * PATCH, : columns * PATCH]
        pixels = pixels.reshape(rows, PATCH, columns, PATCH, 3).swapaxes(1, 2)
        parts[index >= len(paths) - held_out].append(
            pixels.reshape(-1, PATCH, PATCH, 3)[::every]
        )
    return Task(
        *(_scaled(np.concatenate(part)) for part in parts),
        None,
        HALF_SONNET,
        num_embeddings=512,
        embedding_dim=32,
    )


def _scaled(images):
    return images.astype("float32") / 255 - 0.5


def trained_autoencoder(task, quantizer, seed, epochs, batch):
    """Trains an autoencoder."""
    keras.utils.set_random_seed(seed)
    model = VQVAE(
        task.train.shape[1:],
        embedding_dim=task.embedding_dim,
        quantizer=QUANTIZERS[quantizer](task.num_embeddings),
        table=task.table,
    )
    model.compile("adam", ReconstructionLoss(task.train.var()))
    model.fit(task.train, task.train, batch, epochs, verbose=0)
    return model


def codes_of(task, model):
    """Returns the codes of both parts."""
    to_codes = encoder(model)
    return [
        to_codes.predict(images, 256, verbose=0)
        for images in (task.train, task.test)
    ]


def measured(task, model):
    """Returns the error, and how much of the codebook is used."""
    outputs = model.predict(task.test, 256, verbose=0)
    shares = _shares(codes_of(task, model)[0], task.num_embeddings)
    error = np.mean((outputs - task.test) ** 2)
    return {
        "held-out MSE": error,
        "/ variance": error / task.train.var(),
        "codes used": np.mean(shares > 0),
        "perplexity": np.exp(_entropy(shares)),
    }


def _shares(codes, number):
    return np.bincount(codes.ravel(), minlength=number) / codes.size


def _entropy(shares):
    shares = shares[shares > 0]
    return -np.sum(shares * np.log(shares))


def trained_prior(task, codes, seed, epochs, batch):
    """Returns held-out bits per code of a prior, and of single codes."""
    train, test = codes
    keras.utils.set_random_seed(seed)
    given = task.labels is not None
    prior = GatedPixelCNN(
        train.shape[1:],
        task.num_embeddings,
        filters=32,
        num_layers=8,
        num_classes=10 if given else None,
        dropout=0.1,
    )
    prior.compile(
        keras.optimizers.Adam(1e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    inputs = [
        {"codes": part, "labels": task.labels[index]} if given else part
        for index, part in enumerate((train, test))
    ]
    prior.fit(inputs[0], train, batch, epochs, verbose=0)
    nats, accuracy = prior.evaluate(inputs[1], test, 256, verbose=0)
    # One more of each code, as a code may occur in the held-out part only.
    counts = np.bincount(train.ravel(), minlength=task.num_embeddings) + 1
    unigram = -np.mean(np.log(counts / counts.sum())[test])
    return {
        "bits per code": nats / np.log(2),
        "unigram": unigram / np.log(2),
        "uniform": np.log2(task.num_embeddings),
        "accuracy": accuracy,
        "ratio": nats / unigram,
    }


def probed(task, model, codes):
    """Returns held-out accuracies of linear classifiers."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import OneHotEncoder

    def accuracy(train, test):
        classifier = LogisticRegression(C=0.1, max_iter=2000)
        classifier.fit(train, task.labels[0])
        return classifier.score(test, task.labels[1])

    flat = [part.reshape(len(part), -1) for part in codes]
    one_hot = OneHotEncoder(
        categories=[np.arange(task.num_embeddings)] * flat[0].shape[1]
    ).fit(flat[0])
    (quantizer,) = quantizers(model)
    vectors = [
        np.asarray(quantizer.decode(part)).reshape(len(part), -1)
        for part in codes
    ]
    pixels = [part.reshape(len(part), -1) for part in (task.train, task.test)]
    majority = np.bincount(task.labels[0]).argmax()
    return {
        "codes, one-hot": accuracy(*map(one_hot.transform, flat)),
        "codes, embedded": accuracy(*vectors),
        "pixels": accuracy(*pixels),
        "chance": np.mean(task.labels[1] == majority),
    }


class Rows:
    """A table, a row printed when all of its seeds are measured."""

    def __init__(self, title, columns):
        print(f"\n| {title} | {' | '.join(columns)} |")
        print("|---" * (len(columns) + 1) + "|", flush=True)

    def add(self, name, found):
        """Prints means and standard deviations over the seeds."""
        cells = []
        for column in found[0]:
            values = [float(each[column]) for each in found]
            cell = f"{statistics.mean(values):.4g}"
            if len(values) > 1:
                cell += f" ± {statistics.stdev(values):.2g}"
            cells.append(f"**{cell}**" if column.startswith("ratio") else cell)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def main():
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mnist", metavar="FILE", help="digits, .npz")
    parser.add_argument("--pictures", metavar="FOLDER", help="of .png files")
    parser.add_argument(
        "--every", type=int, default=1, help="take each Nth patch"
    )
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument(
        "--prior-epochs", type=int, default=5, help="0: no prior"
    )
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    if options.pictures:
        task = patches(options.pictures, options.every)
    else:
        task = digits(options.mnist)
    print(
        f"{len(task.train)} images, {len(task.test)} held out; "
        f"{task.num_embeddings} codes of length {task.embedding_dim}; "
        f"{options.epochs} epochs, batch {options.batch}"
    )
    seeds = range(options.seeds)
    columns = ("held-out MSE", "/ variance", "codes used", "perplexity")
    table = Rows("quantizer", (*columns, "ratio of errors to keras.io"))
    kept, first = [], None
    for name in QUANTIZERS:
        models = [
            trained_autoencoder(task, name, seed, options.epochs, options.batch)
            for seed in seeds
        ]
        found = [measured(task, model) for model in models]
        first = first or found
        for each, peer in zip(found, first, strict=True):
            each["ratio"] = each["/ variance"] / peer["/ variance"]
        table.add(name, found)
        kept = models
    codes = [codes_of(task, model) for model in kept]
    if task.labels is not None:
        found = [probed(task, *each) for each in zip(kept, codes, strict=True)]
        Rows("accuracy of", list(found[0])).add("a linear classifier", found)
    if not options.prior_epochs:
        return
    found = [
        trained_prior(task, codes[seed], seed, options.prior_epochs, 64)
        for seed in seeds
    ]
    Rows("prior", [*list(found[0])[:-1], "ratio to unigram"]).add(
        "GatedPixelCNN", found
    )


if __name__ == "__main__":
    main()
