"""The options of a search."""

import dataclasses
import os

from keras_papers.pipelines.options import PLACE, Options, option
from keras_papers.pipelines.search.plan import SearchPlan, check_space
from keras_papers.pipelines.training import options as training
from keras_papers.pipelines.training.output_folder import check_places
from keras_papers.tuner.spaces.names import (
    DEFAULT,
    ORACLES,
    SPACES,
    model_of,
)


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
        choices=tuple(SPACES),
    )
    model: str | None = option(
        None, "what is scaled; by default the space's own", metavar="NAME"
    )
    _: dataclasses.KW_ONLY
    budget_madds: float | None = option(
        None, "multiply-adds of an image, as 60M", metavar="N", parse=count
    )
    budget_latency_ms: float | None = option(
        None,
        "of the .tflite, on one thread; a limit, or the target of the reward "
        "of a space that has one",
        metavar="MS",
    )
    trials: int = option(20, "networks to train at most", decides=PLACE)
    workers: int = option(
        1,
        "processes that train side by side",
        training.number("a number", "Try 2."),
        decides=PLACE,
    )
    epochs: int = training.epochs(10, "of each trial", "Try 10.")
    image_size: int = training.image_size(48, "height and width before scaling")
    width: float = option(1.0, "factor on the channels before scaling")
    oracle: str = option(
        "random", "KerasTuner's way to propose points", choices=ORACLES
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
        check_space(self.space)
        super().check()
        self.plan().check()
        if self.data is not None:
            from keras_papers.pipelines.data.picture_folder import check_folder

            check_folder(self.data)

    def plan(self):
        """Returns the `SearchPlan`, which says what a search is resumed by."""
        plan = {name: getattr(self, name) for name in SearchPlan._fields}
        plan["data"] = self.data and os.path.abspath(self.data)
        plan["model"] = model_of(self.space, self.model)
        return SearchPlan(**plan)
