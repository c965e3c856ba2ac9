"""What the jobs on masks are made of."""

import keras

from keras_papers.metrics import MeanIoU
from keras_papers.pipelines.answered.task import Score, Task
from keras_papers.pipelines.data.answered_batches import mask_batches
from keras_papers.pipelines.data.masks.mask_folder import load_masks
from keras_papers.pipelines.data.masks.mask_reader import IGNORE
from keras_papers.pipelines.segmentation import page
from keras_papers.pipelines.segmentation.measures import measure
from keras_papers.pipelines.segmentation.options import SegmentOptions
from keras_papers.pipelines.segmentation.report import (
    SegmentationReport,
    SegmenterFile,
)
from keras_papers.pipelines.segmentation.segmenter_file import (
    of_model,
    open_segmenter,
)


def _load(data, seed, options, **arguments):
    return load_masks(data, seed, ignore=options.ignore, **arguments)


def _batches(answers, options, part, seed=None, redraw=None):
    return mask_batches(
        part,
        answers.reader,
        options.size,
        options.batch_size,
        seed,
        options.variation,
        redraw,
    )


def _loss(network):
    return keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, ignore_class=IGNORE
    )


def _compiled(network, classes):
    return {"loss": _loss(network), "metrics": [MeanIoU(classes, IGNORE)]}


def _file_scores(path, part, reader):
    return (measure(open_segmenter(path), part, reader).score,)


def _figures(found, answers):
    return {
        "classes": list(answers.images.names),
        "masks": answers.kind,
        "mean_iou": found.score,
        "pixel_accuracy": found.confusion.result().pixel_accuracy,
        "guessed_iou": found.guessed_iou,
        "ious": found.ious(),
    }


SEGMENTATION = Task(
    verb="segment",
    model="segmenter",
    answers="masks",
    options=SegmentOptions,
    score=Score(
        name="mean IoU",
        subject="the mean IoU",
        with_article="a mean IoU",
        of_class="IoU",
        field="mean_iou",
        guess="always answering the commonest class",
        guess_field="guessed_iou",
    ),
    load=_load,
    batches=_batches,
    loss=_loss,
    compiled=_compiled,
    of_model=of_model,
    open_file=open_segmenter,
    measure=measure,
    file_scores=_file_scores,
    file_row=SegmenterFile,
    figures=_figures,
    report=SegmentationReport,
    render=page.render,
)
