"""A folder of pictures and boxes in; a detector, files and a report out."""

from keras_papers.pipelines.answered.files import export_model
from keras_papers.pipelines.answered.job import train
from keras_papers.pipelines.detection.options import (
    DetectOptions,
    ExportBoxesOptions,
)
from keras_papers.pipelines.detection.report import ExportedDetector
from keras_papers.pipelines.detection.task import DETECTION
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.training.output_folder import releases_claims


@releases_claims
@takes(DetectOptions)
def train_detector(options):
    """Trains a network that finds objects in images.

    The pictures are stretched to squares, and varied with their boxes. The
    model gets the weights of the epoch with the lowest validation loss, and is
    measured on the held-out pictures by COCO's average precision.

    `output` then holds `model.keras`, `model.tflite` for a phone, with the
    classes, the anchors and what a task library needs inside, `labels.txt`,
    `split.json`, `history.csv`, `report.json` and, with the extra `report`,
    `report.html`. The models take RGB pixels in [0, 255]. A training that was
    stopped continues from its last epoch when it is started again with the
    same arguments and pictures.

    Args:
        data: Folder of pictures and boxes, as Pascal VOC XML, COCO JSON or
            YOLO text. Folders `train`, `val` and `test`, or such lists, divide
            it; else a fifth is held out, and a tenth of the rest is watched.
            Defaults to None: drawn scenes of scikit-learn's digits.
        model: Name of a detector. Defaults to `"SSDLiteMobileNetV3Small"`.
        alpha: Positive float. Its width. Defaults to 1.
        image_size: Positive int. Height and width that pictures are resized
            to. Defaults to None: 320, and 160 for the scenes.
        epochs: Positive int. Defaults to 60.
        output: Folder for the files; made where it does not exist.
        weights_backbone: None (random), `"imagenet"`, `"timm"`,
            `"timm/<tag>"` or the path of a weights file of the classifier
            that the network is built on.
        batch_size: Positive int. Defaults to 16.
        learning_rate: Positive float. Peak of the schedule.
        max_objects: Positive int. Boxes that a picture may have; one with
            more is an error. Defaults to None: those of the fullest picture.
        repair: Whether boxes are cut at the sides of their pictures, and
            those of no size left out. Defaults to False: they are an error.
        augment: `"none"`; `"light"`: scaled a little; or `"photo"`: mirrored,
            cropped by the rule of SSD or made smaller. Both change brightness
            and contrast. Defaults to None: `"photo"`, and `"light"` for the
            scenes.
        quantize: `"int8"` for a further file of integers, whose ranges are
            measured on up to 100 training pictures; or `"qat"`, whose model
            is trained further as integers compute, for a fifth of the epochs
            at a fortieth of the rate. Defaults to None.
        strict: Whether a picture that cannot be read is an error.
        overwrite: Whether an earlier training in `output` gives way.
        seed: Int. Draws the held-out pictures, the weights and the order.
        verbose: As in `keras.Model.fit`. Defaults to `"auto"`.

    Returns:
        A `DetectionReport`, which prints as tables.

    Raises:
        ValueError: If an argument is out of its range, a picture or its boxes
            cannot be used, or `output` cannot be written, is taken, or another
            process writes to it.
        MissingExtraError: If the extra `mobile` is not installed.
    """
    return train(DETECTION, options)


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
        output: Where to write; a file there is replaced. Defaults to `model`
            with the ending .tflite, .float16.tflite, .dynamic.tflite or
            .int8.tflite.
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
    return ExportedDetector(*export_model(DETECTION, options))
