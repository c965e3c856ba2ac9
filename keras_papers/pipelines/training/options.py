"""Options that the jobs share which train on a folder of images."""

import functools

from keras_papers.checks import (
    MINIMUM_SIZE,
    check_fraction,
    check_positive,
    check_positive_int,
    check_seed,
)
from keras_papers.pipelines.options import CALL, RUN, option
from keras_papers.pipelines.training.settings import (
    LABEL_SMOOTHING,
    WEIGHT_DECAY,
)

DIGITS = "without it, scikit-learn's digits"


def number(meaning, advice):
    """Returns the check that a value is an integer of at least 1."""
    return functools.partial(check_positive_int, meaning=meaning, advice=advice)


def positive(meaning, advice):
    """Returns the check that a value is a finite number above 0."""
    return functools.partial(check_positive, meaning=meaning, advice=advice)


def fraction(meaning, advice):
    """Returns the check that a value lies in [0, 1)."""
    return functools.partial(check_fraction, meaning=meaning, advice=advice)


def data(help):
    """A folder of images; None stands for the bundled digits."""
    return option(None, f"{help}; {DIGITS}", metavar="DIR", is_positional=True)


def epochs(default, help, advice):
    """How many epochs; None where the job chooses."""
    return option(
        default, help, number("a number of epochs", advice), metavar="N"
    )


def batch_size():
    return option(
        64, "images in a batch", number("a number of images", "Try 64.")
    )


def learning_rate(default, help, advice):
    return option(default, help, positive("the peak", advice))


def weight_decay(default=WEIGHT_DECAY, more=""):
    return option(
        default,
        "weight decay of the kernels" + more,
        positive("a rate", f"Try {WEIGHT_DECAY}."),
    )


def label_smoothing(default=LABEL_SMOOTHING, more=""):
    return option(
        default,
        "share of the target that is spread over all classes" + more,
        fraction("a share", f"Try {LABEL_SMOOTHING}."),
    )


def image_size(default, help, advice="Try 224."):
    """Height and width of the images; None where the job chooses."""
    check = functools.partial(check_image_size, advice=advice)
    return option(default, help, check, metavar="PIXELS")


def output(default):
    return option(default, "folder for the files", scope=RUN)


def strict():
    return option(False, "refuse pictures that cannot be read", scope=RUN)


def overwrite(help):
    return option(False, help, scope=CALL)


def seed(help="of all random numbers"):
    return option(0, help, lambda name, value: check_seed(value))


def verbose():
    """As in `keras.Model.fit`; the command line decides it by its output."""
    return option("auto", scope=CALL)


def check_image_size(name, value, advice="Try 224."):
    """Raises ValueError unless the networks take images of this size."""
    check_positive_int(name, value, "a number of pixels", advice)
    if value < MINIMUM_SIZE:
        raise ValueError(
            f"`{name}` is the height and width of the images and must be "
            f"at least {MINIMUM_SIZE}, for the model halves it five times. "
            f"Received: {name}={value}. {advice}"
        )
