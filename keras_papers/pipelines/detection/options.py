"""The options of the verbs that detect objects.

What reads folders and files is imported by the check that needs it.
"""

import dataclasses

from keras_papers.checks import check_number
from keras_papers.pipelines.answered import options as answered
from keras_papers.pipelines.options import option
from keras_papers.pipelines.training import options as training
from keras_papers.tasks import OBJECT_DETECTION

SCENES_SIZE, PICTURES_SIZE = 160, 320  # pixels, where no size is given
THRESHOLD = 0.5  # of the scores of boxes that are shown


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


def _check_data(name, value):
    from keras_papers.pipelines.data.boxes.box_folder import check_box_folder

    check_box_folder(value)


@dataclasses.dataclass(frozen=True)
class DetectOptions(answered.TrainOptions):
    """What `train_detector` takes; it explains each."""

    pictures_size, scenes_size = PICTURES_SIZE, SCENES_SIZE
    check_data = staticmethod(_check_data)

    data: str | None = answered.training_data("boxes")
    model: str = answered.network("SSDLiteMobileNetV3Small", OBJECT_DETECTION)
    alpha: float = answered.alpha()
    image_size: int | None = answered.image_size(PICTURES_SIZE, SCENES_SIZE)
    epochs: int = answered.epochs(60)
    output: str = training.output("keras_papers_detector")
    _: dataclasses.KW_ONLY
    weights_backbone: str | None = answered.weights_backbone()
    batch_size: int = answered.batch_size()
    learning_rate: float = answered.learning_rate(2e-3)
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


@dataclasses.dataclass(frozen=True)
class PredictBoxesOptions(answered.PredictOptions):
    """What `predict_boxes` takes; it explains each."""

    _: dataclasses.KW_ONLY
    output: str = option(
        "boxes",
        "folder for boxes.csv and the pictures with their boxes; earlier ones "
        "are replaced",
    )
    threshold: float = option(
        THRESHOLD, "score that a box must have", check_threshold
    )


@dataclasses.dataclass(frozen=True)
class EvaluateBoxesOptions(answered.EvaluateOptions):
    """What `evaluate_detector` takes; it explains each."""

    data: str = answered.test_data("boxes", _check_data)
    _: dataclasses.KW_ONLY
    repair: bool = _repair()


@dataclasses.dataclass(frozen=True)
class ExportBoxesOptions(answered.ExportOptions):
    """What `export_detector` takes; it explains each."""

    check_data = staticmethod(_check_data)

    _: dataclasses.KW_ONLY
    choose_boxes: bool = option(
        False, "let the file choose among overlapping boxes by itself"
    )
    max_drop: float = answered.max_drop("AP50")
    repair: bool = _repair()
