"""What a search ends with: the best network, its files and the report."""

import math

from keras_papers.files.drafts import draft_of
from keras_papers.files.figures_json import write_json
from keras_papers.pipelines.data.split import SPLIT
from keras_papers.pipelines.report.report_folder import write_report
from keras_papers.pipelines.search.folder import TRIALS
from keras_papers.pipelines.search.page import render
from keras_papers.pipelines.search.report import SearchReport
from keras_papers.pipelines.search.verdict import of_search
from keras_papers.pipelines.variants.quantized import Material


def finish(search, workers, seconds, was_resumed, tune_again):
    """Writes the files of the best network; returns the report.

    Args:
        search: A `Search` whose trials have ended.
        workers: How many processes ran trials.
        seconds: Since it was started the last time.
        was_resumed: Whether that was not the first time.
        tune_again: Function from changed arguments to the command that
            searches with them.

    Raises:
        ValueError: If no trial converged.
    """
    from keras_papers import tuner

    options, space, output = search.options, search.space, search.output
    trials = tuner.trials(output, TRIALS)
    cost = "multiply_adds"
    if options.budget_latency_ms is not None:
        cost = "latency_ms"
    best = _best(trials, space.objective, cost, options.learning_rate)
    network = space.network(best.values)
    network.load_weights(
        output / TRIALS / f"trial_{best.trial}" / "checkpoint.weights.h5"
    )
    size = network.input_shape[1]
    images = search.images(size)
    material = Material(images, size, options.settings(), options.seed, 0)
    with draft_of(output / "best.keras") as draft:
        network.save(draft)
    with draft_of(output / "labels.txt") as draft:
        draft.write_text("\n".join(images.names) + "\n", encoding="utf-8")
    file = material.to_tflite(network, output / "best.tflite")
    files = output / "best.keras", file.path
    search.split().save_for(files, output / SPLIT)
    scores = network.predict(material.test(), verbose=0)
    report = SearchReport(
        space=options.space,
        varied=space.summary,
        model=options.space_options().model,
        classes=len(images.names),
        image_size=options.image_size,
        width=options.width,
        epochs=options.epochs,
        train_images=len(images.train),
        validation_images=len(images.validation),
        test_images=len(images.test),
        objective=space.objective,
        cost=cost,
        limit=options.budget_latency_ms or options.budget_madds,
        budget_madds=options.budget_madds,
        trials=trials,
        front=tuner.pareto_front(trials, cost),
        best=best,
        descriptions={
            each.trial: space.describe(each.values) for each in trials
        },
        table=space.table(best.values),
        blocks=space.blocks(best.values),
        code=space.as_code(best.values),
        test_accuracy=material.accuracy(scores),
        tflite_accuracy=material.accuracy(material.by_litert(file.path)),
        guessed_accuracy=images.test.commonest_share(),
        bytes=file.bytes,
        latency_ms=round(file.latency_ms, 3),
        seconds=round(seconds, 1),
        went_on=was_resumed,
        workers=workers,
        output=str(output),
        run=search.record,
    )
    report = report._replace(verdict=of_search(report, tune_again))
    _write(report, output)
    return report


def _best(trials, objective, cost, learning_rate):
    """Returns the trial with the highest objective, of equals the cheapest."""
    done = [
        each
        for each in trials
        if each.status == "COMPLETED" and _converged(each)
    ]
    if not done:
        raise ValueError(
            "`learning_rate` is the peak of the schedule and must be one with "
            f"which some trial converges. Received: "
            f"learning_rate={learning_rate!r}, with which no trial has a "
            "finite loss. Try 4e-3, in another folder."
        )
    return max(
        done, key=lambda each: (each.metrics[objective], -each.metrics[cost])
    )


def _converged(trial):
    """Returns whether the losses of a trial are finite."""
    losses = (trial.metrics.get(name, 0.0) for name in ("loss", "val_loss"))
    return all(map(math.isfinite, losses))


def _write(report, output):
    """Writes the report's files, beside those of the network."""
    from keras_papers.tuner.engine.trial_table import write_csv

    best = {
        "model": report.model,
        "values": report.best.values,
        "rows": [list(row) for row in report.table],
        "metrics": report.best.metrics,
    }
    write_json(output / "best.json", best)
    write_csv(report.trials, output / "trials.csv")
    write_report(report, lambda: render(report), output)
