"""Pictures of what a generative model has learned, while it trains."""

import pathlib

import keras
import numpy as np

from keras_papers.applications.generative import encoder
from keras_papers.applications.generative.halves import quantizers
from keras_papers.checks import check_positive_int
from keras_papers.pipelines.report.picture_file import write_picture

BARS = 64, 4  # height of the picture of a codebook, and width of a bar
PADDING = 2  # pixels between two pictures


class PictureLog(keras.callbacks.Callback):
    """Writes reconstructions, codebook usage and samples after epochs.

    After each `every` epochs it writes PNG files to `folder`, which have the
    number of the epoch in their names:

    - `reconstructions-000010.png`: each image above its reconstruction;
    - `usage-000010.png`: for each codebook, a bar for each code of how often
      it was chosen in the training batches of the epoch, the most frequent
      code first. Of a quantizer that does not learn, such as a
      `FiniteScalarQuantizer`, only the codes of `images` are drawn;
    - `samples-000010.png`: what `sample` returned.

    Args:
        folder: Where to write; made where it does not exist.
        images: Array of images as the model takes them, for a model with
            quantizers such as a `VQVAE`. Defaults to None, for a prior: no
            reconstructions and no usage.
        sample: Function without arguments that returns images, for example
            `lambda: decoder(autoencoder).predict(sample(prior, 16))`.
            Defaults to None.
        every: Positive int. Defaults to 1: after each epoch.
        pixel_range: What black and white are. Defaults to (0, 255).

    Raises:
        ValueError: If an argument is out of its range, or neither `images`
            nor `sample` is passed.
    """

    def __init__(
        self,
        folder,
        images=None,
        sample=None,
        every=1,
        pixel_range=(0, 255),
    ):
        super().__init__()
        check_positive_int("every", every, "a number of epochs", "Try 1.")
        if images is None and sample is None:
            raise ValueError(
                "`images` are reconstructed and `sample` draws new ones. "
                "Received: neither. Pass one of them."
            )
        self.folder = pathlib.Path(folder)
        self.images = None if images is None else np.asarray(images)
        self.sample = sample
        self.every = every
        self.pixel_range = pixel_range
        self._counts = None

    def on_epoch_begin(self, epoch, logs=None):
        self._counts = None

    def on_test_begin(self, logs=None):
        # The validation at the end of an epoch sets the counts to zero.
        self._count()

    def _count(self):
        """Keeps how often each code was chosen in the epoch so far."""
        if self.images is not None and self._counts is None:
            self._counts = [
                [
                    keras.ops.convert_to_numpy(layer.epoch_counts)
                    for layer in quantizer._flatten_layers()
                    if hasattr(layer, "epoch_counts")
                ]
                for quantizer in quantizers(self.model)
            ]

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, picture in self._pictures():
            path = self.folder / f"{name}-{epoch + 1:06}.png"
            write_picture(path, picture)

    def _pictures(self):
        if self.images is not None:
            made = keras.ops.convert_to_numpy(
                self.model(self.images, training=False)
            )
            shown = self._pixels(self.images), self._pixels(made)
            yield "reconstructions", grid_of_pairs(*shown)
            self._count()
            yield "usage", usage_picture(self._usage())
        if self.sample is not None:
            yield "samples", grid(self._pixels(self.sample()))

    def _usage(self):
        """Lists how often each code occurs, an array for each codebook."""
        found = []
        codes = keras.tree.flatten(encoder(self.model)(self.images))
        for counts, shown in zip(self._counts, codes, strict=True):
            if any(np.any(each) for each in counts):
                found += [codebook for each in counts for codebook in each]
            else:
                shown = keras.ops.convert_to_numpy(shown)
                found.append(np.unique(shown, return_counts=True)[1])
        return found

    def _pixels(self, images):
        return as_pixels(images, *self.pixel_range)


def as_pixels(images, low=0, high=255):
    """Returns images as uint8, of a range of which the ends are given."""
    scaled = (np.asarray(images, "float32") - low) * (255 / (high - low))
    return np.clip(np.rint(scaled), 0, 255).astype("uint8")


def grid_of_pairs(images, others):
    """Returns a grid in which each row of images is followed by the others'.

    Args:
        images: uint8 array `(images, height, width, channels)`.
        others: The same of what is shown below them.
    """
    columns = _columns(len(images))
    rows = []
    for start in range(0, len(images), columns):
        for part in (images, others):
            row = part[start : start + columns]
            missing = [(0, columns - len(row)), (0, 0), (0, 0), (0, 0)]
            rows.append(np.pad(row, missing, constant_values=255))
    return grid(np.concatenate(rows), columns)


def grid(images, columns=None):
    """Returns images side by side.

    Args:
        images: uint8 array `(images, height, width, channels)`.
        columns: Images in a row. Defaults to None: about as many as rows.

    Returns:
        A uint8 array `(height, width, channels)`.
    """
    number, height, width, channels = images.shape
    columns = columns or _columns(number)
    rows = -(-number // columns)
    high, wide = height + PADDING, width + PADDING
    sheet = np.full((rows * high, columns * wide, channels), 255, "uint8")
    for index, image in enumerate(images):
        top, left = index // columns * high, index % columns * wide
        sheet[top : top + height, left : left + width] = image
    return sheet[: rows * high - PADDING, : columns * wide - PADDING]


def usage_picture(counts):
    """Draws how often codes occur, the most frequent first.

    Args:
        counts: List of arrays, one for each codebook, of a number for each
            code, one or more of them positive.

    Returns:
        A uint8 array `(height, width, 1)`, with a row of bars for each
        codebook.
    """
    height, width = BARS
    from_top = np.arange(height, 0, -1)[:, None] / height
    rows = []
    for each in counts:
        share = np.sort(each)[::-1] / np.max(each)
        rows.append(np.where(from_top <= share, 40, 235).repeat(width, axis=1))
    widest = max(row.shape[1] for row in rows)
    rows = [
        np.pad(
            row,
            [(0, PADDING), (0, widest - row.shape[1])],
            constant_values=255,
        )
        for row in rows
    ]
    return np.concatenate(rows).astype("uint8")[..., None]


def _columns(number):
    return int(np.ceil(np.sqrt(number)))
