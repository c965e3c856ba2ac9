"""The bundled digits, and the batches that a model trains on.

Nothing of a folder is held in memory but the names of its files; `batches`
reads the pictures while the model trains.
"""

import contextlib
import hashlib
import os
import re

import keras
import numpy as np

from keras_papers.extras import require
from keras_papers.pipelines.data.augmentation import varying_layers
from keras_papers.pipelines.data.image_set import (
    TEST_SHARE,
    VALIDATION_SHARE,
    ImageSet,
    Part,
    divide,
)
from keras_papers.pipelines.data.pictures import read_picture

CACHE_BYTES = 2**28  # decoded images that are kept in memory
SHUFFLE_BYTES = 2**27  # of them, in which images change places
READ_AT_ONCE = 8  # files: TensorFlow's call of Python costs as much as a tenth


def load_digits(image_size, seed, validation_share=VALIDATION_SHARE):
    """Loads scikit-learn's 1,797 scanned digits, enlarged from 8 x 8 pixels."""
    datasets = require("sklearn.datasets", "mobile")
    model_selection = require("sklearn.model_selection", "mobile")
    digits = datasets.load_digits()
    gray = (255 / 16) * digits.images[..., None].astype("float32")
    large = keras.ops.image.resize(
        gray, (image_size, image_size), data_format="channels_last"
    )
    # A camera, and so the app that will hold the model, gives three channels.
    images = np.repeat(keras.ops.convert_to_numpy(large), 3, axis=-1)
    whole = Part(
        images.round().astype(np.uint8),
        digits.target,
        np.array([_hash(image) for image in digits.images], object),
    )
    # As everyone divides them, so that accuracies can be compared.
    rest, test = model_selection.train_test_split(
        np.arange(len(whole)),
        test_size=TEST_SHARE,
        stratify=whole.labels,
        random_state=seed,
    )
    train, validation = divide(whole[rest], validation_share, seed)
    return ImageSet(
        tuple(map(str, digits.target_names)), train, validation, whole[test]
    )


def _hash(image):
    return hashlib.sha256(image.astype(np.uint8).tobytes()).hexdigest()


def batches(part, classes, image_size, batch_size, seed=None, augment="light"):
    """Returns a `tf.data.Dataset` that reads a part from disk as it goes.

    What fits into `CACHE_BYTES` when decoded is decoded once. Images to train
    on are varied here and not by layers of the model, which JAX could not
    compile with it.

    Args:
        part: A `Part`.
        classes: Number of classes.
        image_size: Height and width of the images.
        batch_size: Images in a batch.
        seed: For training: draws the order, and how the images are varied,
            again each epoch. Defaults to None: the images as they are, in
            their order.
        augment: One of `settings.AUGMENTATIONS`: how they are varied.

    Returns:
        Batches of images, float32 in [0, 255], and one-hot labels.
    """
    tf = require("tensorflow", "mobile")
    data = decoded_batches(
        part, lambda part: part.labels, image_size, batch_size, seed
    )
    data = data.map(
        lambda images, labels: (
            tf.cast(images, tf.float32),
            tf.one_hot(labels, classes),
        ),
        tf.data.AUTOTUNE,
    )
    if seed is not None:
        # One batch after the other: the layers count what they drew.
        for layer in varying_layers(augment, seed):
            data = data.map(lambda x, y, layer=layer: (layer(x), y))
    return data.prefetch(tf.data.AUTOTUNE)


def decoded_batches(
    part, answers, image_size, batch_size, seed=None, read_answer=None
):
    """Returns a `tf.data.Dataset` of batches of images as they are.

    Args:
        part: A `Part`.
        answers: Function from a `Part` to arrays with an entry for each image,
            or a dict of such arrays.
        image_size: Height and width of the images.
        batch_size: Images in a batch.
        seed: Draws the order, again each epoch. Defaults to None: the order
            of the part.
        read_answer: Function from an entry of the answers, the path of a file
            in bytes, to a uint8 array `(image_size, image_size)`, which is
            read with the image. Defaults to None: entries are answers.

    Returns:
        Batches of images, uint8, and answers.
    """
    tf = require("tensorflow", "mobile")
    bytes_each = image_size * image_size * (3 + (read_answer is not None))
    if seed is not None:
        # Files come sorted by class, wider apart than any buffer mixes.
        part = part[np.random.default_rng(seed).permutation(len(part))]
    sources = part.sources
    if part.files is not None:
        sources = np.array([os.fsencode(file) for file in part.files])
    data = tf.data.Dataset.from_tensor_slices((sources, answers(part)))
    fits = len(part) * bytes_each <= CACHE_BYTES
    if seed is not None and not fits:
        data = data.shuffle(len(part), seed)  # of names only

    def read(paths, answers):
        pixels = tf.numpy_function(
            lambda paths: _read_all(paths, image_size), [paths], tf.uint8
        )
        shape = (None, image_size, image_size, 3)
        if read_answer is not None:
            answers = tf.numpy_function(
                lambda paths: np.stack([*map(read_answer, paths)]),
                [answers],
                tf.uint8,
            )
            answers = tf.ensure_shape(answers, shape[:3])
        return tf.ensure_shape(pixels, shape), answers

    if part.files is not None:
        data = data.batch(READ_AT_ONCE).map(read, tf.data.AUTOTUNE).unbatch()
        # `unbatch` forgets it, and Keras then shows no number of steps.
        data = data.apply(tf.data.experimental.assert_cardinality(len(part)))
    if fits:
        data = data.cache()
    if seed is not None and fits:
        buffer = max(8 * batch_size, SHUFFLE_BYTES // bytes_each)
        data = data.shuffle(min(buffer, len(part)), seed)
    return data.batch(batch_size)


def _read_all(paths, image_size):
    size = (image_size, image_size)
    return np.stack([read_picture(os.fsdecode(path), size) for path in paths])


@contextlib.contextmanager
def explains_lost_pictures():
    """Raises an error of `batches` on a removed picture as OSError."""
    errors = require("tensorflow", "mobile").errors
    try:
        yield
    except errors.OpError as error:
        said = re.search(r"A picture must .*", str(error))
        if said is None:
            raise
        raise OSError(said.group()) from error
