"""A folder of pictures and masks in; a segmenter, files and a report out."""

from keras_papers.pipelines.answered.files import export_model
from keras_papers.pipelines.answered.job import train
from keras_papers.pipelines.options import takes
from keras_papers.pipelines.segmentation.options import (
    ExportMasksOptions,
    SegmentOptions,
)
from keras_papers.pipelines.segmentation.report import ExportedSegmenter
from keras_papers.pipelines.segmentation.task import SEGMENTATION
from keras_papers.pipelines.training.output_folder import releases_claims


@releases_claims
@takes(SegmentOptions)
def train_segmenter(options):
    """Trains a network that finds the class of each pixel.

    The pictures are stretched to squares, and varied with their masks. The
    model gets the weights of the epoch with the lowest validation loss, and is
    measured on the held-out pictures at the size of their masks.

    `output` then holds `model.keras`, `model.tflite` for a phone, with the
    classes and what a task library needs inside, `labels.txt`, `split.json`,
    `history.csv`, `report.json` and, with the extra `report`, `report.html`.
    The models take RGB pixels in [0, 255] and answer logits. A training that
    was stopped continues from its last epoch when it is started again with
    the same arguments and pictures.

    Args:
        data: Folder of pictures and masks (docs/SEGMENTATION.md describes
            which). Folders `train`, `val` and `test` divide it; else a fifth
            is held out, and a tenth of the rest is watched. Defaults to None:
            drawn scenes of scikit-learn's digits.
        model: Name of a network for segmentation. Defaults to
            `"LRASPPMobileNetV3Small"`.
        alpha: Positive float. Its width. Defaults to 1.
        image_size: Positive int. Height and width that pictures are resized
            to. Defaults to None: 256, and 160 for the scenes.
        epochs: Positive int. Defaults to 40.
        output: Folder for the files; made where it does not exist.
        weights_backbone: None (random), `"imagenet"`, `"timm"`,
            `"timm/<tag>"` or the path of a weights file of the classifier
            that the network is built on.
        batch_size: Positive int. Defaults to 16.
        learning_rate: Positive float. Peak of the schedule.
        ignore: Int. Index of pixels of no class in the masks, beside 255.
        augment: `"none"`; `"light"`: scaled a little; or `"photo"`: mirrored
            and scaled by 0.67 to 2. Both change brightness and contrast.
            Defaults to None: `"photo"`, and `"light"` for the scenes.
        quantize: `"int8"` for a further file of integers, whose ranges are
            measured on up to 100 training pictures; or `"qat"`, whose model
            is trained further as integers compute, for a fifth of the epochs
            at a fortieth of the rate. Defaults to None.
        strict: Whether a picture that cannot be read is an error.
        overwrite: Whether an earlier training in `output` gives way.
        seed: Int. Draws the held-out pictures, the weights and the order.
        verbose: As in `keras.Model.fit`. Defaults to `"auto"`.

    Returns:
        A `SegmentationReport`, which prints as tables.

    Raises:
        ValueError: If an argument is out of its range, a picture or a mask
            cannot be used, or `output` cannot be written, is taken, or another
            process writes to it.
        MissingExtraError: If the extra `mobile` is not installed.
    """
    return train(SEGMENTATION, options)


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
        output: Where to write; a file there is replaced. Defaults to `model`
            with the ending .tflite, .float16.tflite, .dynamic.tflite or
            .int8.tflite.
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
    return ExportedSegmenter(*export_model(SEGMENTATION, options))
