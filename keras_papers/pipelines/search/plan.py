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
from keras_papers.tuner.spaces.names import ORACLES, SPACES, SpaceOptions

BUDGETS = {"multiply_adds": "budget_madds", "latency_ms": "budget_latency_ms"}


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

    def space_options(self):
        """Returns the `SpaceOptions` of the search."""
        return SpaceOptions(*(getattr(self, n) for n in SpaceOptions._fields))

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
        check_space(self.space)
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
        self._check_of_space()
        check_seed(self.seed)

    def _check_of_space(self):
        """Checks what depends on the space."""
        record = SPACES[self.space]
        if self.oracle not in record.oracles:
            usable = " or ".join(map(repr, record.oracles))
            raise ValueError(
                "`oracle` proposes points and must be one that the space can "
                f"be searched with. Received: oracle={self.oracle!r} with "
                f"space={self.space!r}, which has too many points for it. Try "
                f"{usable}."
            )
        defaults = {
            "model": record.default_model,
            **SpaceOptions._field_defaults,
        }
        for name, default in defaults.items():
            value = getattr(self, name)
            if name not in record.options and value != default:
                raise ValueError(
                    f"`{name}` must be left out, for the space does not use "
                    f"it. Received: {name}={value!r} with "
                    f"space={self.space!r}, which uses "
                    f"{', '.join(record.options)}. Leave it out."
                )


def check_space(name):
    """Raises ValueError unless a space is registered under a name."""
    check_choice("space", name, tuple(SPACES), "what is searched")
