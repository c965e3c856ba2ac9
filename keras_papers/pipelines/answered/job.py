"""Pictures with answers in; a model, its files and a report out."""

import inspect
import os

import keras

from keras_papers import applications, cost, export
from keras_papers.pipelines.answered.files import write_files
from keras_papers.pipelines.answered.load import load
from keras_papers.pipelines.answered.options import FILES
from keras_papers.pipelines.answered.start import start_lines
from keras_papers.pipelines.answered.task import Shown
from keras_papers.pipelines.answered.verdict import of_training
from keras_papers.pipelines.data.answered_set import answers_in_a_line
from keras_papers.pipelines.data.images import explains_lost_pictures
from keras_papers.pipelines.data.split import SPLIT, split_of
from keras_papers.pipelines.options import RESULT
from keras_papers.pipelines.report.report_folder import (
    write_history,
    write_report,
)
from keras_papers.pipelines.training.compilation_cache import (
    use_compilation_cache,
)
from keras_papers.pipelines.training.loop import (
    epochs_done,
    rising_and_falling,
)
from keras_papers.pipelines.training.output_folder import beside, claim
from keras_papers.pipelines.training.run_record import run_record
from keras_papers.pipelines.training.stages import fit_stage
from keras_papers.pipelines.training.training_folder import TrainingFolder
from keras_papers.quantization.legacy import load_tfmot


def train(task, options):
    """Trains the network of a task, through kills and second starts.

    Args:
        task: The `Task`.
        options: Its `TrainOptions`.

    Returns:
        The report, of the type that the task names.
    """
    export.check_environment()
    if options.quantize == "qat":
        load_tfmot()  # before the training, not at its end
    use_compilation_cache()
    # Built once only to check the arguments before pictures are read.
    build(options, classes=2)
    claim(options.output)
    answers = load(
        task,
        options.data,
        options.size,
        options.seed,
        options,
        strict=options.strict,
    )
    images, rows = answers.images, task.start_rows(answers, options)
    run = run_record(f"{task.verb} train", options)
    split = split_of(images, options.data, options.seed, run)
    keras.utils.set_random_seed(options.seed)
    network = build(
        options,
        classes=len(images.names),
        weights_backbone=options.weights_backbone,
    )
    folder = TrainingFolder(
        options.output,
        {
            **options.of_scope(RESULT),
            "data": options.data and os.path.abspath(options.data),
            "image_size": options.size,
            "augment": options.variation,
            "classes": images.names,
            "images": split.in_a_line(),
            task.answers: answers_in_a_line(images),
        },
        options.overwrite,
        task.options,
        FILES,
    )
    if options.verbose:
        print(start_lines(task, answers, options, rows), flush=True)
    with folder.explains_how_to_resume(), explains_lost_pictures():
        report = _train(task, network, answers, folder, options, run)
        models = [folder.state / name for name in FILES if "model" in name]
        models = [path for path in models if path.exists()]
        split.save_for(models, folder.state / SPLIT)
        folder.finish()
    return report


def build(options, **arguments):
    """Builds the network of a training, at a width if it has several.

    Args:
        options: The `TrainOptions`.
        **arguments: Further arguments of the constructor.
    """
    constructor = applications.get(options.model)
    if "alpha" in inspect.signature(constructor).parameters:
        arguments["alpha"] = options.alpha
    elif options.alpha != 1:
        raise ValueError(
            "`alpha` is the width of a network that has several. Received: "
            f"alpha={options.alpha:g}, and {options.model} has one. Leave "
            "alpha (--alpha) out."
        )
    shape = (options.size, options.size, 3)
    return constructor(input_shape=shape, **arguments)


def fit(task, network, answers, folder, options):
    """Trains a network, from where the state in `folder` ends.

    Args:
        task: The `Task`.
        network: The network. It gets the weights of the epoch with the lowest
            validation loss.
        answers: The `AnsweredSet`.
        folder: The `StateFolder` of this training.
        options: The `TrainOptions`.

    Returns:
        What was `Trained`, and a copy of the network, without the optimizer,
        which would triple the file of the model.
    """
    images = answers.images
    seed = options.seed + epochs_done(folder)
    data = task.batches(answers, options, images.train, seed, images.redraw)
    steps = len(data)
    schedule = rising_and_falling(options.learning_rate, options.epochs * steps)
    network.compile(
        keras.optimizers.Adam(schedule),
        **task.compiled(network, len(images.names)),
    )
    trained = fit_stage(
        network,
        data,
        task.batches(answers, options, images.validation),
        folder,
        options.epochs,
        options.learning_rate,
        steps,
        verbose=options.verbose,
        shuffle=False,  # the batches are
    )
    model = type(network).from_config(network.get_config())
    model.set_weights(network.get_weights())
    return trained, model


def _train(task, network, answers, folder, options, run):
    images, state = answers.images, folder.state
    stage = folder.stage(task.model)
    trained, model = fit(task, network, answers, stage, options)
    write_history(trained.history, state)
    model.save(state / "model.keras")
    (state / "labels.txt").write_text(
        "\n".join(images.names) + "\n", encoding="utf-8"
    )
    predictor = task.of_model(model, images.names)
    measured = task.measure(predictor, images.test, answers.reader)
    files = write_files(task, model, predictor, answers, state, options)
    costs = cost.count(model)
    report = task.report(
        model=f"{options.model}(alpha={options.alpha})",
        image_size=options.size,
        epochs=len(trained.history),
        best_epoch=trained.best_epoch,
        epoch_rule=trained.rule,
        augmentation=options.variation,
        train_images=len(images.train),
        validation_images=len(images.validation),
        test_images=len(images.test),
        skipped_files=len(images.skipped),
        **task.figures(measured, answers),
        files=files,
        parameters=costs.parameters,
        multiply_adds=costs.multiply_adds,
        training_seconds=sum(row["seconds"] for row in trained.history),
        output=str(folder.path),
        verdict=[],
        run=run,
    )
    again = options.replace(output=beside(options.output))
    command = again.command_with(f"{task.verb} train")
    report = report._replace(
        verdict=of_training(task, report, options, command)
    )
    shown = Shown(predictor, answers, measured, trained.history)
    write_report(report, lambda: task.render(task, report, shown), state)
    return report
