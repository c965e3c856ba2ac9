"""How a classifier is trained, in numbers."""

import math
from typing import NamedTuple

from keras_papers.recipes import Plan

FROZEN_SHARE = 0.2  # of the epochs, in which given weights stay as they are
FINE_TUNING = 0.1  # of the learning rate, for trained weights
EPOCHS = 40
FEWEST_STEPS = 800  # for training from scratch
LEARNING_RATE = 4e-3
WEIGHT_DECAY = 1e-2
LABEL_SMOOTHING = 0.1
AUGMENTATIONS = ("none", "light", "photo", "inception")


class Settings(NamedTuple):
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
    plan: Plan | None = None  # of the paper's recipe, where that is followed

    def steps(self, images):
        """Counts the steps in which a model trains on a `Part`."""
        return self.epochs * math.ceil(len(images) / self.batch_size)

    def enough_epochs(self, images):
        """Returns how many epochs train a model on a `Part` by default."""
        if self.plan is not None:
            return math.ceil(self.plan.paper.epochs)
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
