"""A search for the network that suits images under a budget."""

import pathlib
import sys
import time

from keras_papers import export
from keras_papers.files.figures_json import write_json
from keras_papers.pipelines.data.images import explains_lost_pictures
from keras_papers.pipelines.data.split import SPLIT
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.report.labelled_lines import labelled
from keras_papers.pipelines.search.folder import (
    PLAN,
    POINTS,
    TRIALS,
    check_folder,
    check_plan,
    clear,
)
from keras_papers.pipelines.search.options import SearchOptions
from keras_papers.pipelines.search.report import LABEL
from keras_papers.pipelines.search.result import finish
from keras_papers.pipelines.search.trials import Search
from keras_papers.pipelines.training.compilation_cache import (
    use_compilation_cache,
)
from keras_papers.pipelines.training.output_folder import (
    beside,
    claim,
    make_output,
    releases_claims,
)
from keras_papers.pipelines.training.run_record import run_record
from keras_papers.pipelines.training.started_with import (
    read_arguments,
    write_arguments,
)
from keras_papers.tuner.spaces.names import SPACES

PROCESS = "keras_papers.pipelines.search.process"


@releases_claims
@takes(SearchOptions)
def tune(options):
    """Searches for the network that suits images under a budget.

    Each trial trains one network for `epochs` and is judged by images that it
    was not trained on. Other images are held out from the whole search; the
    report gives the accuracy of the best network on them. Points that exceed
    the budget are excluded before a trial is spent on them. A search that was
    stopped is resumed when it is started again with the same arguments.

    `output` then holds `best.keras`, `best.tflite` and `best.json`,
    `labels.txt`, `split.json`, `trials.csv`, `report.json` and, with the extra
    `report`, `report.html`. `split.json` lists the pictures of each part with
    their hashes, by which `evaluate` and `quantize` recognize them.

    Args:
        data: Folder of images, as `train` takes it. Without folders `val` and
            `test`, trials are judged by a fifth of the images to train on.
            Defaults to None: scikit-learn's digits.
        space: Name of a search space, one of `tuner.spaces.names.SPACES` or
            one that `tuner.register_space` registered.
        model: Name of the network that is scaled or changed. Defaults to
            None: the `default_model` of the space.
        budget_madds: Positive float. The most multiply-adds of an image.
        budget_latency_ms: Positive float. The most milliseconds of an image,
            of the .tflite file on one thread. For a space with a reward it is
            the target T of ACC * (LAT / T) ** -0.07, which is maximized.
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
        overwrite: Whether to replace an earlier search in `output`.
        seed: Int. Draws the held-out images and the points.
        verbose: As in `keras.Model.fit`.

    Returns:
        A `SearchReport`, which prints as a table; its `code` is Python that
        builds the best network. None in a worker, which the environment
        variables of KerasTuner make of this process.

    Raises:
        ValueError: If an argument is out of its range, nothing fits the
            budget, or `output` is taken.
        SearchFailedError: If no trial was completed.
        MissingExtraError: If the extra `mobile` or `tuner` is not installed.
    """
    from keras_papers import tuner
    from keras_papers.tuner.engine import chief
    from keras_papers.tuner.engine.search import claim as claim_trials

    export.check_environment()
    use_compilation_cache()
    plan, workers = options.plan(), options.workers
    overwrite, verbose = options.overwrite, options.verbose
    start = time.perf_counter()
    output = pathlib.Path(options.output)
    searched = Search(options, output)
    searched.record = run_record("tune", options)
    if tuner.is_worker():
        make_output(output)
        # Machines may have the images at different places.
        check_plan(plan, read_arguments(output / PLAN), ("data",))
        searched.check_pictures()
        searched.run(verbose)
        return None
    if workers == 1 and chief.is_chief():
        chief.check_address()
    searched.images(options.image_size)  # before an earlier search is replaced
    is_made = not output.exists()
    claim(output)
    lock = claim_trials(output / TRIALS)
    try:
        check_folder(plan, output, overwrite)
        was_resumed = not overwrite and (output / PLAN).exists()
        searched.is_new = not was_resumed
        if was_resumed:
            searched.check_pictures()
        points = searched.points()
        if overwrite:  # only now: the new search is known to have points
            clear(output)
        if not was_resumed or not (output / SPLIT).exists():
            searched.split().save(output / SPLIT)
        write_json(output / POINTS, points)
        write_arguments(output / PLAN, plan)
    except BaseException:
        if is_made:
            pathlib.Path(lock.lock_file).unlink(missing_ok=True)
        lock.release(force=True)  # else a notebook would keep it
        raise
    if verbose:
        size = f"{options.image_size} x {options.image_size} before scaling"
        line = labelled([("image size", f"{size} (--image-size)")], LABEL)
        print(line, flush=True)
    if workers == 1:
        workers = searched.run(verbose)  # more if they are elsewhere
    else:
        lock.release(force=True)  # for the chief
        module = SPACES[options.space].home.rpartition(".")[0]
        command = [sys.executable, "-m", PROCESS, str(output), module]
        tuner.launch(
            command,
            workers,
            log_folder=output / "logs",
            chief_to_log=verbose == 0,
            environment={"TF_CPP_MIN_LOG_LEVEL": "3"},
        )
    with explains_lost_pictures():
        return finish(
            searched,
            workers,
            time.perf_counter() - start,
            was_resumed,
            options.replace(output=beside(output)).command_with("tune"),
        )
