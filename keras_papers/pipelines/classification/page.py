"""The page that a training ends with: figures, curves, mistakes."""

import math
from typing import NamedTuple

import numpy as np

from keras_papers.export.file_size import size_text
from keras_papers.extras import require
from keras_papers.pipelines.data.augmentation import DESCRIPTIONS
from keras_papers.pipelines.report.confusion import confusion, mix_ups
from keras_papers.pipelines.report.learning_curves import curves
from keras_papers.pipelines.report.page_graphics import percent
from keras_papers.pipelines.report.page_template import last_parts
from keras_papers.pipelines.report.page_text import (
    compared,
    in_time,
    in_words,
    plural,
)
from keras_papers.pipelines.report.sections import (
    Cell,
    Drawings,
    Figure,
    Page,
    Picture,
    Pictures,
    Row,
    Section,
    Table,
    division,
    left_out,
    to_html,
)
from keras_papers.pipelines.report.statistics import likely
from keras_papers.pipelines.report.thumbnails import data_uri
from keras_papers.pipelines.report.trade_offs import trade_offs

MISTAKES = 24  # pictures of wrong answers that are shown
UNSURE = 12  # pictures of right answers, where no answer is wrong


class Answers(NamedTuple):
    """Labelled images and the scores that a model predicted."""

    names: tuple  # of the classes
    labels: np.ndarray  # (images,), indices of names
    scores: np.ndarray  # (images, classes), probabilities
    files: tuple | None  # names of the image files, or None

    @property
    def predicted(self):
        """The indices of the predicted classes."""
        return np.argmax(self.scores, axis=-1)


class Seen(NamedTuple):
    """A training image as the network takes it."""

    pixels: np.ndarray  # uint8 (height, width, 3)
    name: str  # of its class


def render(report, history, answers, thumbnail, skipped=(), seen=()):
    """Renders the page of a training.

    Args:
        report: The `Report`.
        history: List with a dict for each epoch: "loss", "accuracy" and,
            where validation images were watched, "val_loss", "val_accuracy".
        answers: `Answers` on the images held out.
        thumbnail: Function from the index of such an image to its pixels, a
            uint8 array `(height, width, 3)`.
        skipped: Pairs of an image file that was left out and the reason.
        seen: List of `Seen`, some of the training images.

    Returns:
        The HTML text. The same arguments give the same text.

    Raises:
        MissingExtraError: If the extra `report` is not installed.
    """
    sections = [
        _curves(history),
        *_recipe(report.recipe),
        *_seen(report, seen),
        *_variants(report.variants),
        _confusion(answers),
        _pictures(answers, thumbnail),
        _classes(answers),
        *_skipped(skipped),
    ]
    accuracy = percent(report.accuracy, 2)
    return to_html(
        Page(
            title=f"{report.model}: {accuracy} right",
            over="Training report",
            heading=report.model,
            lead=f"Distinguishes {report.classes} classes of images, and is "
            f"right on {accuracy} of {report.test_images:,} images that it "
            "was not trained on.",
            emphasis=accuracy,
            figures=_figures(report),
            sections=sections,
            footer=_footer(report.variants),
            verdict=report.verdict,
        )
    )


def _taught(teacher):
    if teacher is None:
        return ""
    return (
        f"; its teacher, {teacher.file}, reaches "
        f"{percent(teacher.accuracy, 2)} on the same images"
    )


def _started(weights):
    return "" if weights is None else f", from the weights {weights}"


