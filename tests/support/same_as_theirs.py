"""Networks of keras.applications whose files ours load."""

import numpy as np

from keras_papers import applications
from tests.support.answers import answers, random_images, spread
from tests.support.legacy_files import save_legacy
from tests.support.models import peer


def assert_loads_theirs(name, folder, size=32, **arguments):
    """Asserts that a legacy file of theirs loads, and that answers are equal.

    By moving statistics, and by those of the batch.
    """
    arguments["input_shape"] = (size, size, 3)
    theirs = peer(name, **arguments)
    if not any("norm" in type(x).__name__.lower() for x in theirs.layers):
        for weight in theirs.weights:  # a ReLU halves the variance
            if weight.name == "kernel":
                weight.assign(weight * 2**0.5)
    save_legacy(theirs, folder / "theirs.h5")
    ours = applications.get(name)(weights=folder / "theirs.h5", **arguments)
    images = random_images(4, size, size, 3, low=-2, high=2)
    for training in (False, True):
        expected = answers(theirs, images, training=training)
        assert spread(expected) > 0.02
        found = answers(ours, images, training=training)
        assert np.abs(found - expected).max() <= 1e-5 * spread(expected)
