"""How a classifier is trained: numbers, checked before Keras is imported."""

import math
from typing import NamedTuple

from keras_papers.checks import (
    MINIMUM_SIZE,
    check_choice,
    check_fraction,
    check_positive,
    check_positive_int,
)

FROZEN_SHARE = 0.2  # of the epochs, in which given weights stay as they are
FINE_TUNING = 0.1  # of the learning rate, for weights that know something
EPOCHS = 40
FEWEST_STEPS = 800  # for weights that know nothing yet
AUGMENTATIONS = ("none", "light", "photo")


class Recipe(NamedTuple):
    """How a model is trained; `train_image_classifier` explains each."""

    epochs: int | None  # before the images are known
    batch_size: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    class_weights: bool
    ema: float | None
    early_stopping: int | None
    from_weights: bool  # whether the model starts from trained weights
    augment: str | None = "light"  # None before the images are known

    def steps(self, images):
        """Counts the steps in which a model trains on a `Part`."""
        return self.epochs * math.ceil(len(images) / self.batch_size)

    def enough_epochs(self, images):
        """Returns how many epochs train a model on a `Part`."""
        if self.from_weights:
            return EPOCHS
        steps = math.ceil(len(images) / self.batch_size)
        return max(EPOCHS, math.ceil(FEWEST_STEPS / steps))

    def phases(self):
        """Returns the phases that the epochs are divided into."""
        if not self.from_weights:
            return (Phase("all", 0, self.epochs, self.learning_rate),)
        frozen = round(FROZEN_SHARE * self.epochs)
        rate = FINE_TUNING * self.learning_rate
        return (
            Phase("top", 0, frozen, self.learning_rate),
            Phase("all", frozen, self.epochs, rate),
        )


class Phase(NamedTuple):
    """A run of epochs in which the same layers are trained."""

    name: str  # "top": the classifier alone; "all": every layer
    first: int  # epoch
    end: int
    learning_rate: float


def check_recipe(recipe, image_size):
    """Raises ValueError unless one can train by a `Recipe` at an image size."""
    if recipe.epochs is not None:
        check_positive_int(
            "epochs", recipe.epochs, "a number of epochs", "Try 40."
        )
    check_positive_int(
        "batch_size", recipe.batch_size, "a number of images", "Try 64."
    )
    check_positive(
        "learning_rate", recipe.learning_rate, "the peak", "Try 0.004."
    )
    check_positive("weight_decay", recipe.weight_decay, "a rate", "Try 0.01.")
    check_fraction(
        "label_smoothing", recipe.label_smoothing, "a share", "Try 0.1."
    )
    if recipe.ema is not None:
        check_fraction("ema", recipe.ema, "a momentum", "Try 0.99.")
    if recipe.early_stopping is not None:
        check_positive_int(
            "early_stopping", recipe.early_stopping, "epochs", "Try 10."
        )
    if recipe.augment is not None:
        check_choice(
            "augment", recipe.augment, AUGMENTATIONS, "how images are varied"
        )
    if image_size is None:
        return  # it is chosen when the images are known
    check_positive_int(
        "image_size", image_size, "a number of pixels", "Try 224."
    )
    if image_size < MINIMUM_SIZE:
        raise ValueError(
            "`image_size` is the height and width of the images and must be "
            f"at least {MINIMUM_SIZE}, for the model halves it five times. "
            f"Received: image_size={image_size}. Try 224."
        )
