"""The .tflite files of a detector, written and measured."""

import pathlib
from typing import NamedTuple

from keras_papers import export
from keras_papers.files.drafts import draft_of
from keras_papers.pipelines.data.boxes.box_folder import BoxSet, load_boxes
from keras_papers.pipelines.data.image_set import some_of_each_class
from keras_papers.pipelines.data.pictures_of import pictures_of
from keras_papers.pipelines.data.scenes import load_scenes
from keras_papers.pipelines.data.split import (
    divided_as,
    pass_on,
    split_beside,
    warn_of_unknown,
)
from keras_papers.pipelines.detection.detector_file import (
    of_model,
    open_detector,
)
from keras_papers.pipelines.detection.measures import measure, measure_by
from keras_papers.pipelines.detection.options import ExportBoxesOptions
from keras_papers.pipelines.detection.report import DetectorFile
from keras_papers.pipelines.models.classifier_file import (
    labels_beside,
    load_keras,
)
from keras_papers.pipelines.options import takes

REPRESENTATIVE = 100  # training pictures that the ranges of int8 are of
COMPARED = 8  # held-out pictures on which a file is compared with Keras


class ExportedDetector(NamedTuple):
    """A .tflite file of a detector; prints as a line or two."""

    output: str  # path of the file
    file: export.TFLiteFile
    images: int | None  # held out, on which int8 is measured
    ap50: float | None  # of the Keras model on these
    tflite_ap50: float | None

    def __str__(self):
        text = str(self.file)
        if self.images is not None:
            text += (
                f"\nAP50 {self.ap50:.2%} in Keras, {self.tflite_ap50:.2%} in "
                f"the file, on {self.images:,} held-out pictures"
            )
        return text


@takes(ExportBoxesOptions)
def export_detector(options):
    """Writes a .keras detector as .tflite, and checks what was written.

    The file has the labels, the anchors and what Android's ObjectDetector
    needs inside. One of integers is measured beside the Keras model on
    held-out pictures, and not written if it is worse by more than `max_drop`.

    Args:
        model: Path of a .keras file that `train_detector` wrote.
        data: Folder that it was trained on, for `"int8"`. Defaults to None:
            the one that `split.json` beside the model names.
        output: Where to write. Defaults to `model` with the ending .tflite,
            .float16.tflite, .dynamic.tflite or .int8.tflite.
        quantize: None (float32), `"float16"`, `"dynamic"` or `"int8"`.
        choose_boxes: Whether the file chooses among overlapping boxes, in
            each class, and has four outputs. Defaults to False: it has two,
            and the app chooses.
        max_drop: Float in [0, 1). AP50 that an int8 file may lose. Defaults
            to 0.1.
        repair: As in the training.

    Returns:
        An `ExportedDetector`.

    Raises:
        ValueError: If `model` cannot be read or converted, `data` does not
            fit it, or the int8 file is worse by more than `max_drop`.

    Warns:
        UserWarning: If it is not known which pictures the model was trained
            on.
    """
    path = pathlib.Path(options.model)
    model, labels = load_keras(path), labels_beside(path)
    finder = of_model(model, labels, path)
    split, output = split_beside(path), options.file
    chosen = options.choose_boxes
    if options.quantize != "int8":
        file = to_tflite(model, finder, output, options.quantize, chosen)
        pass_on(split, output, path)
        return ExportedDetector(str(output), file, None, None, None)
    seed = 0 if split is None else split.seed
    images = _boxes_of(options, finder, split, path, seed).images
    with draft_of(output) as draft:
        file = to_tflite(model, finder, draft, "int8", chosen, images, seed)
        floats = measure(finder, images.test).metric.result().ap50
        int8 = open_detector(draft)
        ints = measure(int8, images.test).metric.result().ap50
        if floats - ints > options.max_drop:
            raise ValueError(
                "`max_drop` is the AP50 that an int8 file may lose, and the "
                f"file is not written. Received: max_drop="
                f"{options.max_drop:g}, and {floats:.2%} became {ints:.2%}. "
                "Train longer, take quantize='dynamic' (--quantize dynamic), "
                "or pass a larger max_drop (--max-drop)."
            )
    pass_on(split, output, path)
    file = file._replace(path=pathlib.Path(output))
    return ExportedDetector(str(output), file, len(images.test), floats, ints)


def _boxes_of(options, finder, split, path, seed):
    """Returns the pictures of a model's training, divided as there."""
    data = options.data or (split and split.data)
    if data is None and split is not None:
        images = load_scenes(finder.size[0], seed, "boxes")
        return BoxSet(images, "drawn scenes")
    if data is None:
        raise ValueError(
            "`data` is the folder that the model was trained on, which int8 "
            f"needs. Received: model={str(path)!r}, beside which no split.json "
            "names it. Pass the folder."
        )
    boxes = load_boxes(data, seed, names=finder.labels, repair=options.repair)
    if split is None:
        warn_of_unknown(path)
        return boxes
    images = divided_as(split, boxes.images, with_new=False)
    if not len(images.train) or not len(images.test):
        raise ValueError(
            "`data` must hold pictures that the model was trained on, and "
            f"others that were held out. Received: data={str(data)!r} with "
            f"{len(images.train)} and {len(images.test)} by the split.json "
            f"beside {str(path)!r}. Take the folder of the training."
        )
    return boxes._replace(images=images)


def to_tflite(
    model, finder, path, quantize, choose_boxes=False, images=None, seed=0
):
    """Writes a .tflite file with labels; returns the `TFLiteFile`.

    Args:
        model: The `Detector`.
        finder: The same as a `BoxFinder`.
        path: Where to write.
        quantize: As in `export.to_tflite`.
        choose_boxes: Whether the file chooses the boxes by itself.
        images: `ImageSet` that the ranges of int8 are measured on, and on
            which the file must answer as the model does.
        seed: Draws the pictures of the ranges.
    """
    options = {}
    if quantize == "int8":
        few = some_of_each_class(images.train, REPRESENTATIVE, seed)
        pixels = pictures_of(images.train, few, finder.size)
        options["representative_data"] = pixels
    if images is not None:
        few = range(min(COMPARED, len(images.test)))
        options["images"] = pictures_of(images.test, few, finder.size)
    if choose_boxes:
        options["task"] = export.ObjectDetection.of(model, choose_boxes=True)
    labels = list(finder.labels)
    return export.to_tflite(model, path, labels, quantize, **options)


def write_files(model, finder, images, state, options):
    """Writes the files of a training, and measures them.

    Args:
        model: The trained `Detector`.
        finder: The same as a `BoxFinder`.
        images: The `ImageSet`.
        state: Folder to write to.
        options: The `DetectOptions`.

    Returns:
        A list of `DetectorFile`.
    """
    files = []
    for quantize in (None, options.quantize)[: 1 + bool(options.quantize)]:
        ending = f".{quantize}.tflite" if quantize else ".tflite"
        path = state / f"model{ending}"
        file = to_tflite(
            model, finder, path, quantize, False, images, options.seed
        )
        kept, on_phone = (
            measured.metric.result().ap50
            for measured in measure_by(
                open_detector(path), images.test, ["model", "mediapipe"]
            )
        )
        files.append(
            DetectorFile(
                path.name,
                kept,
                on_phone,
                file.bytes,
                round(file.latency_ms, 3),
                file.partitions,
            )
        )
    return files
