"""The images of a generator's training, as batches of pixels."""

import dataclasses
import math

import numpy as np

from keras_papers.pipelines.data.image_set import ImageSet, some_of_each_class
from keras_papers.pipelines.data.images import batches
from keras_papers.pipelines.generation.options import GenerateOptions
from keras_papers.pipelines.report.page_text import plural

# Of the autoencoder; the digits take 440 by the defaults.
FEWEST_STEPS = 400
SHOWN = 8  # held-out images that are reconstructed in the report


@dataclasses.dataclass(frozen=True)
class Pictures:
    """The images of a training, as batches of pixels in [0, 255]."""

    images: ImageSet
    options: GenerateOptions

    def batches(self, part, seed=None):
        """Returns a `tf.data.Dataset` of batches of images of a part."""
        classes = max(1, len(self.images.names))
        size, batch_size = self.options.size, self.options.batch_size
        data = batches(part, classes, size, batch_size, seed, "none")
        return data.map(lambda pixels, _: pixels)

    def pairs(self, part, seed=None):
        """Returns batches of images, each with itself as the label."""
        return self.batches(part, seed).map(lambda pixels: (pixels, pixels))

    def some(self, part, number):
        """Returns images of a part, each class in turn, as one float array.

        A folder is read class by class: its first images are of one class.
        """
        part = part[some_of_each_class(part, number, self.options.seed)]
        return np.concatenate([np.asarray(x) for x in self.batches(part)])

    def __str__(self):
        images, size = self.images, self.options.size
        classes = len(images.names)
        steps = math.ceil(len(images.train) / self.options.batch_size)
        return (
            f"{len(images.train):,} images to train on, "
            f"{len(images.validation):,} to watch, {len(images.test):,} held "
            f"out, {size} x {size}, "
            + (f"{classes} classes" if classes else "without classes")
            + f", {plural(steps, 'step')} an epoch"
            + self._few(steps)
        )

    def _few(self, steps):
        """Returns a remark on a training of few steps, or nothing."""
        taken = steps * self.options.epochs
        if taken >= FEWEST_STEPS:
            return ""
        enough = math.ceil(FEWEST_STEPS / steps)
        return (
            f"; {plural(taken, 'step')} in all are few: use --epochs {enough}"
        )
