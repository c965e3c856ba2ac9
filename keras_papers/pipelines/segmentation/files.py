"""The .tflite files of a segmenter, written and measured."""

import pathlib
from typing import NamedTuple

from keras_papers import export
from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.data.image_set import some_of_each_class
from keras_papers.pipelines.data.masks.mask_folder import MaskSet, load_masks
from keras_papers.pipelines.data.pictures_of import pictures_of
from keras_papers.pipelines.data.scenes import load_scenes
from keras_papers.pipelines.data.split import (
    divided_as,
    pass_on,
    split_beside,
    warn_of_unknown,
)
from keras_papers.pipelines.models.classifier_file import (
    labels_beside,
    load_keras,
)
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.segmentation.measures import measure
from keras_papers.pipelines.segmentation.options import ExportMasksOptions
from keras_papers.pipelines.segmentation.report import SegmenterFile
from keras_papers.pipelines.segmentation.segmenter_file import (
    of_model,
    open_segmenter,
)

REPRESENTATIVE = 100  # training pictures that the ranges of int8 are of
COMPARED = 8  # held-out pictures on which a file is compared with Keras


class ExportedSegmenter(NamedTuple):
    """A .tflite file of a segmenter; prints as a line or two."""

    output: str  # path of the file
    file: export.TFLiteFile
    images: int | None  # held out, on which int8 is measured
    mean_iou: float | None  # of the Keras model on these
    tflite_mean_iou: float | None

    def __str__(self):
        text = str(self.file)
        if self.images is not None:
            text += (
                f"\nmean IoU {self.mean_iou:.2%} in Keras, "
                f"{self.tflite_mean_iou:.2%} in the file, on "
                f"{self.images:,} held-out pictures"
            )
        return text


@takes(ExportMasksOptions)
def export_segmenter(options):
    """Writes a .keras segmenter as .tflite, and checks what was written.

    The file has the labels and what Android's ImageSegmenter needs inside. One
    of integers is measured beside the Keras model on held-out pictures, and
    not written if it is worse by more than `max_drop`.

    Args:
        model: Path of a .keras file that `train_segmenter` wrote.
        data: Folder that it was trained on, for `"int8"`. Defaults to None:
            the one that `split.json` beside the model names.
        output: Where to write. Defaults to `model` with the ending .tflite,
            .float16.tflite, .dynamic.tflite or .int8.tflite.
        quantize: None (float32), `"float16"`, `"dynamic"` or `"int8"`.
        max_drop: Float in [0, 1). Mean IoU that an int8 file may lose.
            Defaults to 0.1.
        ignore: As in the training.

    Returns:
        An `ExportedSegmenter`.

    Raises:
        ValueError: If `model` cannot be read or converted, `data` does not
            fit it, or the int8 file is worse by more than `max_drop`.

    Warns:
        UserWarning: If it is not known which pictures the model was trained
            on.
    """
    path = pathlib.Path(options.model)
    model, labels = load_keras(path), labels_beside(path)
    segmenter = of_model(model, labels, path)
    split, output = split_beside(path), options.file
    if options.quantize != "int8":
        file = to_tflite(model, segmenter, output, options.quantize)
        pass_on(split, output, path)
        return ExportedSegmenter(str(output), file, None, None, None)
    seed = 0 if split is None else split.seed
    masks = _masks_of(options, segmenter, split, path, seed)
    train, test = masks.images.train, masks.images.test
    with draft_of(output) as draft:
        file = to_tflite(model, segmenter, draft, "int8", train, test, seed)
        floats = measure(segmenter, test, masks.reader).mean_iou
        ints = measure(open_segmenter(draft), test, masks.reader).mean_iou
        if floats - ints > options.max_drop:
            raise ValueError(
                "`max_drop` is the mean IoU that an int8 file may lose, and "
                f"the file is not written. Received: max_drop="
                f"{options.max_drop:g}, and {floats:.2%} became {ints:.2%}. "
                "Train longer, take quantize='dynamic' (--quantize dynamic), "
                "or pass a larger max_drop (--max-drop)."
            )
    pass_on(split, output, path)
    file = file._replace(path=pathlib.Path(output))
    return ExportedSegmenter(str(output), file, len(test), floats, ints)


def _masks_of(options, segmenter, split, path, seed):
    """Returns the pictures of a model's training, divided as there."""
    data = options.data or (split and split.data)
    if data is None and split is not None:
        images = load_scenes(segmenter.size[0], seed, "masks")
        return MaskSet(images, None, "drawn scenes")
    if data is None:
        raise ValueError(
            "`data` is the folder that the model was trained on, which int8 "
            f"needs. Received: model={str(path)!r}, beside which no split.json "
            "names it. Pass the folder."
        )
    masks = load_masks(
        data, seed, names=segmenter.labels, ignore=options.ignore
    )
    if split is None:
        warn_of_unknown(path)
        return masks
    images = divided_as(split, masks.images, with_new=False)
    if not len(images.train) or not len(images.test):
        raise ValueError(
            "`data` must hold pictures that the model was trained on, and "
            f"others that were held out. Received: data={str(data)!r} with "
            f"{len(images.train)} and {len(images.test)} by the split.json "
            f"beside {str(path)!r}. Take the folder of the training."
        )
    return masks._replace(images=images)


def to_tflite(model, segmenter, path, quantize, train=None, test=None, seed=0):
    """Writes a .tflite file with labels; returns the `TFLiteFile`.

    Args:
        model: The Keras model.
        segmenter: The same as a `Segmenter`.
        path: Where to write.
        quantize: As in `export.to_tflite`.
        train: `AnsweredPart` that the ranges of int8 are measured on.
        test: `AnsweredPart` on which the file must answer as the model does;
            by default random pictures.
        seed: Draws the pictures of the ranges.
    """
    options = {}
    if quantize == "int8":
        few = some_of_each_class(train, REPRESENTATIVE, seed)
        pixels = pictures_of(train, few, segmenter.size)
        options["representative_data"] = pixels
    if test is not None:
        few = range(min(COMPARED, len(test)))
        options["images"] = pictures_of(test, few, segmenter.size)
    labels = list(segmenter.labels)
    return export.to_tflite(model, path, labels, quantize, **options)


def write_files(model, segmenter, masks, state, options):
    """Writes the files of a training, and measures them.

    Args:
        model: The trained Keras model.
        segmenter: The same as a `Segmenter`.
        masks: The `MaskSet`.
        state: Folder to write to.
        options: The `SegmentOptions`.

    Returns:
        A list of `SegmenterFile`.
    """
    files = []
    for quantize in (None, options.quantize)[: 1 + bool(options.quantize)]:
        ending = f".{quantize}.tflite" if quantize else ".tflite"
        path = state / f"model{ending}"
        images = masks.images
        file = to_tflite(
            model,
            segmenter,
            path,
            quantize,
            images.train,
            images.test,
            options.seed,
        )
        found = measure(open_segmenter(path), images.test, masks.reader)
        files.append(
            SegmenterFile(
                path.name,
                found.mean_iou,
                file.bytes,
                round(file.latency_ms, 3),
                file.partitions,
            )
        )
    return files
