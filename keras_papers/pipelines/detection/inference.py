"""Boxes in new pictures by a finished detector, and its evaluation."""

import csv
import functools
import io
import os
import pathlib
from typing import NamedTuple

from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.answered.inference import (
    evaluation_text,
    predict_pictures,
)
from keras_papers.pipelines.data.boxes.box_folder import load_test_boxes
from keras_papers.pipelines.data.split import Seen, split_beside, unseen
from keras_papers.pipelines.detection.detector_file import open_detector
from keras_papers.pipelines.detection.measures import (
    Found,
    find_boxes,
    measure,
)
from keras_papers.pipelines.detection.options import (
    EvaluateBoxesOptions,
    PredictBoxesOptions,
)
from keras_papers.pipelines.detection.report import (
    class_scores,
    classes_table,
)
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.report.picture_file import write_picture
from keras_papers.visualization.boxes import framed

PRINTED = 10  # boxes of a picture
HEADS = ("file", "class", "score", "x_min", "y_min", "x_max", "y_max")


class PredictedBox(NamedTuple):
    """An object that was found, in the pixels of its picture."""

    label: str
    score: float
    box: tuple  # x_min, y_min, x_max, y_max


class PredictedBoxes(NamedTuple):
    """The objects of one picture, the most certain first; prints as a line."""

    file: str
    drawn: str  # path of the picture with the boxes
    boxes: tuple  # of `PredictedBox`
    threshold: float  # of their scores
    best_score: float | None  # of all boxes; None without any

    def __str__(self):
        each = [f"{box.label} {box.score:.1%}" for box in self.boxes[:PRINTED]]
        more = len(self.boxes) - PRINTED
        text = ", ".join(each) + f" and {more:,} more" * (more > 0)
        return f"{self.file}: {text or self._nothing()}"

    def _nothing(self):
        if self.best_score is None:
            return "nothing found"
        return (
            f"nothing found: the best score, {self.best_score:.1%}, is below "
            f"{self.threshold:.1%}"
        )


@takes(PredictBoxesOptions)
def predict_boxes(options):
    """Finds the objects in pictures.

    Args:
        model: Path of a .tflite or .keras detector. Of a .tflite file without
            a choice of boxes they are chosen as the Keras model does.
        images: A path or a list of paths: of files, folders or patterns.
        output: Folder for `boxes.csv`, with a line for each box, and
            `NAME.boxes.png`, the pictures with the boxes. Files of these
            names are replaced. Defaults to `"boxes"`.
        threshold: Float in [0, 1]. Score that a box must have. Defaults to
            0.5.
        each: Function to call with each `PredictedBoxes` as it is found.

    Returns:
        A list of `PredictedBoxes`; its `skipped` has pairs of a file that
        could not be read and the reason.

    Raises:
        ValueError: If the model or every picture cannot be read, or `output`
            cannot be written.
    """
    write = functools.partial(_write, options.threshold)
    found = predict_pictures(options, open_detector, write)
    _write_table(pathlib.Path(options.output) / "boxes.csv", found)
    return found


def _write(threshold, finder, file, whole, batch, path):
    (here,) = find_boxes(finder, batch, [whole.shape[:2]])
    best = float(here.scores.max()) if len(here.scores) else None
    shown = here.scores >= threshold
    here = Found(*(values[shown] for values in here))
    boxes = tuple(
        PredictedBox(finder.labels[label], float(score), tuple(map(float, box)))
        for box, score, label in zip(*here, strict=True)
    )
    texts = [f"{box.label} {box.score:.0%}" for box in boxes]
    drawn = f"{path}.boxes.png"
    write_picture(drawn, framed(whole, here.boxes, here.classes, texts))
    return PredictedBoxes(file, drawn, boxes, threshold, best)


def _write_table(path, found):
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(HEADS)
    for picture in found:
        for label, score, box in picture.boxes:
            numbers = (f"{value:.2f}" for value in box)
            table.writerow([picture.file, label, f"{score:.4f}", *numbers])
    # The name of a file may be no text, which UTF-8 cannot hold.
    with draft_of(path) as draft:
        draft.write_bytes(text.getvalue().encode("utf-8", "replace"))


class BoxEvaluation(NamedTuple):
    """How good a detector is on pictures that it was not trained on."""

    model: str
    pictures: int  # by which it is judged
    ap: float
    ap50: float
    ap75: float
    classes: list  # a `ClassScores` for each
    seen: Seen | None  # of all that are to test; None if not known

    def __str__(self):
        rows = [
            ("AP", f"{self.ap:.2%}"),
            ("AP50", f"{self.ap50:.2%}"),
            ("AP75", f"{self.ap75:.2%}"),
        ]
        return evaluation_text(self, rows, classes_table(self.classes))


@takes(EvaluateBoxesOptions)
def evaluate_detector(options):
    """Measures a detector on pictures with boxes, by COCO's measures.

    A `split.json` beside the model lists the pictures that it was trained on
    and chosen by. These are left out, unless there are no others.

    Args:
        model: Path of a .tflite or .keras detector.
        data: Folder of pictures and boxes, as for `train_detector`, of one
            picture or more. Its part `test` is taken; without it, `val`;
            without either, all pictures.
        repair: As for `train_detector`.

    Returns:
        A `BoxEvaluation`.

    Raises:
        ValueError: If the model cannot be read, or `data` does not fit it.

    Warns:
        UserWarning: If the model was trained on all of the pictures, or if
            that is not known.
    """
    finder = open_detector(options.model)
    part = load_test_boxes(options.data, finder.labels, repair=options.repair)
    split = split_beside(options.model)
    part, counts = unseen(part, split, options.model)
    metric = measure(finder, part).metric
    scores = metric.result()
    return BoxEvaluation(
        os.fspath(options.model),
        len(part),
        scores.ap,
        scores.ap50,
        scores.ap75,
        class_scores(metric, part, finder.labels),
        counts,
    )
