"""How a paper trained a network, and the same for another training."""

import math
from typing import NamedTuple

IMAGES = 1_281_167  # of ImageNet, to train on
SGD, RMSPROP = "SGD", "RMSprop"
DROPS, PLATEAUS = "drops", "plateaus"
# What the weight decay is of.
ALL, NOT_NORMS = "all", "all but normalizations"
KERNELS, NOT_DEPTHWISE = "kernels", "kernels but depthwise ones"


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
        text = f"times {self.factor:g} "
        if self.kind == PLATEAUS:
            text += f"after {self.every:.3g} epochs without a lower loss"
        else:
            text += f"after each {self.every:.3g} epochs"
        if self.warm_up:
            text += f", after a warm-up of {self.warm_up:g} epochs"
        return text

    def scaled(self, share):
        """Returns the same for a share of the epochs."""
        return self._replace(
            every=share * self.every, warm_up=share * self.warm_up
        )


class Recipe(NamedTuple):
    """How a paper trained its networks on ImageNet; prints as a page.

    Attributes:
        networks: Names of the networks.
        optimizer: `"SGD"`, or `"RMSprop"` as in TensorFlow 1: its mean of
            squares starts at 1.
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
            ("batch_norm", self._value("batch_norm", "{0[0]:g}, {0[1]:g}")),
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

    def optimizer_text(self):
        """Describes the optimizer, without its learning rate."""
        text = self._value("optimizer", "{}")
        text += f", momentum {self._value('momentum')}"
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
        text += " *" * (name in self.remembered)
        return text + " +" * (name in self.chosen)

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
        learning_rate 0.00375 for 0.045, as the batch
        epochs before a drop 0.179 for 2.5, as the epochs
        ema 0.997 for 0.9999, 3,000 steps for 700,980
        momentum of batch normalizations 0.9 for 0.997, 3,000 steps for 700,980
        """
        from keras_papers.recipes.plan import plan_of

        given = {
            "learning_rate": learning_rate,
            "weight_decay": weight_decay,
            "label_smoothing": label_smoothing,
            "ema": ema,
        }
        return plan_of(self, images, batch_size, epochs, given)
