"""Options of the jobs whose pictures have answers: masks or boxes.

What reads folders and files is imported by the check that needs it.
"""

import dataclasses
import pathlib

from keras_papers.checks import check_alpha
from keras_papers.export.output_path import check_path
from keras_papers.pipelines.data.picture_list import list_pictures
from keras_papers.pipelines.models.model_facts import check_model_name
from keras_papers.pipelines.options import CALL, RUN, Options, chosen, option
from keras_papers.pipelines.training import options as training
from keras_papers.pipelines.training.output_folder import check_places

MAX_DROP = 0.1  # of the score, by a file of integers
AUGMENTATIONS = ("none", "light", "photo")
# Files for a phone, by their numbers; the last ones as a training leaves them.
FLOATS, INTEGERS = "model.tflite", "model.int8.tflite"
TRAINED_INTEGERS = "model.qat.tflite"
FILES = (  # of a finished training, the report last
    *("model.keras", FLOATS, INTEGERS, TRAINED_INTEGERS),
    *("split.json", "labels.txt", "history.csv", "report.html", "report.json"),
)


def training_data(what):
    """The folder to train on; None stands for drawn scenes."""
    return option(
        None,
        f"folder of pictures and {what}; without it, drawn scenes of digits",
        metavar="DIR",
        is_positional=True,
    )


def test_data(what, check):
    """The folder to measure on."""
    return option(
        help=f"folder of pictures and {what}",
        check=check,
        metavar="DIR",
        is_positional=True,
    )


def network(default, task):
    """The name of a network for a task."""
    return option(
        default,
        f"a model's name; keras-papers list --task {task} prints them",
        lambda name, value: check_model_name(value, task),
    )


def alpha():
    return option(
        1.0, "width multiplier", lambda name, value: check_alpha(value)
    )


def image_size(pictures, scenes):
    """Height and width of the images; None where the job chooses."""
    return training.image_size(
        None,
        f"height and width; by default {pictures}, and {scenes} for the scenes",
        f"Try {pictures}, or {scenes} for the scenes.",
    )


def epochs(default):
    return training.epochs(
        default, "passes over the pictures", f"Try {default}."
    )


def learning_rate(default):
    return training.learning_rate(
        default, "peak of the schedule", f"Try {default:g}."
    )


def weights_backbone():
    return option(
        None,
        "'imagenet', 'timm', 'timm/TAG' or a weights file of the classifier "
        "to start from",
        metavar="W",
    )


def batch_size():
    return option(
        16, "images in a batch", training.number("a number", "Try 16.")
    )


def augment(what):
    """How pictures are varied with their boxes or masks."""
    return option(
        None,
        f"how pictures are varied with their {what}; by default photo, and "
        "light for the scenes",
        chosen(AUGMENTATIONS, "how pictures are varied"),
        choices=AUGMENTATIONS,
    )


def quantize():
    return option(
        None,
        "a further .tflite file of integers: int8 quantizes the model as it "
        "is, qat trains it further (default: none)",
        chosen((None, "int8", "qat"), "how a further file has numbers"),
        choices=("int8", "qat"),
    )


def stored():
    """How numbers are stored in a file that is exported."""
    return option(
        None,
        "how numbers are stored (default: float32)",
        chosen((None, "float16", "dynamic", "int8"), "how numbers are stored"),
        choices=("float16", "dynamic", "int8"),
    )


def max_drop(measure):
    return option(
        MAX_DROP,
        f"{measure} that int8 may lose; a file that loses more is not written",
        training.fraction(f"a difference of {measure}", f"Try {MAX_DROP}."),
        metavar="SHARE",
    )


def _trained(metavar, *endings):
    def check(name, value):
        from keras_papers.pipelines.models.classifier_file import check_file

        check_file(value, *endings)

    help = f"the trained {' or '.join(endings)} file"
    return option(help=help, check=check, metavar=metavar, is_positional=True)


class TrainOptions(Options):
    """Base of the options of a training."""

    pictures_size = scenes_size = None  # where no size is given
    check_data = None  # function: name and path of a folder

    def check(self):
        check_places(self.data, self.output)
        super().check()
        if not self.overwrite:
            from keras_papers.pipelines.training.training_folder import (
                refuse_finished,
            )

            refuse_finished(self.output, files=FILES)
        if self.data is not None:
            self.check_data("data", self.data)

    @property
    def size(self):
        """Height and width of the images."""
        default = self.scenes_size if self.data is None else self.pictures_size
        return default if self.image_size is None else self.image_size

    @property
    def variation(self):
        """How pictures are varied."""
        default = "light" if self.data is None else "photo"
        return default if self.augment is None else self.augment


@dataclasses.dataclass(frozen=True)
class PredictOptions(Options):
    """Base of the options of predictions of pictures."""

    model: str = _trained("MODEL", ".tflite", ".keras")
    images: list[str] = option(
        help="pictures, folders of them, or patterns such as 'photos/*.jpg'",
        check=lambda name, value: list_pictures(value),
        metavar="IMAGE",
        is_positional=True,
    )
    _: dataclasses.KW_ONLY
    output: str = option("predictions", "folder for the files")
    each: object = option(None, scope=CALL)

    def check(self):
        check_places(None, self.output)
        super().check()


@dataclasses.dataclass(frozen=True)
class EvaluateOptions(Options):
    """Base of the options of an evaluation."""

    model: str = _trained("MODEL", ".tflite", ".keras")


@dataclasses.dataclass(frozen=True)
class ExportOptions(Options):
    """Base of the options of an export."""

    check_data = None  # function: name and path of a folder

    model: str = _trained("MODEL.keras", ".keras")
    data: str | None = option(
        None,
        "folder that it was trained on, for int8; by default the one that "
        "split.json beside the model names",
        metavar="DIR",
        is_positional=True,
    )
    output: str | None = option(
        None,
        "where to write, in place of an earlier file; by default beside the "
        "model",
        lambda name, value: check_path(value),
        metavar="FILE",
        scope=RUN,
    )
    _: dataclasses.KW_ONLY
    quantize: str | None = stored()

    def check(self):
        super().check()
        if self.data is not None:
            self.check_data("data", self.data)

    @property
    def file(self):
        """The path of the file to write."""
        if self.output is not None:
            return pathlib.Path(self.output)
        ending = f".{self.quantize}" if self.quantize else ""
        return pathlib.Path(self.model).with_suffix(f"{ending}.tflite")
