"""The recipe of a paper for another number of images."""

import math
from typing import NamedTuple

from keras_papers.checks import (
    check_fraction,
    check_positive,
    check_positive_int,
    plain,
)
from keras_papers.recipes.recipe import DROPS, PLATEAUS, SGD, Recipe

LEAST_MOMENTUM = 0.9  # of batch normalizations: an average of ten batches
# What a plan may change, as it is printed.
VALUES = {
    "batch_size": lambda recipe: f"{recipe.batch_size:,}",
    "epochs": lambda recipe: f"{recipe.epochs:g}",
    "learning_rate": lambda recipe: f"{recipe.learning_rate:.3g}",
    "epochs before a drop": lambda recipe: f"{recipe.schedule.every:.3g}",
    "epochs of warm-up": lambda recipe: f"{recipe.schedule.warm_up:.3g}",
    "weight_decay": lambda recipe: f"{recipe.weight_decay:.3g}",
    "label_smoothing": lambda recipe: f"{recipe.label_smoothing:.3g}",
    "ema": lambda recipe: "none" if recipe.ema is None else f"{recipe.ema:.4g}",
    "momentum of batch normalizations": lambda recipe: (
        "none" if recipe.batch_norm is None else f"{recipe.batch_norm[0]:.4g}"
    ),
}


class Plan(NamedTuple):
    """A recipe for a number of images.

    Attributes:
        recipe: The `Recipe`, with the values of this training.
        paper: The `Recipe` as it was.
        steps_per_epoch: Int.
        steps: Int. All of them.
        changes: What is not as in the paper: a text for each value.
    """

    recipe: Recipe
    paper: Recipe
    steps_per_epoch: int
    steps: int
    changes: tuple

    def optimizer(self):
        """Returns the optimizer of Keras, with its schedule.

        Of plateaus it has the peak: `callbacks` has what lowers it.
        """
        import keras

        recipe = self.recipe
        rate = recipe.learning_rate
        if recipe.schedule.kind == DROPS:
            from keras_papers.recipes.drops import Drops

            rate = Drops(
                rate,
                recipe.schedule.factor,
                max(1, round(recipe.schedule.every * self.steps_per_epoch)),
                round(recipe.schedule.warm_up * self.steps_per_epoch),
            )
        arguments = {
            "momentum": recipe.momentum,
            "global_clipnorm": recipe.clip_norm,
            "use_ema": recipe.ema is not None,
        }
        if recipe.ema is not None:
            arguments["ema_momentum"] = recipe.ema
        if recipe.optimizer == SGD:
            return keras.optimizers.SGD(rate, **arguments)
        from keras_papers.recipes.rmsprop_tf1 import RMSpropTF1

        return RMSpropTF1(rate, recipe.rho, epsilon=recipe.epsilon, **arguments)

    def callbacks(self):
        """Returns the callbacks for `fit`: of plateaus, and of the EMA."""
        import keras

        found = self.plateaus()
        if self.recipe.ema is not None:
            found.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
        return found

    def plateaus(self, losses=()):
        """Returns a list with the callback that lowers the rate, if any does.

        Args:
            losses: Validation losses of the epochs that are done.
        """
        schedule = self.recipe.schedule
        if schedule.kind != PLATEAUS:
            return []
        from keras_papers.recipes.plateaus import Plateaus

        patience = max(1, round(schedule.every))
        rate = self.recipe.learning_rate
        return [Plateaus(rate, schedule.factor, patience, losses)]


def plan_of(paper, images, batch_size, epochs, given):
    """Returns the `Plan` of a recipe; `Recipe.plan` explains it.

    Args:
        paper: The `Recipe`.
        images: Positive int.
        batch_size: Positive int, or None for that of the recipe.
        epochs: Positive int, or None for those of the recipe.
        given: Dict of values in place of those of the recipe, by their names.
            None leaves the recipe's.
    """
    check_positive_int("images", images, "a number of images", "Try 1000.")
    if batch_size is not None:
        check_positive_int("batch_size", batch_size, "images", "Try 64.")
    if epochs is not None:
        check_positive_int("epochs", epochs, "a number of epochs", "Try 40.")
    given = {
        name: plain(each) for name, each in given.items() if each is not None
    }
    for name, value in given.items():
        is_share = name in ("label_smoothing", "ema")
        check = check_fraction if is_share else check_positive
        check(name, value, "a value of the recipe", "Leave it out.")
    size = plain(batch_size) or paper.batch_size
    number = plain(epochs) or paper.epochs
    steps_per_epoch = math.ceil(images / size)
    steps = round(steps_per_epoch * number)
    recipe = paper._replace(
        batch_size=size,
        epochs=number,
        learning_rate=paper.learning_rate * (size / paper.batch_size),
        schedule=paper.schedule.scaled(number / paper.epochs),
        ema=_average(paper, steps),
        batch_norm=_normalization(paper, steps),
    )._replace(**given)
    in_steps = f"{steps:,} steps for {paper.steps:,}"
    why = {
        "learning_rate": "as the batch",
        "epochs before a drop": "as the epochs",
        "epochs of warm-up": "as the epochs",
        "ema": in_steps,
        "momentum of batch normalizations": in_steps,
        **dict.fromkeys(given, "as given"),
    }
    changes = []
    for name, value in VALUES.items():
        now, before = value(recipe), value(paper)
        if now != before:
            reason = f", {why[name]}" if name in why else ""
            changes.append(f"{name} {now} for {before}{reason}")
    return Plan(recipe, paper, steps_per_epoch, steps, tuple(changes))


def _average(paper, steps):
    """Returns the momentum of the moving average of the weights, or None."""
    if paper.ema is None:
        return None
    return min(paper.ema, (1 + steps) / (10 + steps))


def _normalization(paper, steps):
    """Returns momentum and epsilon of batch normalizations, or None."""
    if paper.batch_norm is None:
        return None
    momentum, epsilon = paper.batch_norm
    share = 1 - (1 - momentum) * paper.steps / steps
    return min(momentum, max(LEAST_MOMENTUM, share)), epsilon
