"""How a paper trained a network, and the same for another training."""

import math
from typing import NamedTuple

from keras_papers.checks import check_positive_int, plain

SGD, RMSPROP = "SGD", "RMSprop"
DROPS, PLATEAUS = "drops", "plateaus"
# What the weight decay is of.
ALL, NOT_NORMS = "all", "all but normalizations"
KERNELS, NOT_DEPTHWISE = "kernels", "kernels but depthwise ones"


class Schedule(NamedTuple):
    """How a learning rate falls.

    Attributes:
        kind: `"drops"`: it is multiplied by `factor` after each `every`
            epochs. `"plateaus"`: when the validation error stops to fall.
        factor: Number in (0, 1).
        every: Epochs between two drops, or None.
        warm_up: Epochs in which it rises from zero.
    """

    kind: str
    factor: float
    every: float | None = None
    warm_up: float = 0.0

    def __str__(self):
        text = f"times {self.factor:g} "
        if self.kind == PLATEAUS:
            text += "when the validation error stops to fall"
        else:
            text += f"after each {self.every:g} epochs"
        if self.warm_up:
            text += f", after a warm-up of {self.warm_up:g} epochs"
        return text


class Recipe(NamedTuple):
    """How a paper trained its networks on ImageNet; prints as a page.

    The RMSProp of TensorFlow 1, by which most were trained, starts its mean of
    squares at 1, that of Keras at 0: the first steps differ.

    Attributes:
        networks: Names of the networks.
        optimizer: `"SGD"` or `"RMSprop"`.
        learning_rate: Its peak, for batches of `batch_size` images.
        momentum: Of the steps.
        schedule: A `Schedule`.
        batch_size: Images in a batch, over all machines.
        epochs: Passes over the images.
        weight_decay: Factor on half the sum of the squares of the weights, as
            in `tf.nn.l2_loss`; `keras.regularizers.L2` takes half of it.
        decays: What it is of: `"all"`, `"all but normalizations"`, `"kernels"`
            or `"kernels but depthwise ones"`.
        rho: Of the mean of squares, for RMSprop.
        epsilon: Added to it, inside of the root as in Keras.
        clip_norm: Norm that a gradient is cut to, or None.
        label_smoothing: Share of the target spread over all classes.
        ema: Momentum of the moving average of the weights, or None.
        dropout: Share dropped before the classifier.
        batch_norm: Momentum and epsilon of batch normalizations, or None.
        augmentation: Text.
        notes: Text: what else is needed to repeat it.
        sources: Tuple of what was read.
        remembered: Names of the fields whose values were not read in a source,
            but are known from memory.
    """

    networks: tuple
    optimizer: str
    learning_rate: float
    momentum: float
    schedule: Schedule
    batch_size: int
    epochs: float
    weight_decay: float
    decays: str
    rho: float | None = None
    epsilon: float | None = None
    clip_norm: float | None = None
    label_smoothing: float = 0.0
    ema: float | None = None
    dropout: float = 0.0
    batch_norm: tuple | None = None
    augmentation: str = ""
    notes: str = ""
    sources: tuple = ()
    remembered: tuple = ()

    def __str__(self):
        optimizer = f"{self.optimizer}, momentum {self.momentum:g}"
        if self.rho is not None:
            optimizer += f", rho {self.rho:g}, epsilon {self.epsilon:g}"
        if self.clip_norm is not None:
            optimizer += f", gradients cut to the norm {self.clip_norm:g}"
        norms = self.batch_norm and "momentum {:g}, epsilon {:g}".format(
            *self.batch_norm
        )
        rows = (
            ("optimizer", optimizer),
            ("learning_rate", f"{self.learning_rate:g}"),
            ("schedule", str(self.schedule)),
            ("batch_size", f"{self.batch_size:,}"),
            ("epochs", f"{self.epochs:g}"),
            ("weight_decay", f"{self.weight_decay:g}, of {self.decays}"),
            ("label_smoothing", f"{self.label_smoothing:g}"),
            ("dropout", f"{self.dropout:g}"),
            ("ema", "none" if self.ema is None else f"{self.ema:g}"),
            ("batch_norm", norms or "none"),
            ("augmentation", self.augmentation),
            ("notes", self.notes),
        )
        lines = [
            f"{name:17}{text}" + " *" * (name in self.remembered)
            for name, text in rows
            if text
        ]
        lines += [f"{'source':17}{source}" for source in self.sources]
        if self.remembered:
            lines.append("* from memory, not read in a source")
        return "\n".join(lines)

    def plan(self, images, batch_size=None, epochs=None):
        """Returns the recipe for another number of images.

        The learning rate is multiplied by the quotient of the batch sizes,
        and drops and warm-up keep their share of the epochs. The momentum of
        the moving average is at most (1 + n) / (10 + n) for n steps, as in
        `tf.train.ExponentialMovingAverage`: a longer average would be that of
        the first weights.

        Args:
            images: Positive int. To train on.
            batch_size: Positive int. Defaults to that of the recipe.
            epochs: Positive int. Defaults to those of the recipe.

        Returns:
            A `Plan`, whose `changes` say what is not as in the paper.

        Raises:
            ValueError: If an argument is out of its range.

        Example:
        >>> from keras_papers import recipes
        >>> recipe = recipes.get("MobileNetV2")
        >>> plan = recipe.plan(6400, batch_size=64, epochs=30)
        >>> plan.steps
        3000
        >>> print(*plan.changes, sep="\\n")
        learning_rate 0.00375 for 0.045: batches of 64 for 768 images
        epochs 30 for 420: drops after each 0.179 for 2.5
        ema 0.997 for 0.9999: 3,000 steps
        """
        size = self.batch_size if batch_size is None else plain(batch_size)
        given = self.epochs if epochs is None else plain(epochs)
        check_positive_int("images", images, "a number of images", "Try 1000.")
        check_positive_int("batch_size", size, "images", "Try 64.")
        if epochs is not None:
            check_positive_int("epochs", given, "a number of epochs", "Try 40.")
        epoch = math.ceil(images / size)
        steps = round(epoch * given)
        share, changes = given / self.epochs, []
        rate = self.learning_rate * size / self.batch_size
        if size != self.batch_size:
            changes.append(
                f"learning_rate {rate:.3g} for {self.learning_rate:g}: batches "
                f"of {size:,} for {self.batch_size:,} images"
            )
        schedule = self.schedule
        if share != 1:
            text = f"epochs {given:g} for {self.epochs:g}"
            schedule = schedule._replace(warm_up=share * schedule.warm_up)
            if schedule.every is not None:
                every = share * schedule.every
                text += f": drops after each {every:.3g} for {schedule.every:g}"
                schedule = schedule._replace(every=every)
            changes.append(text)
        ema = self.ema
        if ema is not None and (1 + steps) / (10 + steps) < ema:
            ema = (1 + steps) / (10 + steps)
            changes.append(f"ema {ema:.3g} for {self.ema:g}: {steps:,} steps")
        return Plan(self, rate, schedule, epoch, steps, ema, tuple(changes))


