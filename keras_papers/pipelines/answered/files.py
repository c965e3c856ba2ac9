"""The .tflite files of a model, written and measured."""

import math
import pathlib

import keras

from keras_papers import export, quantization
from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.answered.load import load_as_trained
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
    if options.quantize != "int8":
        file = to_tflite(
            model, predictor, output, options.quantize, **conversion
        )
        pass_on(split, output, path)
        return str(output), file, None, None, None
    answers = load_as_trained(task, options, predictor, path)
    images, reader = answers.images, answers.reader
    floats = task.measure(predictor, images.test, reader).score
    if math.isnan(floats):
        raise ValueError(
            f"`max_drop` is the {task.score.name} that an int8 file may lose, "
            "and the file is not written. Received: held-out pictures whose "
            f"{task.answers} show no class, by which nothing can be "
            "measured. Take a folder whose held-out pictures show one, or "
            "quantize='dynamic' (--quantize dynamic)."
        )
    seed = 0 if split is None else split.seed
    with draft_of(output) as draft:
        file = to_tflite(
            model, predictor, draft, "int8", images, seed, **conversion
        )
        made = task.open_file(draft)
        ints = task.measure(made, images.test, reader).score
        if not floats - ints <= options.max_drop:
            raise ValueError(
                f"`max_drop` is the {task.score.name} that an int8 file may "
                "lose, and the file is not written. Received: max_drop="
                f"{options.max_drop:g}, and {floats:.2%} became {ints:.2%}. "
                "Train longer, take quantize='dynamic' (--quantize dynamic), "
                "or pass a larger max_drop (--max-drop)."
            )
    pass_on(split, output, path)
    file = file._replace(path=pathlib.Path(output))
    return str(output), file, len(images.test), floats, ints


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
        few = some_of_each_class(images.train, REPRESENTATIVE, seed)
        pixels = pictures_of(images.train, few, predictor.size)
        conversion["representative_data"] = pixels
    if images is not None:
        few = range(min(COMPARED, len(images.test)))
        conversion["images"] = pictures_of(images.test, few, predictor.size)
    labels = list(predictor.labels)
    return export.to_tflite(model, path, labels, quantize, **conversion)


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
    files = []
    for quantize in (None, options.quantize)[: 1 + bool(options.quantize)]:
        ending = f".{quantize}.tflite" if quantize else ".tflite"
        path = state / f"model{ending}"
        images, conversion, written = answers.images, {}, model
        if quantize == "qat":
            written = _as_integers(task, model, predictor, answers, options)
            conversion = {"task": task.file_task(model)}
        file = to_tflite(
            written,
            predictor,
            path,
            "int8" if quantize == "int8" else None,
            images,
            options.seed,
            **conversion,
        )
        scores = task.file_scores(path, images.test, answers.reader)
        latency = round(file.latency_ms, 3)
        files.append(
            task.file_row(
                path.name, *scores, file.bytes, latency, file.partitions
            )
        )
    return files


def _as_integers(task, model, predictor, answers, options):
    """Returns a model of tf_keras, trained further as integers compute."""
    images = answers.images
    few = some_of_each_class(images.train, REPRESENTATIVE, options.seed)
    pixels = pictures_of(images.train, few, predictor.size)
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