def _figures(report):
    low, high = likely(report.accuracy, report.test_images)
    return (
        Figure(
            "Accuracy",
            percent(report.accuracy, 2),
            f"of the Keras model; {low:.1%} to {high:.1%} is likely on new "
            "images of the same kind, and "
            f"{percent(report.guessed_accuracy, 2)} is reached by always "
            "saying the commonest class" + _taught(report.teacher),
        ),
        Figure(
            "Accuracy of the .tflite file",
            percent(report.tflite_accuracy, 2),
            "the file for the phone; "
            + compared(report.accuracy, report.tflite_accuracy),
        ),
        Figure("Size", size_text(report.bytes), "of the .tflite file"),
        Figure(
            "Latency",
            f"{report.latency_ms:.3g} ms",
            "for one image, on one thread of the computer that trained it",
        ),
        Figure(
            "Parameters",
            in_words(report.parameters),
            f"{report.parameters:,} numbers that training adjusts",
        ),
        Figure(
            "Multiply-adds",
            in_words(report.multiply_adds),
            f"for one image of {report.image_size} × {report.image_size} "
            "pixels",
        ),
        Figure(
            "Training time",
            in_time(report.training_seconds),
            f"for {plural(report.epochs, 'epoch')}"
            + _started(report.weights)
            + "; the model has the weights of "
            f"epoch {report.best_epoch}, {report.epoch_rule}",
        ),
        division(
            "Images",
            report.train_images,
            report.validation_images,
            report.test_images,
        ),
    )


def _curves(history):
    drawn = curves(history)
    if not drawn.items:
        return Section("curves", "How it learned", ["No epoch was recorded."])
    text = (
        "An epoch is one pass over all training images. Accuracy should rise "
        "and loss, the number that training makes small, should fall."
    )
    if drawn.items[0].key[1:]:
        text += (
            " Training images are varied at random and measured while the "
            "model still learns, so validation can look better."
        )
    return Section("curves", "How it learned", [text, drawn])


def _recipe(recipe):
    if recipe is None:
        return
    blocks = [f"Trained by the recipe of its paper: {recipe.text}."]
    if recipe.origin:
        blocks.append(f"Its source: {recipe.origin}.")
    for text, given in (
        ("What is not as in the paper: ", recipe.changes),
        ("What was left out: ", recipe.left_out),
    ):
        if given:
            blocks.append(text + "; ".join(given) + ".")
    yield Section("recipe", "The recipe", blocks)


def _seen(report, seen):
    if not seen:
        return
    size = f"{report.image_size} × {report.image_size}"
    text = (
        f"Some of the training images, of {size} pixels and varied as in the "
        f"training. Augmentation is {report.augmentation}: "
        f"{DESCRIPTIONS.get(report.augmentation)}. If you cannot recognize a "
        "class here, larger images or less augmentation may help."
    )
    pictures = [
        Picture(
            data_uri(each.pixels),
            f"Training image of {each.name}",
            [(each.name, "", "")],
        )
        for each in seen
    ]
    yield Section(
        "seen", "As the network sees them", [text, Pictures(pictures)]
    )


def _variants(variants):
    if not variants:
        return
    text = (
        "The same network with fewer or coarser numbers. The name of a file "
        "lists the steps that made it: pruned.qat means first pruned, then "
        "quantized with training. Accuracy is that of the file on the "
        "held-out images; in Python, it is that of the model that became the "
        "file, where there is one. Zipped is what an app's download grows by. "
        "Partitions are the parts of the graph that the fast kernels run; "
        "fewer are better."
    )
    heads = ["File", "Accuracy", "In Python", "Size", "Zipped", "Latency"]
    rows = [
        Row(
            [
                each.file,
                percent(each.tflite_accuracy, 2),
                "–" if each.accuracy is None else percent(each.accuracy, 2),
                size_text(each.bytes),
                size_text(each.zipped_bytes),
                f"{each.latency_ms:.3g} ms",
                str(each.partitions),
            ]
        )
        for each in variants
    ]
    table = Table(
        "Accuracy, size and latency of each file",
        [*heads, "Partitions"],
        rows,
        css="wide files",
        has_names=True,
        what="files",
    )
    drawn = Drawings(trade_offs(variants))
    yield Section("variants", "Smaller files", [text, drawn, table])


