"""How a paper trained a network, and the same for another training."""

import math
from typing import NamedTuple

from keras_papers.checks import (
    check_fraction,
    check_positive,
    check_positive_int,
    plain,
)

IMAGES = 1_281_167  # of ImageNet, to train on
SGD, RMSPROP = "SGD", "RMSprop"
DROPS, PLATEAUS = "drops", "plateaus"
# What the weight decay is of.
ALL, NOT_NORMS = "all", "all but normalizations"
KERNELS, NOT_DEPTHWISE = "kernels", "kernels but depthwise ones"
# The fields that are values; the last three are printed if they are not None.
OPTIONAL = ("rho", "epsilon", "clip_norm")
FACTS = (
    *("optimizer", "learning_rate", "momentum", "schedule", "batch_size"),
    *("epochs", "weight_decay", "decays", "label_smoothing", "ema"),
    *("dropout", "batch_norm", "augmentation", *OPTIONAL),
)
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


class Schedule(NamedTuple):
    """How a learning rate falls.

    Attributes:
        kind: `"drops"`: it is multiplied by `factor` after each `every`
            epochs. `"plateaus"`: after `every` epochs in which the validation
            loss was not lower.
        factor: Number in (0, 1).
        every: Number of epochs.
        warm_up: Epochs in which it rises from zero.
    """

    kind: str
    factor: float
    every: float
    warm_up: float = 0.0

    def __str__(self):
        return self.text()

    def text(self, steps_per_epoch=None):
        """Describes the schedule.

        Args:
            steps_per_epoch: Number of steps in which what is shorter than an
                epoch is counted. Defaults to None: all is counted in epochs.
        """
        text = f"times {self.factor:g} "
        if self.kind == PLATEAUS:
            text += f"after {_duration(self.every)} without a lower loss"
        else:
            text += f"after each {_duration(self.every, steps_per_epoch)}"
        if self.warm_up:
            time = _duration(self.warm_up, steps_per_epoch)
            text += f", after a warm-up of {time}"
        return text

    def scaled(self, share):
        """Returns the same for a share of the epochs."""
        every = share * self.every
        if self.kind == PLATEAUS:  # the loss is known at the end of an epoch
            every = max(1, round(every))
        return self._replace(every=every, warm_up=share * self.warm_up)


def _duration(epochs, steps_per_epoch=None):
    """Writes a number of epochs, or of steps if it is below one epoch."""
    number, unit = epochs, "epoch"
    if steps_per_epoch is not None and epochs < 1:
        number, unit = epochs * steps_per_epoch, "step"
    text = f"{number:.3g}"
    return f"{text} {unit}" + "s" * (text != "1")


