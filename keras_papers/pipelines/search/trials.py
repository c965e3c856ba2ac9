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
    check_plan,
)
from keras_papers.pipelines.search.options import SearchOptions
from keras_papers.pipelines.search.report import shortened
from keras_papers.pipelines.training.loop import compile_by
from keras_papers.pipelines.training.started_with import (
    read_arguments,
)
from keras_papers.tuner.spaces.names import space_class

# Larger than that of a training, because trials are chosen by it.
VALIDATION_SHARE = 0.2


class Search:
    """A search: its space, its images and its trials.

    Args:
        options: The `SearchOptions`.
        output: Path of the folder.
    """

    is_new = False  # if so, points in the folder are of an earlier search
    record = None  # what `run_record` returned

    def __init__(self, options, output):
        self.options = options
        self.output = output

    @classmethod
    def of_folder(cls, output):
        """Returns the search whose options were written into a folder."""
        return cls(SearchOptions(**read_arguments(output / PLAN)), output)

    @functools.cached_property
    def space(self):
        """The search space, under the budget."""
        from keras_papers.tuner import NothingFitsError

        try:
            return self._space()
        except NothingFitsError as error:
            raise self.options.small_budget(error) from None

    def _space(self):
        from keras_papers import tuner

        options = self.options
        latency = None
        if options.budget_latency_ms is not None:
            latency = tuner.LiteRTLatency(cache=self.output / "latencies.json")
        return space_class(options.space).from_options(
            options.space_options(),
            known=None if self.is_new else read_arguments(self.output / POINTS),
            latency=latency,
            compile=self._compile,
            classes=len(self.images(options.image_size).names),
            include_preprocessing=True,
        )

    def points(self):
        """Returns the costs of the points that fit the budget, by label.

        They are written to a file, so that no other process counts them.

        Raises:
            ValueError: If no point fits.
        """
        return {point.label: point.costs for point in self.space.points}

    def split(self):
        """Returns the split of its pictures."""
        options = self.options
        images = self.images(options.image_size)
        return split_of(images, options.data, options.seed, self.record)

    def check_pictures(self):
        """Raises ValueError if the split of the pictures has changed.

        Else some trials would be trained on pictures that judge others.
        """
        path = self.output / SPLIT
        if not path.exists():
            return
        before, now = load_split(path), self.split()
        check_plan({"images": now.in_a_line()}, {"images": before.in_a_line()})

    @functools.lru_cache(maxsize=1)  # noqa: B019, for as long as the search
    def images(self, image_size):
        """Returns the `ImageSet`; digits have the size."""
        options = self.options
        if options.data is None:
            return load_digits(image_size, options.seed, VALIDATION_SHARE)
        return self._folder

    @functools.cached_property
    def _folder(self):
        """The pictures of the folder, which are read once, to check them."""
        options = self.options
        return load_folder(
            options.data, options.seed, options.strict, VALIDATION_SHARE
        )

    def _compile(self, model):
        options = self.options
        images = len(self.images(options.image_size).train)
        steps = options.epochs * math.ceil(images / options.batch_size)
        compile_by(options.settings(), model, options.learning_rate, steps)

    def _data(self, part, varied):
        """Returns a function from an image size to the batches of a part."""

        def at(image_size):
            images = self.images(image_size)
            return batches(
                getattr(images, part),
                len(images.names),
                image_size,
                self.options.batch_size,
                self.options.seed if varied else None,
            )

        return at

    def run(self, verbose):
        """Runs the trials that are left; returns the number of workers."""
        from keras_papers import tuner

        options = self.options
        keras.utils.set_random_seed(options.seed)
        make = {
            "random": tuner.RandomSearch,
            "grid": tuner.GridSearch,
            "bayesian": tuner.BayesianOptimization,
        }[options.oracle]
        more = {}
        if options.oracle == "bayesian":
            # KerasTuner draws three for each hyperparameter before it learns
            # from any, and a space may have dozens.
            more["num_initial_points"] = max(2, options.trials // 4)
        search = make(
            self.space,
            self.space.objective,
            max_trials=options.trials,
            seed=(options.seed + 1) % 2**32 or 1,  # 0 is random in KerasTuner
            directory=self.output,
            project_name=TRIALS,
            describe=lambda values: shortened(self.space.describe(values).text),
            **more,
        )
        with explains_lost_pictures():
            search.search(
                self._data("train", varied=True),
                validation_data=self._data("validation", varied=False),
                epochs=options.epochs,
                shuffle=False,  # `batches` shuffles
                verbose=verbose,
            )
        return search.workers