def _confusion(answers):
    metrics = require("sklearn.metrics", "report")
    counts = metrics.confusion_matrix(
        answers.labels, answers.predicted, labels=range(len(answers.names))
    )
    matrix, pairs = (
        confusion(answers.names, counts),
        mix_ups(answers.names, counts),
    )
    tested, mistakes = f"{len(answers.predicted):,}", f"{matrix.mistakes:,}"
    if pairs is None:
        blocks = [
            f"Nothing: all {tested} held-out images got the right answer."
        ]
    else:
        blocks = [
            f"{mistakes} of {tested} held-out images got a wrong answer. Most "
            "often:",
            pairs,
        ]
    if len(matrix.names) < matrix.classes:
        blocks.append(
            f"{matrix.classes:,} classes are too many for one table. These "
            f"are the {len(matrix.names)} that were mixed up most, with "
            f"{matrix.mistakes_shown:,} of the {mistakes} mistakes."
        )
    return Section("matrix", "What it mixes up", [*blocks, matrix])


def _pictures(answers, thumbnail):
    """Returns the surest mistakes, or without any the least sure answers."""
    predicted = answers.predicted
    scores = np.asarray(answers.scores, "float64")
    sure = scores[np.arange(len(predicted)), predicted]
    wrong = np.flatnonzero(predicted != answers.labels)
    if not len(wrong):
        shown = np.argsort(sure, kind="stable")[:UNSURE]
        title = "No mistakes"
        text = (
            f"Not one of the {len(predicted):,} held-out images got a "
            "wrong answer. These are the right answers that the model was "
            "least sure of."
        )
    else:
        shown = wrong[np.argsort(-sure[wrong], kind="stable")][:MISTAKES]
        title = "The worst mistakes"
        text = "All wrong answers, the one that the model was surest of first."
        if len(wrong) > len(shown):
            text = (
                f"The {len(shown)} wrong answers that the model was surest "
                "of, the surest first."
            )
        text += " Look here for wrong labels and bad pictures, too."
    pictures = []
    for index in shown:
        answer = answers.names[predicted[index]]
        expected = answers.names[answers.labels[index]]
        lines = [
            ("Predicted", percent(sure[index]), ""),
            (answer, "", "predicted"),
        ]
        alt = f"Image of {expected}, recognized"
        if len(wrong):
            alt = f"Image of {expected}, taken for {answer}"
            score = percent(scores[index, answers.labels[index]])
            lines += [("Expected", score, ""), (expected, "", "")]
        file = answers.files and last_parts(answers.files[index], 1)
        source = data_uri(thumbnail(int(index)))
        pictures.append(Picture(source, alt, lines, file))
    return Section("pictures", title, [text, Pictures(pictures)])


def _classes(answers):
    metrics = require("sklearn.metrics", "report")
    columns = metrics.precision_recall_fscore_support(
        answers.labels,
        answers.predicted,
        labels=range(len(answers.names)),
        zero_division=np.nan,
    )
    rows = [
        (name, int(images), *map(float, measures))
        for name, *measures, images in zip(answers.names, *columns, strict=True)
    ]
    rows.sort(key=lambda row: math.inf if math.isnan(row[-1]) else row[-1])
    table = Table(
        "Precision, recall, F1 and number of held-out images of each class",
        ["Class", "Images", "Precision", "Recall", "F1"],
        [
            Row(
                [
                    name,
                    f"{images:,}",
                    percent(precision),
                    percent(recall),
                    Cell(percent(f1), None if math.isnan(f1) else f1),
                ]
            )
            for name, images, precision, recall, f1 in rows
        ],
        has_names=True,
        what="classes",
    )
    text = (
        "Precision: of the images that the model called so, the share that "
        "were. Recall: of the images that were, the share that it found. F1 "
        "lies between the two, nearer to the lower one. The weakest class "
        "comes first."
    )
    return Section("classes", "Class by class", [text, table])


def _skipped(skipped):
    if not skipped:
        return
    them = "it" if len(skipped) == 1 else "them"
    count = "One file" if len(skipped) == 1 else plural(len(skipped), "file")
    yield left_out(
        [(last_parts(file, 2), reason) for file, reason in skipped],
        f"{count} could not be read, and the model has seen nothing of {them}.",
    )


def _footer(variants):
    text = (
        "Made by keras-papers. The model lies beside this page: model.keras "
        "for Python, model.tflite for a phone, labels.txt with the names of "
        "the classes."
    )
    smaller = [file for each in variants[1:] for file in each.files()]
    return text + (f" Smaller files: {', '.join(smaller)}." if smaller else "")