class Recipe(NamedTuple):
    """How a paper trained its networks on ImageNet; prints as a page.

    Attributes:
        networks: Names of the networks.
        optimizer: `"SGD"`, or `"RMSprop"` as in TensorFlow 1: its mean of
            squares starts at 1.
        learning_rate: Its peak, for batches of `batch_size` images.
        momentum: Of the steps; 0 for none.
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
        augment: What is nearest to it of the ways in which
            `pipelines.train_image_classifier` varies images.
        notes: Text: what else is needed to repeat it.
        left_out: Tuple of texts: what that training leaves out.
        sources: Tuple of what was read.
        remembered: Names of the fields whose values were not read in a source,
            but are known from memory; marked where it prints.
        chosen: Names of those that neither the paper nor a source states, so
            that they are choices of this package; marked, too.
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
    augment: str = "photo"
    notes: str = ""
    left_out: tuple = ()
    sources: tuple = ()
    remembered: tuple = ()
    chosen: tuple = ()

    def __str__(self):
        rows = (
            ("optimizer", self.optimizer_text()),
            ("learning_rate", self._value("learning_rate")),
            ("schedule", self._value("schedule", "{}")),
            ("batch_size", self._value("batch_size", "{:,}")),
            ("epochs", self._value("epochs")),
            (
                "weight_decay",
                f"{self._value('weight_decay')}, of "
                + self._value("decays", "{}"),
            ),
            ("label_smoothing", self._value("label_smoothing")),
            ("dropout", self._value("dropout")),
            ("ema", self._value("ema")),
            (
                "batch_norm",
                self._value(
                    "batch_norm", "momentum {0[0]:g}, epsilon {0[1]:g}"
                ),
            ),
            ("augmentation", self._value("augmentation", "{}")),
            ("notes", self._value("notes", "{}")),
            *(("source", source) for source in self.sources or ["none"]),
        )
        lines = [f"{name:17}{text}" for name, text in rows if text]
        if self.remembered:
            lines.append("* from memory, not read in a source")
        if self.chosen:
            lines.append("+ a choice of this package: no source states it")
        return "\n".join(lines)

    def origin(self):
        """Says how many values were not read in a source, or returns ""."""
        names = self._printed()
        remembered = sum(name in self.remembered for name in names)
        chosen = sum(name in self.chosen for name in names)
        texts = []
        if remembered:
            texts.append(f"{remembered} from memory")
        if chosen:
            texts.append(f"{chosen} chosen by this package")
        if not texts:
            return ""
        return f"of {len(names)} values, {' and '.join(texts)}"

    def _printed(self):
        """Lists the names of the values that are printed."""
        return [
            name
            for name in FACTS
            if getattr(self, name) != ""
            and (name not in OPTIONAL or getattr(self, name) is not None)
        ]

    def summary(self, steps_per_epoch=None):
        """Describes the training in one line, without marks.

        Args:
            steps_per_epoch: As in `Schedule.text`.
        """
        plain = self._replace(remembered=(), chosen=())
        schedule = self.schedule.text(steps_per_epoch)
        texts = [
            plain.optimizer_text(),
            f"learning rate {self.learning_rate:.3g}, {schedule}",
            f"weight decay {self.weight_decay:g} of {self.decays}",
        ]
        if self.label_smoothing:
            texts.append(f"label smoothing {self.label_smoothing:g}")
        if self.ema is not None:
            texts.append(f"moving average of {self.ema:.4g}")
        return "; ".join(texts)

    def optimizer_text(self):
        """Describes the optimizer, without its learning rate."""
        text = self._value("optimizer", "{}")
        if self.momentum:
            text += f", momentum {self._value('momentum')}"
        else:
            text += f" without momentum{self._mark('momentum')}"
        if self.rho is not None:
            text += f", rho {self._value('rho')}"
            text += f", epsilon {self._value('epsilon')}"
        if self.clip_norm is not None:
            text += f", gradients cut to the norm {self._value('clip_norm')}"
        return text

    def _value(self, name, form="{:g}"):
        """Returns the text of a field, marked if it is from memory."""
        value = getattr(self, name)
        if value == "":
            return ""
        text = "none" if value is None else form.format(value)
        return text + self._mark(name)

    def _mark(self, name):
        """Returns the mark of a field that was not read in a source."""
        return " *" * (name in self.remembered) + " +" * (name in self.chosen)

    @property
    def steps(self):
        """The number of steps on ImageNet."""
        return round(math.ceil(IMAGES / self.batch_size) * self.epochs)

    def plan(
        self,
        images,
        batch_size=None,
        epochs=None,
        *,
        learning_rate=None,
        weight_decay=None,
        label_smoothing=None,
        ema=None,
    ):
        """Returns the recipe for another number of images.

        The learning rate is multiplied by the quotient of the batch sizes.
        Drops, plateaus and warm-up keep their share of the epochs, and the
        momentum of batch normalizations its share of the steps, down to 0.9.
        The momentum of the moving average is at most (1 + n) / (10 + n) for n
        steps, as in `tf.train.ExponentialMovingAverage`: a longer average
        would be that of the first weights.

        Args:
            images: Positive int. To train on.
            batch_size: Positive int. Defaults to that of the recipe.
            epochs: Positive int. Defaults to those of the recipe.
            learning_rate: Positive number, which is not scaled. Defaults to
                that of the recipe, scaled.
            weight_decay: Positive number, as in the recipe. Defaults to it.
            label_smoothing: Number in [0, 1). Defaults to that of the recipe.
            ema: Number in [0, 1), which is not scaled. Defaults to that of the
                recipe, scaled.

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
        batch_size 64 for 768
        epochs 30 for 420
        learning_rate 0.03 for 0.36, as the batch
        epochs before a drop 0.179 for 2.5, as the epochs
        ema 0.997 for 0.9999, 3,000 steps for 700,980
        momentum of batch normalizations 0.9 for 0.997, 3,000 steps for 700,980
        """
        given = {
            "learning_rate": learning_rate,
            "weight_decay": weight_decay,
            "label_smoothing": label_smoothing,
            "ema": ema,
        }
        return _plan(self, images, batch_size, epochs, given)


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
                recipe.schedule.every * self.steps_per_epoch,
                recipe.schedule.warm_up * self.steps_per_epoch,
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

        rate = self.recipe.learning_rate
        return [Plateaus(rate, schedule.factor, schedule.every, losses)]


def _plan(paper, images, batch_size, epochs, given):
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
    schedule = paper.schedule.scaled(number / paper.epochs)
    has_no_warm_up = schedule.warm_up * steps_per_epoch < 1
    if has_no_warm_up:  # else the rate of the first step would be zero
        schedule = schedule._replace(warm_up=0.0)
    recipe = paper._replace(
        batch_size=size,
        epochs=number,
        learning_rate=paper.learning_rate * (size / paper.batch_size),
        schedule=schedule,
        ema=_average(paper, steps),
        batch_norm=_normalization(paper, steps),
    )._replace(**given)
    in_steps = f"{steps:,} steps for {paper.steps:,}"
    why = {
        "learning_rate": "as the batch",
        "epochs before a drop": "as the epochs",
        "epochs of warm-up": "which were less than a step"
        if has_no_warm_up
        else "as the epochs",
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
