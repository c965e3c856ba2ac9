"""What a finished classifier says of pictures."""

import os
from typing import NamedTuple

import numpy as np

from keras_papers.argument_checks import check_positive_int
from keras_papers.pipelines.classifier_file import open_classifier
from keras_papers.pipelines.picture_folder import load_test_folder
from keras_papers.pipelines.pictures import read_picture
from keras_papers.pipelines.split import Seen, split_beside, unseen

BATCH = 32


class Prediction(NamedTuple):
    """The likeliest classes of one picture; prints as one line."""

    file: str
    labels: tuple  # the likeliest first
    scores: tuple  # of these labels

    def __str__(self):
        pairs = zip(self.labels, self.scores, strict=True)
        said = ", ".join(f"{label} {score:.1%}" for label, score in pairs)
        return f"{self.file}: {said}"


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
        parts = [
            f"{self.model}: accuracy {self.accuracy:.2%} on {self.images:,} "
            f"pictures{self._of_what()}, lowest for {worst!r} "
            f"({self.recall[worst]:.2%})"
        ]
        if self.skipped_files:
            parts.append(f"{self.skipped_files:,} unreadable files skipped")
        if self._left_out():
            parts.append(self._left_out())
        return ", ".join(parts)

    def _of_what(self):
        if self.seen is None or self.seen.held_out + self.seen.new:
            return ""
        return " that it was trained on or chosen by"

    def _left_out(self):
        """Says which pictures of the folder do not count."""
        if self.seen is None or self._of_what():
            return ""
        counts = {
            "that it was trained on": self.seen.trained_on,
            "that it was watched by": self.seen.watched,
        }
        said = [f"{n:,} {what}" for what, n in counts.items() if n]
        return f"without {' and '.join(said)}" if said else ""


def predict(model, images, top=5, *, normalization=None):
    """Tells what pictures show.

    Args:
        model: Path of a .tflite or .keras classifier.
        images: Paths of pictures, or the path of one.
        top: Positive int. How many classes to tell. Defaults to 5.
        normalization: `(mean, std)`: the model takes (pixel - mean) / std, of
            pixels in [0, 255]. Defaults to what the file says: the metadata
            of a .tflite file, the graph of a .keras file.

    Returns:
        A list of `Prediction`, one for each picture.

    Raises:
        ValueError: If the model or a picture cannot be read, or the graph of
            the model does not show its normalization.
    """
    check_positive_int("top", top, "a number of classes", "Try 5.")
    classifier = open_classifier(model, normalization)
    files = [images] if isinstance(images, str | os.PathLike) else list(images)
    predictions = []
    for file in files:
        picture = read_picture(file, classifier.size)
        (scores,) = classifier.scores(picture[None].astype("float32"))
        best = np.argsort(-scores, kind="stable")[:top]
        predictions.append(
            Prediction(
                str(file),
                tuple(classifier.labels[index] for index in best),
                tuple(float(scores[index]) for index in best),
            )
        )
    return predictions


def evaluate(model, data, *, normalization=None):
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
    classifier = open_classifier(model, normalization)
    split = split_beside(model)
    part, skipped = load_test_folder(data, classifier.labels)
    part, counts = unseen(part, split, model)
    files, said = part.files, []
    for start in range(0, len(files), BATCH):
        pictures = [
            read_picture(file, classifier.size)
            for file in files[start : start + BATCH]
        ]
        scores = classifier.scores(np.stack(pictures).astype("float32"))
        said += scores.argmax(axis=-1).tolist()
    right = np.array(said) == part.labels
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
