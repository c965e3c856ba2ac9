"""What the jobs on boxes are made of."""

import os
import shlex

from keras_papers import export
from keras_papers.pipelines.answered.task import Score, Task
from keras_papers.pipelines.answered.verdict import LOST
from keras_papers.pipelines.data.answered_batches import (
    box_batches,
    most_objects,
    padded_boxes,
)
from keras_papers.pipelines.data.boxes.box_folder import load_boxes
from keras_papers.pipelines.detection import page
from keras_papers.pipelines.detection.detector_file import (
    of_model,
    open_detector,
)
from keras_papers.pipelines.detection.measures import (
    guessed,
    measure,
    measure_by,
)
from keras_papers.pipelines.detection.options import DetectOptions
from keras_papers.pipelines.detection.report import (
    DetectionReport,
    DetectorFile,
    class_scores,
)
from keras_papers.pipelines.report.finding import Finding


def _load(data, seed, options, **arguments):
    return load_boxes(data, seed, repair=options.repair, **arguments)


def _most(answers, options):
    return options.max_objects or most_objects(answers.images)


def _start_rows(answers, options):
    most, images = _most(answers, options), answers.images
    for part in (images.train, images.validation):
        padded_boxes(part, options.size, most)  # raises if one has more
    return [("objects", f"at most {most:,} in a picture")]


def _batches(answers, options, part, seed=None, redraw=None):
    return box_batches(
        part,
        options.size,
        options.batch_size,
        _most(answers, options),
        seed,
        options.variation,
        redraw,
    )


def _measure(finder, part, reader):
    return measure(finder, part)


def _file_scores(path, part, reader):
    rules = ["model", "mediapipe"]
    return [each.score for each in measure_by(open_detector(path), part, rules)]


def _conversion(model, options):
    if not options.choose_boxes:
        return {}
    return {"task": export.ObjectDetection.of(model, choose_boxes=True)}


def _figures(found, answers):
    images, scores = answers.images, found.metric.result()
    return {
        "classes": class_scores(found.metric, images.test, images.names),
        "boxes": answers.kind,
        "ap": scores.ap,
        "ap50": scores.ap50,
        "ap75": scores.ap75,
        "guessed_ap50": guessed(images.train, images.test, images.names),
    }


def _on_phones(report):
    """Yields findings on what the rule of the task library costs."""
    for each in report.files:
        lost = each.ap50 - each.phone_ap50
        if lost > LOST:
            text = (
                f"{each.file} has an AP50 of {each.phone_ap50:.1%} with the "
                f"rule of the task library, {lost:.1%} lower: boxes of other "
                "classes that overlap are dropped, unless the file chooses"
            )
            model = os.path.join(report.output, "model.keras")
            words = ["keras-papers", "detect", "export", model]
            again = shlex.join([*words, "--choose-boxes"])
            yield Finding("on phones", text, again)


DETECTION = Task(
    verb="detect",
    model="detector",
    answers="boxes",
    options=DetectOptions,
    score=Score(
        name="AP50",
        subject="AP50",
        with_article="an AP50",
        of_class="AP50",
        field="ap50",
        guess="the mean box of each class",
        guess_field="guessed_ap50",
    ),
    load=_load,
    batches=_batches,
    loss=lambda model: model.object_loss(),
    file_task=export.ObjectDetection.of,
    of_model=of_model,
    open_file=open_detector,
    measure=_measure,
    file_scores=_file_scores,
    file_row=DetectorFile,
    figures=_figures,
    report=DetectionReport,
    render=page.render,
    start_rows=_start_rows,
    conversion=_conversion,
    findings=_on_phones,
)
