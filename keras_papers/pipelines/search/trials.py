"""The trials of a search: what each of its processes needs to run them."""

import functools
import math

import keras

from keras_papers.pipelines.data.images import (
    batches,
    explains_lost_pictures,
    load_digits,
)
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.data.split import SPLIT, load_split, split_of
from keras_papers.pipelines.search.folder import (
    PLAN,
    POINTS,
    TRIALS,
    read_json,
)
from keras_papers.pipelines.search.plan import SearchPlan
from keras_papers.pipelines.search.report import shortened
from keras_papers.pipelines.training.loop import compile_by
from keras_papers.tuner.spaces.names import space_class

# Of what is not tested on: trials are chosen by it, and not only watched.
VALIDATION_SHARE = 0.2


class Search:
    """A search as its plan has it: its space, its trials, its result."""

    is_new = False  # whether the points in its folder are another search's
    record = None  # what `run_record` returned

    def __init__(self, plan, output):
        self.plan = plan
        self.output = output

    @classmethod
    def of_folder(cls, output):
        """Returns the search whose plan was written into a folder."""
        return cls(SearchPlan(**read_json(output / PLAN)), output)

    @functools.cached_property
    def space(self):
        """The search space, under the budget."""
        from keras_papers.tuner import NothingFitsError

        try:
            return self._space()
        except NothingFitsError as error:
            raise self.plan.small_budget(error) from None

    def _space(self):
        from keras_papers import tuner

        plan = self.plan
        latency = None
        if plan.budget_latency_ms is not None:
            latency = tuner.LiteRTLatency(cache=self.output / "latencies.json")
        return space_class(plan.space).from_options(
            plan.space_options(),
            known=None if self.is_new else read_json(self.output / POINTS),
            latency=latency,
            compile=self._compile,
            classes=len(self.images(plan.image_size).names),
            include_preprocessing=True,
        )

    def points(self):
        """Returns which points fit the budget, for no process to count twice.

        Raises:
            ValueError: If none does.
        """
        return {point.label: point.costs for point in self.space.points}

    def split(self):
        """Returns how its pictures are divided."""
        plan = self.plan
        images = self.images(plan.image_size)
        return split_of(images, plan.data, plan.seed, self.record)

    def check_pictures(self):
        """Raises ValueError if they are no longer divided as they were.

        Trials that are done would have been trained on pictures that others
        are judged by.
        """
        path = self.output / SPLIT
        if not path.exists():
            return
        was, is_now = load_split(path).in_a_line(), self.split().in_a_line()
        if was != is_now:
            raise ValueError(
                "`data` must hold the pictures that the search began with. "
                f"Received: {is_now}, where it was {was}. Put them back, or "
                "pass another output or overwrite=True (--overwrite)."
            )

    @functools.lru_cache(maxsize=1)  # noqa: B019, for as long as the search
    def images(self, image_size):
        """Returns the `ImageSet`, of digits at a size."""
        plan = self.plan
        if plan.data is None:
            return load_digits(image_size, plan.seed, VALIDATION_SHARE)
        return self._folder

    @functools.cached_property
    def _folder(self):
        """The pictures of the folder, which are read once to be checked."""
        plan = self.plan
        return load_folder(plan.data, plan.seed, plan.strict, VALIDATION_SHARE)

    def _compile(self, model):
        plan = self.plan
        images = len(self.images(plan.image_size).train)
        steps = plan.epochs * math.ceil(images / plan.batch_size)
        compile_by(plan.recipe(), model, plan.learning_rate, steps)

    def _data(self, part, varied):
        """Returns the function from an image size to batches of a part."""

        def at(image_size):
            images = self.images(image_size)
            return batches(
                getattr(images, part),
                len(images.names),
                image_size,
                self.plan.batch_size,
                self.plan.seed if varied else None,
            )

        return at

    def run(self, verbose):
        """Runs the trials that are left; returns how many workers did it."""
        from keras_papers import tuner

        plan = self.plan
        keras.utils.set_random_seed(plan.seed)
        make = {
            "random": tuner.RandomSearch,
            "grid": tuner.GridSearch,
            "bayesian": tuner.BayesianOptimization,
        }[plan.oracle]
        more = {}
        if plan.oracle == "bayesian":
            # KerasTuner draws three for each hyperparameter before it learns
            # from any, and a space may have dozens.
            more["num_initial_points"] = max(2, plan.trials // 4)
        search = make(
            self.space,
            self.space.objective,
            max_trials=plan.trials,
            seed=(plan.seed + 1) % 2**32 or 1,  # of 0 KerasTuner draws one
            directory=self.output,
            project_name=TRIALS,
            told=lambda values: shortened(self.space.describe(values).text),
            **more,
        )
        with explains_lost_pictures():
            search.search(
                self._data("train", varied=True),
                validation_data=self._data("validation", varied=False),
                epochs=plan.epochs,
                shuffle=False,  # `batches` did
                verbose=verbose,
            )
        return search.workers
