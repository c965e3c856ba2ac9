"""Labelled images, divided into those to train on, to watch and to test."""

import dataclasses

import numpy as np

from keras_papers.pipelines.data.duplicates import Duplicates
from keras_papers.pipelines.data.pictures import read_picture

TEST_SHARE = 0.2  # of each class, where there is no folder test/
VALIDATION_SHARE = 0.05  # of each class's rest, where there is no folder val/


@dataclasses.dataclass(frozen=True)
class Part:
    """The images of one purpose: to train on, to watch, or to test."""

    sources: np.ndarray  # paths of files, or uint8 images
    labels: np.ndarray  # (images,), indices of the classes
    # SHA-256 as hex: of the bytes of a file, or of a digit as it was scanned.
    hashes: np.ndarray | None = None

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, indices):
        fields = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
        }
        return type(self)(
            **{
                name: None if values is None else values[indices]
                for name, values in fields.items()
            }
        )

    def joined(self, *others):
        """Returns the images of this part and of others of its kind."""
        parts = (self, *others)
        return type(self)(
            **{
                field.name: np.concatenate(
                    [getattr(part, field.name) for part in parts]
                )
                for field in dataclasses.fields(self)
            }
        )

    def is_first(self):
        """Returns which images are no copies, to the byte, of one before."""
        return self._first() == np.arange(len(self))

    def _first(self):
        """Returns the index of the first image of the same bytes of each."""
        if self.hashes is None:
            return np.arange(len(self))
        _, first, inverse = np.unique(
            self.hashes.astype(str), return_index=True, return_inverse=True
        )
        return first[inverse]

    def commonest_share(self):
        """Returns the accuracy of always saying the commonest class."""
        return float(np.bincount(self.labels).max() / len(self))

    @property
    def files(self):
        """Paths of the images, or None for images of memory."""
        in_memory = self.sources.ndim > 1
        return None if in_memory else tuple(self.sources.tolist())

    def read(self, index, image_size):
        """Returns one image, uint8 `(image_size, image_size, 3)`."""
        source = self.sources[index]
        if self.sources.ndim > 1:
            return source
        return read_picture(source, (image_size, image_size))


@dataclasses.dataclass(frozen=True)
class AnsweredPart(Part):
    """Images of one purpose whose answers are no classes: boxes or masks.

    All have the label 0, so that they are divided as those of one class.
    """

    answers: np.ndarray | None = None  # (images,) of `Boxes`, or of masks
    # SHA-256 of each answer: of what it says, not of the bytes of its file.
    answer_hashes: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class ImageSet:
    """Labelled images, divided."""

    names: tuple  # of the classes, in the order of their indices
    train: Part
    validation: Part  # watched while the model trains
    test: Part  # what the report measures on
    skipped: tuple = ()  # (file, reason) of what could not be read
    duplicates: Duplicates = Duplicates()
    # Function from an integer to an iterator of parts, as many images as
    # `train` has and others for each integer; None of images that are files.
    redraw: object = None


def divide(part, share, seed):
    """Draws `share` of each class; returns the rest and what was drawn.

    Images of the same bytes stay together, whatever their classes.
    """
    generator = np.random.default_rng(seed)
    is_first = part.is_first()
    drawn = np.zeros(len(part), bool)
    for label in np.unique(part.labels):
        (members,) = np.nonzero(is_first & (part.labels == label))
        number = max(1, round(share * len(members)))
        drawn[generator.permutation(members)[:number]] = True
    drawn = drawn[part._first()]
    return part[~drawn], part[drawn]


def some_of_each_class(part, number, seed):
    """Draws images of a part, each class in turn; returns their indices."""
    order = np.random.default_rng(seed).permutation(len(part))
    turns = np.zeros(len(part), int)
    for label in np.unique(part.labels):
        (members,) = np.nonzero(part.labels[order] == label)
        turns[members] = np.arange(len(members))
    return order[np.argsort(turns, kind="stable")][:number]
