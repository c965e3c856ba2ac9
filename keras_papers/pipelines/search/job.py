"""Images in, the scaling or the architecture that suits them out."""

import functools
import math
import os
import pathlib
import sys
import time

import keras

from keras_papers import export
from keras_papers.checks import check_choice, check_positive_int
from keras_papers.extras import MissingExtraError
from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.data.images import (
    batches,
    load_digits,
    told_of_lost_pictures,
)
from keras_papers.pipelines.data.picture_folder import load_folder
from keras_papers.pipelines.data.split import SPLIT, load_split, split_of
from keras_papers.pipelines.report.commands import beside, command_of
from keras_papers.pipelines.search.folder import (
    PLAN,
    POINTS,
    TRIALS,
    check_folder,
    check_same,
    clear,
    read_json,
    write_json,
)
from keras_papers.pipelines.search.page import render
from keras_papers.pipelines.search.plan import MODELS, SearchPlan
from keras_papers.pipelines.search.report import SearchReport, shortened
from keras_papers.pipelines.training.compilation_cache import (
    use_compilation_cache,
)
from keras_papers.pipelines.training.loop import compile_by
from keras_papers.pipelines.training.output_folder import (
    check_places,
    claim,
    make_output,
    releases_claims,
)
from keras_papers.pipelines.training.run_record import run_record
from keras_papers.pipelines.training.verdict import of_search
from keras_papers.pipelines.variants.quantized import Material

# Of what is not tested on: trials are chosen by it, and not only watched.
VALIDATION_SHARE = 0.2
PROCESS = "keras_papers.pipelines.search.process"
SHARES = (1.0, 0.857, 0.714, 0.571)  # of the image size: 224, 192, 160, 128


