"""The options of the verbs that detect objects.

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
from keras_papers.tasks import OBJECT_DETECTION

SCENES_SIZE, PICTURES_SIZE = 160, 320  # pixels, where no size is given
THRESHOLD = 0.5  # of the scores of boxes that are shown
FILES = (  # of a finished training, the report last
    "model.keras",
    "model.tflite",
    "model.int8.tflite",
    *("split.json", "labels.txt", "history.csv", "report.html", "report.json"),
)


def check_threshold(name, value):
    """Raises ValueError unless a value is a threshold of scores."""
    check_number(name, value, "a threshold of the scores", "Try 0.5.")
    if not 0 <= value <= 1:
        raise ValueError(
            f"`{name}` is a threshold of the scores and must lie in [0, 1]. "
            f"Received: {name}={value!r}. Try 0.5."
        )


def _repair():
    return option(
        False,
        "cut boxes at the sides of their pictures, and leave out those of no "
        "size",
    )


def _detector(metavar, *endings):
    def check(name, value):
        from keras_papers.pipelines.models.classifier_file import check_file

        check_file(value, *endings)

    help = f"the trained {' or '.join(endings)} file"
    return option(help=help, check=check, metavar=metavar, is_positional=True)


def _check_data(name, value):
    from keras_papers.pipelines.data.boxes.box_folder import check_box_folder

    check_box_folder(value)


@dataclasses.dataclass(frozen=True)
class DetectOptions(answered.AnsweredOptions):
    """What `train_detector` takes; it explains each."""

    pictures_size, scenes_size = PICTURES_SIZE, SCENES_SIZE

    data: str | None = option(
        None,
        f"folder of pictures and boxes; {answered.SCENES}",
        metavar="DIR",
        is_positional=True,
    )
    model: str = option(
        "SSDLiteMobileNetV3Small",
        "a model's name; keras-papers list --task object_detection prints them",
        lambda name, value: check_model_name(value, OBJECT_DETECTION),
    )
    alpha: float = option(
        1.0, "width multiplier", lambda name, value: check_alpha(value)
    )
    image_size: int | None = answered.image_size(PICTURES_SIZE, SCENES_SIZE)
    epochs: int = training.epochs(60, "passes over the pictures", "Try 60.")
    output: str = training.output("keras_papers_detector")
    _: dataclasses.KW_ONLY
    weights_backbone: str | None = answered.weights_backbone()
    batch_size: int = answered.batch_size()
    learning_rate: float = training.learning_rate(
        2e-3, "peak of the schedule", "Try 0.002."
    )
    max_objects: int | None = option(
        None,
        "boxes that a picture may have; by default those of the fullest one",
        training.number("a number of boxes", "Try 100."),
        metavar="N",
    )
    repair: bool = _repair()
    augment: str | None = answered.augment("boxes")
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
class PredictBoxesOptions(Options):
    """What `predict_boxes` takes; it explains each."""

    model: str = _detector("MODEL", ".tflite", ".keras")
    images: list[str] = option(
        help="pictures, folders of them, or patterns such as 'photos/*.jpg'",
        check=lambda name, value: list_pictures(value),
        metavar="IMAGE",
        is_positional=True,
    )
    _: dataclasses.KW_ONLY
    output: str = option(
        "boxes", "folder for boxes.csv and the pictures with their boxes"
    )
    threshold: float = option(
        THRESHOLD, "score that a box must have", check_threshold
    )
    each: object = option(None, scope=CALL)

    def check(self):
        check_places(None, self.output)
        super().check()


@dataclasses.dataclass(frozen=True)
class EvaluateBoxesOptions(Options):
    """What `evaluate_detector` takes; it explains each."""

    model: str = _detector("MODEL", ".tflite", ".keras")
    data: str = option(
        help="folder of pictures and boxes",
        check=_check_data,
        metavar="DIR",
        is_positional=True,
    )
    _: dataclasses.KW_ONLY
    repair: bool = _repair()


@dataclasses.dataclass(frozen=True)
class ExportBoxesOptions(Options):
    """What `export_detector` takes; it explains each."""

    model: str = _detector("MODEL.keras", ".keras")
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
    choose_boxes: bool = option(
        False, "let the file choose among overlapping boxes by itself"
    )
    max_drop: float = answered.max_drop("AP50")
    repair: bool = _repair()

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
