"""A training by the recipe of the network's paper."""

import inspect
from typing import NamedTuple

from keras_papers import applications, recipes
from keras_papers.applications.registry import get_record

# Arguments of constructors, by the values of a recipe.
DROPOUT = ("dropout", "dropout_rate")


class PaperRecipe(NamedTuple):
    """The recipe that a classifier was trained by, in words."""

    text: str
    changes: list  # a text for each value that is not that of the paper
    left_out: list  # a text for each part that was not repeated
    origin: str = ""  # how many of its values were not read in a source

    def rows(self):
        """Returns pairs of a label and a text, to be printed."""
        rows = [("recipe", self.text)]
        if self.origin:
            rows.append(("recipe's source", self.origin))
        for label, texts in (
            ("not as the paper", self.changes),
            ("left out", self.left_out),
        ):
            labels = [label] + [""] * len(texts)
            rows += zip(labels, texts, strict=False)
        return rows


def by_paper(settings, options, images):
    """Returns the settings of a training by the recipe of its paper.

    Args:
        settings: The `Settings`, in which the recipe's values may be None.
        options: The `TrainOptions`, whose values take precedence.
        images: The `ImageSet`.
    """
    plan = recipes.get(options.model).plan(
        len(images.train),
        options.batch_size,
        options.epochs,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        label_smoothing=options.label_smoothing,
        ema=options.ema,
    )
    recipe = plan.recipe
    augment = options.augment
    if augment is None:
        # The mirror image of a digit is another sign or none.
        augment = "light" if images.train.files is None else recipe.augment
    return settings._replace(
        epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        label_smoothing=recipe.label_smoothing,
        ema=recipe.ema,
        augment=augment,
        plan=plan,
    )


def network_arguments(model, plan):
    """Returns the arguments of a constructor that a recipe decides.

    Args:
        model: Name of the network.
        plan: The `Plan`, or None.
    """
    if plan is None:
        return {}
    recipe = plan.recipe
    known = inspect.signature(applications.get(model)).parameters
    arguments = {name: recipe.dropout for name in DROPOUT if name in known}
    if recipe.batch_norm is not None and "batch_norm_momentum" in known:
        arguments["batch_norm_momentum"] = recipe.batch_norm[0]
    return arguments


def followed(options, settings, image_size):
    """Returns the `PaperRecipe` of a training, or None without one.

    Args:
        options: The `TrainOptions`.
        settings: The `Settings`, complete.
        image_size: Height and width of the images.
    """
    plan = settings.plan
    if plan is None:
        return None
    model, alpha = options.model, options.width
    changes, left_out = list(plan.changes), list(plan.recipe.left_out)
    if options.teacher is not None:
        changes.append(
            f"loss: {1 - options.label_weight:g} x teacher's answers "
            f"(temperature {options.temperature:g}) + "
            f"{options.label_weight:g} x labels, instead of labels alone"
        )
    if alpha != 1:
        changes.append(f"alpha {alpha:g} for 1")
    if image_size != get_record(model).size:
        changes.append(f"image_size {image_size} for {get_record(model).size}")
    # No way of varying images is quite that of a paper.
    changes.append(
        f"augmentation {settings.augment} for {plan.paper.augmentation}"
    )
    arguments = network_arguments(model, plan)
    if plan.paper.dropout and not set(arguments) & set(DROPOUT):
        left_out.append(
            f"dropout {plan.paper.dropout:g}: {model} has no argument for it"
        )
    text = plan.recipe.summary(plan.steps_per_epoch)
    return PaperRecipe(text, changes, left_out, plan.paper.origin())