@releases_claims
def tune(
    data=None,
    space="compound",
    model=None,
    *,
    budget_madds=None,
    budget_latency_ms=None,
    trials=20,
    workers=1,
    epochs=10,
    image_size=48,
    width=1.0,
    oracle="random",
    batch_size=64,
    learning_rate=4e-3,
    weight_decay=1e-2,
    label_smoothing=0.1,
    output="keras_papers_search",
    strict=False,
    overwrite=False,
    seed=0,
    verbose="auto",
):
    """Searches for the network that suits images under a budget.

    Each trial trains one network for `epochs` and is judged by images that it
    was not trained on; others are held out from the whole search, and what
    the best network reaches on them is told in the end. What does not fit the
    budget is left out before a trial is spent on it. A search that was
    stopped goes on when it is started again with the same arguments.

    `output` then holds `best.keras`, `best.tflite` and `best.json`,
    `labels.txt`, `split.json`, `trials.csv`, `report.json` and, with the extra
    `report`, `report.html`. `split.json` lists the pictures of each part with
    their hashes, by which `evaluate` and `quantize` know them.

    Args:
        data: Folder of images, as `train` takes it. Without folders `val` and
            `test`, trials are judged by a fifth of the images to train on.
            Defaults to None: scikit-learn's digits.
        space: `"compound"`, the grid of depth, width and resolution of
            EfficientNet; `"width-resolution"`, MobileNet's two multipliers;
            or `"mnas"`, MnasNet's operations, kernels and numbers of layers.
        model: Name of the network that is scaled or changed. Defaults to
            None: `"EfficientNetB0"`, `"MobileNet"` or `"MnasNetA1"`.
        budget_madds: Positive float. The most multiply-adds of an image.
        budget_latency_ms: Positive float. The most milliseconds of an image,
            of the .tflite file on one thread; for `"mnas"` the target T of
            the paper's reward, ACC * (LAT / T) ** -0.07, which is maximized.
        trials: Positive int. Defaults to 20; fewer if the space has fewer.
        workers: Positive int. Processes that run trials side by side.
        epochs: Positive int. Of each trial. Defaults to 10.
        image_size: Int of at least 32. Height and width of the images that
            the unscaled network takes. Defaults to 48.
        width: Positive float. Factor on the channels of the unscaled network.
        oracle: KerasTuner's: `"random"`, `"grid"` or `"bayesian"`.
        batch_size: Positive int. Defaults to 64.
        learning_rate: Positive float. Peak of the schedule.
        weight_decay: Positive float. Of the kernels.
        label_smoothing: Float in [0, 1).
        output: Folder for the files; made where it does not exist.
        strict: Whether a picture that cannot be read is an error.
        overwrite: Whether an earlier search in `output` gives way.
        seed: Int. Draws the held-out images and the points.
        verbose: As in `keras.Model.fit`.

    Returns:
        A `SearchReport`, which prints as a table; None of a worker, which
        the environment variables of KerasTuner make of this process.

    Raises:
        ValueError: If an argument is out of its range, nothing fits the
            budget, or `output` is taken.
        SearchFailedError: If no trial was completed.
        MissingExtraError: If the extra `mobile` or `tuner` is not installed.
    """
    arguments = dict(locals())
    from keras_papers import tuner
    from keras_papers.tuner.engine import chief
    from keras_papers.tuner.engine.search import claim as claim_trials

    export.check_environment()
    use_compilation_cache()
    check_places(data, output)
    check_choice("space", space, tuple(MODELS), "what is searched")
    plan = SearchPlan(
        None if data is None else os.path.abspath(data),
        space,
        MODELS[space] if model is None else model,
        budget_madds,
        budget_latency_ms,
        trials,
        epochs,
        image_size,
        width,
        oracle,
        batch_size,
        learning_rate,
        weight_decay,
        label_smoothing,
        strict,
        seed,
    )
    plan.check()
    check_positive_int("workers", workers, "a number", "Try 2.")
    start = time.perf_counter()
    output = pathlib.Path(output)
    searched = Search(plan, output)
    searched.record = run_record("tune", arguments)
    if tuner.is_worker():
        make_output(output)
        check_same(plan, read_json(output / PLAN), ("trials", "data"))
        searched.check_pictures()
        searched.run(verbose)
        return None
    if workers == 1 and chief.is_chief():
        chief.check_address()
    searched.images(image_size)  # or an earlier search gave way for nothing
    is_made = not output.exists()
    claim(output)
    lock = claim_trials(output / TRIALS)
    try:
        check_folder(plan, output, overwrite)
        went_on = not overwrite and (output / PLAN).exists()
        searched.is_new = not went_on
        if went_on:
            searched.check_pictures()
        points = searched.points()
        if overwrite:  # now that the new search is known to have some
            clear(output)
        if not went_on or not (output / SPLIT).exists():
            searched.split().save(output / SPLIT)
        write_json(output / POINTS, points)
        write_json(output / PLAN, plan._asdict())
    except BaseException:
        if is_made:
            pathlib.Path(lock.lock_file).unlink(missing_ok=True)
        lock.release(force=True)  # or a notebook, which goes on, would keep it
        raise
    if verbose:
        size = f"{image_size} x {image_size} before scaling (--image-size)"
        print(f"{'image size':20} {size}", flush=True)
    if workers == 1:
        workers = searched.run(verbose)  # more if they are elsewhere
    else:
        lock.release(force=True)  # for the chief
        command = [sys.executable, "-m", PROCESS, str(output)]
        tuner.launch(
            command,
            workers,
            log_folder=output / "logs",
            chief_to_log=verbose == 0,
            environment={"TF_CPP_MIN_LOG_LEVEL": "3"},  # no greetings
        )
    with told_of_lost_pictures():
        seconds = time.perf_counter() - start
        return searched.finish(workers, seconds, went_on)


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
        from keras_papers.tuner.spaces.width_and_resolution import ALPHAS

        plan = self.plan
        needs_latency = plan.budget_latency_ms is not None
        latency = (
            tuner.LiteRTLatency(cache=self.output / "latencies.json")
            if needs_latency
            else None
        )
        limits = tuner.Limits(plan.budget_madds)
        common = {
            "latency": latency,
            "compile": self._compile,
            "classes": len(self.images(plan.image_size).names),
            "include_preprocessing": True,
        }
        if plan.space == "mnas":
            reward = None
            if needs_latency:
                reward = tuner.Reward(plan.budget_latency_ms)
            return tuner.MnasSpace(
                plan.model,
                input_shape=(plan.image_size, plan.image_size, 3),
                alpha=plan.width,
                limits=limits,
                reward=reward,
                **common,
            )
        limits = limits._replace(latency_ms=plan.budget_latency_ms)
        known = None if self.is_new else read_json(self.output / POINTS)
        if plan.space == "compound":
            return tuner.CompoundScaling(
                plan.model,
                size=plan.image_size,
                width=plan.width,
                limits=limits,
                known=known,
                **common,
            )
        return tuner.WidthAndResolution(
            plan.model,
            alphas=[plan.width * alpha for alpha in ALPHAS],
            sizes=_sizes(plan.image_size),
            limits=limits,
            known=known,
            **common,
        )

    def points(self):
        """Returns which points fit the budget, for no process to count twice.

        Raises:
            ValueError: If none does.
        """
        listed = getattr(self.space, "points", ())  # mnas has too many
        return {point.label: point.costs for point in listed}

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
            # KerasTuner draws three for each hyperparameter, of which mnas has
            # 42, before it learns from any.
            more["num_initial_points"] = max(2, plan.trials // 4)
        search = make(
            self.space,
            plan.objective(),
            max_trials=plan.trials,
            seed=(plan.seed + 1) % 2**32 or 1,  # of 0 KerasTuner draws one
            directory=self.output,
            project_name=TRIALS,
            told=shortened,
            **more,
        )
        with told_of_lost_pictures():
            search.search(
                self._data("train", varied=True),
                validation_data=self._data("validation", varied=False),
                epochs=plan.epochs,
                shuffle=False,  # `batches` did
                verbose=verbose,
            )
        return search.workers

    def finish(self, workers, seconds, went_on):
        """Writes what was found; returns the report.

        Args:
            workers: How many ran trials.
            seconds: Since it was started the last time.
            went_on: Whether that was not the first.
        """
        from keras_papers import tuner

        plan, output = self.plan, self.output
        found = tuner.trials(output, TRIALS)
        objective = plan.objective()
        done = [
            each
            for each in found
            if each.status == "COMPLETED" and _converged(each)
        ]
        if not done:
            raise ValueError(
                "`learning_rate` is the peak of the schedule, with which some "
                f"trial must converge. Received: learning_rate="
                f"{plan.learning_rate!r}, of which every loss became no number."
                " Try 4e-3, in another folder."
            )
        cost = "multiply_adds"
        if plan.budget_latency_ms is not None:
            cost = "latency_ms"
        best = max(  # the cheapest of equal ones
            done, key=lambda t: (t.metrics[objective], -t.metrics[cost])
        )
        network = self.space.network(best.values)
        network.load_weights(
            output / TRIALS / f"trial_{best.trial}" / "checkpoint.weights.h5"
        )
        size = network.input_shape[1]
        images = self.images(size)
        material = Material(images, size, plan.recipe(), plan.seed, 0)
        with draft_of(output / "best.keras") as draft:
            network.save(draft)
        with draft_of(output / "labels.txt") as draft:
            draft.write_text("\n".join(images.names) + "\n", encoding="utf-8")
        file = material.to_tflite(network, output / "best.tflite")
        files = output / "best.keras", file.path
        self.split().save_for(files, output / SPLIT)
        scores = network.predict(material.test(), verbose=0)
        report = SearchReport(
            space=plan.space,
            model=plan.model,
            classes=len(images.names),
            image_size=plan.image_size,
            width=plan.width,
            epochs=plan.epochs,
            train_images=len(images.train),
            validation_images=len(images.validation),
            test_images=len(images.test),
            objective=objective,
            cost=cost,
            limit=plan.budget_latency_ms or plan.budget_madds,
            budget_madds=plan.budget_madds,
            trials=found,
            front=tuner.pareto_front(found, cost),
            best=best,
            table=(
                list(tuner.rows(best.values)) if plan.space == "mnas" else []
            ),
            test_accuracy=material.accuracy(scores),
            tflite_accuracy=material.accuracy(material.by_litert(file.path)),
            guessed_accuracy=images.test.commonest_share(),
            bytes=file.bytes,
            latency_ms=round(file.latency_ms, 3),
            seconds=round(seconds, 1),
            went_on=went_on,
            workers=workers,
            output=str(output),
            run=self.record,
        )
        again = functools.partial(
            command_of,
            "tune",
            tune,
            {**plan._asdict(), "output": beside(output)},
        )
        report = report._replace(verdict=of_search(report, again))
        self._write(report)
        return report

    def _write(self, report):
        from keras_papers.tuner.engine.trial_table import write_csv

        best = {
            "model": report.model,
            "values": report.best.values,
            "rows": [list(row) for row in report.table],
            "metrics": report.best.metrics,
        }
        write_json(self.output / "best.json", best)
        write_csv(report.trials, self.output / "trials.csv")
        try:
            with draft_of(self.output / "report.html") as draft:
                draft.write_text(render(report), encoding="utf-8")
        except MissingExtraError:
            pass  # the page is left out; all of its figures are in the others
        report.save(self.output / "report.json")


def _converged(trial):
    """Tells whether the losses of a trial are numbers."""
    losses = (trial.metrics.get(name, 0.0) for name in ("loss", "val_loss"))
    return all(map(math.isfinite, losses))


def _sizes(image_size):
    """Returns the shares of MobileNet's table 7 of an image size."""
    return sorted({max(32, round(image_size * share)) for share in SHARES})
