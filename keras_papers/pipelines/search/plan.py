"""What decides a search."""

from typing import NamedTuple

from keras_papers.checks import (
    check_choice,
    check_positive,
    check_positive_int,
    check_seed,
)
from keras_papers.pipelines.models.model_facts import check_model_name
from keras_papers.pipelines.training.recipe import Recipe, check_recipe

MODELS = {  # what a space scales or changes where no model is named
    "compound": "EfficientNetB0",
    "width-resolution": "MobileNet",
    "mnas": "MnasNetA1",
}
BUDGETS = {"multiply_adds": "budget_madds", "latency_ms": "budget_latency_ms"}
ORACLES = ("random", "grid", "bayesian")


class SearchPlan(NamedTuple):
    """All that decides what a search does; `tune` explains each."""

    data: str | None
    space: str
    model: str
    budget_madds: float | None
    budget_latency_ms: float | None
    trials: int
    epochs: int
    image_size: int
    width: float
    oracle: str
    batch_size: int
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    strict: bool
    seed: int

    def recipe(self):
        """Returns the `Recipe` of every trial."""
        return Recipe(
            self.epochs,
            self.batch_size,
            self.learning_rate,
            self.weight_decay,
            self.label_smoothing,
            class_weights=False,
            ema=None,
            early_stopping=None,
            from_weights=False,
        )

    def objective(self):
        """Names the metric that is maximized."""
        weighed = self.space == "mnas" and self.budget_latency_ms is not None
        return "reward" if weighed else "val_accuracy"

    def small_budget(self, error):
        """Returns a `NothingFitsError` as an error of the plan's argument."""
        name = BUDGETS[error.cost]
        return ValueError(
            f"`{name}` (--{name.replace('_', '-')}) must leave room for one "
            f"network at least. Received: {name}={getattr(self, name)!r}. The "
            f"cheapest is {error.cheapest}."
        )

    def check(self):
        """Raises ValueError if a part is out of its range."""
        check_model_name(self.model)
        check_choice("oracle", self.oracle, ORACLES, "how points are proposed")
        for name, value, advice in (
            ("trials", self.trials, "Try 20."),
            ("epochs", self.epochs, "Try 10."),
        ):
            check_positive_int(name, value, "a number", advice)
        for name, value, advice in (
            ("budget_madds", self.budget_madds, "Try 60e6."),
            ("budget_latency_ms", self.budget_latency_ms, "Try 5."),
        ):
            if value is not None:
                check_positive(
                    name, value, "the most that an image may cost", advice
                )
        check_positive("width", self.width, "the factor on channels", "Try 1.")
        check_recipe(self.recipe(), self.image_size)
        if self.space == "mnas" and self.oracle == "grid":
            raise ValueError(
                "`oracle` proposes points and must end. Received: "
                "oracle='grid' of space='mnas', which has some 10**15 points. "
                "Try 'random' or 'bayesian'."
            )
        check_seed(self.seed)
