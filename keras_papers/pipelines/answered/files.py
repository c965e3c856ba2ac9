"""The .tflite files of a model, written and measured."""

import math
import pathlib

import keras

from keras_papers import export, quantization
from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.answered.load import load_as_trained
from keras_papers.pipelines.answered.options import (
    FLOATS,
    INTEGERS,
    TRAINED_INTEGERS,
)
from keras_papers.pipelines.data.image_set import some_of_each_class
from keras_papers.pipelines.data.pictures_of import pictures_of
from keras_papers.pipelines.data.split import pass_on, split_beside
from keras_papers.pipelines.models.classifier_file import (
    labels_beside,
    load_keras,
)
from keras_papers.pipelines.variants.quantized import (
    FEWEST_EPOCHS,
    RATE,
    SHARE,
)

REPRESENTATIVE = 100  # training pictures that the ranges of int8 are of
COMPARED = 8  # held-out pictures on which a file is compared with Keras


def export_model(task, options):
    """Writes a .keras file as .tflite, and measures one of integers.

    Args:
        task: The `Task`.
        options: Its `ExportOptions`.

    Returns:
        The path of the file, its `TFLiteFile`, the number of held-out pictures
        on which int8 is measured, and the scores there of the model and of the
        file; None of these where it is not.

    Raises:
        ValueError: If the score cannot be measured, or the file loses more of
            it than `max_drop`.
    """
    path, output = pathlib.Path(options.model), options.file
    model = load_keras(path)
    predictor = task.of_model(model, labels_beside(path), path)
    conversion = task.conversion(model, options)
    split = split_beside(path)
    if options.quantize == "int8":
        answers = load_as_trained(task, options, predictor, path)
        seed = 0 if split is None else split.seed
        file, *measured = _export_integers(
            task, model, predictor, answers, options, seed, conversion
        )
    else:
        measured = None, None, None
        file = to_tflite(
            model, predictor, output, options.quantize, **conversion
        )
    pass_on(split, output, path)
    return str(output), file, *measured


def _export_integers(
    task, model, predictor, answers, options, seed, conversion
):
    """Writes a file unless it loses too much; returns it and the scores."""
    images, output = answers.images, options.file
    floats = task.measure(predictor, images.test, answers.reader).score
    if math.isnan(floats):
        raise ValueError(
            f"`max_drop` is the {task.score.name} that an int8 file may lose, "
            "and the file is not written. Received: held-out pictures whose "
            f"{task.answers} show no class, by which nothing can be "
            "measured. Take a folder whose held-out pictures show one, or "
            "quantize='dynamic' (--quantize dynamic)."
        )
    with draft_of(output) as draft:
        file = to_tflite(
            model, predictor, draft, "int8", images, seed, **conversion
        )
        made = task.open_file(draft)
        ints = task.measure(made, images.test, answers.reader).score
        if not floats - ints <= options.max_drop:
            raise ValueError(
                f"`max_drop` is the {task.score.name} that an int8 file may "
                "lose, and the file is not written. Received: max_drop="
                f"{options.max_drop:g}, and {floats:.2%} became {ints:.2%}. "
                "Train longer, take quantize='dynamic' (--quantize dynamic), "
                "or pass a larger max_drop (--max-drop)."
            )
    return file._replace(path=output), len(images.test), floats, ints


def to_tflite(
    model, predictor, path, quantize, images=None, seed=0, **conversion
):
    """Writes a .tflite file with labels; returns the `TFLiteFile`.

    Args:
        model: The Keras model.
        predictor: The same as its task opens it.
        path: Where to write.
        quantize: As in `export.to_tflite`.
        images: `ImageSet` that the ranges of int8 are measured on, and on
            which the file must answer as the model does; by default random
            pictures.
        seed: Draws the pictures of the ranges.
        **conversion: Further arguments of `export.to_tflite`.
    """
    if quantize == "int8":
        pixels = _representative(images.train, predictor, seed)
        conversion["representative_data"] = pixels
    if images is not None:
        few = range(min(COMPARED, len(images.test)))
        conversion["images"] = pictures_of(images.test, few, predictor.size)
    labels = list(predictor.labels)
    return export.to_tflite(model, path, labels, quantize, **conversion)


def _representative(train, predictor, seed):
    """Returns pictures of each class, by which ranges are measured."""
    few = some_of_each_class(train, REPRESENTATIVE, seed)
    return pictures_of(train, few, predictor.size)


def write_files(task, model, predictor, answers, state, options):
    """Writes the files of a training, and measures them.

    Args:
        task: The `Task`.
        model: The trained Keras model.
        predictor: The same as its task opens it.
        answers: The `AnsweredSet`.
        state: Folder to write to.
        options: The `TrainOptions`.

    Returns:
        A list of what the task writes of a file.
    """
    images, seed = answers.images, options.seed
    files = [to_tflite(model, predictor, state / FLOATS, None, images)]
    if options.quantize == "int8":
        path = state / INTEGERS
        files.append(to_tflite(model, predictor, path, "int8", images, seed))
    elif options.quantize == "qat":
        aware = _as_integers(task, model, predictor, answers, options)
        does = task.file_task(model)
        path = state / TRAINED_INTEGERS
        files.append(to_tflite(aware, predictor, path, None, images, task=does))
    return [
        task.file_row(
            file.path.name,
            *task.file_scores(file.path, images.test, answers.reader),
            file.bytes,
            round(file.latency_ms, 3),
            file.partitions,
        )
        for file in files
    ]


def _as_integers(task, model, predictor, answers, options):
    """Returns a model of tf_keras, trained further as integers compute."""
    images = answers.images
    pixels = _representative(images.train, predictor, options.seed)
    aware = quantization.quantize_aware(model, pixels)
    # A resumed training draws what it would have drawn.
    keras.utils.set_random_seed(options.seed)
    seed = options.seed + options.epochs
    quantization.fine_tune(
        aware,
        task.batches(answers, options, images.train, seed, images.redraw),
        max(FEWEST_EPOCHS, math.ceil(SHARE * options.epochs)),
        learning_rate=RATE * options.learning_rate,
        loss=task.loss(model),
        metrics=[],
        verbose=options.verbose,
    )
    return aware


def exported_text(made, score):
    """Returns what is printed of an exported file, a line or two.

    Args:
        made: Tuple of what `export_model` returned.
        score: Name of the scores.
    """
    _, file, images, floats, ints = made
    if images is None:
        return str(file)
    return (
        f"{file}\n{score} {floats:.2%} in Keras, {ints:.2%} in the file, on "
        f"{images:,} held-out pictures"
    )