class Plan(NamedTuple):
    """A recipe for a number of images.

    Attributes:
        recipe: The `Recipe`.
        learning_rate: Its peak.
        schedule: The `Schedule`, in epochs of this training.
        steps_per_epoch: Int.
        steps: Int. All of them.
        ema: Momentum of the moving average of the weights, or None.
        changes: What is not as in the recipe: a text for each.
    """

    recipe: Recipe
    learning_rate: float
    schedule: Schedule
    steps_per_epoch: int
    steps: int
    ema: float | None
    changes: tuple

    def optimizer(self):
        """Returns the optimizer of Keras, with its schedule.

        Of plateaus it has the peak: `callbacks` has what lowers it.
        """
        import keras

        rate = self.learning_rate
        if self.schedule.kind == DROPS:
            from keras_papers.recipes.drops import Drops

            rate = Drops(
                rate,
                self.schedule.factor,
                max(1, round(self.schedule.every * self.steps_per_epoch)),
                round(self.schedule.warm_up * self.steps_per_epoch),
            )
        arguments = {
            "momentum": self.recipe.momentum,
            "global_clipnorm": self.recipe.clip_norm,
            "use_ema": self.ema is not None,
        }
        if self.ema is not None:
            arguments["ema_momentum"] = self.ema
        if self.recipe.optimizer == SGD:
            return keras.optimizers.SGD(rate, **arguments)
        return keras.optimizers.RMSprop(
            rate, self.recipe.rho, epsilon=self.recipe.epsilon, **arguments
        )

    def callbacks(self):
        """Returns the callbacks for `fit`: of a plateau, and of the EMA."""
        import keras

        found = []
        if self.schedule.kind == PLATEAUS:
            found.append(
                keras.callbacks.ReduceLROnPlateau(
                    factor=self.schedule.factor, patience=5
                )
            )
        if self.ema is not None:
            found.append(keras.callbacks.SwapEMAWeights(swap_on_epoch=True))
        return found
