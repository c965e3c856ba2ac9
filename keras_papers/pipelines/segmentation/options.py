"""The options of the verbs that segment images.

What reads folders and files is imported by the check that needs it.
"""

import dataclasses
import pathlib

from keras_papers.checks import check_alpha, check_number
from keras_papers.export.output_path import check_path
from keras_papers.pipelines.data.picture_list import list_pictures
from keras_papers.pipelines.models.model_facts import check_model_name
from keras_papers.pipelines.options import CALL, RUN, Options, option
from keras_papers.pipelines.training import answered_options as answered
from keras_papers.pipelines.training import options as training
from keras_papers.pipelines.training.output_folder import check_places
from keras_papers.tasks import IMAGE_SEGMENTATION

IGNORE = 255
SCENES_SIZE, PICTURES_SIZE = 160, 256  # pixels, where no size is given
FILES = (  # of a finished training, the report last
    "model.keras",
    "model.tflite",
    "model.int8.tflite",
    *("split.json", "labels.txt", "history.csv", "report.html", "report.json"),
)


def _check_ignore(name, value):
    check_number(name, value, "an index in the masks", "Try 255.")
    if not 0 <= value <= 255 or int(value) != value:
        raise ValueError(
            f"`{name}` is the index of pixels of no class in the masks, from "
            f"0 to 255. Received: {name}={value!r}. Try 255."
        )


def _ignore():
    return option(
        IGNORE,
        "index in the masks of pixels that count for no class, beside 255",
        _check_ignore,
        metavar="N",
    )


def _segmenter(metavar, *endings):
    def check(name, value):
        from keras_papers.pipelines.models.classifier_file import check_file

        check_file(value, *endings)

    help = f"the trained {' or '.join(endings)} file"
    return option(help=help, check=check, metavar=metavar, is_positional=True)


def _check_data(name, value):
    from keras_papers.pipelines.data.masks.mask_folder import check_mask_folder

    check_mask_folder(value)


@dataclasses.dataclass(frozen=True)
class SegmentOptions(answered.AnsweredOptions):
    """What `train_segmenter` takes; it explains each."""

    pictures_size, scenes_size = PICTURES_SIZE, SCENES_SIZE

    data: str | None = option(
        None,
        f"folder of pictures and masks; {answered.SCENES}",
        metavar="DIR",
        is_positional=True,
    )
    model: str = option(
        "LRASPPMobileNetV3Small",
        "a model's name; keras-papers list --task image_segmentation prints "
        "them",
        lambda name, value: check_model_name(value, IMAGE_SEGMENTATION),
    )
    alpha: float = option(
        1.0, "width multiplier", lambda name, value: check_alpha(value)
    )
    image_size: int | None = answered.image_size(PICTURES_SIZE, SCENES_SIZE)
    epochs: int = training.epochs(40, "passes over the pictures", "Try 40.")
    output: str = training.output("keras_papers_segmenter")
    _: dataclasses.KW_ONLY
    weights_backbone: str | None = answered.weights_backbone()
    batch_size: int = answered.batch_size()
    learning_rate: float = training.learning_rate(
        1e-3, "peak of the schedule", "Try 0.001."
    )
    ignore: int = _ignore()
    augment: str | None = answered.augment("masks")
    quantize: str | None = answered.quantize()
    strict: bool = training.strict()
    overwrite: bool = training.overwrite("replace an earlier training")
    seed: int = training.seed()
    verbose: object = training.verbose()

    def check(self):
        check_places(self.data, self.output)
        super().check()
        if not self.overwrite:
            from keras_papers.pipelines.training.training_folder import (
                refuse_finished,
            )

            refuse_finished(self.output, files=FILES)
        if self.data is not None:
            _check_data("data", self.data)


@dataclasses.dataclass(frozen=True)
class PredictMasksOptions(Options):
    """What `predict_masks` takes; it explains each."""

    model: str = _segmenter("MODEL", ".tflite", ".keras")
    images: list[str] = option(
        help="pictures, folders of them, or patterns such as 'photos/*.jpg'",
        check=lambda name, value: list_pictures(value),
        metavar="IMAGE",
        is_positional=True,
    )
    _: dataclasses.KW_ONLY
    output: str = option(
        "masks", "folder to write a mask and a painted picture of each to"
    )
    each: object = option(None, scope=CALL)

    def check(self):
        check_places(None, self.output)
        super().check()


@dataclasses.dataclass(frozen=True)
class EvaluateMasksOptions(Options):
    """What `evaluate_segmenter` takes; it explains each."""

    model: str = _segmenter("MODEL", ".tflite", ".keras")
    data: str = option(
        help="folder of pictures and masks",
        check=_check_data,
        metavar="DIR",
        is_positional=True,
    )
    _: dataclasses.KW_ONLY
    ignore: int = _ignore()


@dataclasses.dataclass(frozen=True)
class ExportMasksOptions(Options):
    """What `export_segmenter` takes; it explains each."""

    model: str = _segmenter("MODEL.keras", ".keras")
    data: str | None = option(
        None,
        "folder that it was trained on, for int8; by default the one that "
        "split.json beside the model names",
        metavar="DIR",
        is_positional=True,
    )
    output: str | None = option(
        None,
        "where to write; by default beside the model",
        lambda name, value: check_path(value),
        metavar="FILE",
        scope=RUN,
    )
    _: dataclasses.KW_ONLY
    quantize: str | None = answered.stored()
    max_drop: float = answered.max_drop("mean IoU")
    ignore: int = _ignore()

    def check(self):
        super().check()
        if self.data is not None:
            _check_data("data", self.data)

    @property
    def file(self):
        """The path of the file to write."""
        if self.output is not None:
            return pathlib.Path(self.output)
        ending = f".{self.quantize}" if self.quantize else ""
        return pathlib.Path(self.model).with_suffix(f"{ending}.tflite")
