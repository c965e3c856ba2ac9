"""Batches of pictures with boxes or masks that are varied along with them."""

import functools
import itertools
import os

import numpy as np

from keras_papers.extras import require
from keras_papers.pipelines.data.images import decoded_batches
from keras_papers.pipelines.data.varied_answers import varied

NO_OBJECT = -1  # class of a row without a box


def box_batches(
    part,
    image_size,
    batch_size,
    most,
    seed=None,
    augment="none",
    redraw=None,
):
    """Returns batches of images and boxes, all resized to a square.

    Pictures are stretched, and not cut or framed, as a phone's task library
    does; their boxes are stretched with them.

    Args:
        part: An `AnsweredPart` of `Boxes`.
        image_size: Height and width of the images.
        batch_size: Images in a batch.
        most: Rows for boxes of each image.
        seed: For training: draws the order, and how images are varied, again
            each epoch. Defaults to None: the images as they are.
        augment: One of `varied_answers.AUGMENTATIONS`.
        redraw: That of an `ImageSet`, which draws the images of each epoch
            in place of those of `part`. Defaults to None.

    Returns:
        A `tf.data.Dataset` of images, float32 in [0, 255], and a dict of
        `"boxes"`, float32 `(batch, most, 4)` in pixels; `"classes"`, int32
        `(batch, most)`, -1 in rows without a box; and `"is_crowd"`, bools.

    Raises:
        ValueError: If a picture has more boxes than `most`.
    """

    def answers(part):
        return padded_boxes(part, image_size, most)

    if redraw is None:
        data = decoded_batches(part, answers, image_size, batch_size, seed)
    else:
        data = _redrawn_batches(redraw, part, answers, batch_size, seed)
    return _varied(data, augment, seed)


def mask_batches(
    part,
    reader,
    image_size,
    batch_size,
    seed=None,
    augment="none",
    redraw=None,
):
    """Returns batches of images and masks, all resized to a square.

    Args:
        part: An `AnsweredPart` of masks: paths, or arrays of `image_size`.
        reader: The `MaskReader` of the paths; None for arrays.
        image_size: Height and width of the images.
        batch_size: Images in a batch.
        seed: As for `box_batches`.
        augment: One of `varied_answers.AUGMENTATIONS`.
        redraw: As for `box_batches`.

    Returns:
        A `tf.data.Dataset` of images, float32 in [0, 255], and masks, uint8
        `(batch, image_size, image_size)`.
    """
    read, answers = None, _stacked
    if part.files is not None:
        size = image_size, image_size
        read = functools.partial(_read_mask, reader, size)
        answers = _paths
    if redraw is None:
        data = decoded_batches(
            part, answers, image_size, batch_size, seed, read
        )
    else:
        data = _redrawn_batches(redraw, part, answers, batch_size, seed)
    return _varied(data, augment, seed)


def _redrawn_batches(redraw, part, answers, batch_size, seed):
    """Returns what `decoded_batches` does, of other images each epoch."""
    tf = require("tensorflow", "mobile")
    numbers = itertools.count(seed)

    def draw():
        for few in redraw(next(numbers)):
            yield few.sources, answers(few)

    signature = tf.nest.map_structure(
        lambda x: tf.TensorSpec((None, *x.shape[1:]), x.dtype),
        (part.sources, answers(part)),
    )
    data = tf.data.Dataset.from_generator(draw, output_signature=signature)
    data = data.unbatch()
    # A generator's length is unknown, and Keras then shows no number of steps.
    data = data.apply(tf.data.experimental.assert_cardinality(len(part)))
    return data.batch(batch_size)


def _varied(data, augment, seed):
    tf = require("tensorflow", "mobile")
    data = data.map(lambda x, y: (tf.cast(x, tf.float32), y))
    if seed is not None:
        data = varied(data, augment, seed)
    return data.prefetch(tf.data.AUTOTUNE)


def padded_boxes(part, image_size, most):
    """Returns the boxes of a part as arrays of one size.

    Args:
        part: An `AnsweredPart` of `Boxes`.
        image_size: Height and width that the pictures are stretched to.
        most: Rows of each picture.

    Returns:
        Dict as in `box_batches`.

    Raises:
        ValueError: If a picture has more boxes than `most`.
    """
    boxes = np.zeros((len(part), most, 4), np.float32)
    classes = np.full((len(part), most), NO_OBJECT, np.int32)
    crowds = np.zeros((len(part), most), bool)
    for index, answer in enumerate(part.answers):
        number = len(answer.boxes)
        if number > most:
            picture = "a scene" if part.files is None else part.files[index]
            raise ValueError(
                "`max_objects` is the number of boxes that a picture may have. "
                f"Received: max_objects={most}, and {picture!r} has "
                f"{number:,}. Pass a larger number, or take the picture out."
            )
        height, width = answer.size
        scale = np.array([width, height, width, height], np.float32)
        boxes[index, :number] = answer.boxes * (image_size / scale)
        classes[index, :number] = answer.classes
        crowds[index, :number] = answer.crowds
    return {"boxes": boxes, "classes": classes, "is_crowd": crowds}


def most_objects(images):
    """Returns the most boxes that a picture of an `ImageSet` has."""
    parts = images.train, images.validation, images.test
    return max(len(answer.boxes) for part in parts for answer in part.answers)


def _stacked(part):
    return np.stack([*part.answers])


def _paths(part):
    return np.array([os.fsencode(path) for path in part.answers])


def _read_mask(reader, size, path):
    return reader.read(os.fsdecode(path), size)
