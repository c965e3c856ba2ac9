"""The options of a search."""

import dataclasses
import os

from keras_papers.checks import check_choice
from keras_papers.pipelines.models.model_facts import check_model_name
from keras_papers.pipelines.options import (
    RESULT,
    RUN,
    Options,
    chosen,
    option,
)
from keras_papers.pipelines.training import options as training
from keras_papers.pipelines.training.output_folder import check_places
from keras_papers.pipelines.training.settings import Settings
from keras_papers.tuner.spaces.names import (
    DEFAULT,
    ORACLES,
    SPACES,
    SpaceOptions,
)

# Options of the limits, by the names of the costs.
BUDGETS = {"multiply_adds": "budget_madds", "latency_ms": "budget_latency_ms"}


def count(text):
    """Returns a number that may be written as 60M."""
    units = {"K": 1e3, "M": 1e6, "B": 1e9, "G": 1e9}
    unit = units.get(text[-1:].upper())
    try:
        return float(text[:-1]) * unit if unit else float(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no count; write 60 million as 60M or 60e6"
        ) from None


@dataclasses.dataclass(frozen=True)
class SearchOptions(Options):
    """What `tune` takes; it explains each."""

    data: str | None = training.data("folder as for train")
    space: str = option(
        DEFAULT,
        "what is varied; "
        + "; ".join(f"{name}: {it.summary}" for name, it in SPACES.items()),
        # Not by `chosen`: a space may be registered later.
        lambda name, value: check_choice(
            name, value, tuple(SPACES), "what is searched"
        ),
        choices=tuple(SPACES),
    )
    model: str | None = option(
        None,
        "the network that is varied; by default the space's own",
        lambda name, value: check_model_name(value),
        metavar="NAME",
    )
    _: dataclasses.KW_ONLY
    budget_madds: float | None = option(
        None,
        "multiply-adds of an image, as 60M",
        training.positive("the most that an image may cost", "Try 60e6."),
        metavar="N",
        parse=count,
    )
    budget_latency_ms: float | None = option(
        None,
        "of the .tflite, on one thread; a limit, or the target of the reward "
        "of a space that has one",
        training.positive("the most that an image may cost", "Try 5."),
        metavar="MS",
    )
    trials: int = option(
        20,
        "networks to train at most",
        training.number("a number", "Try 20."),
        scope=RUN,
    )
    workers: int = option(
        1,
        "processes that train side by side",
        training.number("a number", "Try 2."),
        scope=RUN,
    )
    epochs: int = training.epochs(10, "of each trial", "Try 10.")
    image_size: int = training.image_size(48, "height and width before scaling")
    width: float = option(
        1.0,
        "factor on the channels before scaling",
        training.positive("the factor on channels", "Try 1."),
    )
    oracle: str = option(
        "random",
        "KerasTuner's way to propose points",
        chosen(ORACLES, "how points are proposed"),
        choices=ORACLES,
    )
    batch_size: int = training.batch_size()
    learning_rate: float = training.learning_rate(
        4e-3, "peak of the schedule", "Try 0.004."
    )
    weight_decay: float = training.weight_decay()
    label_smoothing: float = training.label_smoothing()
    output: str = training.output("keras_papers_search")
    strict: bool = training.strict()
    overwrite: bool = training.overwrite(
        "replace what an earlier command left in the folder"
    )
    seed: int = training.seed()
    verbose: object = training.verbose()

    def check(self):
        check_places(self.data, self.output)
        super().check()
        self._check_of_space()
        if self.data is not None:
            from keras_papers.pipelines.data.picture_folder import check_folder

            check_folder(self.data)

    def _check_of_space(self):
        """Checks the options that not every space can be searched with."""
        record = SPACES[self.space]
        if self.oracle not in record.oracles:
            usable = " or ".join(map(repr, record.oracles))
            raise ValueError(
                "`oracle` proposes points and must be one that the space can "
                f"be searched with. Received: oracle={self.oracle!r} with "
                f"space={self.space!r}, which has too many points for it. Try "
                f"{usable}."
            )
        for name in SpaceOptions._fields:
            value, default = getattr(self, name), getattr(type(self), name)
            is_used = name in ("image_size", *record.options)
            if not is_used and value != default:
                raise ValueError(
                    f"`{name}` is for spaces that use it. Received: "
                    f"{name}={value!r} with space={self.space!r}, which uses "
                    f"{', '.join(record.options)}. Leave it out."
                )
        module = record.home.rpartition(".")[0]
        if self.workers > 1 and module == "__main__":
            raise ValueError(
                "`space` must be defined in a module that workers can import. "
                f"Received: space={self.space!r}, which the program itself "
                f"defines, with workers={self.workers}. Move it to a module, "
                "or use one worker."
            )

    def plan(self):
        """Returns the options as a search is resumed by them, for JSON.

        It has the absolute path of the images, because a worker may run in
        another directory, and the name of the network.
        """
        plan = self.of_scope(RESULT, RUN)
        plan["data"] = self.data and os.path.abspath(self.data)
        plan["model"] = self.space_options().model
        return plan

    def settings(self):
        """Returns the `Settings` of every trial."""
        return Settings(
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
        names = SpaceOptions._fields
        options = SpaceOptions(**{name: getattr(self, name) for name in names})
        if options.model is None:
            options = options._replace(model=SPACES[self.space].default_model)
        return options

    def small_budget(self, error):
        """Returns a `NothingFitsError` as an error of the budget's option."""
        name = BUDGETS[error.cost]
        return ValueError(
            f"`{name}` (--{name.replace('_', '-')}) must leave room for one "
            f"network at least. Received: {name}={getattr(self, name)!r}. The "
            f"cheapest is {error.cheapest}."
        )
