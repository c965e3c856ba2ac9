"""Prediction and evaluation by a finished classifier."""

import os
import warnings
from typing import NamedTuple

import numpy as np

from keras_papers.extras import require
from keras_papers.pipelines.classification.options import (
    EvaluateOptions,
    PredictOptions,
)
from keras_papers.pipelines.classification.prediction_files import (
    SHOWN,
    write_page,
    write_table,
)
from keras_papers.pipelines.data.picture_folder import load_test_folder
from keras_papers.pipelines.data.picture_list import list_pictures
from keras_papers.pipelines.data.pictures import read_picture, reason_of
from keras_papers.pipelines.data.split import (
    Seen,
    described,
    split_beside,
    unseen,
)
from keras_papers.pipelines.models.classifier_file import (
    open_classifier,
)
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.report.page_text import plural
from keras_papers.pipelines.report.thumbnails import data_uri

BATCH = 32


class Prediction(NamedTuple):
    """The likeliest classes of one picture; prints as one line."""

    file: str
    labels: tuple  # the likeliest first
    scores: tuple  # of these labels

    def __str__(self):
        pairs = zip(self.labels, self.scores, strict=True)
        classes = ", ".join(f"{label} {score:.1%}" for label, score in pairs)
        return f"{self.file}: {classes}"


class Evaluation(NamedTuple):
    """How a classifier does on labelled pictures; prints as one line."""

    model: str
    images: int  # by which it is judged
    skipped_files: int  # that could not be read as pictures
    accuracy: float
    recall: dict  # of each class that has pictures
    seen: Seen | None = None  # of the whole folder; None if that is not known

    def __str__(self):
        worst = min(self.recall, key=self.recall.get)
        of_what, left_out = described(self.seen)
        parts = [
            f"{self.model}: accuracy {self.accuracy:.2%} on {self.images:,} "
            f"pictures{of_what}, lowest for {worst!r} "
            f"({self.recall[worst]:.2%})"
        ]
        if self.skipped_files:
            parts.append(f"{self.skipped_files:,} unreadable files skipped")
        if left_out:
            parts.append(left_out)
        return ", ".join(parts)


class Predictions(list):
    """A `Prediction` for each picture that could be read.

    Attributes:
        skipped: Pairs of a file that could not be read, or a path without a
            picture, and the reason.
    """

    skipped = ()

    def _asdict(self):
        """Returns what is written as JSON."""
        skipped = [{"file": f, "reason": reason} for f, reason in self.skipped]
        return {"predictions": [*self], "skipped": skipped}


@takes(PredictOptions)
def predict(options):
    """Predicts the classes of pictures.

    Args:
        model: Path of a .tflite or .keras classifier.
        images: Path of a picture; of a folder, whose pictures at any depth
            count; a pattern such as `"photos/*.jpg"`; or a list of these.
        top: Positive int. How many classes to name. Defaults to 5.
        csv: Where to write a table of the predictions. Defaults to None.
        html: Where to write a page of thumbnails, which needs the extra
            `report`. Defaults to None.
        each: Function that is called with each `Prediction` as soon as it is
            made. Defaults to None.
        normalization: `(mean, std)`: the model takes (pixel - mean) / std, of
            pixels in [0, 255]. Defaults to what the file says: the metadata
            of a .tflite file, the graph of a .keras file.

    Returns:
        `Predictions`, a list of `Prediction`, one for each picture that can
        be read, in the order of the files. Its attribute `skipped` names the
        others, and paths without a picture if there are several.

    Raises:
        ValueError: If the model cannot be read, there is no such picture, or
            none that can be read, `csv` or `html` cannot be written, or the
            graph of the model does not show its
            normalization.
        MissingExtraError: If `html` is passed without the extra `report`.
    """
    model, csv, html = options.model, options.csv, options.html
    files, missing = list_pictures(options.images)
    if html is not None:
        require("jinja2", "report")  # before the predictions, not after them
    classifier = open_classifier(model, options.normalization)
    found, skipped, sources = Predictions(), [], []
    are_logits = False
    for start in range(0, len(files), BATCH):
        pictures = {}
        for file in files[start : start + BATCH]:
            try:
                pictures[file] = read_picture(file, classifier.size)
            except ValueError as error:
                if len(files) == 1 and not missing:
                    raise
                skipped.append((str(file), _reason(error)))
        if not pictures:
            continue
        pixels = np.stack([*pictures.values()])
        answers = classifier.scores(pixels.astype("float32"))
        if not are_logits and _are_logits(answers):
            are_logits = True
            warnings.warn(
                f"{model} ends with logits, of which the softmax is shown; in "
                "an app, their scores are no shares of 1. End the model with "
                "a softmax before you export it",
                UserWarning,
                stacklevel=2,
            )
        if are_logits:
            answers = _softmax(answers)
        for file, scores in zip(pictures, answers, strict=True):
            found.append(
                _prediction(file, scores, classifier.labels, options.top)
            )
            if options.each is not None:
                options.each(found[-1])
        if html is not None:
            room = SHOWN - len(sources)
            sources += [data_uri(each_of) for each_of in pixels[:room]]
    skipped += missing
    if not found:
        raise ValueError(
            "`images` must hold a picture that can be read. Received: "
            f"{plural(len(skipped), 'file')}, the first {skipped[0][0]!r} "
            f"({skipped[0][1]}). Check the paths."
        )
    found.skipped = tuple(skipped)
    if csv is not None:
        write_table(csv, found)
    if html is not None:
        size = os.path.getsize(model)
        write_page(html, model, size, found, sources, skipped)
    return found


def _are_logits(answers):
    """Returns whether scores cannot be shares of 1, but for rounding."""
    return answers.min() < -0.01 or answers.max() > 1.01


def _softmax(logits):
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def _reason(error):
    """Returns one line on why a picture cannot be read."""
    return reason_of(error.__cause__ or error)


def _prediction(file, scores, labels, top):
    best = np.argsort(-scores, kind="stable")[:top]
    return Prediction(
        str(file),
        tuple(labels[index] for index in best),
        tuple(float(scores[index]) for index in best),
    )


@takes(EvaluateOptions)
def evaluate(options):
    """Measures a classifier on labelled pictures.

    A `split.json` beside the model, as trainings and searches write it, lists
    the pictures that it was trained on and chosen by. These are left out,
    wherever they lie and whatever they are called, unless there are no others.

    Args:
        model: Path of a .tflite or .keras classifier.
        data: Folder that holds a folder of pictures for each class, called
            as the classes are. Of a folder divided into `train`, `val` and
            `test`, the last that is there.
        normalization: `(mean, std)`: the model takes (pixel - mean) / std, of
            pixels in [0, 255]. Defaults to what the file says: the metadata
            of a .tflite file, the graph of a .keras file.

    Returns:
        An `Evaluation`.

    Raises:
        ValueError: If the model cannot be read, its graph does not show its
            normalization, or `data` does not fit it.

    Warns:
        UserWarning: If the model was trained on all of the pictures, or if
            that is not known.
    """
    model = options.model
    classifier = open_classifier(model, options.normalization)
    split = split_beside(model)
    part, skipped = load_test_folder(options.data, classifier.labels)
    part, counts = unseen(part, split, model)
    files, predicted = part.files, []
    for start in range(0, len(files), BATCH):
        pictures = [
            read_picture(file, classifier.size)
            for file in files[start : start + BATCH]
        ]
        scores = classifier.scores(np.stack(pictures).astype("float32"))
        predicted += scores.argmax(axis=-1).tolist()
    right = np.array(predicted) == part.labels
    return Evaluation(
        str(model),
        len(part),
        len(skipped),
        float(right.mean()),
        {
            classifier.labels[label]: float(right[part.labels == label].mean())
            for label in np.unique(part.labels)
        },
        counts,
    )
